package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/dialgraph/dialgraph/dialplan"
)

// This file writes the documents, and the parts of documents, that follow
// from the code.

const generated = "<!-- Written by make docs from the code: change it there. -->\n\n"

// menuReference is docs/menu-reference.md.
func menuReference(t testing.TB) string {
	var b strings.Builder
	b.WriteString("# Menu reference\n\n" + generated +
		"Every section, kind of node, setting and branch. How they fit together: [menus.md](menus.md).\n\n## The document\n\n| section | | |\n|---|---|---|\n")
	for _, s := range dialplan.Sections() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.Name, required(s.Required), cell(s.Doc))
	}
	b.WriteString("\n## Prompts\n\nA prompt has one of `file`, `text` and `tone`.\n\n")
	settingTable(&b, dialplan.PromptReference())
	b.WriteString("\n## Nodes\n\nA node has a name, one kind with its settings, and branches beside it. Any kind may have `say:` beside it: " +
		"a prompt, or a list of prompts, that is played first.\n\nBranches that are left out go where the table says: `exit` (the number's fallback), " +
		"`hangup`, or the same way as another branch. Prompts are given by name.\n\n")
	kinds := dialplan.Reference()
	for i, k := range kinds {
		if i > 0 {
			b.WriteString(" · ")
		}
		fmt.Fprintf(&b, "[%s](#%s)", k.Name, k.Name)
	}
	b.WriteString("\n")
	for _, k := range kinds {
		fmt.Fprintf(&b, "\n### %s\n\n%s%s\n\n```yaml\n%s```\n", k.Name, k.Doc, shorthand(k), kindExample(t, k.Name))
		if len(k.Settings) > 0 {
			b.WriteString("\n")
			settingTable(&b, k.Settings)
		}
		branchTable(&b, k.Branches)
	}
	return b.String()
}

// shorthand says what a value stands for that is no mapping of settings.
func shorthand(k dialplan.KindDoc) string {
	switch {
	case k.Value == "":
		return ""
	case k.Whole:
		return " Its value is `" + k.Value + "`."
	default:
		return fmt.Sprintf(" `%s: x` is short for `%s: {%s: x}`.", k.Name, k.Name, k.Value)
	}
}

func settingTable(b *strings.Builder, fields []dialplan.FieldDoc) {
	b.WriteString("| setting | takes | default | |\n|---|---|---|---|\n")
	settingRows(b, "", fields)
}

func settingRows(b *strings.Builder, within string, fields []dialplan.FieldDoc) {
	for _, f := range fields {
		def := "`" + f.Default + "`"
		if f.Default == "" {
			def = required(f.Required)
		}
		fmt.Fprintf(b, "| `%s%s` | %s | %s | %s |\n", within, f.Name, takes(f), def, cell(f.Doc))
		settingRows(b, within+f.Name+".", f.Fields)
	}
}

func required(yes bool) string {
	if yes {
		return "required"
	}
	return ""
}

func takes(f dialplan.FieldDoc) string {
	switch {
	case f.Min != "" && f.Max != "":
		return fmt.Sprintf("%s, %s to %s", f.Takes, f.Min, f.Max)
	case f.Max != "" && f.Takes == "text":
		return f.Takes + " of up to " + f.Max + " bytes"
	case f.Max != "":
		return f.Takes + " of up to " + f.Max
	case f.Wants != "" && f.Wants != "anything":
		return f.Takes + " giving " + f.Wants
	}
	return f.Takes
}

