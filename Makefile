# `make` shows what there is. Every target may be interrupted and run again.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
LAB ?= default
# The application that the lab deploys: a name in application/, or the path of its file; the last one if not given.
APP ?=
# Where missing tools come from: auto, release or source.
FROM ?= auto
# How many labs tests use at once; `auto` for two where the machine has room.
WORKERS ?= auto
BOUTIQUE := venv/bin/boutique
INSTALL = venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile
# An `eval` alone would go on without the lab's environment, so in the user's own Pulumi backend.
IN_LAB = environment="$$($(BOUTIQUE) lab env --name $(LAB))"; eval "$$environment"
# What each test took is in .pytest_cache/durations*.xml.
PYTEST := venv/bin/pytest --durations=20
IN_LABS = --numprocesses=$(WORKERS) --dist=loadscope --no-loadscope-reorder

.PHONY: help up down test soak check bench docs ledger golden

help: ## Show the targets.
	@sed -n 's/^\([a-z]*\): .*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

up: venv/.ready ## Start the lab, deploy stack `local` on it, test that it works, and say where things are.
	@$(BOUTIQUE) lab up --name $(LAB) --from $(FROM) $(if $(APP),--application '$(APP)')
	@$(IN_LAB); pulumi stack select --create local; pulumi up --yes --skip-preview
	@$(BOUTIQUE) lab status --name $(LAB)
	@$(IN_LAB); $(BOUTIQUE) smoke local
	@$(IN_LAB); echo "The application: $$(pulumi stack output url)  (curl --cacert $$BOUTIQUE_LAB_FILES/certificate/ca.crt)"
	@echo 'In your shell:  eval "$$($(BOUTIQUE) lab env --name $(LAB))"; pulumi stack select local; kubectl get pods -n local'

down: venv/.ready ## Stop the lab; `make up` resumes it. To delete it: boutique lab down --delete.
	@$(BOUTIQUE) lab down --name $(LAB)

test: venv/.ready-dev ## Run all tests, those of the lab included.
	@$(BOUTIQUE) lab tools --build --from $(FROM)
	@$(PYTEST) --junitxml=.pytest_cache/durations.xml --numprocesses=auto --dist=loadfile tests/unit tests/graph
	@$(PYTEST) --junitxml=.pytest_cache/durations-lab.xml $(IN_LABS) tests/lab

soak: venv/.ready-dev ## Run what takes long in the lab: loads, crowds and kills at their full size.
	@$(BOUTIQUE) lab tools --build --from $(FROM)
	@$(PYTEST) --junitxml=.pytest_cache/durations-soak.xml -m soak $(IN_LABS) tests/lab

check: venv/.ready-dev ## Check format, lint and types; changes nothing.
	@venv/bin/ruff format --check
	@venv/bin/ruff check
	@venv/bin/mypy

bench: venv/.ready-dev ## Measure against a peer in the same run.
	@venv/bin/python bench/environment.py
	@venv/bin/python bench/mesh.py
	@venv/bin/python bench/containers.py
	@venv/bin/python bench/feature.py
	@venv/bin/python bench/release.py

docs: venv/.ready-dev ## Write the documentation that comes from the code.
	@venv/bin/python -m docs.generate
	@venv/bin/python -m docs.application_reference
	@venv/bin/python -m docs.access
	@venv/bin/python -m docs.stand_ins

ledger: venv/.ready-dev ## Add new resources to the ledgers of the committed stacks.
	@venv/bin/python -m tests.support.graph.urn_ledger

golden: venv/.ready-dev ## Write the texts of messages that tests/golden holds.
	@venv/bin/python -m tests.support.unit.golden_messages

# Written last, so that an environment half made is never taken for a finished one. Bytecode is compiled when a module is
# first imported (most of the packages for AWS never are), and kept even where the environment forbids it, as many
# container images do: without it every command would take twice as long to start.
unexport PYTHONDONTWRITEBYTECODE
venv/.ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; set PYTHON=…")'
	@rm -f $@; venv/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear venv
	@echo "Installing Python packages into venv/"
	@$(INSTALL) -r requirements.txt --editable .
	@venv/bin/python -m compileall -q application boutique components lab ops policy stacks support
	@touch $@

venv/.ready-dev: venv/.ready requirements-dev.txt
	@echo "Installing the packages for development into venv/"
	@$(INSTALL) -r requirements-dev.txt
	@touch $@
