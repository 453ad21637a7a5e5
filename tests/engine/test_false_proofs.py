"""An attacker on the proofs of formatting: layout is moved about at random, and what is proven has to be the same.

What would be the same is judged by others: esbuild for scripts and styles, where the client's packages are installed,
and for every language by its words and by what its comments stand beside.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from shutil import which

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from halley.engine.meaning.difference import difference

ESBUILD = Path(__file__).parents[2] / "clients/vscode/node_modules/esbuild"
JUDGE = """
const { transformSync } = require(process.argv[1]);
const options = { minifyWhitespace: true, logLevel: "silent" };
options.tsconfigRaw = { compilerOptions: { verbatimModuleSyntax: true, jsx: "preserve" } };
const read = ([loader, code]) => {
  try { return transformSync(code, { ...options, loader }).code; } catch { return null; }
};
process.stdout.write(JSON.stringify(JSON.parse(require("fs").readFileSync(0, "utf8")).map(read)));
"""

SAMPLES = {
    "javascript": r""""use strict"
import a, {b, c as d} from 'x'
// one
const f = a => a + 1, g = async (x) => { await x }
let {p, q = 1, ...r} = {a: 1, 'b': "it's", get c() { return 1 }, async d() {}, *e() {}}
class A extends B { static x = 1
  y
  z = 'q'
  get
  w() {}
  static { f(); }
  *[k]() { yield a
  ++b }
  async m() {} }
function h(a, b = 2, ...c) { if (a) return
  else throw new Error("x")
  for (let i = 0; i < 3; i++) { continue }
  do x++; while (x < 5)
  /* two */ label: for (;;) { break label }
  return a /* three */ ? b : c }
var s = `t ${a} u`, re = /[/]x/g, n = a / b / c
x = [1, , 2,], y = a
;[1].map(z)
;(function () {})()
a = b + +c - -d, e = !f, i = typeof a, v = void 0
export default function () {}
export {f, g as gg}
new (foo())(1)
a?.b?.[c] ?? d
let async; async
function z1() {}
if (a) { } else if (b) c()
switch (a) { case 1: b(); break; default: c() }
""",
    "typescript": r"""import type { A } from 'x'
interface I { a: string; b?: number, c(): void
  readonly d: 'x' | 'y'
  [k: string]: any }
type U = | 'a' | 'b'
type F<T, V = string> = (a: T) => V
enum E { A, B = 2 }
abstract class C<T> extends D implements I { private x: number
  static y?: string = 'z'
  abstract m(): void
  get
  v(): number
  readonly w = 1
  constructor(private a: string, public b = 2) { super() } }
declare module "m" { export function f(a: string): void }
function g(a: string): void
function g(a: any) { return a as unknown as string }
let t: [string, number] = ['a', 1], u = <any>t
const k = (a) => a, l = async (b: string) => b!
namespace N { export const a = 1 }
declare const z: unique symbol
type M = { [K in keyof U]?: A extends B ? C : D }
let x = a satisfies B
function isS(a): a is string { return true }
abstract
class Q { }
type
T1 = string
""",
    "typescriptreact": r"""const a = <b c='d' e={f}>text {g} more
  <h/> tail</b>
const i = (<j/>)
function K() { return (
    <l m="n">
      o
    </l>
  ) }
const p = (x) => (<q>{x}{' '}y</q>)
const r = <><s/></>
const t = a ? <u/> : (<v w='it"s'/>)
""",
    "css": r"""@charset "utf-8";
@import 'a.css';
/* one */
a:hover > .b + #c ~ d, e f.g[h='i'] , :not(.x) :is(a,b) { color: red; margin: 0 -1px calc(1px + 2px); background: url(a.png) no-repeat; }
@media screen and (min-width:1px) and (max-width: 2px), print { a { b: c !important } }
@font-face { font-family: "X Y"; src: url("a") }
.n { & .o { p: q } &.r { s: t } > u { v: w } }
@supports (display: grid) and (not (x: y)) { a { --v: {a:b}; --w: 1 ; width: calc( var(--v)*2 ) } }
a::before { content: 'x' attr(y) ; transform: translate(1px,2px) rotate( 3deg ) }
@keyframes k { from { a: b } 50% { c: d } to { e: f } }
""",
    "lua": r"""local a, b = 1, 'x'; local c = {1, 2; d = 3, ["e"] = "f",}
