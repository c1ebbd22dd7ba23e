package dialplan

import "strings"

// oddities are documents that are easily read otherwise than the library does.
var oddities = append([]string{
	"\ufeffa: b\n", "a: \ufeffb\n", "a: b\u0085c: d\n", "a: b\u2028c\n", "a: b\u2029\n", "a: \u0080\n", "a: \u007f\n", "a: \ufffe\n",
	"a: b\r\nc: d\r\n", "a: |\r\n  b\r\n\r\n  c\r\nd: {e: f,\r\n  g: \"h\"}\r\n", "a: b\rc: d\r", "a: b\r\r\nc: d", "a: \"b\r\"\n", "a:\tb\n", "\ta: b\n", "a: b\t# c\n", "a: b\x00\n", "a: \x01\n", "a: b   \n   \nc: d", "a: b\n   ", "a: b # c", "a: |\n  b", "a: |\n  b\n  ",
	"a: " + strings.Repeat("[", 15) + strings.Repeat("]", 15) + "\n", "a: " + strings.Repeat("[", 14) + "b" + strings.Repeat("]", 14) + "\n",
	"a:\n" + strings.Repeat("- ", 14) + "b\n", "a:\n" + strings.Repeat("- ", 15) + "b\n", "a:\n" + strings.Repeat("- ", 14) + "b: c\n", "a:\n" + strings.Repeat("- ", 13) + "b: c\n",
	"a: b: c\n", "a", "", "\n", "# x\n", "{a: b}\n", "[a]\n", "- a\n",
}, strings.Split(paragraphs, "\n====\n")...)

const paragraphs = `a: b
====
a:
====
a: 
b: ~
c: null
d: Null
e: ""
f: NULL
g: nULL
====
---
a: b
====
--- a: b
====
---
---
a: b
====
# x
---
# y
a: b
...
====
a: b
---
====
a: b
--- c
====
---a: b
====
%YAML 1.1
---
a: b
====
a: b #c
====
a: b#c
====
a:#b
====
a #b: c
====
a#b: c
====
a:b
====
a:b: c
====
a: b:
====
a: http://x
====
a : b
====
a: -
====
a: -b
c: -1
d: --
e: -.5
====
a: - b
====
a: ?b
====
a: ? b
====
? a
: b
====
: a
====
a: :b
====
a: %b
====
a: @b
====
a: !b
====
a: &b c
====
a: *b
====
a: | b
====
a: > b
====
a: 'b
====
a: "b
====
a: ,b
====
a: b, c
====
a: [b
====
a: b]
====
a: {b
====
a: b}
====
a: "b" c
====
a: "b"#c
====
a: "b" # c
====
a: [b]#c
====
a: [b] c
====
[a]: b
====
{a: b}: c
====
"#": x
====
"a": b
'c': d
====
"a" : b
====
"a":b
====
"a"b: c
====
a: 'b''c'
b: ''
c: '''b'''
====
a: "b\"\\\/\n\t"
====
a: "\x41\u0416"
====
a: "b
  c"
====
a: "b\
  c"
====
a: 'b
  c'
====
a: b
  c
====
a: b
 # x
  c
====
a:
  b
====
a:
  b
 c
====
a:
  "b"
  c
====
a:
  {b: c}
====
a:
  b: c
 d: e
====
a:
  b: c
d: e
====
  a: b
  c: d
====
  a: b
c: d
====
 a: b
  c: d
====
a:
- b
- c
====
a:
- b
 - c
====
a:
- b
 c
====
a:
  - b
- c
====
a:
  - b
 - c
====
a:
  - b
  c: d
====
a:
- b: c
  d: e
- f
g: h
====
a:
- - b
  - c
- d
====
a:
-
  b: c
-
- d
====
a:
-
b: c
====
a: b
- c
====
a:
- "b": c
====
a:
- {b: c}: d
====
a:
-b
====
a:
- # x
  b: c
====
a: # x
  b: c
====
a: b
a: c
====
<<: a
====
a: <<
====
a: "<<"
====
~: a
null: b
true: 12
1.5: 2026-12-25
2026-12-25 12:00:00: 0x1
====
a: {b: c}
====
a: {b: , c}
====
a: {b:}
====
a: {b:c}
====
a: {"b":c}
====
a: {"b":}
====
a: {"b":, c}
====
a: {"b" :c}
====
a: {"b" : c}
====
a: {b :c}
====
a: {b : c}
====
a: {b:[c]}
====
a: {"b":[c]}
====
a: {"b"::c}
====
a: {b: c, }
====
a: {, b: c}
====
a: {b: c,, d}
====
a: {b}
====
a: {b, c: d}
====
a: {[b]: c}
====
a: {b: c: d}
====
a: {b: {c: d}}
====
a: {b: -1, c: -}
====
a: {? b}
====
a: {: b}
====
a: {#: b}
====
a: {b: c #d
}
====
a: {b: #c
  d}
====
a: {b: c
  d}
====
a: {b
: c}
====
a: {
b: c}
====
a:
  b: {
 c: d}
====
a: {
  b: c,
  d: e
}
====
a: {
  b:
    c
}
====
a: {b: c
====
a: {b: c]
====
a: [b, ]
====
a: [b, c, ]
====
a: [, b]
====
a: [b,, c]
====
a: [ ]
b: { }
c: []
d: {}
====
a: [b: c]
====
a: ["b":c]
====
a: [{b: c}, [d]]
====
a: [b c, d 'e']
====
a: ['d' e]
====
a: [b
  , c]
====
a: [b,
c]
====
a: [
---
]
====
a: [b#c, #d
 e]
====
a: [b,#c
 e]
====
a: |
  b
  c
====
a: |-
  b

  c
d: e
====
a: >
  b
  c

  d
====
a: >-
  b
   c
====
a: |
  b
   c
====
a: |
b
====
a: |

  b
====
a: |
   
  b
====
a: |
  b
     
====
a: |
  b 
  # c
 # d
e: f
====
a: |
  b
 c
====
a: | # x
  b
====
a: |2
   b
====
a: |+
  b

====
a:
- |
  b
- >-
  c


- d
====
a:
  |
  b
====
a: |
  b
: c
====
a: |
====
a: [|]
====
a: дім
б: "ї" # ж
в: {г: ґ, є: [ж, з]}
====
a: é b
====
a: 😀 # b
c: {d😀: e, f: g}
====
a:
  # b
c: d
====
a:   # b
`
