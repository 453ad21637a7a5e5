#!/usr/bin/env bash
# Makes .venv what the lock files say. `tools/setup.sh run` is enough for `make try`, `tools/setup.sh dev` adds the
# tools for tests and checks. Does nothing when nothing changed: what was installed is stamped inside .venv.
#
# Packages come from wherever pip is configured to look; every one must match a hash in the lock files.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore

VENV=.venv
PIP=($VENV/bin/python -m pip)

main() {
  case "${1:-dev}" in
    run) locks=(requirements.lock requirements-build.lock) ;;
    dev) locks=(requirements-dev.lock) ;;
    *) fail "usage: tools/setup.sh [run|dev]" ;;
  esac
  is_whole || make_venv
  has_packages requirements-dev.lock || has_packages "${locks[@]}" || install_packages
  done_already project pyproject.toml server/halley/version.py || install_project
}

say() { echo "setup: $*" >&2; }
fail() { say "$*"; exit 1; }

# -- stamps: the hash of what was installed

has_packages() { done_already "packages-$1" "$@"; }
done_already() { # NAME FILE…
  [ -f "$VENV/.stamp-$1" ] && [ "$(cat "$VENV/.stamp-$1")" = "$(digest "${@:2}")" ]
}
stamp() { digest "${@:2}" > "$VENV/.stamp-$1"; }
digest() { cat "$@" tools/setup.sh | "$VENV/bin/python" -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())'; }

install_packages() {
  say "installing ${locks[*]}"
  "${PIP[@]}" install -qq --require-hashes $(printf -- '-r %s ' "${locks[@]}")
  stamp "packages-${locks[0]}" "${locks[@]}"
}

install_project() {
  "${PIP[@]}" install -qq --no-deps --no-build-isolation --editable .
  stamp project pyproject.toml server/halley/version.py
}

# -- the virtual environment

is_whole() { "$VENV/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null && has_pip; }
has_pip() { "${PIP[@]}" --version > /dev/null 2>&1; }

make_venv() {
  local python
  if ! "$VENV/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
    python=$(find_python) || fail "Python 3.11 or newer is needed and none was found. Install it, or name it: make PYTHON=/path/to/python3 …"
    say "making $VENV with $("$python" -V)"
    "$python" -m venv --clear --without-pip "$VENV" || fail "'$python -m venv' failed; install your system's package for it (Debian: python3-venv)."
  fi
  for bootstrap in pip_from_ensurepip pip_from_system pip_from_uv pip_from_deb pip_from_apt; do
    has_pip && return
    "$bootstrap" > /dev/null 2>&1 || true
  done
  has_pip || fail "pip could not be put into $VENV. Install your system's package for it (Debian: apt-get install python3-venv) and try again."
}

find_python() {
  local candidate
  for candidate in "${PYTHON:-python3}" python3 python3.14 python3.13 python3.12 python3.11 python3.15 python; do
    candidate=$(command -v "$candidate") || continue
    "$candidate" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2> /dev/null && echo "$candidate" && return
  done
  return 1
}

# Debian leaves ensurepip out of python3; pip then comes from whatever there is.
pip_from_ensurepip() { "$VENV/bin/python" -m ensurepip; }
pip_from_system() { base_python -m pip --python "$VENV/bin/python" install pip; }
pip_from_uv() { uv pip install --python "$VENV/bin/python" pip; }
pip_from_deb() { # Debian's own pip wheel, unpacked beside: no root needed
  local at
  at=$(mktemp -d)
  (cd "$at" && { apt-get download python3-pip-whl || { as_root apt-get update && apt-get download python3-pip-whl; }; } && dpkg -x ./*.deb .)
  "$VENV/bin/python" "$(ls "$at"/usr/share/python-wheels/pip-*.whl)"/pip install pip
  rm -rf "$at"
}
pip_from_apt() { as_root apt-get update && as_root apt-get install -y python3-venv && "$VENV/bin/python" -m ensurepip; }

base_python() { "$(readlink -f "$VENV/bin/python")" "$@"; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

main "$@"
