"""Every request gets exactly one answer, and an invalid one gets an error."""

from __future__ import annotations

import json

import pytest

from halley.core.json_text import decode_json
from halley.lsp.base.converter import encode_body


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", -32700),
        (b"", -32700),
        (b'{"jsonrpc": "2.0", "id": 7, "method": "halley/echo", "params": {"a": "\xff"}}', -32700),
        (b'{"jsonrpc": "2.0", "id": 7, "method": "halley/echo", "params": {"a": NaN}}', -32700),
        (b"[" * 100_000, -32700),
        (b'[{"jsonrpc": "2.0", "id": 7, "method": "halley/echo"}]', -32600),
        (b"7", -32600),
        (b'{"jsonrpc": "1.0", "id": 7, "method": "halley/echo"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 7}', -32600),
        (b'{"jsonrpc": "2.0", "id": 7, "method": 7}', -32600),
        (b'{"jsonrpc": "2.0", "id": null, "method": "halley/echo"}', -32600),
        (b'{"jsonrpc": "2.0", "id": {}, "method": "halley/echo"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 7, "method": "halley/none"}', -32601),
        (b'{"jsonrpc": "2.0", "id": 7, "method": "halley/echo", "params": [1]}', -32602),
        (b'{"jsonrpc": "2.0", "id": 7, "method": "halley/echo", "params": "a"}', -32602),
    ],
)
async def test_what_is_no_request_is_answered(sample, body, code):
    await sample.send(body)
    answer = await sample.read()
    assert answer["error"]["code"] == code and answer["id"] in (None, 7)
    assert await sample.result("halley/echo", {"a": 1}) == {"a": 1}


async def test_a_request_without_params_is_fine(sample):
    assert await sample.result("halley/echo") == {}
    await sample.send({"jsonrpc": "2.0", "id": 99, "method": "halley/echo", "params": None})
    assert (await sample.answer_to(99))["result"] == {}


async def test_params_arrive_as_they_were_sent(sample):
    params = {
        "jsonrpc": {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"id": 3}},
        "1name": [{"type_name": "kept", "class": None, "_x": True, "a.b": 1.5, "": ""}],
        "text": "\u2028 \x85 \f \U0001f600 \x00",
        "long": 2**53,
    }
    assert await sample.result("halley/echo", params) == params


async def test_half_characters_do_not_lose_a_message(sample):
    await sample.send(
        b'{"jsonrpc":"2.0","id":50,"method":"halley/echo","params":{"a":"x\\ud83dy","b":"\\ud83d\\ude00"}}'
    )
    assert (await sample.answer_to(50))["result"] == {"a": "x\ufffdy", "b": "\U0001f600"}
    assert await sample.result("halley/value", {"kind": "surrogate"}) == "half \ufffd"


@pytest.mark.parametrize("kind", ["nan", "infinite", "object"])
async def test_results_without_json_are_answered(sample, kind):
    assert (await sample.error("halley/value", {"kind": kind}))["code"] == -32603


async def test_ids_may_be_strings_and_a_used_id_is_refused(sample):
    await sample.send({"jsonrpc": "2.0", "id": "a", "method": "halley/sleep"})
    await sample.until("halley/began")
    await sample.send({"jsonrpc": "2.0", "id": "a", "method": "halley/echo"})
    assert (await sample.read())["error"]["code"] == -32600
    await sample.notify("$/cancelRequest", {"id": "a"})
    assert (await sample.answer_to("a"))["error"]["code"] == -32800


@pytest.mark.parametrize(
    ("method", "params", "field"),
    [
        ("workspace/executeCommand", {}, "command"),
        ("workspace/executeCommand", {"command": "none"}, "command"),
        ("workspace/executeCommand", {"command": "test.sleep", "arguments": {}}, "arguments"),
        ("halley/shape", {"refresh": "perhaps"}, "refresh"),
    ],
)
async def test_invalid_params_name_the_field(sample, method, params, field):
    error = await sample.error(method, params)
    assert error["code"] == -32602 and error["message"].startswith(field)


async def test_our_errors_are_problems(sample):
    error = await sample.error("halley/raise", {"what": "halley"})
    assert error == {
        "code": -32803,
        "message": "The key is wrong.",
        "data": {
            "code": "auth_failed",
            "message": "The key is wrong.",
            "help": "Set providers.comet.key.",
            "provider": "comet",
        },
    }
    assert (await sample.error("halley/raise", {"what": "cancelled"}))["code"] == -32800


@pytest.mark.parametrize("what", ["exit", "exit immediately"])
async def test_a_handler_cannot_end_the_process(sample, what):
    assert (await sample.error("halley/raise", {"what": what}))["code"] == -32603
    assert await sample.result("halley/echo", {"n": 1}) == {"n": 1}


