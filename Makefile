# Every target sets itself up: a virtual environment in .venv, made again when pyproject.toml changes.
PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11 python,$(shell $(p) -c \
  'import sys; print("$(p)" if sys.version_info >= (3, 11) else "")' 2>/dev/null)))
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
DOCS_READY := $(VENV)/.docs-ready
OLDEST := .venv-oldest
BENCH  := .venv-bench
LEAST_COVERAGE := 95
comma  := ,
# Tests wait for browsers, databases and other processes: half as many workers again as there are processors.
WORKERS := $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) * 3 / 2)))
export LANGSMITH_TRACING := false
# Tests start many processes: each would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-oldest lint docs format check evaluate bench mutate fuzz coverage public-types audit lock clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

# $(call make_venv,folder,what is installed there): uv takes seconds where pip takes a minute and a half; pip is there for a
# machine whose package index only pip is told of.
define make_venv
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@echo "== setting up $(1)"
	@$(PYTHON) -m venv $(1)
	@$(1)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1" "uv>=0.7"
	@$(call install,$(1),$(2))
endef
install = $(1)/bin/uv pip install --quiet --python $(1)/bin/python $(2) || $(1)/bin/python -m pip install --quiet $(2)

$(READY): pyproject.toml
	$(call make_venv,$(VENV),--editable ".[langchain$(comma)mcp]" --group test --group exporters --group lint)
	@touch $(READY)

demo: $(READY) ## the main job: record an agent, compile its routines, run it again with them
	@$(BIN)/awo demo

test: $(READY) ## run the tests; needs no network and no key
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile

$(OLDEST)/.ready: pyproject.toml tests/oldest.txt
	$(call make_venv,$(OLDEST),--constraint tests/oldest.txt --editable ".[langchain]" --group test)
	@touch $(OLDEST)/.ready

# What goes by no release of LangChain: importers, masking, writing, the stepping core, shapes of answers, processes and threads.
NOT_OLDEST := capture/bad_input capture/importers capture/redaction capture/test_autorecord.py capture/test_forks.py \
  capture/test_open_runs.py capture/test_servers.py capture/test_sigterm_in_a_request.py capture/test_snapshot.py \
  capture/test_under_load.py capture/test_writer.py runtime/test_execution.py runtime/test_fillers.py runtime/test_guard_words.py \
  runtime/test_killed.py runtime/test_mcp_server.py runtime/test_memory.py runtime/test_odd_values.py runtime/test_once_property.py \
  runtime/test_prefetch_bounds.py runtime/test_reprs.py runtime/test_shaping.py runtime/test_tokens.py runtime/test_two_at_once.py \
  runtime/test_untrusted_file.py

test-oldest: $(OLDEST)/.ready ## the tests of recording and of running that depend on LangChain, over the oldest supported one
	@$(OLDEST)/bin/python -m pytest --numprocesses $(WORKERS) --dist loadfile tests/runtime tests/capture $(addprefix --ignore tests/,$(NOT_OLDEST))

MINUTES ?= 2
fuzz: $(READY) ## look for inputs that break what reads from outside, MINUTES=2 for each of them
	@$(call install,$(VENV),"atheris>=3")
	@for target in $$($(BIN)/python -c 'from tests.fuzz.targets import TARGETS; print(*TARGETS)'); do \
	  echo "== $$target"; $(BIN)/python -m tests.fuzz.drive $$target $$(($(MINUTES) * 60)) || exit 1; done

lint: $(READY) ## formatting, lint, strict types, import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/mypy tests/public_types.py
	@$(BIN)/lint-imports

check: lint docs test test-oldest ## what CI does

format: $(READY) ## rewrite the code in the project's format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

$(DOCS_READY): $(READY)
	@$(call install,$(VENV),--group docs)
	@touch $(DOCS_READY)

docs: $(DOCS_READY) ## the documentation as a site, in site/index.html
	@$(BIN)/sphinx-build -W -n --keep-going -q -E -b html docs site
	@echo "site/index.html"

evaluate: $(READY) ## the table of docs/benchmarks.md, from the recordings in AWO_RECORDINGS
	@test -n "$(AWO_RECORDINGS)" || { echo "set AWO_RECORDINGS to the folder of recordings; see docs/file-formats.md" >&2; exit 2; }
	@$(BIN)/python benchmarks/evaluate_recordings.py --by-domain

$(BENCH)/.ready: pyproject.toml
	$(call make_venv,$(BENCH),--editable . --group bench)
	@touch $(BENCH)/.ready

bench: $(BENCH)/.ready ## how fast compiling, reading and counting are, beside pm4py, prefixspan, networkx and a plain dict, written to docs/benchmarks.md; QUICK=1 for minutes
	@$(BENCH)/bin/python benchmarks/bench.py $(if $(QUICK),--quick) $(if $(MACHINE),--machine "$(MACHINE)")

coverage: $(READY) ## the tests with branch coverage, and the least that is accepted; takes twice as long
	@$(call install,$(VENV),--group coverage)
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --cov langchain_awo --cov-branch --cov-report term:skip-covered --cov-fail-under $(LEAST_COVERAGE)

public-types: $(READY) ## the public face as the type checkers of users see it
	@$(call install,$(VENV),--group public-types)
	@$(BIN)/mypy tests/public_types.py
	@$(BIN)/pyright --pythonpath $(BIN)/python tests/public_types.py

audit: $(READY) ## known vulnerabilities of what is installed; asks a public service
	@$(call install,$(VENV),--group audit)
	@$(BIN)/pip-audit --skip-editable

lock: $(READY) ## write dev.lock: the versions that development was last tried with
	@$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --extra langchain --extra mcp --group test --group lint --group docs --group exporters --no-header --no-annotate --no-emit-index-url --quiet --output-file dev.lock

$(VENV)/.mutate-ready: $(READY)
	@$(call install,$(VENV),--group mutate)
	@touch $(VENV)/.mutate-ready

EACH ?= 1
mutate: $(VENV)/.mutate-ready ## whether tests notice small changes of the optimizer and the runtime: EACH=1 of every module, PARTS="optimizer/mining" of some
	@$(BIN)/python benchmarks/mutation.py --each $(EACH) $(PARTS)

clean: ## remove what the other targets made
	rm -rf $(VENV) $(OLDEST) $(BENCH) site mutants .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis traces.db* toolkit.json
