# The one command surface: people and CI call exactly these targets.
# Needs only Python >= 3.11; everything else is installed under .venv/, node_modules/ and build/.

ifndef PYTHON
PYTHON := $(firstword $(foreach name,python3 python3.13 python3.12 python3.11 python3.14 python,$(shell \
	$(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))
endif
STAGE ?= dev
SCHEMA ?=
ARCH ?=
PARAMS ?=
ZIP ?=
DATA ?=
EVENTS ?=
SEED ?=
ROUND ?=
ONLY ?=
PIP_FLAGS = -qq --disable-pip-version-check --no-input
VENV_PYTHON = .venv/bin/python
CHOSEN = $(if $(ARCH),--param "architecture=$(ARCH)") $(if $(SCHEMA),--param "schema=$(SCHEMA)") \
  $(foreach parameter,$(PARAMS),--param "$(parameter)")
READY = .venv/ready build/ministack-venv/.lock-sha256 node_modules/ready
# Where the machine has no Node.js >= 20, the one in build/node is used.
NODE_DIRECTORY = $$(dirname "$$($(VENV_PYTHON) -m infra.node)")

.DEFAULT_GOAL := help
.PHONY: demo test test-runtime audit lint format fuzz soak bench compare package deploy smoke sbom lock clean help setup python-is-new-enough

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

demo: setup ## run the whole path once on the embedded AWS (DATA=file.csv for your own table)
	@$(VENV_PYTHON) -m cli.main demo $(if $(DATA),--data "$(DATA)") $(if $(EVENTS),--events $(EVENTS))

test: setup lint ## lint and run all tests
	@$(VENV_PYTHON) -m pytest -n 2

test-runtime: setup ## run the built zip under AWS's own Lambda runtime and emulator (Linux)
	@$(VENV_PYTHON) -m infra.lambda_runtime
	@$(VENV_PYTHON) -m pytest -n 0 tests/runtime

audit: setup build/checkov-venv/ready build/serverless3/ready ## the rendered template under checkov and Serverless Framework 3
	@$(VENV_PYTHON) -m pytest -n 0 tests/audit

lint: setup ## ruff, mypy --strict and zizmor; cfn-lint runs in the tests, on the rendered template
	@.venv/bin/zizmor --offline --quiet .github
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

fuzz: setup ## a million mutated events each through decoding and the handler; failures go to build/fuzz/
	@$(VENV_PYTHON) -m tests.fuzz $(if $(EVENTS),--events $(EVENTS)) $(if $(SEED),--seed $(SEED))

soak: setup ## a million events through the deployed code under random faults; writes build/soak.json
	@$(VENV_PYTHON) -m tests.faults.soak $(if $(EVENTS),--events $(EVENTS)) $(if $(SEED),--seed $(SEED)) \
	  $(if $(ROUND),--round $(ROUND))

format: setup ## let ruff mend what it can
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

bench: setup ## measure the scorer against the ways it is usually written; writes build/bench.json, bench.png
	@zip=$$($(VENV_PYTHON) -m infra.build --python "$$($(VENV_PYTHON) -c \
	  'import sys; print("%d.%d" % sys.version_info[:2])')") && $(VENV_PYTHON) -m loadtest.bench --zip "$$zip"

compare: setup build/compare-venv/ready ## measure this system against what people run today; writes build/compare.json, compare.png
	@$(VENV_PYTHON) -m cli.comparison $(if $(EVENTS),--events $(EVENTS)) $(if $(ONLY),--only $(ONLY))

package: setup ## build the Lambda zip and render the template: STAGE=dev, ARCH=arm64, PARAMS="shards=4 …"
	@$(VENV_PYTHON) -m infra.deploy package --stage "$(STAGE)" $(CHOSEN)

deploy: setup ## deploy to AWS: make deploy STAGE=prod (standard AWS credentials; ARCH, SCHEMA, PARAMS as above)
	@$(VENV_PYTHON) -m infra.deploy deploy --stage "$(STAGE)" $(if $(ZIP),--zip "$(ZIP)") $(CHOSEN)

smoke: setup ## is a deployed stage alive? a few events in, their scores out: make smoke STAGE=dev (or local)
	@$(VENV_PYTHON) -m cli.main smoke --stage "$(STAGE)" $(if $(SCHEMA),--schema "$(SCHEMA)")

sbom: setup ## what is in the zip, with versions and licences, as CycloneDX: build/sbom.cdx.json
	@zip=$$($(VENV_PYTHON) -m infra.build $(if $(ARCH),--arch "$(ARCH)")) && $(VENV_PYTHON) -m infra.sbom "$$zip"

lock: setup ## renew the hashed locks from pyproject.toml and requirements/*.in
	@for target in "--extra dev pyproject.toml -o requirements/dev.lock" \
	  "pyproject.toml -c requirements/dev.lock -o requirements/lambda.lock" \
	  "--extra compare pyproject.toml -c requirements/dev.lock -o requirements/compare.lock" \
	  "requirements/ministack.in -o requirements/ministack.lock" \
	  "requirements/node.in -o requirements/node.lock" \
	  "requirements/checkov.in -o requirements/checkov.lock" \
	  "--no-deps requirements/runtime.in -o requirements/runtime.lock"; do \
	  .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-header --upgrade $$target || exit 1; done

clean: ## stop the local stage and remove everything that was installed or built
	@if [ -x $(VENV_PYTHON) ]; then $(VENV_PYTHON) -m cli.main local down >/dev/null 2>&1 || true; fi
	rm -rf .venv node_modules build .serverless .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

setup: python-is-new-enough
	@$(MAKE) --no-print-directory --silent -j3 $(READY)

python-is-new-enough:
	@if [ -z "$(PYTHON)" ]; then \
	  echo "Python >= 3.11 is needed and none was found: install it, or name it with make PYTHON=/path/to/python3" >&2; \
	  exit 1; fi
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python >= 3.11 is needed, $(PYTHON) is $$($(PYTHON) -V 2>&1): install a newer one, or name it with make PYTHON=/path/to/python3" >&2; \
	  exit 1; }

.venv/ready: requirements/dev.lock pyproject.toml
	@echo "setting up .venv (first time: about a minute)" >&2
	@$(PYTHON) -m venv --clear .venv
	@.venv/bin/python -m pip install $(PIP_FLAGS) --require-hashes -r requirements/dev.lock
	@.venv/bin/python -m pip install $(PIP_FLAGS) --no-deps --no-build-isolation --editable .
	@touch $@

build/ministack-venv/.lock-sha256: requirements/ministack.lock
	@echo "setting up the embedded AWS" >&2
	@$(PYTHON) -c 'from infra.local.ministack import install; install()'
	@touch $@

build/compare-venv/ready: requirements/compare.lock
	@echo "setting up what make compare compares with (first time: about a minute)" >&2
	@$(PYTHON) -m venv --clear build/compare-venv
	@build/compare-venv/bin/python -m pip install $(PIP_FLAGS) --require-hashes -r requirements/compare.lock
	@touch $@

node_modules/ready: package-lock.json
	@echo "setting up osls" >&2
	@sh infra/install_node_tools.sh "$(PYTHON)"
	@touch $@

build/checkov-venv/ready: requirements/checkov.lock
	@echo "setting up checkov" >&2
	@$(PYTHON) -m venv --clear build/checkov-venv
	@build/checkov-venv/bin/python -m pip install $(PIP_FLAGS) --require-hashes -r requirements/checkov.lock
	@touch $@

build/serverless3/ready: requirements/serverless3/package-lock.json
	@echo "setting up Serverless Framework 3" >&2
	@mkdir -p build/serverless3 && cp requirements/serverless3/package*.json build/serverless3
	@PATH="$(NODE_DIRECTORY):$$PATH" npm ci --prefix build/serverless3 --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@
