"""A conversation is saved as it streams, is only ever added to, and survives whatever happens to the process."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stores_help import assert_private, files_with, finished, killed, said

from halley.core.calls import ImagePart
from halley.core.errors import InvalidInput, Problem, StoreFailed
from halley.core.events import Citation, Finish, Image, Notice, ReasoningDelta, TextDelta, ToolCallDelta
from halley.core.models import ModelRef, Times, Usage
from halley.stores.chats import store as chats_module
from halley.stores.chats.store import ChatStore
from halley.stores.chats.values import Excerpt, StoredImage, ToolUse
from halley.stores.disk.paths import Paths
from halley.stores.sqlite.database import Database

MODEL = ModelRef("comet", "gpt-5-mini")


async def told(
    store: ChatStore, chat: str, prompt: str, answer: str, status: str = "complete"
) -> tuple[str, str]:
    turn = await store.add_turn(chat, prompt)
    reply = await store.open_reply(turn, MODEL)
    store.append(reply, [TextDelta(answer)])
    await store.settle(reply, status)  # type: ignore[arg-type]
    return turn, reply


async def test_all_that_belongs_to_a_turn_comes_back(database: Database, paths: Paths) -> None:
    store = ChatStore(database)
    chat = await store.create("/w")
    excerpts = (Excerpt("#file:a.py", "a.py:1-9", 42, "code"), Excerpt("#selection", tokens=3))
    turn = await store.add_turn(
        chat,
        "What is it?",
        excerpts=excerpts,
        images=[ImagePart("image/png", b"PNG")],
        details={"uri": "file:///a"},
    )
    reply = await store.open_reply(turn, MODEL)
    citation = Citation("https://example.org", "Title", 0, 4)
    store.append(reply, [ReasoningDelta("Hm"), TextDelta("It "), Notice("failed over"), TextDelta("is ")])
    store.append(
        reply, [citation, Image("image/png", b"PIC"), Image("image/png", url="https://example.org/x.png")]
    )
    store.append(
        reply, [ToolCallDelta(0, "id", "run", '{"a"'), ToolCallDelta(0, arguments=": 1}"), TextDelta("it.")]
    )
    store.append(reply, [Finish("stop")])
    usage, times = Usage(10, 20, cost_usd=0.1, cost_source="provider"), Times(1.0, 2.0, 3.0)
    await store.settle(reply, "complete", usage=usage, times=times)

    (found,) = (await store.get(chat)).turns
    assert await store.get_turn(chat, turn) == found
    assert (found.prompt, found.excerpts, found.details) == ("What is it?", excerpts, {"uri": "file:///a"})
    assert store.load_image(found.images[0]) == b"PNG"
    (answer,) = found.replies
    assert (answer.text, answer.reasoning, answer.status) == ("It is it.", "Hm", "complete")
    assert (answer.citations, answer.notices) == ((citation,), ("failed over",))
    assert answer.tool_uses == (ToolUse("id", "run", '{"a": 1}'),)
    assert (answer.usage, answer.times, answer.model) == (usage, times, "comet/gpt-5-mini")
    assert [store.load_image(image) for image in answer.images] == [b"PIC", None]
    assert answer.images[1].url == "https://example.org/x.png"
    assert_private(paths.data)


async def test_what_is_kept_of_a_chats_agent_is_read_alone(database: Database) -> None:
    store = ChatStore(database)
    chat, other = await store.create("/w"), await store.create("/w")
    assert await store.agent(chat) == {}
    await store.note_agent(chat, {"mode": "edit", "plan": [["Look", "open"]]})
    await store.note_agent(other, {"mode": "plan"})
    await store.switch_tools(chat, {"halley/read_file": False})
    await store.note_agent(chat, {"mode": "agent", "plan": None})
    assert await store.agent(chat) == {"mode": "agent"} == (await store.get(chat)).agent
    with pytest.raises(InvalidInput):
        await store.agent("c-none")


async def test_what_was_sent_for_a_reply_is_added_to_it_alone(database: Database) -> None:
    store = ChatStore(database)
    chat = await store.create("/w")
    turn = await store.add_turn(chat, "Go.")
    reply, other = await store.open_reply(turn, MODEL), await store.open_reply(turn, MODEL)
    await store.note_sent(reply, {"system": "Be brief.", "tokens": 3})
    await store.note(reply, sent={"rules": "None."}, model="a/b")
    await store.note(f"{reply}-gone", sent={"rules": "Lost."})
    first, second = (await store.get(chat)).turns[0].replies
    assert (first.sent, first.model) == ({"system": "Be brief.", "tokens": 3, "rules": "None."}, "a/b")
    assert (second.id, second.sent, second.model) == (other, {}, str(MODEL))


async def test_a_failed_reply_keeps_its_text_and_its_problem(database: Database) -> None:
    store = ChatStore(database)
    chat = await store.create(None)
    reply = await store.open_reply(await store.add_turn(chat, "x"), MODEL)
    store.append(reply, [TextDelta("half")])
    problem = Problem("interrupted", "The reply broke.", "Continue.", provider="comet", status=502)
    await store.settle(reply, "interrupted", problem=problem)
    found = (await store.get(chat)).turns[0].replies[0]
    assert (found.text, found.status, found.problem) == ("half", "interrupted", problem)

    await store.reopen(reply)
    store.append(reply, [TextDelta(" and half")])
    await store.settle(reply)
    found = (await store.get(chat)).turns[0].replies[0]
    assert (found.text, found.status, found.problem) == ("half and half", "complete", None)
    with pytest.raises(InvalidInput):
        await store.reopen("r-unknown")


async def test_an_open_reply_can_be_read(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ChatStore(database)
    chat = await store.create(None)
    reply = await store.open_reply(await store.add_turn(chat, "x"), MODEL)
    store.append(reply, [TextDelta("on disk, ")])
    await store._flush()
    store.append(reply, [TextDelta("in memory"), Image("image/png", b"P"), ReasoningDelta("why")])
    found = (await store.get(chat)).turns[0].replies[0]
    assert (found.status, found.text, found.reasoning) == ("open", "on disk, in memory", "why")
    await store.aclose()


async def test_what_streams_is_on_disk_while_it_streams(database: Database, paths: Paths) -> None:
    store = ChatStore(database)
    replies = [
        await store.open_reply(await store.add_turn(await store.create(None), "x"), MODEL) for _ in range(3)
    ]
    db = sqlite3.connect(paths.database)
    for n in range(100):
        for reply in replies:
            store.append(reply, [TextDelta(f"{n} ")])
    expected = "".join(f"{n} " for n in range(100))
    async with asyncio.timeout(5):
        while True:
            rows = db.execute("SELECT reply, group_concat(text, '') FROM pieces GROUP BY reply").fetchall()
            if dict(rows) == dict.fromkeys(replies, expected):
                break
            await asyncio.sleep(0.01)
    assert db.execute("SELECT count(*) FROM pieces").fetchone()[0] <= 9, "batched"
    db.close()
    for reply in replies:
        await store.settle(reply)
    assert await database.read(lambda d: d.execute("SELECT count(*) FROM pieces").fetchone()[0]) == 0


def test_a_delta_waits_for_less_than_a_quarter_of_a_second() -> None:
    assert chats_module.FLUSH_S < 0.25


@given(
    st.lists(
        st.one_of(
            st.text(st.characters(codec="utf-8"), max_size=8).map(TextDelta),
            st.text(max_size=3).map(ReasoningDelta),
            st.just("flush"),
        ),
        max_size=20,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
def test_however_it_is_flushed_the_text_is_what_was_said(paths: Paths, events: list[object]) -> None:
    async def run() -> None:
        database = Database(paths.database)
        store = ChatStore(database)
        chat = await store.create(None)
        reply = await store.open_reply(await store.add_turn(chat, "x"), MODEL)
        for event in events:
            if event == "flush":
                await store._flush()
            else:
                store.append(reply, [event])  # type: ignore[list-item]
        await store.settle(reply)
        found = (await store.get(chat)).turns[0].replies[0]
        assert found.text == "".join(e.text for e in events if isinstance(e, TextDelta))
        assert found.reasoning == "".join(e.text for e in events if isinstance(e, ReasoningDelta))
        await store.aclose()
        await database.aclose()

    asyncio.run(run())


async def test_a_disk_that_refuses_for_a_while_loses_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ChatStore(database)
    chat = await store.create(None)
    reply = await store.open_reply(await store.add_turn(chat, "x"), MODEL)
    monkeypatch.setattr(chats_module, "RETRY_S", 0.01)
    write, fail = store._write, True

    async def refusing(fn, **options):
        if fail:
            raise StoreFailed("The disk is full.")
        return await write(fn, **options)

    monkeypatch.setattr(store, "_write", refusing)
    store.append(reply, [TextDelta("a")])
    with pytest.raises(StoreFailed):
        await store._flush()
    store.append(reply, [TextDelta("b")])
    with pytest.raises(StoreFailed):
        await store.settle(reply)
    fail = False
    await store.settle(reply)
    assert (await store.get(chat)).turns[0].replies[0].text == "ab"


async def test_settling_continues_when_its_task_is_cancelled(database: Database) -> None:
    store = ChatStore(database)
    chat = await store.create(None)
    reply = await store.open_reply(await store.add_turn(chat, "x"), MODEL)
    store.append(reply, [TextDelta("kept")])
    task = asyncio.create_task(store.settle(reply, "cancelled"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.aclose()
    found = (await store.get(chat)).turns[0].replies[0]
    assert (found.text, found.status) == ("kept", "cancelled")


async def test_rollback_fork_and_new_starts(database: Database, paths: Paths) -> None:
    store = ChatStore(database)
    chat = await store.create("/w", "Title")
    turns = [(await told(store, chat, f"question {n}", f"answer {n}"))[0] for n in range(4)]
    assert await store.rollback(chat, turns[2]) == 1
    assert [t.prompt for t in (await store.get(chat)).current_turns] == [
        "question 0",
        "question 1",
        "question 2",
    ]
    assert len((await store.get(chat)).turns) == 4, "nothing is lost"

    fork = await store.fork(chat, turns[1])
    await told(store, fork, "another way", "yes")
    copied = await store.get(fork)
    assert (copied.workspace, copied.title, copied.forked_from) == ("/w", "Title", chat)
    assert [t.prompt for t in copied.turns] == ["question 0", "question 1", "another way"]
    assert [t.replies[0].text for t in copied.turns] == ["answer 0", "answer 1", "yes"]
    assert not {t.id for t in copied.turns} & set(turns)

    await store.mark(chat, "compact", "They spoke of questions.", after=turns[1])
    compacted = await store.get(chat)
    assert (compacted.summary, [t.id for t in compacted.current_turns]) == (
        "They spoke of questions.",
        [turns[2]],
    )
    await store.mark(chat, "clear")
    cleared = await store.get(chat)
    assert (cleared.summary, cleared.current_turns, len(cleared.turns)) == ("", (), 4)
    assert [m.kind for m in (await store.get(await store.fork(chat))).marks] == ["compact", "clear"]
    assert await store.rollback(chat, None) == 3


async def test_several_replies_and_a_choice(database: Database) -> None:
    store = ChatStore(database)
    chat = await store.create(None)
    turn = await store.add_turn(chat, "x")
    replies = [await store.open_reply(turn, f"p/{n}") for n in range(3)]
    for reply in replies:
        store.append(reply, [TextDelta(reply)])
        await store.settle(reply)
    (found,) = (await store.get(chat)).turns
    assert [r.model for r in found.replies] == ["p/0", "p/1", "p/2"]
    assert found.reply is not None and found.reply.id == replies[2]
    for wanted in (replies[0], replies[1]):
        assert await store.choose(wanted) == chat
        (found,) = (await store.get(chat)).turns
        assert [r.id for r in found.replies if r.chosen] == [wanted]
        assert found.reply is not None and found.reply.id == wanted
    await told(store, chat, "alone", "does not count")
    assert await store.chosen_counts() == {"p/0": (1, 0), "p/1": (1, 1), "p/2": (1, 0)}


async def test_lists_belong_to_a_workspace_and_come_in_pages(database: Database) -> None:
    store = ChatStore(database)
    chats = [await store.create("/w") for _ in range(5)]
    await told(store, chats[1], "the first line is the title\nand this is not", "x")
    await told(store, chats[1], "later", "x")
    await store.rename(chats[0], "Named")
    await store.create("/other", "Other")
    await store.create(None, "Nowhere")
    listed = await store.list("/w")
    assert [c.id for c in listed] == [chats[1], *reversed(chats[2:]), chats[0]]
    assert (listed[0].title, listed[0].turns, listed[-1].title) == ("the first line is the title", 2, "Named")
    assert [c.title for c in await store.list(None)] == ["Nowhere"]
    assert len(await store.list(everywhere=True)) == 7
    paged, last = [], None
    while page := await store.list("/w", limit=2, before=last):
        paged += page
        last = page[-1]
    assert paged == listed


@pytest.mark.parametrize("indexed", [True, False])
async def test_search(database: Database, monkeypatch: pytest.MonkeyPatch, indexed: bool) -> None:
    if not indexed:
        monkeypatch.setattr(chats_module, "ensure_index", lambda db: False)
    store = ChatStore(database)
    first, second = await store.create("/w"), await store.create("/w", 'A "quoted" title')
    await told(
        store, first, "How does parse_url_parts work?", "It splits 100% of the Straße and 你好世界 apart."
    )
    await told(store, second, "Tell me about parse", "url, not parts")
    await told(store, await store.create("/other"), "parse_url_parts elsewhere", "x")

    async def found(query: str) -> list[str]:
        return [c.id for c in await store.list("/w", query=query)]

    assert await found("url_part") == [first]
    assert await found("PARSE url") == [first], "all words in one text"
    assert await found("parse") == [second, first]
    assert await found("好世") == [first]
    assert await found("世界 apart") == [first]
    assert await found("0%") == await found("100%") == [first]
    assert await found('"quoted"') == [second]
    assert await found("OR NOT AND ( * ^ NEAR") == []
    assert await found("'; DROP TABLE chats; --") == []
    (summary,) = await store.list("/w", query="splits")
    assert "splits 100%" in summary.match
    assert await found("   ") == [second, first]


async def test_what_was_deleted_is_gone(database: Database, paths: Paths) -> None:
    store = ChatStore(database)
    chat = await store.create("/w")
    turn = await store.add_turn(chat, "CANARY-PROMPT", images=[ImagePart("image/png", b"shared")])
    reply = await store.open_reply(turn, MODEL)
    store.append(reply, [TextDelta("CANARY-ANSWER"), Image("image/png", b"CANARY-PICTURE")])
    await store.settle(reply)
    fork = await store.fork(chat)
    await store.add_turn(await store.create(None), "x", images=[ImagePart("image/png", b"shared")])
    picture = (await store.get(chat)).turns[0].replies[0].images[0]
    await store.delete(fork)
    assert store.load_image(picture) == b"CANARY-PICTURE", "another chat still has it"
    await store.delete(chat)
    await store.delete(chat)
    assert await store.list("/w") == []
    assert await store.list("/w", query="CANARY") == []
    assert store.load_image(picture) is None
    assert files_with(paths.data, b"CANARY") == []
    assert len(files_with(paths.data / "blobs", b"shared")) == 1
    for missing in (
        store.get(chat),
        store.add_turn(chat, "x"),
        store.open_reply(turn, MODEL),
        store.choose(reply),
    ):
        with pytest.raises(InvalidInput, match="There is no"):
            await missing
    store.append(reply, [TextDelta("too late")])
    await store.settle(reply)


async def test_a_picture_that_was_changed_or_never_ours_is_not_shown(
    database: Database, paths: Paths
) -> None:
    store = ChatStore(database)
    chat = await store.create(None)
    await store.add_turn(chat, "x", images=[ImagePart("image/png", b"PNG")])
    image = (await store.get(chat)).turns[0].images[0]
    (blob,) = [p for p in (paths.data / "blobs").rglob("*") if p.is_file()]
    blob.write_bytes(b"other")
    assert store.load_image(image) is None
    for name in ("../../secrets.json", "", "/etc/passwd"):
        assert store.load_image(StoredImage("x", name)) is None


async def test_a_damaged_index_is_rebuilt(database: Database) -> None:
    store = ChatStore(database)
    chat = await store.create("/w")
    for n in range(20):
        await told(store, chat, f"needle {n}", "x")
    for use in (store.list("/w", query="needle"), told(store, chat, "needle again", "x")):
        await database.run(lambda db: db.execute("DELETE FROM found_data WHERE id = 10"))
        await use
    assert [c.id for c in await store.list("/w", query="again")] == [chat]
    assert database.problem is None, "the chats themselves were not damaged"


async def test_texts_written_without_an_index_are_found_later(database: Database, monkeypatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(chats_module, "ensure_index", lambda db: False)
        chat = await ChatStore(database).create("/w")
        await told(ChatStore(database), chat, "needle", "x")
    assert [c.id for c in await ChatStore(database).list("/w", query="needle")] == [chat]


async def test_importing_gives_new_ids(database: Database) -> None:
    store = ChatStore(database)
    chat = await store.create("/w", "T")
    await told(store, chat, "q", "a")
    original = await store.get(chat)
    copy = await store.get(await store.add_chat(original, "/elsewhere"))
    assert (copy.workspace, copy.turns[0].prompt, copy.turns[0].replies[0].text) == ("/elsewhere", "q", "a")
    assert copy.turns[0].created == original.turns[0].created
    assert copy.id != chat


STREAM = """
    from halley.core.events import TextDelta
    from halley.stores.chats.store import ChatStore
    from halley.stores.sqlite.database import Database
    store = ChatStore(Database(Path(args[0])))
    chat = await store.create("/w")
    for n in range(2):
        reply = await store.open_reply(await store.add_turn(chat, f"question {n}"), "p/m")
        store.append(reply, [TextDelta(f"answer {n}")])
        await store.settle(reply)
    reply = await store.open_reply(await store.add_turn(chat, "last"), "p/m")
    say(f"{chat} {reply}")
    n, flush = 0, store._flush
    async def flush_and_say():
        appended = n
        await flush()
        say(f"saved {appended}")
    store._flush = flush_and_say
    while True:
        store.append(reply, [TextDelta(f"{n} ")])
        n += 1
        await asyncio.sleep(0.002)
