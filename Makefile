# `make demo` and `make test` need Python >= 3.11, make and git; everything else they install into .venv* here.

SHELL := /bin/sh
.DEFAULT_GOAL := help

# Debian's python3 comes without ensurepip, and then no environment can be made with it.
usable = import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))
first_of = $(shell for p in $(1); do "$$p" -c '$(usable)' 2>/dev/null && { echo "$$p"; break; }; done)

PYTHON ?= $(call first_of,python3.13 python3.12 python3.11 python3)
# LocalStack's core was made for 3.11; newer ones work too.
LOCALSTACK_PYTHON ?= $(call first_of,python3.11 $(PYTHON))
# One of the consumers that the benchmark compares with needs 3.12.
BENCH_PYTHON ?= $(call first_of,python3.13 python3.12 $(PYTHON))

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# pip compiles what it installs, but not what it installs as editable: Python has to keep that, or each start compiles it again.
unexport PYTHONDONTWRITEBYTECODE

# Most tests wait for servers and processes rather than for a core.
WORKERS ?= 5
PARALLEL = --numprocesses $(WORKERS) --dist loadfile

PIP_INSTALL := -m pip install --quiet
DEMO := .venv/.demo
DEV := .venv/.dev
NEWEST := .venv-newest/.dev
LOCALSTACK := .venv-localstack/.done
BENCH := .venv-bench/.done

.PHONY: help demo test environments test-pinned test-newest torture switching soak check format recordings screenshots browser-png bench bench-quick bench-bodies bench-viewers pyz clean

help: ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 14

demo: $(DEMO) ## the dashboard on an embedded emulator: no Docker, no AWS account
	@if [ -t 0 ] && [ -t 1 ] && [ -t 2 ]; then exec .venv/bin/sqs-tui demo; \
	else exec .venv/bin/sqs-tui demo --headless --duration 10; fi

test: environments check test-pinned test-newest ## every check and test, on the pinned and on the newest boto3

# Side by side, which saves half a minute where they are new.
environments:
	@$(MAKE) --no-print-directory --jobs=3 $(DEV) $(NEWEST) $(LOCALSTACK)

test-pinned: $(DEV) $(LOCALSTACK)
	.venv/bin/python -m pytest $(PARALLEL)

# The emulator's pin keeps it out of this environment: it is found on PATH instead.
test-newest: $(NEWEST) $(LOCALSTACK) $(DEMO)
	PATH="$(CURDIR)/.venv/bin:$$PATH" .venv-newest/bin/python -m pytest -m sdk $(PARALLEL)

# One after the other, for they measure; a test of these may well take minutes.
TORTURE := $(addprefix tests/test_,chaos_matrix.py total_queue.py stops.py lease_torture.py fifo_torture.py engine_model.py \
	hostile_terminal.py hostile_layers.py hostile_peer.py hostile_files.py secrets.py secrets_faults.py secrets_actions.py \
	secrets_elsewhere.py switching.py random_keys.py peek_random.py redrive_killed.py)

torture: $(DEV) $(LOCALSTACK) ## faults, kills, stops and hostile input in full, and one table of what survived: about half an hour
	.venv/bin/python -m pytest --torture --override-ini faulthandler_timeout=1800 $(TORTURE)

switching: $(DEV) $(LOCALSTACK) ## the whole suite while threads are switched a million times a second: does anything race?
	.venv/bin/python -m pytest $(PARALLEL) --switch-interval 1e-6 --override-ini faulthandler_timeout=300

SOAK_MINUTES ?= 30
SOAK_RATE ?= 550

soak: $(DEV) ## half an hour at a high rate with faults on: does anything grow?
	.venv/bin/python tests/bench/soak.py --minutes $(SOAK_MINUTES) --rate $(SOAK_RATE)

check: $(DEV) ## lint, format, types and import contracts
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/mypy tests
	.venv/bin/mypy deploy
	PYTHONPATH=core:tui .venv/bin/lint-imports

format: $(DEV)
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