func branchTable(b *strings.Builder, branches []dialplan.FieldDoc) {
	if len(branches) == 0 {
		return
	}
	b.WriteString("\n| branch | left out | |\n|---|---|---|\n")
	for _, f := range branches {
		missing := "required"
		switch f.Missing {
		case "":
		case "exit", "hangup":
			missing = "`" + f.Missing + "`"
		case "none":
			missing = "none"
		default:
			missing = "as `" + f.Missing + "`"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", f.Name, missing, cell(f.Doc))
	}
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// kindExample is the node of that name in examples/kinds.yaml, as it is
// written there. That the whole is valid, and has every kind, is tested.
func kindExample(t testing.TB, kind string) string {
	t.Helper()
	document := readFile(t, "examples/kinds.yaml")
	_, nodes, _ := strings.Cut(document, "\nnodes:\n")
	var found []string
	for line := range strings.SplitSeq(nodes, "\n") {
		begins := strings.HasPrefix(line, "  ") && !strings.HasPrefix(line, "   ")
		switch {
		case line == "  "+kind+":":
			found = append(found, line)
		case begins && len(found) > 0, line == "" && len(found) > 0:
			return strings.Join(outdent(found), "\n") + "\n"
		case len(found) > 0:
			found = append(found, line)
		}
	}
	if len(found) == 0 {
		t.Fatalf("examples/kinds.yaml has no node named %s", kind)
	}
	return strings.Join(outdent(found), "\n") + "\n"
}

func outdent(lines []string) []string {
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "  ")
	}
	return lines
}

// settings is docs/settings.md.
func settings(t testing.TB) string {
	var c cli
	parser, err := kong.New(&c, kong.Name("dialgraph"), kong.PostBuild(environment), kong.Vars{"version": ""})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("# Settings\n\n" + generated +
		"Every command, its flags, and for what runs unattended the environment variable that stands in for it. Flags win over the environment. A flag that may be repeated takes a list separated by commas, which is how its variable is written too; `--trunk` and `--outage` take one value each time. " +
		"Times are written as in `30s`, `1m30s`, `4h`.\n\n" +
		"Exit status: 0 done; 1 failed, or `check` found faults; 2 the command line was not understood.\n")
	for _, command := range parser.Model.Children {
		if command.Hidden {
			continue
		}
		fmt.Fprintf(&b, "\n## dialgraph %s\n\n%s\n\n| | variable | default | |\n|---|---|---|---|\n", command.Name, command.Help)
		for _, p := range command.Positional {
			fmt.Fprintf(&b, "| `%s` | | required | %s |\n", strings.ToUpper(p.Name), cell(p.Help))
		}
		for _, f := range command.Flags {
			if f.Name != "help" {
				fmt.Fprintf(&b, "| `--%s` | %s | %s | %s |\n", f.Name, variable(f), flagDefault(f), cell(flagHelp(f, command.Flags)))
			}
		}
	}
	return b.String()
}

func variable(f *kong.Flag) string {
	if len(f.Envs) == 0 {
		return ""
	}
	return "`" + f.Envs[0] + "`"
}

func flagDefault(f *kong.Flag) string {
	switch {
	case f.Required:
		return "required"
	case f.IsBool():
		return "off"
	case f.Default == "":
		return ""
	}
	return "`" + f.Default + "`"
}

func flagHelp(f *kong.Flag, all []*kong.Flag) string {
	help := f.Help
	if f.Enum != "" {
		help = strings.ReplaceAll(help, strings.Join(f.EnumSlice(), ","), strings.Join(f.EnumSlice(), ", "))
	}
	for _, other := range all {
		if other != f && slices.ContainsFunc(f.Xor, func(group string) bool { return slices.Contains(other.Xor, group) }) {
			help += " Not together with `--" + other.Name + "`."
		}
	}
	return help
}

// metricsTable is the part of docs/operations.md that lists the figures.
func metricsTable() string {
	var b strings.Builder
	b.WriteString("| metric | | |\n|---|---|---|\n")
	for _, f := range figures {
		kind := "counter"
		if f.gauge {
			kind = "gauge"
		}
		fmt.Fprintf(&b, "| `dialgraph_%s` | %s | %s |\n", f.name, kind, cell(f.help))
	}
	fmt.Fprintf(&b, "| `%s` | histogram | %s |\n", lookupSeconds.Name, cell(lookupSeconds.Help))
	return b.String()
}

// functionList is the part of docs/menus.md that lists what expressions call.
func functionList() string {
	functions := dialplan.ExpressionFunctions()
	slices.Sort(functions)
	return "`" + strings.Join(functions, "` `") + "`\n"
}