"""


@pytest.mark.parametrize("moment", range(8))
async def test_killed_while_streaming(paths: Paths, start, moment: int) -> None:
    process = start(STREAM, paths.database)
    chat, reply = said(process).split()
    saved = 0
    for _ in range(moment):
        saved = int(said(process).split()[1])
    killed(process)
    database = Database(paths.database)
    store = ChatStore(database)
    (listed,) = await store.list("/w")
    assert (listed.id, listed.turns) == (chat, 3)
    found = await store.get(chat)
    assert [t.prompt for t in found.turns] == ["question 0", "question 1", "last"]
    assert [t.replies[0].text for t in found.turns[:2]] == ["answer 0", "answer 1"]
    last = found.turns[2].replies[0]
    assert (last.id, last.status) == (reply, "interrupted")
    assert last.problem is not None and last.problem.code == "interrupted"
    words = last.text.split()
    assert words == [str(n) for n in range(len(words))], "a beginning of what was said, with no gap"
    assert len(words) >= saved
    assert await database.read(lambda db: db.execute("PRAGMA integrity_check").fetchone()[0]) == "ok"
    await store.reopen(reply)
    store.append(reply, [TextDelta("continued")])
    await store.settle(reply)
    assert (await store.get(chat)).turns[2].replies[0].text == last.text + "continued"
    await database.aclose()


async def test_a_reply_that_a_living_process_is_writing_is_left_alone(
    database: Database, paths: Paths, start
) -> None:
    process = start(STREAM, paths.database)
    chat, _ = said(process).split()
    assert (await ChatStore(database).get(chat)).turns[2].replies[0].status == "open"


async def test_two_daemons_on_one_store_lose_no_turn(database: Database, paths: Paths, start) -> None:
    store = ChatStore(database)
    chat = await store.create("/w")
    code = """
        from halley.core.events import TextDelta
        from halley.stores.chats.store import ChatStore
        from halley.stores.sqlite.database import Database
        database = Database(Path(args[0]))
        store = ChatStore(database)
        async def writer(name):
            for n in range(500):
                turn = await store.add_turn(args[1], f"{name} {n}")
        await asyncio.gather(writer(args[2] + "a"), writer(args[2] + "b"))
        await database.aclose()
    """
    await finished(*(start(code, paths.database, chat, name) for name in ("one-", "two-")))
    turns = (await store.get(chat)).turns
    assert [t.position for t in turns] == list(range(2000))
    for name in ("one-a", "one-b", "two-a", "two-b"):
        assert [t.prompt for t in turns if t.prompt.startswith(name)] == [f"{name} {n}" for n in range(500)]


async def test_a_title_that_was_given_in_the_meantime_stays(database: Database) -> None:
    store = ChatStore(database)
    chat, named = await store.create("/w"), await store.create("/w", "Mine")
    assert await store.beginning(chat) == ("", None)
    await store.add_turn(chat, "First")
    await store.add_turn(chat, "Second")
    assert await store.beginning(chat) == ("", "First")
    for one in (chat, named):
        await store.give_title(one, "The model's")
    assert [(await store.beginning(one))[0] for one in (chat, named)] == ["The model's", "Mine"]
    with pytest.raises(InvalidInput):
        await store.beginning("c-gone")
    assert await store.get_turn("c-gone", "t-gone") is None


async def test_a_turn_holds_what_has_not_reached_the_disk(database: Database) -> None:
    store = ChatStore(database)
    chat = await store.create("/w")
    turn = await store.add_turn(chat, "Hi")
    reply = await store.open_reply(turn, MODEL)
    store.append(reply, [TextDelta("So "), TextDelta("far")])
    found = await store.get_turn(chat, turn)
    assert found is not None
    assert found.replies[0].text == "So far"
    assert found == (await store.get(chat)).turns[0]
