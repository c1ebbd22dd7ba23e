package dialplan

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"
)

var (
	numberForm   = regexp.MustCompile(`^-?\d{1,15}(\.\d{1,6})?$`)
	variableForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)
	// reserved are names that mean something else in an expression.
	reserved = []string{
		"caller", "called", "now", "outage", "language", "true", "false", "nil", "and", "or", "not", "in", "let", "if",
		"else", "matches", "contains", "startswith", "endswith",
	}
)

// variable is a setting: the variable that takes what the caller keyed in.
type variable string

func (v *variable) read(l *loader, n *value, _ *field) {
	if name, ok := l.variableName(n); ok {
		*v = variable(name)
		l.define(n, name, "")
	}
}

func (l *loader) variableName(n *value) (string, bool) {
	name, ok := l.scalar(n)
	switch {
	case !ok:
		return "", false
	case !variableForm.MatchString(name):
		l.fault(n, "%q is no name for a variable: use a small letter, then up to 31 small letters, digits and _", clip(name))
		return "", false
	case slices.Contains(reserved, name) || slices.Contains(builtins, name):
		l.fault(n, "%q means something else in expressions: choose another name", name)
		return "", false
	}
	return name, true
}

// define notes a variable and its first value, which tells its type.
func (l *loader) define(n *value, name string, first any) {
	if known, ok := l.menu.variables[name]; ok {
		if typeName(known) != typeName(first) {
			l.fault(n, "%s is %s elsewhere and %s here: use two variables", name, typeName(known), typeName(first))
		}
		return
	}
	if len(l.menu.variables) >= maxVariables {
		l.fault(n, "%q is one variable more than %d: use fewer", name, maxVariables)
		return
	}
	l.menu.variables[name] = first
}

func (l *loader) readVariables(n *value) {
	for _, p := range l.mapping(n, nil) {
		name, ok := l.variableName(p.key)
		if !ok {
			continue
		}
		if first, ok := l.literal(p.value); ok {
			l.define(p.key, name, first)
		}
	}
}

// literal reads a first value: text, a number, or yes or no.
func (l *loader) literal(n *value) (any, bool) {
	text, ok := l.scalar(n)
	if !ok {
		return nil, false
	}
	if len(text) > maxValue {
		l.fault(n, "a value of %d bytes: at most %d", len(text), maxValue)
		return nil, false
	}
	switch {
	case n.shape == quoted:
		return text, true
	case text == "true" || text == "yes":
		return true, true
	case text == "false" || text == "no":
		return false, true
	}
	if numberForm.MatchString(text) {
		if number, err := strconv.ParseFloat(text, 64); err == nil {
			return number, true
		}
	}
	return text, true
}

// inferTypes finds the types of variables that have no first value: a variable
// is what is assigned to it. An assignment may use variables whose type another
// one gives, so those that failed are tried again a few times.
func (l *loader) inferTypes() {
	const rounds = 4
	for range rounds {
		found := map[string]any{}
		language := l.language()
		for _, p := range l.expressions {
			_, known := l.menu.variables[p.variable]
			if p.variable == "" || known || found[p.variable] != nil {
				continue
			}
			if program, err := expr.Compile(p.target.source, language); err == nil {
				found[p.variable] = zeroOf(program)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(found)) {
			if first := found[name]; first != nil && len(l.menu.variables) < maxVariables {
				l.menu.variables[name] = first
			}
		}
		if len(found) == 0 {
			return
		}
	}
}

// zeroOf is the zero value of what the program gives, nil for what no variable
// can hold.
func zeroOf(program *vm.Program) any {
	t := program.Node().Type()
	if t == nil {
		return nil
	}
	switch t.Kind() {
	case reflect.String:
		return ""
	case reflect.Bool:
		return false
	case reflect.Int, reflect.Int64, reflect.Float64:
		return 0.0
	default:
		return nil
	}
}

func typeName(v any) string {
	switch v.(type) {
	case string:
		return wantsText
	case bool:
		return wantsTruth
	default:
		return wantsNumber
	}
}
