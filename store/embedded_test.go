package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"
)

func openEmbedded(t testing.TB, dir string, log io.Writer) *Embedded {
	t.Helper()
	e, err := OpenEmbedded(EmbeddedOptions{Dir: dir, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func embeddedStore(e *Embedded) *Store {
	return New(e.Client(), Options{Log: slog.New(slog.DiscardHandler)})
}

func TestEmbeddedKeepsDocumentsAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	e := openEmbedded(t, dir, &log)
	if !strings.Contains(log.String(), "not for production") {
		t.Errorf("log says %q, want a warning", log.String())
	}
	s := embeddedStore(e)
	version := activeMenu(t, s, "line", "one")
	want := Customer{Customer: "c", Numbers: []string{"+380671111111"}, Name: "Олена"}
	if _, err := s.Customers().Put(t.Context(), want, nil); err != nil {
		t.Fatal(err)
	}
	setOutages(t, s.Outages(), "default", "crm", "kyiv/khreshchatyk")
	putRecords(t, s, Record{Call: "a", Started: noon})
	cursors, owners := newCursors(t, s, "one"), s.Owners("one")
	cursors.Save(t.Context(), cursorAt("a", 1), true)()
	claim(t, owners, "a")
	renew(t, owners)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}

	e = openEmbedded(t, dir, io.Discard)
	defer e.Close()
	s = embeddedStore(e)
	if active, err := s.Menus().Active(t.Context(), "line"); active != version || err != nil {
		t.Errorf("Active = %q, %v, want %q", active, err, version)
	}
	if got, err := s.Customers().ByNumber(t.Context(), "+380671111111"); err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("ByNumber = %+v, %v, want %+v", got, err, want)
	}
	if got := lookedUp(t, s.Outages(), "default", "kyiv/khreshchatyk/1"); got != "crm:kyiv/khreshchatyk" {
		t.Errorf("Lookup = %q, want the flag", got)
	}
	if page, _, err := s.Records().List(t.Context(), RecordQuery{Limit: 10}); len(page) != 1 || err != nil {
		t.Errorf("records = %v, %v, want one", page, err)
	}
	for _, key := range s.rdb.Keys(t.Context(), "*").Val() {
		if !strings.HasPrefix(key, s.keys.docs()) {
			t.Errorf("live state %s was kept", key)
		}
	}
}

func TestEmbeddedIsOfOneProcess(t *testing.T) {
	dir := t.TempDir()
	e := openEmbedded(t, dir, io.Discard)
	defer e.Close()
	if _, err := OpenEmbedded(EmbeddedOptions{Dir: dir}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("OpenEmbedded of a folder in use = %v", err)
	}
	other := redis.NewClient(&redis.Options{Addr: e.server.Addr()})
	defer other.Close()
	if err := other.Get(t.Context(), "x").Err(); err == nil || errors.Is(err, redis.Nil) {
		t.Errorf("a stranger's command = %v, want it refused", err)
	}
}

func TestEmbeddedSaysWhenItIsFull(t *testing.T) {
	e := openEmbedded(t, "", io.Discard)
	defer e.Close()
	s := embeddedStore(e)
	imported, err := s.Outages().Import(t.Context(), "default", "crm")
	for n := 0; err == nil && n < EmbeddedValues+2*bulkBatch; n++ {
		err = imported.Add(t.Context(), Outage{Address: fmt.Sprintf("kyiv/%d", n)})
	}
	if !errors.Is(err, ErrFull) {
		t.Fatalf("importing %d flags = %v, want ErrFull", EmbeddedValues, err)
	}
	if _, _, err := s.APIKeys().Create(t.Context(), "x", []string{"read"}); !errors.Is(err, ErrFull) {
		t.Errorf("Create in a full store = %v, want ErrFull", err)
	}
	if err := s.Tidy(t.Context()); err != nil {
		t.Errorf("Tidy of a full store = %v", err)
	}
}

// What may have been added counts until it has been counted, or a burst of
// changes would find room while the last ones are looked at.
func TestEmbeddedStaysFullUntilItHasCounted(t *testing.T) {
	e := openEmbedded(t, "", io.Discard)
	defer e.Close()
	if err := e.own.Close(); err != nil { // nothing can be counted
		t.Fatal(err)
	}
	e.touch(e.docs+"x", EmbeddedValues)
	if err := e.flush(); err == nil {
		t.Fatal("flush without a connection = nil, want an error")
	}
	if e.room() {
		t.Error("there is room, although nobody knows how many values were added")
	}
}

