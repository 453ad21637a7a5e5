"""A server on Halley's base whose features do what goes wrong in real life. Run with --pipe PATH for many clients."""

from __future__ import annotations

import os
import sys

from halley.lsp import process
from halley.lsp.server import serve_pipe, serve_stdio

if __name__ == "__main__":
    process.QUIET_S = float(os.environ.get("SAMPLE_QUIET_S", process.QUIET_S))
    options = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
    level = options.get("--log-level", "info")
    if "--pipe" in options:
        sys.exit(serve_pipe(options["--pipe"], log_level=level, handlers=("sample_features",)))
    sys.exit(serve_stdio(log_file=options.get("--log-file"), log_level=level, handlers=("sample_features",)))
