"""What is known of file names: those without an extension, extensions, and words that only look like names.

Facts only. Which file a reply names is read in `replies/labels.py`.
"""

from __future__ import annotations

import re

NAMED_FILES: dict[str, str] = {
    **dict.fromkeys("makefile gnumakefile bsdmakefile".split(), "makefile"),
    **dict.fromkeys("dockerfile containerfile".split(), "dockerfile"),
    **dict.fromkeys(
        "gemfile rakefile vagrantfile brewfile podfile fastfile appfile guardfile capfile berksfile thorfile "
        "dangerfile puppetfile steepfile".split(),
        "ruby",
    ),
    **dict.fromkeys("snakefile sconstruct sconscript tiltfile".split(), "python"),
    "jenkinsfile": "groovy", "justfile": "just", "cmakelists.txt": "cmake", "pipfile": "toml",
} | dict.fromkeys(
    "procfile caddyfile earthfile kconfig codeowners license licence copying readme changelog authors contributing "
    "notice todo".split(),
    "plaintext",
)  # fmt: skip
"""Files that tools know by their whole name (in lower case), and the language each is written in."""

DOTTED_LANGUAGES = frozenset(
    """cmakelists.txt nginx.conf httpd.conf squid.conf lighttpd.conf xorg.conf robots.txt requirements.txt
    go.mod go.sum go.work gemfile.lock
    asp.net ado.net vb.net ml.net text.plain node.js vue.js react.js next.js nest.js nuxt.js three.js d3.js
    p5.js express.js angular.js ember.js backbone.js chart.js discord.js socket.io electron.js alpine.js
    solid.js svelte.js jquery.js knockout.js meteor.js gatsby.js reveal.js mermaid.js plotly.js tensorflow.js
    babylon.js phaser.js matter.js require.js deno.js bun.js handlebars.js mustache.js underscore.js moment.js
    paper.js pixi.js processing.js preact.js redux.js hugo.io draw.io""".split()
)
"""What looks like a file's name and is a language, a kind of file, or a library."""

EXTENSIONS = frozenset(
    """ada adb adoc ads ahk applescript asax ascx asm asp aspx astro avsc awk bas bash bat bats bazel bib
    bicep bzl c cbl cc cfg cfm cjs cl clj cljc cljs cls cmake cmd cob coffee conf cpp cr cs cshtml csproj css
    csv csx cts cu cxx d dart dhall dockerfile edn ejs el elm eml env erb erl ex exs f f03 f90 f95 fish fs fsi
    fsproj fsx ftl gd gemspec glsl go gql gradle graphql groovy gsh gyp h haml hbs hcl hh hpp hrl hs htm html
    http hx hxx idr inc ini ino ipynb j2 janet java jinja jinja2 jl js json json5 jsonc jsonl jsonnet jsp jsx
    jule kdl kt kts kv latex leex less lhs libsonnet liquid lisp lua m mako markdown mc md mdc mdx mjs mk ml
    mli mm mts mustache nasm ndjson nim nimble nix njk nomad nu odin pas patch pcss pde php phtml pl plist pm
    po pod pony postcss pot pp prisma prolog properties proto ps1 psd1 psm1 pug purs py pyi pyw pyx qml qs r
    rake rb rbi rbs rdf re res resx rkt rmd robot rs rst ru s sass sbt scala scm scss sh shader slim sln sls
    smithy sol spec sql ss st storyboard styl sv svelte svg svh swift tcl tex textile tf tfvars thrift tmpl
    toml tpl ts tsv tsx twig txt typ v vala vb vbs vcl vert vhd vhdl vim vue wat wgsl wsdl xaml xhtml xib
    xliff xml xq xsd xsl xslt yaml yang yml zig zsh""".split()
)
"""Extensions of files of text. A name that ends otherwise may be a method (`Cart.total`) or a host (`example.com`)."""

_TEMPLATED = re.compile(
    r"^(?:source|text|d|blade)\.[\w.]+$|"
    r"^(?:html|js|css|xml|json|ya?ml|sql|sh|md|tsx?)\.(?:erb|ejs|j2|jinja2?|twig|hbs|mako|liquid|njk|slim|tmpl|tpl)$",
    re.IGNORECASE,
)
"""A language in a language, and a grammar's scope: `html.erb`, `source.js`."""
_STAND_IN = re.compile(
    r"(?:^|/)(?:path/(?:to|of)/|your[-_])|"
    r"(?:^|/)(?:file|file[-_]?name|(?:my|the|some)[-_]file|untitled|snippet)\.\w+$",
    re.IGNORECASE,
)
"""What documentation says where a name belongs."""


def is_kind(word: str) -> bool:
    """Whether a word says what kind of text this is, although a file may be called so: `makefile`, `node.js`."""
    lower = word.lower()
    return lower in NAMED_FILES or lower in DOTTED_LANGUAGES


def is_certain(path: str) -> bool:
    """Whether a path in a reply can only be meant as a file's: by its known ending, and not `html.erb` or `file.py`."""
    name = path.replace("\\", "/").rpartition("/")[2]
    stem, _, extension = name.rpartition(".")
    if _STAND_IN.search(path) or _TEMPLATED.match(path):
        return False
    return "/" in path or name.lower() in NAMED_FILES or (bool(stem) and extension.lower() in EXTENSIONS)
