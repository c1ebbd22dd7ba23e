package dialplan

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
	"go.yaml.in/yaml/v4"
)

// The bounds of an expression.
const (
	maxExpression = 500    // bytes of its text
	maxParts      = 200    // operators and operands
	maxMemory     = 10_000 // elements of lists and ranges while it runs
	maxValue      = 1000   // bytes of a text that it gives
)

// An expression is a condition or a value, in the language of expr-lang. It has
// no loops and calls only the functions in builtins.
type expression struct {
	source  string
	program *vm.Program
	wants   string
}

// What an expression may be wanted to give, as its tag says. Anything is text,
// a number, or yes or no.
const (
	wantsTruth    = "yes or no"
	wantsText     = "text"
	wantsNumber   = "a number"
	wantsAnything = "anything"
)

// builtins are the functions that take bounded time.
var builtins = []string{
	"len", "trim", "trimPrefix", "trimSuffix", "upper", "lower", "split", "replace", "indexOf", "lastIndexOf",
	"hasPrefix", "hasSuffix", "int", "float", "string", "abs", "ceil", "floor", "round", "min", "max",
}

// A pending expression is compiled when the types of all variables are known.
type pending struct {
	node     *yaml.Node
	target   *expression
	variable string // that it is assigned to, "" for none
}

func (e *expression) read(l *loader, n *yaml.Node, f *field) {
	text, ok := l.scalar(n)
	if !ok {
		return
	}
	if len(text) > maxExpression {
		l.fault(n, "an expression of %d bytes: at most %d", len(text), maxExpression)
		return
	}
	e.source, e.wants = text, f.wants
	l.expressions = append(l.expressions, pending{node: n, target: e})
}

// given tells that the document has this expression.
func (e *expression) given() bool { return e.source != "" }

// clock is what expressions know of the time, in the line's own zone.
type clock struct {
	Year    int    `expr:"year"`
	Month   int    `expr:"month"`   // 1 to 12
	Day     int    `expr:"day"`     // 1 to 31
	Hour    int    `expr:"hour"`    // 0 to 23
	Minute  int    `expr:"minute"`  // 0 to 59
	Weekday string `expr:"weekday"` // mon to sun
	Date    string `expr:"date"`    // 2026-12-25
	Time    string `expr:"time"`    // 08:15
}

func clockAt(t time.Time) clock {
	return clock{
		Year: t.Year(), Month: int(t.Month()), Day: t.Day(), Hour: t.Hour(), Minute: t.Minute(),
		Weekday: strings.ToLower(t.Weekday().String()[:3]), Date: t.Format(time.DateOnly), Time: t.Format("15:04"),
	}
}

var (
	variableForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)
	// reserved are names that mean something else in an expression.
	reserved = []string{
		"caller", "called", "now", "outage", "language", "true", "false", "nil", "and", "or", "not", "in", "let", "if",
		"else", "matches", "contains", "startswith", "endswith",
	}
)

// variable is a setting: the variable that takes what the caller keyed in.
type variable string

func (v *variable) read(l *loader, n *yaml.Node, _ *field) {
	if name, ok := l.variableName(n); ok {
		*v = variable(name)
		l.define(n, name, "")
	}
}

