# Everything a developer runs; each target sets up what it needs.
PYTHON ?= python3
BIN := .venv/bin
# tests wait for sockets half of the time: three workers keep two cores busy
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(os.cpu_count() * 3 // 2)')

.PHONY: demo test test-all check format lock bench clean help

help:            ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "matcher needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: .venv/ready     ## the whole main job on a small fictitious world
	$(BIN)/matcher demo

test: .venv/ready     ## static checks and the quick tests, on SQLite and PostgreSQL
	@$(MAKE) --no-print-directory check
	$(BIN)/python -m pytest -n $(WORKERS) -m "not slow"

test-all: .venv/ready ## the slow proofs: kill -9, browser, notebooks, the whole replay
	$(BIN)/python -m pytest -n $(WORKERS) -m slow --timeout 900

check: .venv/ready    ## ruff, mypy --strict, import contracts, generated files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: .venv/ready   ## let ruff put the code in shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock:            ## resolve dependencies anew for all supported Pythons (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --all-extras --custom-compile-command "make lock" --no-header --output-file requirements.lock pyproject.toml

bench: .venv/ready    ## speed of the ranking against bm25s in the same run
	$(BIN)/python benchmarks/matching.py

clean:           ## remove the virtual environment and what the demo wrote
	rm -rf .venv var
