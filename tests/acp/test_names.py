"""Names and types that linters of the protocol disagree about: the schema of version 1 decides.

`acplint` 0.1.0 reports seven failures for an agent that does what the schema says. Each was traced:

- `initialize_v1`, `protocol_version_returned`, `schema_initialize`: it wants the version as the text "1"; it is a number.
- `new_session`, `schema_session_new`: it wants `label` in a configuration option; the field is `name`.
- `prompt_stop_reason`: it sends the prompt as `content`; the field is `prompt`, so the request is refused and has no result.
- `agent_message_chunk_received`: no prompt of its was answered, and it counts `agentMessageChunk`; the update is
  `agent_message_chunk`.
"""

from __future__ import annotations

import acp.schema as schema
import pytest
from acp_editor import Editor, Failed
from demo_tools import script

from halley.simulator import Simulator


async def test_the_version_is_a_number(editor: Editor) -> None:
    assert (await editor.initialize())["protocolVersion"] == 1
    with pytest.raises(ValueError, match="protocolVersion"):
        schema.InitializeResponse.model_validate({"protocolVersion": "one"})


async def test_options_have_a_name(editor: Editor) -> None:
    assert all("name" in option and "label" not in option for option in editor.options)
    assert "name" in schema.SessionConfigOptionSelect.model_fields


async def test_a_prompt_is_called_prompt(editor: Editor, simulator: Simulator) -> None:
    said = [{"type": "text", "text": "Say hello."}]
    with pytest.raises(ValueError, match="prompt"):
        schema.PromptRequest.model_validate({"sessionId": editor.session, "content": said})
    with pytest.raises(Failed) as caught:
        await editor.request("session/prompt", {"sessionId": editor.session, "content": said})
    assert caught.value.code == -32602 and "`prompt`" in caught.value.message
    script(simulator, "Hello.")
    assert await editor.prompt(*said) == {"stopReason": "end_turn"}
    assert editor.text("agent_message_chunk") == "Hello." and not editor.of("agentMessageChunk")