-- one
function f(...) return ...; end
local function g(a) if a then return b.c:d("x") elseif not a then g{1} else g'y' end end
for i = 1, 3 do f(i); end
for k, v in pairs(c) do local x = k .. "z" .. v; (f)(x) end
repeat local y = -a - -b until y ~= 2
while true do break end
--[[ two ]] goto done
::done:: a = a and b or c; b = #c + 2 ^ -3 % 1
local s = [[ long ]]; local t = f "q" .. (g)[1]
a.b.c = function() end;
do a() end
return a, (f())
""",
    "c": r"""#include <a.h>
#define F(x, y) ((x) + (y))
#define G 1
enum E { A, B = 2 };
int a[] = {1, 2}, *p = &a[0];
struct S { int x; char y[3]; } s = { .x = 1, .y = "ab" "c" };
/* one */ static int f(int a, char **b) { if (a) return a++ + ++a; else { for (;;) break; } return F(1, 2) - -a; }
#ifdef X
int g;
#else // two
int h;
#endif
int k(void) { return sizeof(int) * G ? 'a' : 1.5e3; }
int m(void) { int z = f(1, (char *[]){"a"}); z <<= 2; z = z&&a[0]&*p; return z; }
""",
    "python": r'''# one
import a, b as c
def f(x, *y, z=1):
    """Say it."""
    if x: return [1, 2, "a b"]  # two
    else:
        x = x + 1; y = -x
    for i in (1, 2): print(i, end='')
    return {"a": x, 'b': lambda q: q}  # noqa
class A(B):
    c: int = 0x1F
    @property
    def d(self): return self . c
''',
    "go": r"""// Package a.
package a

import ("b"; c "d")

//go:embed x.txt
var x string
type T struct { A int `json:"a"`; B []string } // two
const ( E = iota; F )
func (t *T) M(a int, b ...string) (c int, err error) { if c := f(a); c > 0 { return c, nil }
	for i := 0; i < 3; i++ { g(i); h(b...) }
	switch { case a > 1: g(1); default: return }
	x := []int{1, 2}
	go func() { <-ch }(); return -x[0], err }
""",
    "rust": r"""// one
#[derive(Debug)] struct A<'a> { x: &'a str, y: Vec<Vec<u8>> }
fn f(a: u8, b: (u8,)) -> Option<u8> { match a { 1 => { b } 2 | 3 => Some(a), _ => None } }
impl<'a> A<'a> where Self: Sized { fn g(&self) -> u8 { let (c, d) = (1, 2.0); c + -d as u8 } } /* two */
macro_rules! m { ($x:expr) => { $x + 1 }; }
fn h() { let v = vec![1, 2]; let s = r#"a b"#; v.iter().map(|x| x + 1); loop { break 'x' } }
""",
    "ruby": r"""# one
class A < B
  attr_reader :c; def d(e, f = 1) = e + f
  def g(h); return [1, 2] if h; { i: 1, 'j' => "k l" }; end # two
  def m(n) n.map { |o| o - 1 }.each do |p| puts p; puts -1 end
  end
  x = y ? z : w; foo -1; foo [1]
  if a then b else c end
  case q when 1 then r; else s end
end
""",
    "java": r"""// one
package a; import b.c.*;
class A<T extends B> { int[] x = {1, 2}; enum E { F, G } /* two */
  @Override public int f(int a, String... b) { if (a > 1) return a - -1; for (int i = 0; i < 3; i++) { g(i); } return b.length >> 1; } }
""",
    "csharp": r"""// one
using A; namespace B { class C<T> { int[] x = {1, 2}; enum E { F, G } /* two */
#region r
  public int P { get; set; } = 1;
  int f(int a) => a switch { 1 => 2, _ => 3 }; string s = @"a b" + $"{x} y"; bool b = a is { D: 1 };
#endregion
} }
""",
    "php": r"""<p>a b</p>
<?php
// one
namespace A; use B\C;
function f(int $a, ...$b) { if ($a) { return [1, 'x' => "y", "z $a"]; } else echo $a . 'q' ; } /* two */
class D extends E { public $c = 1; fn() { match($a) { 1 => 2, default => 3 }; $this->c++ + ++$d; } }
?>
text  <?= $a ?> more
""",
    "shellscript": r"""#!/bin/sh
# one
f() { ( cd "$1"; make ) || return 1; }
for x in a b "c d"; do if [ -f "$x" ] && ! g; then echo "$x" >>o 2>&1; else h; fi; done # two
case $x in a|b) c; d;; *) e & ;; esac
y=$(ls -a); while read -r z; do k=l m n; done <in
""",
    "html": r"""<!doctype html>
