# Each target sets up what it needs first: quick when that was done before.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
INFRA := $(VENV)/.infra
OF_AWS := tests/infra tests/deploy tests/images
# First: what is left over of a long file at the end, one worker waits for.
LONGEST := tests/torture tests/system
OTHERS := $(filter-out $(LONGEST) tests/permissions $(OF_AWS),$(patsubst %/,%,$(wildcard tests/*/))) $(wildcard tests/test_*.py)
# Compiled is what is imported, when it is: of what there is that is little.
INSTALL := -m pip --disable-pip-version-check --quiet install --no-compile
LIBRARY := setup.py $(wildcard bridge/native/*.c mock_mq/client/build.py mock_mq/client/sdk.py mock_mq/client/*.c mock_mq/client/include/*.h)

# Node 20 does all that CDK asks of it.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20

.PHONY: help demo run test torture bench soak bench-mock-mq mutations infra images sbom audit lint docs lock clean

help:
	@echo 'make demo   watch messages cross both ways, on this machine'
	@echo 'make run    the same set-up, left running until Ctrl-C'
	@echo 'make test   the tests'
	@echo 'make torture  the guarantee, broken at every point in every way, then at random: build/torture/report.html'
	@echo 'make bench  what the bridge does a second and costs, beside a plain loop: build/bench/report.html'
	@echo 'make soak  the bridge for ten minutes at half load: its memory'
	@echo 'make bench-mock-mq  what mock-mq costs on this machine'
	@echo 'make mutations  a million spoiled frames against mock-mq'
	@echo 'make infra  the stacks for AWS: synthesised, linted, their policies checked; deploy.sh tried'
	@echo 'make images the images bridge and mock-mq, built without docker and tried'
	@echo 'make sbom   what is in them; make audit: what is known against it'
	@echo 'make lint   formatting, style and types'
	@echo 'make docs   what is generated in docs/, and the JSON Schema of a configuration'
	@echo 'make lock   lock the newest dependencies that pyproject.toml allows'
	@echo 'make clean  remove whatever was made'

demo: $(READY)
	@$(BIN)/python -m examples.demo

run: $(READY)
	@$(BIN)/python -m examples.demo --keep

# Last comes what the bridge called of AWS all through them, against what its role is granted.
test: export RECORD_AWS_CALLS := $(CURDIR)/build/aws-calls
test: export PYTHONPATH := $(CURDIR)/tests/recording
test: $(READY)
	@mkdir -p build && rm -f $(RECORD_AWS_CALLS)
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(LONGEST) $(OTHERS)
	$(BIN)/python -m pytest tests/permissions

# The tests try two minutes of it; this takes about half an hour.
torture: $(READY)
	@TORTURE=whole TORTURE_REPORT=build/torture/report.html $(BIN)/python -m pytest -v --no-header tests/torture
	@echo 'the report: build/torture/report.html'

# About eight minutes. It fails for no figure, only where messages are not moved.
bench: $(READY)
	@$(BIN)/python -m benchmarks.bridge

# Ten minutes; it fails where the second five need more memory than the first.
soak: $(READY)
	@$(BIN)/python -m benchmarks.soak

# A table, in a minute or two.
bench-mock-mq: $(READY)
	@$(BIN)/python -m benchmarks.mock_mq

# The tests try a part of them; this takes about four minutes.
mutations: $(READY)
	@$(BIN)/python -m tests.mock_mq.mutations

# What is made on AWS: the stacks, synthesised and checked, and deploy.sh against an emulator.
infra: $(INFRA) build/checkov/.ready infra/node_modules/.ready
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/infra $(wildcard tests/deploy)

# Both images without a docker daemon, and what runs in them; as root.
images: $(INFRA)
	@images/build.sh $(BIN)/python bridge mock-mq rehearsal
	$(BIN)/python -m pytest tests/images

# What is in the images, as CycloneDX: build/sbom/*.json.
sbom: $(INFRA)
	@images/build.sh $(BIN)/python bridge mock-mq
	@$(BIN)/python images/sbom.py build/sbom bridge mock-mq

# Known weaknesses of what is locked: asks a public service.
audit: $(READY)
	@$(PYTHON) -m venv build/audit && build/audit/bin/python $(INSTALL) pip-audit
	@for list in $(wildcard requirements/*.txt); do build/audit/bin/pip-audit --require-hashes --disable-pip --requirement $$list || bad=1; done; exit $${bad:-0}

lint: $(INFRA)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# The tests tell when it is due.
docs: $(READY)
	@$(BIN)/python -m bridge.configuration.describing docs/configuration.md

# pymqi is built from its source, against our headers: IBM's would do as well, but are not needed.
$(READY): requirements/dev.txt requirements/pymqi.txt pyproject.toml $(LIBRARY)
	@echo 'setting up $(VENV): about a minute'
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.11 ...")'
	@$(PYTHON) -m venv $(VENV) || { echo 'venv is needed: on Debian, apt-get install python3-venv' >&2; exit 1; }
	@$(BIN)/python $(INSTALL) --require-hashes -r requirements/dev.txt
	@$(BIN)/python $(INSTALL) --no-deps --no-build-isolation --editable . || { echo 'a C compiler and the headers of Python are needed: on Debian, apt-get install gcc python3-dev' >&2; exit 1; }
	@$(BIN)/python -m mock_mq.client.sdk build/mqm
	@MQ_FILE_PATH='$(CURDIR)/build/mqm' $(BIN)/python $(INSTALL) --no-deps --no-build-isolation --require-hashes -r requirements/pymqi.txt
	@touch $@

$(INFRA): $(READY) requirements/infra.txt
	@$(BIN)/python $(INSTALL) --require-hashes -r requirements/infra.txt
	@touch $@

# It asks for an older boto3 than ours.
build/checkov/.ready: requirements/checkov.txt
	@$(PYTHON) -m venv build/checkov
	@build/checkov/bin/python $(INSTALL) --require-hashes -r requirements/checkov.txt
	@touch $@

# The CDK's command line. The lock file has its hash, and no script of a package's is ever run.
infra/node_modules/.ready: infra/package-lock.json
	@command -v npm >/dev/null || { echo 'Node.js and npm are needed: on Debian, apt-get install npm' >&2; exit 1; }
	@npm ci --prefix infra --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --upgrade

lock: $(READY)
	$(BIN)/python $(INSTALL) uv
	$(LOCK) --extra dev pyproject.toml --output-file requirements/dev.txt
	$(LOCK) --constraint requirements/dev.txt pyproject.toml --output-file requirements/run.txt
	$(LOCK) --constraint requirements/dev.txt --extra dev --extra infra pyproject.toml --output-file requirements/infra.txt
	echo pymqi | $(LOCK) --no-deps - --output-file requirements/pymqi.txt
	echo checkov | $(LOCK) - --output-file requirements/checkov.txt
	printf 'setuptools\ncffi\n' | $(LOCK) --constraint requirements/dev.txt - --output-file requirements/build.txt
	printf 'cffi\ncryptography\npydantic\npyyaml\nrich\ntyper\n' | $(LOCK) --constraint requirements/run.txt - --output-file requirements/mock-mq.txt
	printf 'boto3\ncryptography\nmoto[server,sns,sqs,s3,secretsmanager]\n' | $(LOCK) --constraint requirements/dev.txt - --output-file requirements/rehearsal.txt

clean:
	rm -rf $(VENV) build dist certs/out *.egg-info .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
	rm -rf infra/node_modules
	rm -rf tests/interop/*/target mock_mq/client/*.so mock_mq/client/_standin.c
	find . -name __pycache__ -prune -exec rm -rf {} +
