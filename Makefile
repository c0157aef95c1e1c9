# make chat    start a conversation            make chat ARGS="--pack helpdesk"
# make test    run the tests                   make test ARGS="-k cli"
# make check   lint, format, types and layers
# make docs    write the API documentation to build/docs
#
# Each creates .venv and installs by itself, and only when pyproject.toml or the Python has changed.
# Where torch comes from: TORCH_INDEX=URL, TORCH_WHEEL=PATH or ALLOW_CUDA=1 (see .ci/install.py).

SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
ARGS ?=

BIN := $(VENV)/bin
VERSION := $(shell $(PYTHON) -c 'import platform; print(platform.python_version())' 2>/dev/null)
MADE := $(VENV)/made-$(or $(VERSION),unknown)
CHAT := $(VENV)/has-chat-$(VERSION)
DEV := $(VENV)/has-dev-$(VERSION)
PARTS := types events protocols errors config wire text models graph retrieval dialogue \
	generation sessions packs indexing pipeline evaluation
DOCS := $(VENV)/has-docs-$(VERSION)
export TORCH_INDEX TORCH_WHEEL ALLOW_CUDA

.PHONY: help chat test check docs clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^# \{0,1\}//p' Makefile

chat: $(CHAT)
	@$(BIN)/convrag chat $(ARGS)

test: $(DEV)
	@$(BIN)/python -m pytest $(ARGS)

check: $(DEV)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

docs: $(DOCS)
	@$(BIN)/pdoc -d google -o build/docs $(addprefix convrag.,$(PARTS))
	@echo "open build/docs/index.html"

$(MADE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: $(PYTHON) is not Python 3.11 or newer" >&2; \
		  echo "hint: name one with: make PYTHON=python3.11" >&2; exit 1; }
	@echo "making $(VENV) with Python $(VERSION)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --disable-pip-version-check -q --upgrade 'pip>=24'
	@touch $@

$(CHAT): pyproject.toml | $(MADE)
	@$(BIN)/python .ci/install.py llamacpp
	@touch $@

$(DEV): pyproject.toml | $(MADE)
	@$(BIN)/python .ci/install.py llamacpp test train
	@touch $(CHAT) $@

$(DOCS): pyproject.toml | $(MADE)
	@$(BIN)/python .ci/install.py llamacpp docs
	@touch $(CHAT) $@

clean:
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