<!-- one --><title>a b</title>
<p class='x'>c <b>d</b> <i>e</i>f, <a href="g">h</a></p><pre> i
  j </pre>
<ul><li>k</li> <li>l</li></ul><script>let a = 1; f(a)</script><style>m { n: o }</style>
""",
    "toml": r'''# one
a = 1 # two
b = ["x", 'y z',
  2]
[c.d]
e = { f = true, g = 1.0 }
h = """
i  j
"""
''',
    "json": r"""{"a": [1, 2, {"b": null}], "c d": "e  f", "g": -1.5e3}
""",
}  # fmt: skip
LOADERS = {"javascript": "js", "typescript": "ts", "typescriptreact": "tsx", "css": "css"}
COMMENTS = {
    "python": r"#.*", "shellscript": r"(?<!\S)#.*", "ruby": r"#.*", "toml": r"#.*", "lua": r"--\[\[.*?\]\]|--.*",
    "html": r"<!--.*?-->", "css": r"/\*.*?\*/", "json": r"(?!)",
}  # fmt: skip
SLASHES = r"/\*.*?\*/|//.*"

PLACES = re.compile(r"[ \t\n]+|[;,'\"()|]|(?<=\w)(?=\W)|(?<=\W)(?=\w)")
PIECES = ["", " ", "\n", "  ", "\t", "; ", ";", "\n;", ",", ", ", "(", ")", "'", '"', "|"]


@st.composite
def moves(draw: st.DrawFn, language: str) -> str:
    """The sample with layout put in, taken away or changed in a place or two, or a comment moved."""
    text = SAMPLES[language]
    for _ in range(draw(st.integers(1, 2))):
        spots = list(PLACES.finditer(text))
        spot = spots[draw(st.integers(0, len(spots) - 1))]
        text = text[: spot.start()] + draw(st.sampled_from(PIECES)) + text[spot.end() :]
    comments = list(re.finditer(COMMENTS.get(language, SLASHES), text))
    if comments and draw(st.integers(0, 3)) == 0:
        moved = draw(st.sampled_from(comments))
        rest = text[: moved.start()] + text[moved.end() :]
        gaps = [gap.start() for gap in re.finditer(r"(?=\n)", rest)]
        at = draw(st.sampled_from(gaps))
        text = rest[:at] + moved[0] + rest[at:]
    return text


def said(text: str, language: str) -> tuple[list[str], list[tuple[int, str]]]:
    """The words of a text, and its comments with the number of words before each."""
    words: list[str] = []
    comments: list[tuple[int, str]] = []
    for found in re.finditer(rf"(?P<comment>{COMMENTS.get(language, SLASHES)})|\w+", text):
        if found["comment"]:
            comments.append((len(words), " ".join(re.findall(r"\w+", found[0]))))
        else:
            words.append(found[0])
    return words, comments


@pytest.mark.parametrize("language", SAMPLES)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_nothing_is_proven_that_says_other_words_or_has_a_comment_elsewhere(
    language: str, data: st.DataObject
) -> None:
    text = data.draw(moves(language))
    words, comments = said(SAMPLES[language], language)
    if not difference(SAMPLES[language], text, language):
        assert said(text, language)[0] == words
        assert [comment for _, comment in said(text, language)[1]] == [comment for _, comment in comments]


@pytest.mark.skipif(which("node") is None or not ESBUILD.exists(), reason="esbuild is the judge")
@pytest.mark.parametrize("language", LOADERS)
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_proven_is_the_same_for_esbuild(language: str, data: st.DataObject) -> None:
    before = SAMPLES[language]
    tries = data.draw(st.lists(moves(language), min_size=40, max_size=60))
    proven = [text for text in tries if not difference(before, text, language)]
    meant, *others = _as_esbuild_reads(LOADERS[language], [before, *proven])
    assert meant
    assert [text for text, other in zip(proven, others, strict=True) if other != meant] == []


def _as_esbuild_reads(loader: str, texts: list[str]) -> list[str | None]:
    """Each text without its layout; None for what esbuild cannot read."""
    run = subprocess.run(
        ["node", "-e", JUDGE, str(ESBUILD)],
        input=json.dumps([[loader, text] for text in texts]),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[str | None] = json.loads(run.stdout)
    return found
