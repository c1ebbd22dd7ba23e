package dialplan

import (
	"errors"
	"maps"
	"reflect"
	"regexp"
	"slices"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
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
// no loops, names no intermediate values, which could double without end, and
// calls only the functions in builtins: what it takes is bounded by its length.
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
	"len", "trim", "trimPrefix", "trimSuffix", "upper", "lower", "split", "indexOf", "lastIndexOf",
	"hasPrefix", "hasSuffix", "int", "float", "string", "abs", "ceil", "floor", "round", "min", "max",
}

// A pending expression is compiled when the types of all variables are known.
type pending struct {
	node     *value
	target   *expression
	variable string // that it is assigned to, "" for none
}

func (e *expression) read(l *loader, n *value, f *field) {
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

// language is what expressions of this menu are made of. It is put together
// once for all of them.
func (l *loader) language() expr.Option {
	env := facts()
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
	case ast.Find(program.Node(), isUnbounded) != nil:
		l.fault(p.node, "expressions have no loops and no let: write it without filter, map, .. and the like")
	case zero == nil:
		l.fault(p.node, "the expression gives neither text nor a number nor yes or no: %s", clip(p.target.source))
	case p.target.wants != wantsAnything && p.target.wants != given:
		l.fault(p.node, "the expression gives %s, wanted is %s", given, p.target.wants)
	default:
		return program
	}
	return nil
}

// What the compiler says of names that it does not know (checker.go).
var (
	unknownName = regexp.MustCompile(`^unknown name (\w+)$`)
	unknownFact = regexp.MustCompile(`^type dialplan\.(\w+) has no field (\w+)$`)
	cutShort    = regexp.MustCompile(`^(unexpected token EOF|literal not terminated)`)
	mixed       = regexp.MustCompile(`mismatched types (string and (int|float64)|(int|float64) and string)`)
)

// truths are yes and no as the rest of a menu writes them.
var truths = map[string]string{"yes": "true", "on": "true", "no": "false", "off": "false"}

// expressionFault tells what the compiler found, at its place in the document.
func (l *loader) expressionFault(n *value, err error) {
	var at *file.Error
	if !errors.As(err, &at) {
		l.fault(n, "the expression does not compile: %v", err)
		return
	}
	spot := n.place
	if at.Line == 1 && n.shape < literal {
		spot.col += int32(at.Column)
		if n.shape == quoted {
			spot.col++
		}
	} else if n.shape == literal {
		spot = place{spot.line + int32(at.Line), 1}
	}
	if name := unknownName.FindStringSubmatch(at.Message); name != nil && truths[name[1]] != "" {
		l.faultAt(spot, "there is no %s in expressions: write %s", name[1], truths[name[1]])
		return
	} else if name != nil {
		known := append(slices.Sorted(maps.Keys(l.menu.variables)), slices.Sorted(maps.Keys(facts()))...)
		l.faultAt(spot, "there is no variable %q%s; a variable is made by collect, set, or a first value under variables:",
			clip(name[1]), l.suggest(name[1], known))
		return
	}
	if m := unknownFact.FindStringSubmatch(at.Message); m != nil {
		for name, value := range facts() {
			if t := reflect.TypeOf(value); t.Name() == m[1] {
				l.faultAt(spot, "%s has no %q%s", name, clip(m[2]), l.suggest(m[2], factsIn(t)))
				return
			}
		}
	}
	hint := ""
	switch {
	case mixed.MatchString(at.Message):
		hint = ": make a number of a text with int(…) or float(…)"
	case n.shape == plain && cutShort.MatchString(at.Message):
		hint = ": a comma or a bracket inside of {…} needs the expression in quotes"
	}
	l.faultAt(spot, "the expression does not compile: %s%s", at.Message, hint)
}

// facts are what expressions of every menu know.
func facts() map[string]any {
	return map[string]any{"caller": Caller{}, "called": Called{}, "now": clock{}, "outage": outageFacts{}, "language": ""}
}

// factsIn are the names that a struct has in expressions.
func factsIn(t reflect.Type) []string {
	var all []string
	for i := range t.NumField() {
		all = append(all, t.Field(i).Tag.Get("expr"))
	}
	return all
}

// isUnbounded tells what may take more than its length lets expect; the
// compiler has no option to refuse it.
func isUnbounded(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.PredicateNode, *ast.VariableDeclaratorNode:
		return true
	case *ast.BinaryNode:
		return n.Operator == ".."
	default:
		return false
	}
}
