# Every command of this project. `make` alone prints this list.
.DEFAULT_GOAL := help
SHELL := /bin/bash -o pipefail
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv/bin
FUNCTIONS := planner fetcher loader
PYTEST := $(VENV)/python -m pytest
COMPILE := $(VENV)/uv pip compile -q --universal --python-version 3.11 --no-header
# The longest first, so that two workers end together.
TESTS := tests/pipeline tests/functional tests/contract tests/cli tests/sql tests/terraform \
	tests/smoke tests/unit
# Long, and without servers: these are spread over workers test by test, as unit tests are.
PROPERTIES := tests/pipeline/test_protocol.py tests/cli/test_properties.py
# The Terraform that checks run is a pinned one, or the program that TERRAFORM names; what deploys is
# always the operator's own.
CHECKED_BY := build/venv/checkov/.installed $(if $(TERRAFORM),,build/venv/terraform/.installed)
GOOGLESQL := build/googlesql/.installed
DEPLOYED_BY := $(or $(TERRAFORM),terraform)
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
.PHONY: test smoke-test unit-test functional-test contract-test sql-test pipeline-test test-deep
test: install bundles $(CHECKED_BY) $(GOOGLESQL) ## All tests, in about 8 minutes
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

sql-test: install $(GOOGLESQL) ## The views: Google's analyzer, and rows in two engines
	$(PYTEST) tests/sql

pipeline-test: install bundles ## End to end, and the protocol under random faults
	$(PYTEST) $(filter tests/pipeline/%,$(PROPERTIES)) tests/pipeline

test-deep: install bundles $(GOOGLESQL) ## The random tests with many more runs (minutes to hours; DEEP_RUNS=)
	HYPOTHESIS_PROFILE=deep TEST_DEEP_RUNS=$(or $(DEEP_RUNS),50000) $(PYTEST) --timeout 0 tests/unit $(PROPERTIES) tests/pipeline tests/sql

##@ Keep it right
.PHONY: lint format pages terraform-check check lock
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

pages: install ## Write the tables in documents that come from the code
	@$(VENV)/python -m local.pages

terraform-check: .venv/.installed $(CHECKED_BY) ## The infrastructure: form, validity, tests, risks; without a cloud
	@$(VENV)/python -m tests.terraform.check

check: lint terraform-check test ## Everything CI runs

lock: install ## Pin all dependencies anew, from pyproject.toml
	$(COMPILE) --upgrade --all-extras pyproject.toml -o requirements-dev.txt
	@for f in $(FUNCTIONS); do \
		$(COMPILE) --no-annotate --extra $$f -c requirements-dev.txt pyproject.toml -o functions/$$f/requirements.txt; done
	$(COMPILE) --upgrade --no-annotate --group checkov -o tests/terraform/checkov.txt
	$(COMPILE) --upgrade --no-annotate --generate-hashes --group terraform -o tests/terraform/terraform.txt
	$(COMPILE) --upgrade --no-annotate --generate-hashes --no-deps --group providers -o tests/terraform/providers.txt

##@ Deploy it, with your own Terraform (docs/deploy.md)
.PHONY: plan deploy deploy-planner deploy-fetcher deploy-loader destroy
plan: terraform/.terraform/.ready ## Show what `make deploy` would change
	$(DEPLOYED_BY) -chdir=terraform plan

deploy: terraform/.terraform/.ready ## Create or change everything; shows the plan and asks first
	$(DEPLOYED_BY) -chdir=terraform apply

deploy-planner: ## The planner alone, and what it needs
deploy-fetcher: ## The fetcher alone, and what it needs
deploy-loader: ## The loader alone, and what it needs
$(FUNCTIONS:%=deploy-%): deploy-%: terraform/.terraform/.ready
	$(DEPLOYED_BY) -chdir=terraform apply -target=module.$*

