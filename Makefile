# make demo    the main job on sample_data: ingest, train, backtest, forecast (about three minutes on two cores)
# make test    every test;  make check  format, lint, types, layers and tests;  make docs  the site of docs/;  make bench, make soak  the long ones
# Each target sets up .venv first, and again only when pyproject.toml or constraints.txt changed.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
# threads that wait spin for some microseconds only, then sleep: see tsattn/cli/main.py
export GOMP_SPINCOUNT ?= 5000
# the first Python of at least 3.11 that can make a virtual environment; say PYTHON=... to choose another
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14 python; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)

.PHONY: help setup demo test check format docs bench soak clean
.DEFAULT_GOAL := help

help:
	@sed -n '1,3s/^# \{0,1\}//p' Makefile

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed (with its venv module); say make PYTHON=/path/to/python"; exit 1; }
	@echo "setting up $(VENV) with $$($(PYTHON) --version) (a few minutes the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,stats,sql,tune,calendars,holidays,serve]'
	@touch $(STAMP)

demo: $(STAMP)
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh sample_data/demo.sh

test: $(STAMP)
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 8 --dist loadfile -m 'not soak' </dev/null

check: $(STAMP)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 8 --dist loadfile -m 'not soak' </dev/null

format: $(STAMP)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "build/docs/index.html"

bench: $(STAMP)
	@$(BIN)/python -m benchmarks.ingest
	@$(BIN)/python -m benchmarks.start
	@$(BIN)/python -m benchmarks.throughput
	@test -z "$(DATA)" || $(BIN)/python -m benchmarks.gift_eval --data "$(DATA)"
	@test -z "$(DATA)" || $(BIN)/python -m benchmarks.scratch --data "$(DATA)"
	@test -n "$(DATA)" || echo "make bench DATA=FOLDER also scores naive and trained models on the open GIFT-Eval sets in FOLDER"

soak: $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[ray]'
	@$(BIN)/python -m pytest -m soak </dev/null
	@$(BIN)/python -m benchmarks.soak $(SOAK)

clean:
	rm -rf $(VENV) build dist demo-output .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