// Killed at any byte: what was written before is there, and the rest is
// reported and set aside.
func TestSnapshotCutShort(t *testing.T) {
	dir := t.TempDir()
	s := openedSnapshot(t, dir)
	for _, value := range []string{"one", "two"} {
		if err := s.append([]entry{{Key: "k", Type: "hash", Field: []byte(value), Value: []byte(value)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(dir, snapshotFile))
	if err != nil {
		t.Fatal(err)
	}
	first := bytes.LastIndexByte(whole[:len(whole)-1], '\n') + 1
	for cut := first; cut < len(whole); cut++ {
		broken := t.TempDir()
		if err := os.WriteFile(filepath.Join(broken, snapshotFile), whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		s, corrupt, err := openSnapshot(broken)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.held["k"].members; len(got) != 1 || got["one"] != "one" || corrupt != cut-first {
			t.Errorf("cut at %d of %d: %v and %d bytes corrupt, want one member and %d bytes", cut, len(whole), got, corrupt, cut-first)
		}
		if rest, err := os.ReadFile(filepath.Join(broken, snapshotRest)); cut > first && (err != nil || !bytes.Equal(rest, whole[first:cut])) {
			t.Errorf("cut at %d: set aside %q, %v", cut, rest, err)
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}
}

// A disk that failed in the middle of a line: what is written later is read.
func TestSnapshotAfterADiskThatFailed(t *testing.T) {
	dir := t.TempDir()
	s := openedSnapshot(t, dir)
	one := []entry{{Key: "k", Type: "string", Value: []byte("one")}}
	if _, err := s.file.WriteString("0123"); err != nil { // the half that came through
		t.Fatal(err)
	}
	if err := s.file.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.append(one); err == nil {
		t.Fatal("append to a closed file = nil, want an error")
	}
	if err := s.append(one); err != nil {
		t.Fatal(err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	s = openedSnapshot(t, dir)
	if got := s.held["k"]; got == nil || got.members[""] != "one" {
		t.Errorf("held %v, want what was written after the failure", got)
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
}

func openedSnapshot(t testing.TB, dir string) *snapshot {
	t.Helper()
	s, corrupt, err := openSnapshot(dir)
	if err != nil || corrupt != 0 {
		t.Fatalf("openSnapshot: %d bytes corrupt, %v", corrupt, err)
	}
	return s
}

// Whatever is done, and however it ends, the next start has what was flushed.
func TestSnapshotRoundTrip(t *testing.T) {
	base, tries := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		tries++
		dir := filepath.Join(base, fmt.Sprint(tries))
		open := func() *Embedded {
			e, err := OpenEmbedded(EmbeddedOptions{Dir: dir, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
		e := open()
		for range rapid.IntRange(1, 4).Draw(t, "lives") {
			for range rapid.IntRange(0, 20).Draw(t, "changes") {
				changeAtRandom(t, e.Client())
			}
			want := everything(t, e.Client())
			if rapid.Bool().Draw(t, "killed") {
				if err := e.flush(); err != nil {
					t.Fatal(err)
				}
				kill(e)
			} else if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			e = open()
			if diff := cmp.Diff(want, everything(t, e.Client())); diff != "" {
				t.Fatal(diff)
			}
		}
		kill(e)
	})
}

// kill ends an Embedded without a last look at the disk.
func kill(e *Embedded) {
	close(e.stop)
	<-e.done
	_ = e.snap.close()
	e.shut()
}

func changeAtRandom(t *rapid.T, c redis.UniversalClient) {
	ctx := t.Context()
	kind := rapid.SampledFrom([]string{"string", "hash", "set", "zset", "live"}).Draw(t, "kind")
	key := "dg:d:" + kind + rapid.SampledFrom([]string{"1", "{2}"}).Draw(t, "key")
	member := rapid.SampledFrom([]string{"a", "b", "в", "\xff\n"}).Draw(t, "member")
	var err error
	switch gone := rapid.IntRange(0, 2).Draw(t, "gone") == 0; {
	case kind == "live":
		err = c.Set(ctx, "dg:s:x", member, 0).Err()
	case kind == "string" && gone:
		err = c.Del(ctx, key).Err()
	case kind == "string":
		err = c.Set(ctx, key, member, 0).Err()
	case kind == "hash" && gone:
		err = c.HDel(ctx, key, member).Err()
	case kind == "hash":
		err = c.HSet(ctx, key, member, rapid.StringN(0, 10, -1).Draw(t, "value")).Err()
	case kind == "set" && gone:
		err = c.SRem(ctx, key, member).Err()
	case kind == "set":
		err = c.SAdd(ctx, key, member).Err()
	case gone:
		err = c.ZRem(ctx, key, member).Err()
	default:
		err = c.ZAdd(ctx, key, redis.Z{Score: float64(rapid.IntRange(-5, 1<<40).Draw(t, "score")), Member: member}).Err()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// everything is what a Redis holds of documents.
func everything(t *rapid.T, c redis.UniversalClient) map[string]map[string]string {
	ctx, all := t.Context(), map[string]map[string]string{}
	for _, key := range c.Keys(ctx, "dg:d:*").Val() {
		var reply redis.Cmder
		switch c.Type(ctx, key).Val() {
		case "string":
			reply = c.Get(ctx, key)
		case "hash":
			reply = c.HGetAll(ctx, key)
		case "set":
			reply = c.SMembers(ctx, key)
		case "zset":
			reply = c.ZRangeWithScores(ctx, key, 0, -1)
		}
		all[key] = members(reply)
	}
	return all
}

// Whatever the file holds: nothing panics, and what was read is read again.
func FuzzSnapshot(f *testing.F) {
	line, err := encodeLine([]entry{{Key: "k", Type: "zset", Field: []byte("m"), Value: []byte("1.5")}, {Key: "k", Type: "hash", Gone: true}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line)
	f.Add(append(line, line[:10]...))
	f.Add([]byte("00000000 []\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, good := decodeSnapshot(data)
		if good > len(data) {
			t.Fatalf("read %d of %d bytes", good, len(data))
		}
		again, all := decodeSnapshot(data[:good])
		if all != good || cmp.Diff(entries, again) != "" {
			t.Errorf("the part that was read, %q, reads as %v, want %v", data[:good], again, entries)
		}
		s := &snapshot{held: make(map[string]*heldKey)}
		for _, e := range entries {
			s.hold(e)
		}
	})
}
