package dialplan

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// A plan is what the tags of a struct say about the part of a document that is
// read into it:
//
//	Timeout time.Duration `menu:"timeout" default:"5s" min:"1s" max:"60s" doc:"How long …"`
//	Silent  ref           `branch:"silent" waits:"yes" doc:"Where to go when …"`
//
// A menu field is a setting, read from the value of the kind. With ",main" it
// is the one that a value on its own is meant for (queue: services); with
// ",whole" it takes every value; with ",required" it must be there. A branch
// field stands beside the kind. It must be there unless missing names what
// takes its place: an end (exit, hangup) or another branch. A branch that waits
// is taken only after the caller was listened to, or somebody has talked.
type plan struct {
	settings []field
	branches []field
	names    []string // of settings
	main     int      // of settings; -1 for none
	whole    bool
}

// A field is one field of a plan.
type field struct {
	name     string
	index    int // in the struct
	doc      string
	def      *value // as if it were written in the document; nil for none
	min, max string
	least    int64 // min and max as numbers; of a duration, in nanoseconds
	most     int64
	takes    string // what is written there, for the reference
	wants    string // of an expression
	missing  string
	required bool
	waits    bool
	plan     *plan // of a struct, or of a list's struct
}

// planOf reads the tags. A mistake in them is one of this package and panics
// when the program starts.
func planOf(t reflect.Type) *plan {
	p := &plan{main: -1}
	for i := range t.NumField() {
		sf := t.Field(i)
		f := field{
			index: i, doc: sf.Tag.Get("doc"), wants: sf.Tag.Get("wants"),
			min: sf.Tag.Get("min"), max: sf.Tag.Get("max"), waits: sf.Tag.Get("waits") == "yes", plan: planOfField(sf.Type),
			takes: takesOf(sf.Type),
		}
		f.least, f.most = bound(sf.Type, f.min), bound(sf.Type, f.max)
		if def := sf.Tag.Get("default"); def != "" {
			f.def = &value{shape: plain, text: def}
		}
		if setting, ok := sf.Tag.Lookup("menu"); ok {
			name, options, _ := strings.Cut(setting, ",")
			f.name = name
			f.required = strings.Contains(options, "required")
			if p.whole = strings.Contains(options, "whole"); p.whole || strings.Contains(options, "main") {
				p.main = len(p.settings)
			}
			p.settings = append(p.settings, f)
		}
		if branch, ok := sf.Tag.Lookup("branch"); ok {
			f.name, f.missing = branch, sf.Tag.Get("missing")
			f.required = f.missing == ""
			p.branches = append(p.branches, f)
		}
		if f.name != "" && f.doc == "" {
			panic(fmt.Sprintf("%v.%s has no doc tag", t, sf.Name))
		}
	}
	p.names = names(p.settings)
	return p
}

// bound is a tag's min or max as a number, 0 for none.
func bound(t reflect.Type, tag string) int64 {
	if tag == "" {
		return 0
	}
	if t == durationType {
		d, err := time.ParseDuration(tag)
		if err != nil {
			panic(err)
		}
		return int64(d)
	}
	n, err := strconv.ParseInt(tag, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

var durationType = reflect.TypeFor[time.Duration]()

func planOfField(t reflect.Type) *plan {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[reader]()) {
		if mapped, ok := reflect.New(t).Interface().(interface{ plan() *plan }); ok {
			return mapped.plan() // it may be written as a mapping too
		}
		return nil
	}
	switch t.Kind() {
	case reflect.Struct:
		return planOf(t)
	case reflect.Slice, reflect.Pointer:
		return planOfField(t.Elem())
	default:
		return nil
	}
}

// defaultText is the default as it would be written, "" for none.
func (f *field) defaultText() string {
	if f.def == nil {
		return ""
	}
	return f.def.text
}

// find returns the field with that name.
func find(fields []field, name string) *field {
	for i := range fields {
		if fields[i].name == name {
			return &fields[i]
		}
	}
	return nil
}

func names(fields []field) []string {
	all := make([]string, 0, len(fields))
	for _, f := range fields {
		if f.name != "" {
			all = append(all, f.name)
		}
	}
	return all
}

func planOfType[T any]() *plan { return planOf(reflect.TypeFor[T]()) }

// valueOf is the struct that p points to, to be filled as its plan says.
func valueOf(p any) reflect.Value { return reflect.ValueOf(p).Elem() }
