"""What each command does for the user, from the outside."""

from __future__ import annotations

import contextlib
import json
import socket
import sqlite3
import subprocess
import sys

import httpx
import pytest

from halley.cli.bench import percentile, plot, without_outliers
from halley.cli.commands import COMMANDS
from halley.cli.output import clean
from halley.providers import presets


def test_help_lists_every_command_and_every_command_has_help(shell):
    listed = shell.spawn("--help")
    assert listed.code == 0
    for name, (_, line) in COMMANDS.items():
        assert f"  {name} " in listed.out and line[:30] in listed.out


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "try"])
def test_every_command_explains_itself(name):
    from click.testing import CliRunner

    from halley.cli.commands import halley

    ran = CliRunner().invoke(halley, [name, "--help"])
    assert ran.exit_code == 0, ran.output
    assert "Usage:" in ran.output


def test_wrong_usage_is_exit_code_2_and_names_what_was_meant(shell):
    ran = shell.spawn("modles")
    assert ran.code == 2 and "models" in ran.err
    assert "Did you mean acp or ask?" in shell("asc").err
    assert shell("use", "chat").code == 2
    assert shell("models", "--role", "cook").code == 2


def test_ask_streams_the_answer_to_stdout_alone(halley):
    ran = halley.spawn("ask", "Say hello")
    assert ran.code == 0
    assert "Simulated" in ran.out and ran.out.endswith("\n")
    assert ran.err == ""


def test_ask_shows_the_model_files_and_what_is_piped_in(halley, simulator_url):
    (halley.folder / "one.py").write_text("def first():\n    pass\n\n\ndef second():\n    pass\n")
    ran = halley("ask", "Explain this", "-f", "one.py:5-6", "--json", stdin="def third(): pass\n")
    events = [json.loads(line) for line in ran.out.splitlines()]
    seen = httpx.get(f"{simulator_url.removesuffix('/v1')}/_simulator/requests", trust_env=False).json()[
        "requests"
    ]
    sent = json.dumps(seen[-1]["body"])
    assert "def second" in sent and "def third" in sent
    assert "def first" not in sent
    finish = events[-1]
    assert finish["type"] == "finish" and finish["model"] == "sim/sim-chat"
    assert finish["usage"]["inputTokens"] > 0 and finish["usage"]["totalMs"] > 0


def test_ask_without_a_question_and_with_missing_or_secret_files(halley):
    assert "no question" in halley("ask").err
    assert "cannot be read" in halley("ask", "x", "-f", "nowhere.py").err
    (halley.folder / "two.py").write_text("a = 1\nb = 2\n")
    assert "two.py has 2 lines." in halley("ask", "x", "-f", "two.py:3-4").err
    (halley.folder / ".env").write_text("KEY=canary-1234\n")
    (halley.folder / "innocent.txt").symlink_to(halley.folder / ".env")
    for name in (".env", "innocent.txt"):
        ran = halley("ask", "x", "-f", name)
        assert ran.code == 1 and "secrets" in ran.err


def test_ask_takes_a_model_for_once(halley):
    ran = halley("ask", "-m", "sim/sim-fast", "hello", "--json")
    assert json.loads(ran.out.splitlines()[-1])["model"] == "sim/sim-fast"


def test_models_as_table_and_json(halley):
    table = halley("models")
    assert table.code == 0
    assert table.out.splitlines()[0].startswith("MODEL")
    assert "sim/sim-chat" in table.out
    found = halley("models", "--role", "complete", "--json").json
    assert {model["id"] for model in found["models"]} == {"sim/sim-fim"}
    assert all("complete" in model["roles"] for model in found["models"])
    assert halley("models", "fast").out.count("\n") == 2
    assert halley("models", "nothing-like-it").code == 1


