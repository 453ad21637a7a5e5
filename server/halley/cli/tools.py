"""`halley tools`: the tools there are, switching them on and off, and taking back what was agreed to for good."""

from __future__ import annotations

from typing import Any

import click

from halley.cli.output import clean, print_table, tell, write, write_json
from halley.cli.running import Desk, can_ask, with_desk
from halley.engine.edits.hunks import Hunk
from halley.engine.markdown.inert import visible
from halley.features.tools.approving import Decision, Question, with_hunks
from halley.features.tools.helping import Filled
from halley.features.tools.toolbox import OnlyHunks
from halley.mcp.values import Form


@click.group(invoke_without_command=True)
@click.pass_context
def tools(ctx: click.Context) -> None:
    """Tools that models may ask for in chats."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_, as_json=False)


@tools.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_desk
async def list_(desk: Desk, as_json: bool) -> int:
    """Servers and their tools, started to see what they offer. Exit code 1 when one that is on does not work."""
    listed = await _listed(desk, start=True)
    if as_json:
        write_json(listed)
    else:
        _print(listed)
    return 1 if any(row["state"] == "failed" and row["enabled"] for row in listed["servers"]) else 0


@tools.command("on")
@click.argument("what", required=False, metavar="[SERVER[/TOOL]]")
@click.option("--user", is_flag=True, help="Apply everywhere, not only in this workspace.")
@with_desk
async def on(desk: Desk, what: str | None, user: bool) -> None:
    """Switch all tools, a server or one tool on."""
    await _switch(desk, what, user, True)


@tools.command("off")
@click.argument("what", required=False, metavar="[SERVER[/TOOL]]")
@click.option("--user", is_flag=True, help="Apply everywhere, not only in this workspace.")
@with_desk
async def off(desk: Desk, what: str | None, user: bool) -> None:
    """Switch all tools, a server or one tool off."""
    await _switch(desk, what, user, False)


@tools.command()
@click.argument("what", required=False, metavar="[SERVER[/TOOL]]")
@with_desk
async def forget(desk: Desk, what: str | None) -> None:
    """Take back every "always" of this workspace, or those of a server or tool."""
    from halley.features.tools.listing import matching

    server, tool = _parts(what)
    picks = desk.room.tool_picks
    count = picks.forget(desk.root, matching(picks.approvals(desk.root), None, server, tool))
    tell(f"{count} permanent approval{'' if count == 1 else 's'} revoked.")


@tools.command()
@click.argument("server")
@with_desk
async def signin(desk: Desk, server: str) -> None:
    """Sign in to a server: prints the address of its sign-in page, and waits until you are done there."""
    from halley.features.tools.signing_in import sign_in

    tell(await sign_in(desk.shared.tools, desk.settings, server, terminal_agree, terminal_page))


@tools.command()
@click.argument("server")
@with_desk
async def signout(desk: Desk, server: str) -> None:
    """Forget what a sign-in to a server gave."""
    from halley.features.tools.signing_in import sign_out

    tell(await sign_out(desk.shared.tools, desk.settings, server))


async def terminal_fill(server: str, form: Form) -> Filled:
    """A tool server's form, field by field; declined where there is no terminal."""
    import asyncio

    tell(f"\nThe tool server {server} asks: {visible(form.message)}")
    if not can_ask():
        tell("It needs your answer, which is not possible here: declined.")
        return "decline"
    try:
        return await asyncio.to_thread(fill_fields, form)
    except click.Abort:
        return "cancel"


def fill_fields(form: Form) -> Filled:
    if not click.confirm("Answer it?", default=False, err=True):
        return "decline"
    filled: dict[str, Any] = {}
    for field in form.fields:
        about = ": ".join(filter(None, (visible(field.title), visible(field.description))))
        choices = field.choices or (("Yes", "No") if field.kind == "boolean" else ())
        about += f" ({', '.join(map(visible, choices))})" if choices else ""
        while True:
            text = click.prompt(about, default=None if field.required else "", show_default=False, err=True)
            if not text:
                break
            try:
                filled[field.name] = field.read(text)
                break
            except ValueError as error:
                tell(f"It has to be {visible(str(error))}.")
    return filled


