"""LiteLLM in an environment of its own, `.peers/litellm`: what it needs is its own affair and never ours."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / ".peers" / "litellm"
VERSION = "1.110.2"


class CannotHave(Exception):
    """Why there is no LiteLLM here, in a sentence."""


def python_with_litellm(folder: Path = FOLDER) -> Path:
    """The interpreter of the environment, which is made the first time. Raises CannotHave."""
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if (folder / VERSION).exists():
        return python
    uv = [sys.executable, "-m", "uv"]
    steps = [
        [*uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)],
        [*uv, "pip", "install", "--quiet", "--python", str(python), f"litellm=={VERSION}"],
    ]
    try:
        for step in steps:
            subprocess.run(step, check=True, capture_output=True, text=True, timeout=600)
    except subprocess.CalledProcessError as error:
        shutil.rmtree(folder, ignore_errors=True)
        said = (error.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise CannotHave(f"it could not be installed ({said})") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotHave(f"it could not be installed ({error})") from None
    (folder / VERSION).touch()
    return python
