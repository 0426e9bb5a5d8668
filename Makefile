# Every command of this project. `make` alone prints this list.
.DEFAULT_GOAL := help
SHELL := /bin/bash -o pipefail
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv/bin
FUNCTIONS := planner fetcher loader
PYTEST := $(VENV)/python -m pytest
# The longest first, so that two workers end together.
TESTS := tests/pipeline tests/functional tests/contract tests/cli tests/smoke tests/unit
# Property tests run before, or apart from, tests with servers: a Google client that is still
# retrying in some thread draws from the random state that Hypothesis watches.
PROPERTIES := tests/pipeline/test_protocol.py tests/cli/test_properties.py
export PYTHONPATH := shared:cli
export PYTHONDONTWRITEBYTECODE := 1

##@ See it work
.PHONY: demo up tick status replay backfill
demo: install bundles ## A simulated day through the real functions, checked row by row (under a minute)
	@$(VENV)/python -m local demo

up: install bundles ## Start the whole pipeline on this machine and keep it running
	@$(VENV)/python -m local up

tick: install ## Let the planner of the running stack plan once (AT=2026-11-22T08:20:00Z for another time)
	@$(VENV)/python -m local tick $(if $(AT),--at $(AT))

status: install ## What is loaded and what is missing; the running stack, or the one in terraform/
	@$(VENV)/mixpanel-export $(DEPLOYMENT) status

replay: install ## Fetch intervals again (TABLE=events START=2026-11-22T08:00:00Z END=2026-11-22T10:00:00Z)
	@$(VENV)/mixpanel-export $(DEPLOYMENT) replay "$(TABLE)" "$(START)" "$(END)"

backfill: install ## Fetch everything since an earlier day (SINCE=2025-01-01), behind live traffic
	@$(VENV)/mixpanel-export $(DEPLOYMENT) backfill $(if $(SINCE),--since $(SINCE))

##@ Test it
.PHONY: test smoke-test unit-test functional-test contract-test pipeline-test test-deep
test: install bundles ## All tests, in about 5 minutes
	$(PYTEST) -n 2 tests/unit $(PROPERTIES)
	$(PYTEST) -n 2 --dist loadfile --no-loadscope-reorder $(PROPERTIES:%=--ignore %) $(filter-out tests/unit,$(TESTS))

smoke-test: install bundles ## The bundles import and start
	$(PYTEST) tests/smoke

unit-test: install ## Core, jobs and edges, in memory
	$(PYTEST) tests/unit

functional-test: install bundles ## The bundles over HTTP, on the emulators
	$(PYTEST) tests/functional

contract-test: install ## The emulators keep Google's and Mixpanel's promises
	$(PYTEST) tests/contract

pipeline-test: install bundles ## End to end, and the protocol under random faults
	$(PYTEST) $(filter tests/pipeline/%,$(PROPERTIES)) tests/pipeline

test-deep: install bundles ## The random tests with many more runs (minutes to hours; DEEP_RUNS=)
	HYPOTHESIS_PROFILE=deep TEST_DEEP_RUNS=$(or $(DEEP_RUNS),50000) $(PYTEST) --timeout 0 tests/unit $(PROPERTIES) tests/pipeline

##@ Keep it right
.PHONY: lint format check lock
lint: install ## Style, types and architecture
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy
	@for f in $(FUNCTIONS); do echo "mypy functions/$$f/main.py"; $(VENV)/mypy functions/$$f/main.py || exit 1; done
	$(VENV)/mypy $(TESTS)
	$(VENV)/lint-imports

format: install ## Put the sources into shape
	$(VENV)/ruff check --fix .
	$(VENV)/ruff format .

check: lint test ## Everything CI runs

lock: install ## Pin all dependencies anew, from pyproject.toml
	$(VENV)/uv pip compile -q --universal --python-version 3.11 --no-header --upgrade --all-extras pyproject.toml -o requirements-dev.txt
	@for f in $(FUNCTIONS); do \
		$(VENV)/uv pip compile -q --universal --python-version 3.11 --no-header --no-annotate \
			--extra $$f -c requirements-dev.txt pyproject.toml -o functions/$$f/requirements.txt; done

##@ Build it
.PHONY: install bundles clean help
install: .venv/.installed $(FUNCTIONS:%=build/venv/%/.installed) ## Set up everything the other commands need

.venv/.installed: requirements-dev.txt
	@echo "setting up .venv"
	@$(PYTHON) -m venv .venv
	@$(VENV)/pip install --quiet --disable-pip-version-check $$(grep -o '^uv==[0-9.]*' requirements-dev.txt)
	@$(VENV)/uv pip install --quiet --python $(VENV)/python -r requirements-dev.txt
	@$(VENV)/uv pip install --quiet --python $(VENV)/python --no-deps --editable .
	@touch $@

# Each function runs with only what its own requirements.txt lists, as in the cloud.
build/venv/%/.installed: functions/%/requirements.txt | .venv/.installed
	@echo "setting up build/venv/$*"
	@$(VENV)/uv venv --quiet --clear --python $(VENV)/python build/venv/$*
	@$(VENV)/uv pip install --quiet --python build/venv/$*/bin/python -r $<
	@touch $@

bundles: .venv/.installed ## Build the zip of each function into build/bundles
	@$(VENV)/python -m local.bundles

clean: ## Remove everything that was built (also the environments)
	rm -rf .venv build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

help:
	@awk 'BEGIN {FS = ":.*## "} /^##@ / {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