def test_use_keeps_a_choice_for_the_workspace_and_says_which_choice_wins(halley, tmp_path):
    ran = halley("use", "chat", "sim/sim-fast,sim/sim-chat")
    assert ran.code == 0
    chat, *kept = ran.out.splitlines()
    assert chat == "chat: sim/sim-fast, sim/sim-chat (picked for this workspace)"
    assert kept == [
        f"{role}: sim/{own} (sim's default, which a choice for chat does not change)"
        for role, own in (("complete", "sim-fim"), ("fast", "sim-fast"))
    ]
    other = tmp_path / "other"
    other.mkdir()
    assert "sim/sim-chat" in halley("use", folder=other).out.splitlines()[1]
    ran = halley("use", "chat", "sim/sim-code", "--user")
    assert "sim/sim-fast" in ran.out and "goes before" in ran.err
    assert "sim/sim-code" in halley("use", folder=other).out
    halley("use", "chat", "--forget")
    assert "picked for all workspaces" in halley("use").out
    assert json.loads(halley("ask", "hi", "--json").out.splitlines()[-1])["model"] == "sim/sim-code"


def test_use_names_near_matches_for_a_model_that_is_not_there(halley):
    ran = halley("use", "chat", "sim/sim-caht")
    assert ran.code == 1
    assert "sim-caht" in ran.err and "sim/sim-chat" in ran.err
    assert halley("use", "chat", "sim/sim-caht", "--force").code == 0
    assert "not a model" in halley("use", "chat", "gpt").err


def test_use_says_when_the_choice_has_no_key_yet(halley):
    ran = halley("use", "chat", "comet/gpt-5-mini", "--force")
    assert ran.code == 0 and "halley key set comet" in ran.err
    assert halley("use", "chat", "sim/sim-chat").err == ""


def test_verify_says_step_by_step_what_works(halley):
    ran = halley.spawn("verify")
    assert ran.code == 0
    for step in ("key", "catalogue", "first token"):
        assert step in ran.out
    found = halley("verify", "sim", "--model", "sim-fast", "--json").json[0]
    assert (found["ok"], found["model"]) == (True, "sim/sim-fast")
    assert found["firstTokenMs"] > 0
    assert [step["name"] for step in found["steps"]] == ["key", "catalogue", "first token"]


def test_verify_all_models(halley):
    ran = halley("verify", "sim", "--all-models")
    assert ran.code == 0
    assert "sim/sim-reason" in ran.out and "sim-embed" not in ran.out
    found = halley("verify", "sim", "--all-models", "--json").json[0]
    assert all(row["ok"] and row["firstTokenMs"] > 0 for row in found["models"])


def test_every_command_reports_configuration_that_does_not_apply(shell):
    shell.configure('[rolez]\nchat = "x"\n[completion]\nenabled = "maybe"\n')
    for command in (
        ("models",),
        ("usage",),
        ("key", "list"),
        ("macros", "list"),
        ("tools", "list"),
        ("media", "list"),
    ):
        said = shell(*command).err.splitlines()
        assert "config.toml:1:1: There is no setting 'rolez'. Did you mean roles?" in said[0], command
        assert "config.toml:4:11: completion.enabled must be true or false." in said[1], command
    assert "rolez" not in shell("doctor").err  # its own output has it
    assert "rolez" in shell("doctor").out
    shell.configure("[roles\nchat = 'x'\n")
    assert "not TOML: expected ']'" in shell("usage").err
    shell.configure("")
    (shell.folder / ".halley.toml").write_text("".join(f"wrong{n} = 1\n" for n in range(9)))
    said = shell("usage").err.splitlines()
    assert ".halley.toml:1:1" in said[0] and len(said) == 4 and "6 more: run `halley doctor`" in said[3]


def test_a_key_in_a_broken_file_is_not_repeated(shell):
    shell.configure("[providers.x]\nkey = 'sk-canary-1' 'sk-canary-2'\n")
    said = shell("usage").err
    assert "not TOML" in said and "canary" not in said