async def terminal_agree(question: str) -> bool:
    """Asks on the terminal; no where there is none."""
    import asyncio

    if not can_ask():
        tell(f"{question} It needs your answer, which is not possible here: no.")
        return False
    try:
        return await asyncio.to_thread(click.confirm, question, err=True)
    except click.Abort:
        return False


async def terminal_page(address: str) -> None:
    tell(f"Open this page in your browser to sign in:\n\n{clean(address)}\n")


def terminal_ask(question: Question) -> Any:
    """Asks on the terminal; denies if there is none."""

    async def ask() -> Decision | OnlyHunks:
        import asyncio

        if not can_ask():
            tell(f"… {question.server}/{question.tool} needs approval, which is not possible here: denied.")
            return "deny"
        tell(f"\nMay the model call {question.server}/{question.tool}?")
        for note in filter(None, (question.changed, question.why)):
            tell(note)
        tell(question.text)
        try:
            return await asyncio.to_thread(_decision, question)
        except click.Abort:
            return "deny"

    return ask()


def _decision(question: Question) -> Decision | OnlyHunks:
    decisions: dict[str, Decision] = {"o": "once"}
    if question.chat:
        decisions["c"] = "chat"
    if question.always:
        decisions["a"] = "always"
    names = {"o": "[o]nce", "c": "for this [c]hat", "a": "[a]lways in this workspace", "h": "[h]unk by hunk"}
    letters = [*decisions, *("h" if len(question.hunks) > 1 else "")]
    answer = _prompt(", ".join(names[letter] for letter in letters) + ", [d]eny", [*letters, "d"])
    if answer != "h":
        return decisions.get(answer, "deny")
    chosen = [number for number, hunk in enumerate(question.hunks) if _agreed_to(hunk)]
    return with_hunks("once", chosen, question)


def _agreed_to(hunk: Hunk) -> bool:
    rows = [f"-{line}" for line in hunk.old_text.splitlines()]
    rows += [f"+{line}" for line in hunk.new_text.splitlines()]
    tell(f"\nLine {hunk.line + 1}:\n" + visible("\n".join(rows)))
    return _prompt("[y]es, [n]o", ["y", "n"]) == "y"


def _prompt(text: str, letters: list[str]) -> str:
    """One of the letters; the last one where the user only presses Enter."""
    kind = click.Choice(letters)
    return click.prompt(
        text, default=letters[-1], show_default=False, err=True, type=kind, show_choices=False
    )


async def _listed(desk: Desk, *, start: bool) -> dict[str, Any]:
    from halley.features.tools.listing import tools_json
    from halley.features.tools.switches import Switches

    shared, settings = desk.shared, desk.settings
    picks = desk.room.tool_picks
    switches = Switches.of(settings, picks, desk.root)
    if start:
        await shared.tools.tried(settings, filter(switches.uses, settings.tools.servers))
    return tools_json(shared.tools, picks, switches, desk.root)


async def _switch(desk: Desk, what: str | None, user: bool, enabled: bool) -> None:
    from halley.features.tools.listing import check_known
    from halley.features.tools.switches import key_of

    server, tool = _parts(what)
    check_known(desk.settings, desk.shared.tools, server, tool)
    desk.room.tool_picks.switch(None if user else desk.root, key_of(server, tool), enabled)
    where = "everywhere" if user else f"in {desk.root}"
    tell(f"{what or 'All tools'}: {'on' if enabled else 'off'} {where}.")


def _parts(what: str | None) -> tuple[str | None, str | None]:
    server, _, tool = (what or "").partition("/")
    return server or None, tool or None


def _print(listed: dict[str, Any]) -> None:
    if listed["off"]:
        tell("All tools are off. `halley tools on` switches them on.")
    rows = [
        (
            server["name"],
            tool["name"],
            "on" if tool["enabled"] else "off",
            "asks" if tool["asks"] else "reads",
            clean(" ".join(tool["description"].split())[:70]),
        )
        for server in listed["servers"]
        for tool in server["tools"]
    ]
    print_table(("SERVER", "TOOL", "", "", "DESCRIPTION"), rows)
    for server in listed["servers"]:
        if server["problem"]:
            tell(f"{server['name']} ({server['state']}): {clean(server['problem'])}")
        elif not server["enabled"]:
            tell(f"{server['name']} is off.")
    for approval in listed["approvals"]:
        write(f"always: {approval['server']}/{approval['tool']} ({clean(approval['shape'])})\n")