async def test_no_traceback_and_no_text_of_the_user_reaches_client_or_log(start):
    client = await start("--log-level", "debug")
    await client.initialize(initializationOptions={"secret": "sk-abcdefghijklmnop", "text": "my words"})
    error = await client.error("halley/raise", {"what": "my words"})
    assert error["code"] == -32603 and "Traceback" not in json.dumps(error)
    assert "my words" not in json.dumps(error)
    await client.result("halley/echo", {"text": "my words"})
    await client.error("workspace/executeCommand", {"command": 3, "text": "my words"})
    await client.send(b'{"my words"')
    await client.read()
    await client.result("shutdown")
    await client.notify("exit")
    await client.exit_code()
    log = await client.log()
    assert "halley/raise failed: ValueError" in log and "sample_features.py" in log
    assert "my words" not in log and "sk-abc" not in log and "Traceback" not in log


async def test_notifications_that_fail_do_no_harm(sample):
    await sample.notify("workspace/didDeleteFiles", {"files": []})
    await sample.notify("workspace/didRenameFiles", {"files": []})
    await sample.notify("textDocument/didChange", {"textDocument": 3})
    await sample.notify("textDocument/none", {})
    assert await sample.result("halley/events") == ["deleting", "renamed"]


async def test_documents_are_updated_before_any_other_handler_runs(sample):
    uri = "file:///a.py"
    edit = {"range": {"start": {"line": 0, "character": 1}, "end": {"line": 0, "character": 2}}, "text": "-"}
    await sample.notify(
        "textDocument/didOpen",
        {"textDocument": {"uri": uri, "languageId": "python", "version": 1, "text": "\U0001f600x\n"}},
    )
    await sample.notify(
        "textDocument/didChange", {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [edit]}
    )
    seen = await sample.result("halley/document", {"uri": uri})
    assert seen["version"] == 2 and seen["trusted"]
    whole = {"textDocument": {"uri": uri, "version": None}, "contentChanges": [{"text": "old clients"}]}
    await sample.notify("textDocument/didChange", whole)
    seen = await sample.result("halley/document", {"uri": uri})
    assert seen == {"text": "old clients", "version": 3, "trusted": True}, (
        "counted on, where a client counts nothing"
    )
    edit["range"]["start"]["line"] = -1
    await sample.notify(
        "textDocument/didChange", {"textDocument": {"uri": uri, "version": 4}, "contentChanges": [edit]}
    )
    seen = await sample.result("halley/document", {"uri": uri})
    assert seen == {"text": "old clients", "version": 3, "trusted": False}
    await sample.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert await sample.result("halley/document", {"uri": uri}) is None


async def test_an_answer_goes_out_in_the_step_that_has_it(sample):
    await sample.send({"jsonrpc": "2.0", "id": 7, "method": "halley/then", "params": {}})
    assert (await sample.read())["result"] == "answered"
    assert (await sample.read())["method"] == "halley/said"
    assert await sample.result("halley/echo", {"a": 1}) == {"a": 1}


async def test_a_request_sees_the_world_as_it_was_when_asked(sample):
    """Sent in one piece: question, change, question."""
    from rawclient import frame

    ask = [{"jsonrpc": "2.0", "id": id, "method": "halley/flag"} for id in (101, 102)]
    change = {"jsonrpc": "2.0", "method": "workspace/didRenameFiles", "params": {"files": []}}
    await sample.send_bytes(frame(ask[0]) + frame(change) + frame(ask[1]))
    assert (await sample.answer_to(101))["result"] == []
    assert (await sample.answer_to(102))["result"] == ["renamed"]


async def test_typed_handlers_get_lsprotocol_types_and_name_wrong_fields(start):
    client = await start(SAMPLE_TYPED="1")
    await client.initialize()
    at = {"textDocument": {"uri": "file:///a"}, "position": {"line": 3, "character": 0}}
    assert await client.result("textDocument/hover", at) == {"contents": "line 3 of file:///a"}
    bad = {"textDocument": {"uri": "file:///a"}, "position": {"line": "x", "character": 0}}
    error = await client.error("textDocument/hover", bad)
    assert error["code"] == -32602 and "position.line" in error["message"]
    await client.notify("textDocument/didSave", {"textDocument": {"uri": "file:///a"}})
    assert await client.result("halley/events") == ["saved file:///a"]


async def test_a_server_needs_no_threads_and_no_client_of_http(sample):
    modules = await sample.result("halley/modules")
    assert not {"psutil", "aiohttp", "httpx"} & set(modules)
    assert await sample.result("halley/threads") == ["MainThread"]


@pytest.mark.parametrize("value", [{"a": None}, [None, 1.5], "null", {"null": [1e300]}])
def test_null_is_not_nan(value):
    assert decode_json(encode_body(value)) == value


@pytest.mark.parametrize(
    "body", [b"\xff", b'"\\ud800" x', b'["\\ud800", NaN]', b'"\\ud8"', b"[" * 9999 + b'"\\ud800"']
)
def test_bodies_that_are_no_json(body):
    with pytest.raises(ValueError):
        decode_json(body)
