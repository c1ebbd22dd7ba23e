package store

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dialgraph/dialgraph/store/storetest"
)

func TestCustomerIsFoundByNumber(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		ctx, customers := t.Context(), s.Customers()
		v := Customer{
			Customer: "c-1", Numbers: []string{"+380671111111", "+380672222222"}, Contract: "12345678", Name: "Олена",
			Address: "Київ/Хрещатик/10", Language: "uk", Credit: 60, Manager: "olha", Extra: map[string]string{"plan": "100"},
		}
		if created, err := customers.Put(ctx, v, nil); !created || err != nil {
			t.Fatalf("Put = created %v, %v", created, err)
		}
		v.Address = "київ/хрещатик/10"
		for _, number := range v.Numbers {
			got, err := customers.ByNumber(ctx, number)
			if diff := cmp.Diff(v, got); diff != "" || err != nil {
				t.Errorf("ByNumber(%s): %v\n%s", number, err, diff)
			}
		}
		if _, err := customers.ByNumber(ctx, ""); !errors.Is(err, ErrNotFound) {
			t.Errorf("ByNumber of a withheld number = %v, want ErrNotFound", err)
		}
		if err := customers.Delete(ctx, "c-1", nil); err != nil {
			t.Fatal(err)
		}
		if _, err := customers.ByNumber(ctx, "+380671111111"); !errors.Is(err, ErrNotFound) {
			t.Errorf("ByNumber after Delete = %v, want ErrNotFound", err)
		}
	})
}

func TestCustomerRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, field string
		v           Customer
	}{
		{"no id", "customer", Customer{}},
		{"anonymous number", "numbers[0]", Customer{Customer: "c", Numbers: []string{"anonymous"}}},
		{"zeros", "numbers[0]", Customer{Customer: "c", Numbers: []string{"0000000000"}}},
		{"line break in the name", "name", Customer{Customer: "c", Name: "a\nb"}},
		{"credit of two days", "credit", Customer{Customer: "c", Credit: 172800}},
		{"long extra", "extra.k", Customer{Customer: "c", Extra: map[string]string{"k": strings.Repeat("x", 1025)}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.v.validate()
			if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), tt.field+": ") {
				t.Errorf("validate = %v, want a fault of %s", err, tt.field)
			}
		})
	}
}

// Whatever is put and deleted: a number leads to the customer who was given it
// last, and that customer lists it.
func TestCustomersAgreeWithModel(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		ids := rapid.SampledFrom([]string{"a", "b", "c"})
		numbers := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"+381", "+382", "+383", "+384"}), 0, 3, rapid.ID)
		customers, ctx := s.Customers(), t.Context()
		model := map[string][]string{}
		rapid.Check(t, func(t *rapid.T) {
			id := ids.Draw(t, "customer")
			if rapid.IntRange(0, 3).Draw(t, "action") == 0 {
				err := customers.Delete(ctx, id, nil)
				if _, there := model[id]; there != (err == nil) {
					t.Fatalf("Delete(%s) = %v, in the model: %v", id, err, there)
				}
				delete(model, id)
			} else {
				own := numbers.Draw(t, "numbers")
				for other := range model {
					model[other] = slices.DeleteFunc(model[other], func(n string) bool { return slices.Contains(own, n) })
				}
				model[id] = slices.Sorted(slices.Values(own))
				if _, err := customers.Put(ctx, Customer{Customer: id, Numbers: own}, nil); err != nil {
					t.Fatal(err)
				}
			}
			list, err := customers.List(ctx, "", 10)
			if err != nil {
				t.Fatal(err)
			}
			stored := map[string][]string{}
			for _, v := range list {
				stored[v.Customer] = slices.Sorted(slices.Values(v.Numbers))
				for _, n := range v.Numbers {
					if by, err := customers.ByNumber(ctx, n); by.Customer != v.Customer || err != nil {
						t.Fatalf("ByNumber(%s) = %q, %v, want %s", n, by.Customer, err, v.Customer)
					}
				}
			}
			if diff := cmp.Diff(model, stored, cmp.Transformer("empty", func(s []string) string { return strings.Join(s, " ") })); diff != "" {
				t.Fatal(diff)
			}
		})
	})
}

func TestCustomersListInPages(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		for _, id := range []string{"b", "a", "d", "c"} {
			if _, err := s.Customers().Put(t.Context(), Customer{Customer: id}, nil); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		for after := ""; ; {
			page, err := s.Customers().List(t.Context(), after, 3)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, v := range page {
				got = append(got, v.Customer)
			}
			after = got[len(got)-1]
		}
		if want := []string{"a", "b", "c", "d"}; !slices.Equal(got, want) {
			t.Errorf("pages = %q, want %q", got, want)
		}
	})
}

func BenchmarkCustomerByNumber(b *testing.B) {
	s := open(b, storetest.Redis(b), new(clock))
	if _, err := s.Customers().Put(b.Context(), Customer{Customer: "c", Numbers: []string{"+380671111111"}, Name: "Олена"}, nil); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Customers().ByNumber(b.Context(), "+380671111111"); err != nil {
			b.Fatal(err)
		}
	}
}