screenshots: $(DEV) ## draw the pictures of README and docs again, each at 80x24 and 120x40, from the recordings that are kept
	.venv/bin/python screenshots/make.py

recordings: $(DEV) ## record the demo's scenes again, of which the pictures are drawn: about 5 minutes; SCENES='poison drain' for some
	.venv/bin/python screenshots/record.py $(SCENES)

browser-png: $(DEV) ## draw the picture of a browser again; Chromium is needed
	.venv/bin/python screenshots/browser.py

bench: $(BENCH) $(LOCALSTACK) ## cost per message beside other consumers', and the dashboard's: docs/performance.md again, in about 12 minutes
	.venv-bench/bin/python tests/bench/run.py --output docs/benchmark.json --page

bench-quick: $(BENCH) ## the same in small, in about a minute: a look, which writes no page
	.venv-bench/bin/python tests/bench/run.py --quick

bench-bodies: $(BENCH) ## cost per message by its body, words or JSON, with the extra `fast` and without, in about five minutes
	.venv-bench/bin/python tests/bench/bench_bodies.py

bench-viewers: $(DEV) $(LOCALSTACK) ## cost of a snapshot, of viewers, of a fleet, and of drawing
	.venv/bin/python tests/bench/bench_snapshot.py
	.venv/bin/python tests/bench/bench_attach.py
	.venv/bin/python tests/bench/bench_fleet.py
	PYTHONPATH=tests .venv/bin/python tests/bench/bench_bytes.py

pyz: $(DEMO) ## a single file for pods that lack sqs-tui: dist/sqs-tui.pyz
	.venv/bin/python deploy/pyz/build.py dist/sqs-tui.pyz

clean: ## remove what the targets above made
	rm -rf .venv/ .venv-newest/ .venv-localstack/ .venv-bench/ dist/sqs-tui.pyz .cache/ .mypy_cache/ .ruff_cache/ .pytest_cache/ .import_linter_cache/ .hypothesis/

define new_environment
	@test -n "$(1)" || { echo "no Python >= 3.11 with venv found; name one with: make PYTHON=/path/to/python3" >&2; exit 2; }
	@"$(1)" -c '$(usable)' || { echo "$(1) is not a Python >= 3.11 with venv" >&2; exit 2; }
	test -x $(@D)/bin/python || "$(1)" -m venv --clear $(@D)
	$(@D)/bin/python $(PIP_INSTALL) --upgrade 'pip>=25.1'
endef

$(DEMO): pyproject.toml
	$(call new_environment,$(PYTHON))
	$(@D)/bin/python $(PIP_INSTALL) --editable '.[demo]'
	@touch $@

# One resolution for both: the tools must not move what the demo's pin chose.
$(DEV): pyproject.toml $(DEMO)
	.venv/bin/python $(PIP_INSTALL) --editable '.[demo]' --group dev
	@touch $@

$(NEWEST): pyproject.toml
	$(call new_environment,$(PYTHON))
	$(@D)/bin/python $(PIP_INSTALL) --upgrade --upgrade-strategy eager --editable . --group test
	@touch $@

$(LOCALSTACK): tests/localstack-requirements.txt
	$(call new_environment,$(LOCALSTACK_PYTHON))
	$(@D)/bin/python $(PIP_INSTALL) --requirement tests/localstack-requirements.txt
	@touch $@

# The consumer on Node is left out where there is no npm.
$(BENCH): pyproject.toml tests/bench/peers-requirements.txt tests/bench/package.json
	$(call new_environment,$(BENCH_PYTHON))
	$(@D)/bin/python $(PIP_INSTALL) --editable . --requirement tests/bench/peers-requirements.txt
	$(@D)/bin/python $(PIP_INSTALL) --upgrade --target $(@D)/fast 'orjson>=3.10'
	mkdir -p $(@D)/node
	cp tests/bench/package.json $(@D)/node/
	if command -v npm >/dev/null; then npm install --prefix $(@D)/node --no-audit --no-fund --silent; fi
	@touch $@