func (l *loader) variableName(n *yaml.Node) (string, bool) {
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
func (l *loader) define(n *yaml.Node, name string, first any) {
	if known, ok := l.menu.variables[name]; ok {
		if typeName(known) != typeName(first) {
			l.fault(n, "%s is %s elsewhere and %s here: use two variables", name, typeName(known), typeName(first))
		}
		return
	}
	l.menu.variables[name] = first
}

func (l *loader) readVariables(n *yaml.Node) {
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
func (l *loader) literal(n *yaml.Node) (any, bool) {
	text, ok := l.scalar(n)
	if !ok {
		return nil, false
	}
	quoted := n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0
	var number float64
	switch {
	case quoted || len(text) > maxValue:
		return text, true
	case text == "true" || text == "yes":
		return true, true
	case text == "false" || text == "no":
		return false, true
	}
	if numberForm.MatchString(text) {
		if _, err := fmt.Sscanf(text, "%g", &number); err == nil {
			return number, true
		}
	}
	return text, true
}

// compile compiles all expressions of the document. The type of a variable that
// has no first value is the type of what is assigned to it; an assignment may
// use variables whose type another one gives, so it is tried again as long as
// that finds new types.
func (l *loader) compile() {
	for found := true; found; {
		found = false
		for _, p := range l.expressions {
			if _, known := l.menu.variables[p.variable]; p.variable == "" || known {
				continue
			}
			program, err := expr.Compile(p.target.source, l.language()...)
			if err != nil {
				continue
			}
			if zero := zeroOf(program); zero != nil {
				l.menu.variables[p.variable] = zero
				found = true
			}
		}
	}
	language := l.language()
	programs := map[string]*vm.Program{}
	for _, p := range l.expressions {
		key := p.target.wants + "\x00" + p.target.source
		if programs[key] == nil {
			programs[key] = l.compileOne(p, language)
		}
		p.target.program = programs[key]
		if p.target.program == nil || p.variable == "" {
			continue
		}
		if zero := zeroOf(p.target.program); zero != nil {
			l.define(p.node, p.variable, zero)
		}
	}
}

// language is what expressions of this menu are made of.
func (l *loader) language() []expr.Option {
	env := map[string]any{"caller": Caller{}, "called": Called{}, "now": clock{}, "outage": outageFacts{}, "language": ""}
	maps.Copy(env, l.menu.variables)
	options := []expr.Option{expr.Env(env), expr.MaxNodes(maxParts), expr.DisableAllBuiltins(), expr.DisableIfOperator()}
	for _, name := range builtins {
		options = append(options, expr.EnableBuiltin(name))
	}
	return options
}

func (l *loader) compileOne(p pending, language []expr.Option) *vm.Program {
	program, err := expr.Compile(p.target.source, language...)
	if err != nil {
		l.expressionFault(p.node, err)
		return nil
	}
	zero := zeroOf(program)
	switch given := typeName(zero); {
	case ast.Find(program.Node(), isLoop) != nil:
		l.fault(p.node, "expressions have no loops: write it without filter, map, .. and the like")
	case zero == nil:
		l.fault(p.node, "the expression gives neither text nor a number nor yes or no: %s", clip(p.target.source))
	case p.target.wants != wantsAnything && p.target.wants != given:
		l.fault(p.node, "the expression gives %s, wanted is %s", given, p.target.wants)
	default:
		return program
	}
	return nil
}

var unknownName = regexp.MustCompile(`^unknown name (\w+)$`)

// expressionFault tells what the compiler found, at its place in the document.
func (l *loader) expressionFault(n *yaml.Node, err error) {
	var at *file.Error
	if !errors.As(err, &at) {
		l.fault(n, "the expression does not compile: %v", err)
		return
	}
	spot := placeOf(n)
	if at.Line == 1 && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
		spot.col += int32(at.Column)
		if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
			spot.col++
		}
	} else if n.Style&yaml.LiteralStyle != 0 {
		spot = place{spot.line + int32(at.Line), 1}
	}
	message := strings.ToLower(at.Message[:min(1, len(at.Message))]) + at.Message[min(1, len(at.Message)):]
	if name := unknownName.FindStringSubmatch(message); name != nil {
		known := append(slices.Sorted(maps.Keys(l.menu.variables)), "caller", "called", "now", "outage", "language")
		l.faultAt(spot, "there is no variable %q%s; a variable is made by collect, set, or a first value under variables:",
			clip(name[1]), l.suggest(name[1], known))
		return
	}
	l.faultAt(spot, "the expression does not compile: %s", message)
}

// isLoop tells what goes through the elements of a list, or makes a long one:
// the compiler has no option to refuse it.
func isLoop(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.PredicateNode:
		return true
	case *ast.BinaryNode:
		return n.Operator == ".."
	default:
		return false
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

// evaluate runs an expression on what the call knows.
func (c *call) evaluate(e *expression) (any, error) {
	c.env["now"] = clockAt(c.local())
	c.vm.MemoryBudget = maxMemory
	result, err := c.vm.Run(e.program, c.env)
	if err != nil {
		return nil, fmt.Errorf("evaluate %q: %w", e.source, err)
	}
	switch result := result.(type) {
	case string:
		if len(result) > maxValue {
			return nil, fmt.Errorf("evaluate %q: the text has %d bytes, at most %d", e.source, len(result), maxValue)
		}
		return result, nil
	case bool, float64:
		return result, nil
	case int:
		return float64(result), nil
	default:
		return nil, fmt.Errorf("evaluate %q: gives %T", e.source, result)
	}
}

var numberForm = regexp.MustCompile(`^-?\d{1,15}(\.\d{1,6})?$`)