destroy: terraform/.terraform/.ready ## Remove everything, data included; warns and asks first
	@[ "$$($(DEPLOYED_BY) -chdir=terraform output -raw protect_data 2> /dev/null)" != true ] \
		|| { printf '%s\n' "$$DESTROY_REFUSAL" >&2; exit 1; }
	@printf '%s\n' "$$DESTROY_WARNING"
	@read -r -p 'Type "destroy my data" to go on: ' answer && [ "$$answer" = "destroy my data" ] \
		|| { echo "Nothing was removed." >&2; exit 1; }
	$(DEPLOYED_BY) -chdir=terraform destroy

define DESTROY_WARNING
This removes the pipeline and, for good, what it has collected:
  - every row in BigQuery: events, people, and with them the ledger of what is loaded;
  - every object in the buckets: what was exported, and the rejects;
  - every message that waits, dead letters included; the secret, if this Terraform made it.
Mixpanel gives most of it again, in a backfill of days or weeks, but not what it has deleted since.
Empty the bucket of exports before, or it stops half way: the bucket is kept while it holds anything.
endef
define DESTROY_REFUSAL
The data are protected, and Terraform would stop half way. Nothing was removed. If you mean it:
  - set `protect_data = false` in terraform/terraform.tfvars, and `make deploy`;
  - empty the bucket of exports, which is kept while it holds anything;
  - then `make destroy`.
endef
export DESTROY_WARNING DESTROY_REFUSAL

# `terraform init`, again when the configuration has changed.
terraform/.terraform/.ready: \
		$(wildcard terraform/backend.hcl terraform/*.tf terraform/modules/*/*.tf terraform/.terraform.lock.hcl) \
		| operators-terraform operators-files
	$(DEPLOYED_BY) -chdir=terraform init -backend-config=backend.hcl
	@touch $@

VALUES := $(wildcard $(addprefix terraform/,terraform.tfvars terraform.tfvars.json *.auto.tfvars *.auto.tfvars.json))

.PHONY: operators-terraform operators-files
operators-terraform:
	@command -v $(DEPLOYED_BY) > /dev/null || { \
		echo "there is no $(DEPLOYED_BY) on PATH: install Terraform 1.11 or newer, or name it with TERRAFORM=" >&2; exit 1; }
	@$(DEPLOYED_BY) version | awk -F'[v.]' 'NR == 1 { ok = $$2 > 1 || ($$2 == 1 && $$3 >= 11) } END { exit !ok }' || { \
		echo "$$($(DEPLOYED_BY) version | head -n 1) is too old: install Terraform 1.11 or newer" >&2; exit 1; }

# Both are named before it stops.
operators-files:
	@[ -e terraform/backend.hcl ] || { \
		echo "terraform/backend.hcl is missing: name in it where the state is kept, such as"; \
		printf '  bucket = "my-terraform-state"\n  prefix = "mixpanel-export"\n'; } >&2
	@[ "$(VALUES)" ] || \
		echo "terraform/terraform.tfvars is missing: give the variables in it; terraform/examples/minimal shows which" >&2
	@[ -e terraform/backend.hcl ] && [ "$(VALUES)" ]

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

build/venv/%/.installed: tests/terraform/%.txt | .venv/.installed
	@echo "setting up build/venv/$*"
	@$(VENV)/uv venv --quiet --clear --python $(VENV)/python build/venv/$*
	@$(VENV)/uv pip install --quiet --compile-bytecode --python build/venv/$*/bin/python -r $<
	@touch $@

$(GOOGLESQL): tests/sql/install.py | .venv/.installed
	@echo "setting up build/googlesql"
	@$(VENV)/python -m tests.sql.install $(@D)
	@touch $@

bundles: .venv/.installed ## Build the zip of each function into build/bundles
	@$(VENV)/python -m local.bundles

clean: ## Remove everything that was built (also the environments)
	rm -rf .venv build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

help:
	@awk 'BEGIN {FS = ":.*## "} /^##@ / {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
