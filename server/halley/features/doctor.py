"""The report a user pastes into a bug report: what is installed, where things lie, what is wrong.

Redacted: the home folder is `~`, addresses lose user names and queries, and there is no key, prompt or reply in it.
`check` is `halley/doctor`; each finding of `problems` says what to do.
"""

from __future__ import annotations

import asyncio
import os
import platform
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from halley.core.calls import Caller
from halley.core.errors import HalleyError
from halley.core.settings import Settings
from halley.features.editors import editors_on_path
from halley.features.models import list_providers
from halley.features.own_templates import check_own_templates
from halley.features.room import EngineRoom
from halley.features.shared import Shared
from halley.stores.disk.state import problem_of_set_aside, set_aside_in
from halley.version import __version__

Json = dict[str, Any]

LIBRARIES = ("pygls", "lsprotocol", "httpx", "aiohttp", "pydantic", "genai-prices", "tree-sitter")
PROXY_VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


async def check(shared: Shared, settings: Settings, caller: Caller, root: Path | None = None) -> Json:
    """Never raises HalleyError: what cannot be found out is a finding too."""
    room = shared.room
    problems = [_problem_of_config(problem) for problem in room.config.problems(root)]
    listed, broken = await asyncio.gather(
        _try(list_providers(room, settings, caller), problems), _tool_problems(shared, settings, root)
    )
    providers = listed or {"providers": []}
    problems += broken
    problems += [error.problem.to_json() for error in check_own_templates(room.template_folder)]
    problems += await _plain_text_problems(room, settings, caller)
    problems += await _database_problems(room)
    try:
        await room.prepare_route("chat", settings, room.layers(root))
    except HalleyError as error:
        problems.append(error.problem.to_json())
    problems += [problem_of_set_aside(path).to_json() for path in _set_aside(room)]
    selection = room.selection(settings, room.layers(root))
    report: Json = {
        "version": __version__,
        "versions": await asyncio.to_thread(_versions),
        "paths": {name: _path_facts(path) for name, path in _paths(room).items()},
        "environment": _environment(room),
        "sharedDaemon": await asyncio.to_thread(_shared_daemon, room),
        "providers": [_without_secrets(provider) for provider in providers["providers"]],
        "roles": selection,
        "keyring": await asyncio.to_thread(_keyring_name),
        "sandbox": await asyncio.to_thread(_sandbox),
        "editors": editors_on_path(),
        "problems": problems,
    }
    return _redact(report)


def _shared_daemon(room: EngineRoom) -> str:
    """Whether editors can join one, and which."""
    if sys.platform == "win32":
        return "not on Windows"
    from halley.joining.about import ask
    from halley.joining.place import Odd

    try:
        found = ask(room.environ)
    except Odd as odd:
        return f"not usable: {odd}"
    if found is None:
        return "not running"
    other = "" if found.is_ours else ", to be replaced by this version"
    return f"running: version {found.version}, process {found.pid}, sessions: {found.sessions}{other}"


async def _try(work: Any, problems: list[Json]) -> Any:
    try:
        return await work
    except HalleyError as error:
        problems.append(error.problem.to_json())
        return None


def _problem_of_config(problem: Any) -> Json:
    return {"code": "configuration", "message": str(problem), "help": "", "setting": problem.setting}


async def _plain_text_problems(room: EngineRoom, settings: Settings, caller: Caller) -> list[Json]:
    from halley.features.verify import plain_text_problem

    found = [await plain_text_problem(room, binding, caller) for binding in room.registry.bindings(settings)]
    return [problem.to_json() for problem in found if problem]


async def _database_problems(room: EngineRoom) -> list[Json]:
    """Reads from the database, if there is one: a doctor does not make files."""
    if not room.paths.database.exists():
        return []
    try:
        await room.ledger.summary(since=room.clock.now())
    except HalleyError as error:
        return [error.problem.to_json()]
    return [room.database.problem.to_json()] if room.database.problem else []