def test_log_lists_failed_calls_with_their_request_ids(halley):
    assert "No call has failed" in halley("log").err
    halley("ask", "hello")
    halley("ask", "hello", "-m", "sim/no-such-model")
    (call,) = halley("log", "--json").json
    assert (call["model"], call["problem"], call["httpStatus"]) == (
        "sim/no-such-model",
        "model_not_found",
        404,
    )
    assert call["requestId"].startswith("req_sim_") and call["status"] == "failed"
    assert call["requestId"] in halley("log").out
    assert halley("log", "--since", "2100-01-01").out == ""
    assert halley("log", "-n", "0").code == 2


def test_the_page_of_a_provider_is_not_named_for_another_address():
    from halley.core.settings import Settings
    from halley.features.log import page_of

    def page(**provider):
        return page_of("openai", Settings.model_validate({"providers": {"openai": provider}}))

    assert page() == page_of("openai", Settings()) == "https://platform.openai.com/logs"
    assert page(base_url="http://127.0.0.1:9/v1") == ""
    assert page_of("nobody", Settings()) == ""


def test_models_compares_the_providers_of_one_model(halley, simulator_url):
    halley.environ["OTHER"] = "sk-sim-1234567890"
    halley.configure(
        "".join(
            f'[providers.{name}]\npreset = "simulator"\nbase_url = "{simulator_url}"\nkey = {{ env = "OTHER" }}\n'
            for name in ("one", "two")
        )
    )
    found = halley("models", "--compare", "maker/SIM-CHAT-2025-08-07", "--json").json["models"]
    assert [model["id"] for model in found] == ["one/sim-chat", "two/sim-chat"]
    assert "two/sim-chat" in halley("models", "--compare", "sim-chat").out
    assert halley("models", "--compare", "sim").code == 1


def test_usage_forecasts_the_month(halley):
    assert "no rate" in halley("usage", "--forecast").err
    assert halley("usage", "--forecast", "--json").json is None
    halley("ask", "hello")
    with contextlib.closing(sqlite3.connect(halley.home / "data/halley.db")) as db, db:
        db.execute("UPDATE calls SET cost = 0.5, currency = 'USD'")
    found = halley("usage", "--forecast", "--json").json
    assert 0 < found["spent"] <= found["month"]
    assert "the whole month" in halley("usage", "--forecast").out


def test_usage_adds_up_what_was_asked(halley):
    assert halley("usage").code == 0
    for _ in range(2):
        halley("ask", "hello")
    halley("ask", "hello", "-m", "sim/no-such-model")
    found = halley("usage", "--by", "feature,model", "--since", "1d", "--json").json
    rows = {(row["feature"], row["model"]): row for row in found["rows"]}
    assert rows["ask", "sim/sim-chat"]["calls"] == 2
    assert rows["ask", "sim/sim-chat"]["outputTokens"] > 0
    assert rows["ask", "sim/no-such-model"]["problems"] == {"model_not_found": 1}
    assert found["totals"]["errors"] == 1
    assert "total" in halley("usage", "--by", "day").out
    wrong = halley("usage", "--by", "weather")
    assert wrong.code == 1 and "day, month" in wrong.err
    assert "is not a time" in halley("usage", "--since", "tomorrowish").err


