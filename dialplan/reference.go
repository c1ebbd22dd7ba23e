package dialplan

import (
	"maps"
	"reflect"
	"slices"
	"time"
)

// A KindDoc is what the reference says of one kind of node. It comes from the
// same tags that documents are read by, so the two never differ.
type KindDoc struct {
	Name     string
	Doc      string     // one sentence
	Value    string     // the setting that a value on its own is meant for, as in queue: services; "" for none
	Whole    bool       // the value is always that setting, never a mapping of settings
	Settings []FieldDoc // inside of the kind
	Branches []FieldDoc // beside it
}

// A FieldDoc is what the reference says of one field.
type FieldDoc struct {
	Name     string
	Doc      string // one sentence
	Takes    string // what is written there: time, number, prompts and so on
	Required bool
	Default  string // of a setting, "" for none
	Missing  string // of a branch that is left out: exit, hangup, none, or the branch that it follows
	Min, Max string // "" for no bound
	Wants    string // of an expression: what it has to give
	Fields   []FieldDoc
}

// Reference describes every kind of node, sorted by name.
func Reference() []KindDoc {
	all := make([]KindDoc, 0, len(kinds))
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		t := kinds[name]
		doc := KindDoc{
			Name: name, Doc: t.doc, Whole: t.plan.whole,
			Settings: fieldDocs(t.plan.settings), Branches: fieldDocs(t.plan.branches),
		}
		if t.plan.main >= 0 {
			doc.Value = t.plan.settings[t.plan.main].name
		}
		all = append(all, doc)
	}
	return all
}

// A SectionDoc is what the reference says of one section of the document.
type SectionDoc struct {
	Name     string
	Doc      string
	Required bool
}

// Sections describes the sections of a document.
func Sections() []SectionDoc {
	var all []SectionDoc
	for _, s := range sections() {
		all = append(all, SectionDoc{s.name, s.doc, s.required})
	}
	return all
}

// PromptReference describes what a prompt is made of.
func PromptReference() []FieldDoc { return fieldDocs(promptPlan.settings) }

// ExpressionNames are what expressions know beside the variables of a menu,
// sorted: called.number, caller.address and so on.
func ExpressionNames() []string {
	var all []string
	for name, value := range facts() {
		t := reflect.TypeOf(value)
		if t.Kind() != reflect.Struct {
			all = append(all, name)
			continue
		}
		for _, part := range factsIn(t) {
			all = append(all, name+"."+part)
		}
	}
	slices.Sort(all)
	return all
}

// ExpressionFunctions are the functions that expressions may call.
func ExpressionFunctions() []string { return slices.Clone(builtins) }

func fieldDocs(fields []field) []FieldDoc {
	var all []FieldDoc
	for _, f := range fields {
		doc := FieldDoc{
			Name: f.name, Doc: f.doc, Takes: f.takes, Required: f.required, Default: f.defaultText(), Missing: f.missing,
			Min: f.min, Max: f.max, Wants: f.wants,
		}
		if f.plan != nil {
			doc.Fields = fieldDocs(f.plan.settings)
		}
		all = append(all, doc)
	}
	return all
}

// takesOf says what is written into a field of that type.
func takesOf(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return "time"
	case reflect.TypeFor[prompts]():
		return "prompts"
	case reflect.TypeFor[expression]():
		return "expression"
	case reflect.TypeFor[spokenValue]():
		return "value or expression"
	case reflect.TypeFor[aKey]():
		return "key"
	case reflect.TypeFor[keyRow]():
		return "keys"
	case reflect.TypeFor[ref](), reflect.TypeFor[callee]():
		return "node"
	case reflect.TypeFor[translations]():
		return "text, or one by language"
	case reflect.TypeFor[table](), reflect.TypeFor[variable](), reflect.TypeFor[queueName](), reflect.TypeFor[languageCode]():
		return "name"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "yes or no"
	case reflect.Int:
		return "number"
	case reflect.String:
		return "text"
	case reflect.Slice:
		if !reflect.PointerTo(t).Implements(reflect.TypeFor[reader]()) {
			return "list"
		}
	}
	return "mapping"
}
