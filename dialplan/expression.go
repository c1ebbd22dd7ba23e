package dialplan

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
	"go.yaml.in/yaml/v4"
)

// The bounds of expressions.
const (
	maxExpressions = 20_000 // of a document
	maxVariables   = 200    // of a document
	maxExpression  = 500    // bytes of its text
	maxParts       = 200    // operators and operands
	maxMemory      = 10_000 // elements of lists while it runs
	maxValue       = 1000   // bytes of a text that it gives
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
	if len(l.expressions) == maxExpressions {
		l.fault(n, "more than %d expressions: divide the menu into several", maxExpressions)
	}
	if len(l.expressions) >= maxExpressions {
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
	if len(l.menu.variables) >= maxVariables {
		l.fault(n, "%q is one variable more than %d: use fewer", name, maxVariables)
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
	switch {
	case quoted || len(text) > maxValue:
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

// compile compiles all expressions of the document.
func (l *loader) compile() {
	l.inferTypes()
	language := l.language()
	programs := map[string]*vm.Program{}
	for _, p := range l.expressions {
		key := p.target.wants + "\x00" + p.target.source
		program, known := programs[key]
		if !known || program == nil {
			program = l.compileOne(p, language)
			programs[key] = program
		}
		p.target.program = program
		if program != nil && p.variable != "" {
			l.define(p.node, p.variable, zeroOf(program))
		}
	}
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
		for name, first := range found {
			if first != nil && len(l.menu.variables) < maxVariables {
				l.menu.variables[name] = first
			}
		}
		if len(found) == 0 {
			return
		}
	}
}

// language is what expressions of this menu are made of. It is put together
// once for all of them.
func (l *loader) language() expr.Option {
	env := map[string]any{"caller": Caller{}, "called": Called{}, "now": clock{}, "outage": outageFacts{}, "language": ""}
	maps.Copy(env, l.menu.variables)
	prepared := conf.CreateNew()
	for _, option := range []expr.Option{
		expr.Env(env), expr.MaxNodes(maxParts), expr.DisableAllBuiltins(), expr.DisableIfOperator(),
	} {
		option(prepared)
	}
	for _, name := range builtins {
		expr.EnableBuiltin(name)(prepared)
	}
	return func(c *conf.Config) { *c = *prepared }
}

func (l *loader) compileOne(p pending, language expr.Option) *vm.Program {
	program, err := expr.Compile(p.target.source, language)
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