def test_key_is_read_from_stdin_kept_privately_and_listed_without_itself(halley, simulator_url):
    halley.configure(f'[providers.sim]\nbase_url = "{simulator_url}"\nkey = {{ keyring = true }}\n')
    secret = "sk-sim-canary-0123456789"
    ran = halley.spawn("key", "set", "sim", "--store", "file", stdin=secret + "\n")
    assert ran.code == 0
    assert halley("verify").code == 0
    listed = halley("key", "list")
    assert "sim" in listed.out and simulator_url.removesuffix("/v1") in listed.out
    doctor = halley("doctor", "--json")
    for output in (ran, listed, doctor):
        assert secret not in output.out + output.err
    assert (halley.home / "data" / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert halley("key", "remove", "sim").code == 0
    assert halley("key", "remove", "sim").code == 1
    assert halley("verify").code == 1


def test_key_is_never_an_argument(shell):
    ran = shell("key", "set", "comet", "sk-on-the-command-line")
    assert ran.code == 2


def test_trust_shows_what_is_asked_for_before_trusting(halley):
    (halley.folder / ".halley.toml").write_text(
        '[macros.go]\nprompt = "Do it \\u202e now"\n[macros.ok]\nprompt = "Review {{selection}}"\n'
        '[providers.evil]\nbase_url = "https://evil.example"\n'
    )
    ran = halley("trust")
    assert ran.code == 1 and "Review" in ran.out and "providers" in ran.out
    assert "\u202e" not in ran.out
    assert halley("trust", "--yes").code == 0
    assert halley("untrust").code == 0
    assert halley("untrust").code == 1


def test_doctor_reports_without_secrets(halley):
    halley.environ["HTTPS_PROXY"] = "http://user:canary-password@proxy.example:3128"
    ran = halley.spawn("doctor", "--json")
    report = ran.json
    assert report["version"] and report["paths"]["config"]["exists"]
    assert [provider["id"] for provider in report["providers"]] == ["sim"]
    assert report["roles"]["chat"]["route"] == ["sim/sim-chat"]
    assert "canary-password" not in ran.out and "sk-sim-1234567890" not in ran.out
    assert "proxy.example" in ran.out
    assert halley("doctor").out.startswith("Halley ")


def test_doctor_says_in_words_that_a_local_server_needs_no_key(shell):
    shell.configure('[providers.lab]\nkind = "openai"\nbase_url = "http://127.0.0.1:9/v1"\n')
    said = shell("doctor").out
    assert "key: not needed" in said and "notNeeded" not in said


def test_doctor_names_what_is_wrong_with_the_configuration(halley):
    halley.configure('[completion]\ndebounce_ms = "slow"\n')
    ran = halley("doctor")
    assert ran.code == 1
    assert "config.toml:2" in ran.out and "debounce_ms" in ran.out


def test_favourites_are_marked_and_listed_first(halley):
    ran = halley("models", "--favourite", "sim/sim-reason")
    assert ran.code == 0 and ran.out == "favourites: sim/sim-reason\n"
    first = halley("models", "--role", "chat").out.splitlines()[1]
    assert first.startswith("sim/sim-reason") and "favourite" in first
    wrong = halley("models", "--favourite", "sim/sim-raeson")
    assert wrong.code == 1 and "sim/sim-reason" in wrong.err
    assert halley("models", "--no-favourite", "sim/sim-reason").out == "favourites: none\n"
    assert "favourite" not in halley("models").out


def test_bench_names_a_missing_provider_or_model_immediately(halley):
    ran = halley("bench", "sim/sim-chat", "sym/sim-chat", "--runs", "2")
    assert ran.code == 1 and "no provider 'sym'" in ran.err and not ran.out
    ran = halley("bench", "sim/sim-chat", "sim/sim-chta", "--runs", "2")
    assert ran.code == 1 and "sim/sim-chat" in ran.err
    rows = ran.out.splitlines()
    assert any(row.startswith("sim/sim-chat") and " 2/2 " in row for row in rows)
    assert any(row.startswith("sim/sim-chta") and " 0/2 " in row for row in rows)
    assert any("no answer" in row for row in rows)


def test_bench_compares_models(halley):
    ran = halley("bench", "sim/sim-chat", "sim/sim-fast", "--runs", "4", "--concurrency", "2", "--json")
    assert ran.code == 0
    rows = ran.json["models"]
    assert [row["model"] for row in rows] == ["sim/sim-chat", "sim/sim-fast"]
    assert all(row["ok"] == 4 and row["firstTokenMs"]["median"] > 0 for row in rows)
    table = halley("bench", "sim/sim-chat", "--runs", "3")
    assert "FIRST TOKEN" in table.out and "█" in table.out


@pytest.mark.parametrize(
    ("model", "kind"), [("sim-embed", "embedding"), ("sim-image", "image"), ("sim-chat", "text")]
)
def test_bench_measures_what_a_model_is_for(halley, model, kind):
    found = halley("bench", f"sim/{model}", "--runs", "2", "--json").json
    (row,) = found["models"]
    assert (row["kind"], row["ok"], row["failed"]) == (kind, 2, 0)
    assert row["totalMs"]["median"] > 0
    assert found["where"]["date"].startswith("20") and found["where"]["hosts"]["sim"].startswith(
        "http://127.0.0.1"
    )
    table = halley("bench", f"sim/{model}", "--runs", "2")
    assert "sim at http://127.0.0.1" in table.err
    assert ("FIRST TOKEN" in table.out, "first token, ms" in table.out) == (kind == "text",) * 2


def test_bench_asks_each_model_for_what_it_is_for(halley):
    ran = halley("bench", "sim/sim-embed", "sim/sim-chat", "--runs", "2")
    assert ran.err.splitlines()[-1].startswith("embedding, text; 20")
    heads = [line for line in ran.out.splitlines() if line.startswith("MODEL")]
    assert ["FIRST TOKEN" in head for head in heads] == [False, True]


def test_bench_outliers_are_dropped_and_counted():
    kept, dropped = without_outliers([10.0] * 20 + [1000.0])
    assert (len(kept), dropped) == (20, 1)
    assert without_outliers([5.0, 500.0]) == ([5.0, 500.0], 0)
    assert without_outliers([7.0] * 5) == ([7.0] * 5, 0)
    assert percentile(range(1, 101), 0.95) == 95
    assert plot("t", [("a", None, None)]) == []


def test_commit_writes_a_message(halley):
    (halley.folder / ".git").rmdir()
    subprocess.run(["git", "init", "-q", "."], cwd=halley.folder, check=True)
    (halley.folder / "a.py").write_text("def added():\n    return 1\n")
    subprocess.run(["git", "add", "a.py"], cwd=halley.folder, check=True)
    ran = halley("commit")
    assert ran.code == 0 and ran.out.strip()


def test_commit_writes_the_first_message_of_a_repository(halley):
    git = lambda *arguments: subprocess.run(["git", *arguments], cwd=halley.folder, check=True)  # noqa: E731
    (halley.folder / ".git").rmdir()
    git("init", "-q")
    assert "nothing to commit" in halley("commit").err
    (halley.folder / "start.py").write_text("def start():\n    return 1\n")
    git("add", "--intent-to-add", "start.py")
    ran = halley("commit", "--all")
    assert ran.code == 0 and "start" in ran.out


def test_terminal_escapes_in_replies_do_nothing():
    hostile = "a\x1b[2J\x1b]0;title\x07b\u202ec\rd\x9b31me\u200bf\n\tg"
    assert clean(hostile) == "a[2J]0;titlebcd31mef\n\tg"


def test_no_color_and_no_progress_in_pipes(halley):
    halley.environ["NO_COLOR"] = "1"
    for command in (("models",), ("verify",), ("doctor",), ("verify", "sim", "--all-models")):
        assert "\x1b" not in halley(*command).out


@pytest.fixture
def simulator_port(monkeypatch):
    """A free port as the one that simulators are looked for on: the real one may be taken on this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    read = presets.load_catalog_file

    def moved(name):
        data = dict(read(name))
        return data | {"port": port} if name == "simulator" else data

    monkeypatch.setattr(presets, "load_catalog_file", moved)
    presets.load_preset.cache_clear()
    yield port
    presets.load_preset.cache_clear()


def test_a_simulator_in_use_needs_no_configuration(shell, simulator_port):
    """It is found like a local server while it runs, and nothing is left behind."""
    command = [sys.executable, "-m", "halley", "simulator", "--port", str(simulator_port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline()
        try:
            assert "simulator/sim-chat" in shell("use").out
            assert "Simulated" in shell("ask", "hello").out
            assert "simulator/sim-chat" in shell("doctor").out
            again = shell("simulator", "--use")
            assert (again.code, again.out) == (0, url) and "already" in again.err
        finally:
            process.terminate()
    assert "No model is configured" in shell("ask", "hello").err
    assert not (shell.home / "config.toml").exists()
    assert shell("simulator", "--use", "--port", "1").code == 2