def _set_aside(room: EngineRoom) -> list[Path]:
    folders = (room.paths.data, room.paths.state, room.paths.cache)
    return list(dict.fromkeys(path for folder in folders for path in set_aside_in(folder)))


async def _tool_problems(shared: Shared, settings: Settings, root: Path | None) -> list[Json]:
    """Servers of tools that are on are started to see whether they can be."""
    if not settings.tools.servers:
        return []
    from halley.features.tools.listing import server_problems
    from halley.features.tools.switches import Switches

    switches = Switches.of(settings, shared.room.tool_picks, root)
    await shared.tools.tried(settings, filter(switches.uses, settings.tools.servers))
    return [problem.to_json() for problem in server_problems(shared.tools, switches)]


def _paths(room: EngineRoom) -> dict[str, Path]:
    paths = room.paths
    return {
        "config": paths.config_file,
        "templates": room.template_folder,
        "data": paths.data,
        "database": paths.database,
        "state": paths.state,
        "cache": paths.cache,
        "logs": paths.logs,
    }


def _path_facts(path: Path) -> Json:
    """Whether it is there, and can be written (or made)."""
    nearest = next(parent for parent in (path, *path.parents) if parent.exists())
    return {"path": str(path), "exists": path.exists(), "writable": os.access(nearest, os.W_OK)}


def _versions() -> dict[str, str]:
    import ssl
    from importlib.metadata import PackageNotFoundError, version

    from halley.stores.sqlite.opening import sqlite_version

    found = {
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "sqlite": sqlite_version(),
        "tls": ssl.OPENSSL_VERSION,
    }
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found


def _sandbox() -> str:
    """What commands of an agent run in."""
    from halley.stores.disk.sandbox import find_sandbox

    return find_sandbox() or "none (install bubblewrap, on Linux)"


def _environment(room: EngineRoom) -> Json:
    """What of the environment matters, with whether keys are there but not what they are."""
    from halley.providers.presets import PRESETS, load_preset

    presets = filter(None, map(load_preset, PRESETS))
    keys = [name for preset in presets for name in preset.key_env if room.environ.get(name)]
    shown = (*PROXY_VARIABLES, *map(str.lower, PROXY_VARIABLES), *CERTIFICATE_VARIABLES)
    found = {name: _address(room.environ[name]) for name in shown if room.environ.get(name)}
    named = {name: room.environ[name] for name in ("HALLEY_HOME", "HALLEY_CONFIG") if room.environ.get(name)}
    return {**named, **found, "keysIn": sorted(set(keys))}


def _address(text: str) -> str:
    """Without user name, password and query."""
    parts = urlsplit(text)
    if not parts.scheme or not parts.netloc:
        return text if "@" not in text else "…@" + text.rpartition("@")[2]
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _without_secrets(provider: Json) -> Json:
    return provider | {"baseUrl": _address(provider["baseUrl"])}


def _keyring_name() -> str:
    """The system keyring there is. Only its name: nothing is asked of it."""
    try:
        import keyring
        from keyring.backends import fail, null

        found = keyring.get_keyring()
        if isinstance(found, fail.Keyring | null.Keyring):
            return "none: keys are stored in a private file"
        return str(found.name)
    except Exception as error:
        return f"none ({type(error).__name__})"


def _redact(value: Any) -> Any:
    """The home folder as `~`, and nothing that is shaped like a key."""
    from halley.engine.guards.secrecy import redact_secrets

    if isinstance(value, str):
        home = str(Path.home())
        inside = re.compile(re.escape(home) + r"(?=/|\\|$)") if len(home) > 1 else None
        return redact_secrets(inside.sub("~", value) if inside else value)[0]
    if isinstance(value, dict):
        return {key: _redact(inner) for key, inner in value.items()}
    return [_redact(inner) for inner in value] if isinstance(value, list | tuple) else value
