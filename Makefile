# Cuiban. Every target sets up what it needs; nothing but Python >= 3.11, pip and make is required.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
BIN := .venv/bin
LOCK := uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Compiled modules are kept, also where the machine says otherwise: pytest compiles all tests for each worker.
export PYTHONDONTWRITEBYTECODE :=

##@ Use it
.PHONY: setup demo up down status
setup: .venv/ready ## Make the virtual environment with everything pinned
demo: setup ## From the real table to delivered reminders: eight months in a few minutes
	$(BIN)/cuiban demo
up: setup ## Start broker, database, sinks, services and pages on this machine
	$(BIN)/cuiban up
down: setup ## Stop what `up` started
	$(BIN)/cuiban down
status: setup ## Show what runs
	$(BIN)/cuiban status

##@ Prove it
.PHONY: test test-unit fuzz chaos check bench
test: setup ## Run every test that this machine can run (COVERAGE=yes counts the lines that they reach)
	$(BIN)/pytest -n 3 --dist loadscope --no-loadscope-reorder $(if $(COVERAGE),--cov --cov-report=term)
test-unit: setup ## Run the quick tests alone: no broker, no database
	$(BIN)/pytest tests/unit tests/contract
fuzz: export CUIBAN_FUZZ ?= 500
fuzz: setup ## Attack every door with hostile input, drawn anew (CUIBAN_FUZZ=500 examples each)
	$(BIN)/pytest tests/fuzz
chaos: setup ## Kill, freeze and fill up everything, and count (CLOCK=running, SEED, FAULTS, BROKERS, JSON)
	$(BIN)/cuiban chaos --clock $(or $(CLOCK),stepped) --seed $(or $(SEED),2023) --faults $(or $(FAULTS),100) \
	  --brokers $(or $(BROKERS),1) --json $(or $(JSON),chaos.json)
check: setup ## Lint, types, import contracts, names, phrases, texts of refusals, and licences
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --config-file tests/mypy.ini --cache-dir .mypy_cache/tests
	$(BIN)/lint-imports
	$(BIN)/python -m tools.names
	$(BIN)/python -m tools.licences

bench: setup ## Measure every path beside what its bare library does
	$(BIN)/cuiban bench --json bench.json --markdown bench.md

##@ Work on it
.PHONY: format lock licences sbom asyncapi schema texts screenshots clean
format: setup ## Format and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
lock: setup ## Pin the requirements anew, with hashes
	for set in base build local dev; do $(BIN)/$(LOCK) requirements/$$set.in -o requirements/$$set.txt; done
licences: setup ## List the licences of what production installs, in docs/licences.md
	$(BIN)/python -m tools.licences --write
sbom: setup ## List what the production image contains, as CycloneDX, in build/sbom.cdx.json
	$(BIN)/python -m tools.sbom build/sbom.cdx.json
asyncapi: setup ## Write docs/asyncapi.yaml from the events
	$(BIN)/python -m deploy.asyncapi
schema: setup ## Write the schemas of rules and gateways into docs/
	$(BIN)/python -m deploy.rules_schema
	$(BIN)/python -m deploy.gateways_schema
texts: setup ## Renew the catalogs of the command and the pages, and list what is not translated
	$(BIN)/python -m tools.texts
	$(BIN)/python -m tools.page_texts
screenshots: setup ## Take the pictures of the pages for the documents anew (docs/pictures/)
	$(BIN)/python -m tools.screenshots
clean: ## Remove the virtual environment and the caches
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.PHONY: help
help: ## This text
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/ready: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Cuiban needs Python 3.11 or newer; name one: make PYTHON=python3.12 …"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --no-deps --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	touch $@
