#!/usr/bin/env bash
# StyLua and luacheck on the Neovim client: `tools/lua/check.sh [--format]`. Both are put into .editors/lua the first
# time, StyLua from npm and luacheck from Debian, without touching the system; a tool that is not available is skipped, loudly.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

HAD=$PWD/.editors/lua
TREE=clients/neovim
failed=0

main() {
  mkdir -p "$HAD"
  if [ "${1:-}" = --format ]; then
    if have_stylua; then stylua; else skipped "FORMATTED" "StyLua (npm)"; fi
    return
  fi
  if have_stylua; then echo "-- stylua"; stylua --check || failed=1; else skipped "CHECKED FOR FORMAT" "StyLua (npm)"; fi
  if have_luacheck; then echo "-- luacheck"; luacheck_tree || failed=1; else skipped "LINTED" "luacheck (Debian: lua-check)"; fi
  return $failed
}

skipped() { echo "LUA IS NOT $1: there is no $2 to be had here"; }

# -- StyLua

have_stylua() {
  command -v node > /dev/null || return 1
  cmp -s tools/lua/package-lock.json "$HAD/package-lock.json" && [ -d "$HAD/node_modules/@johnnymorganz/stylua" ] && return
  cp tools/lua/package.json tools/lua/package-lock.json "$HAD/"
  (cd "$HAD" && npm ci --silent --no-audit --no-fund --ignore-scripts) > "$HAD/npm.log" 2>&1
}
stylua() { node tools/lua/stylua.mjs "$HAD" "$TREE" "$@"; }

# -- luacheck: the system's, else Debian's packages unpacked

have_luacheck() {
  command -v luacheck > /dev/null || [ -x "$HAD/root/usr/bin/luacheck" ] || unpack_luacheck > "$HAD/apt.log" 2>&1
}
unpack_luacheck() {
  command -v apt-get > /dev/null && command -v dpkg-deb > /dev/null || return 1
  mkdir -p "$HAD/debs"
  (cd "$HAD/debs" && { download || { apt-get -q update && download; }; }) || return 1
  for package in "$HAD"/debs/*.deb; do dpkg-deb -x "$package" "$HAD/root" || return 1; done
  rm -r "$HAD/debs"
}
download() { apt-get -q download lua-check lua-argparse lua-filesystem lua5.1; }
luacheck_tree() {
  if command -v luacheck > /dev/null; then (cd "$TREE" && luacheck -q .); return; fi
  local root=$HAD/root compiled
  compiled=$(dirname "$(find "$root/usr/lib" -path '*/lua/5.1/lfs.so' | head -1)")
  (cd "$TREE" && LUA_PATH="$root/usr/share/lua/5.1/?.lua;$root/usr/share/lua/5.1/?/init.lua" LUA_CPATH="$compiled/?.so" \
    "$root/usr/bin/lua5.1" "$root/usr/bin/luacheck" -q .)
}

main "$@"
