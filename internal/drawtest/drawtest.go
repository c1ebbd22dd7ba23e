// Package drawtest draws whole structs for property tests, so that a field
// which is added is tested at once.
package drawtest

import (
	"reflect"
	"time"

	"pgregory.net/rapid"
)

// Into gives every exported field below v, a pointer, a value of its own: zero
// ones and odd strings among them. A field of interface type holds one of the
// values given.
func Into(t *rapid.T, v any, any ...any) { (&drawer{t, any}).draw(reflect.ValueOf(v).Elem(), "") }

type drawer struct {
	t   *rapid.T
	any []any
}

// draw fills v, which is at path.
func (d *drawer) draw(v reflect.Value, path string) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		ns := rapid.SampledFrom([]int64{0, 1, 1e9, rapid.Int64().Draw(d.t, path)}).Draw(d.t, path)
		if ns != 0 {
			v.Set(reflect.ValueOf(time.Unix(0, ns).UTC()))
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "<a>", "\"\\", "Олена", "\u2028", "\xff"})).Draw(d.t, path))
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.SampledFrom([]int64{0, 1, -1, rapid.Int64().Draw(d.t, path)}).Draw(d.t, path))
	case reflect.Float64:
		v.SetFloat(rapid.Float64().Draw(d.t, path))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(d.t, path))
	case reflect.Struct:
		for i := range v.NumField() {
			d.draw(v.Field(i), path+"."+v.Type().Field(i).Name)
		}
	case reflect.Pointer:
		if rapid.Bool().Draw(d.t, path) {
			v.Set(reflect.New(v.Type().Elem()))
			d.draw(v.Elem(), path)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), rapid.IntRange(0, 3).Draw(d.t, path), 3))
		for i := range v.Len() {
			d.draw(v.Index(i), path)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range rapid.IntRange(0, 3).Draw(d.t, path) {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			d.draw(key, path)
			d.draw(value, path)
			v.SetMapIndex(key, value)
		}
	case reflect.Interface:
		v.Set(reflect.ValueOf(rapid.SampledFrom(d.any).Draw(d.t, path)))
	default:
		d.t.Fatalf("%s is a %s: tell drawtest how to draw one", path, v.Kind())
	}
}
