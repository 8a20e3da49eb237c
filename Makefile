# Thin: every target is at most three lines and calls the sselmp command line, which you can call directly too.
MODEL ?= sevennet
SYSTEM ?= Li6PS5Cl
CAMPAIGN ?= quick
PYTHON ?= python3
LAMMPS ?=
TESTS ?= tests
SSELMP := .venv/bin/sselmp
CHOSEN = --potential $(MODEL) --system $(SYSTEM) --campaign $(CAMPAIGN)
# uv installs everything; where the machine has none, this version of it goes into .venv. Nothing is installed elsewhere.
UV_VERSION := 0.13.9
UV_FOUND := $(shell command -v uv 2>/dev/null)
UV := $(or $(UV_FOUND),.venv/bin/uv)
COMMA := ,
SPACE := $(subst ,, )
# uv does not read pip's variable; the same wheels serve both. Compiled bytecode halves every later start.
export UV_FIND_LINKS ?= $(subst $(SPACE),$(COMMA),$(strip $(PIP_FIND_LINKS)))
export UV_COMPILE_BYTECODE ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup env plugin diffusion prepare run analyze statics test lint types imports check format bench lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile
	@echo "  with MODEL=$(MODEL) SYSTEM=$(SYSTEM) CAMPAIGN=$(CAMPAIGN), which you can set: make diffusion CAMPAIGN=smoke"

.venv/bin/python:
	$(UV) venv --quiet --python $(PYTHON) .venv

.venv/bin/uv:
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet uv==$(UV_VERSION)

.venv/installed: requirements.txt pyproject.toml | $(if $(UV_FOUND),.venv/bin/python,.venv/bin/uv)
	$(UV) pip install --python .venv/bin/python -r requirements.txt
	$(UV) pip install --python .venv/bin/python --no-deps --editable .
	@touch $@

setup: .venv/installed ## install sselmp with exact versions into .venv; a second call does nothing

env: setup ## build the environment of MODEL under .venvs/, with its LAMMPS plugin; MODEL=all builds each
	$(SSELMP) env build $(if $(filter all,$(MODEL)),--all,$(MODEL))

plugin: setup ## compile the pair style for your own LAMMPS: make plugin LAMMPS=/its/source/or/prefix
	$(SSELMP) plugin build --lammps $(or $(LAMMPS),$(error name your LAMMPS: make plugin LAMMPS=PATH))

diffusion: setup ## the main job: simulate, then diffusivities, Arrhenius plot and conductivity
	$(SSELMP) diffusion $(CHOSEN)

prepare: setup ## write the run folders of CAMPAIGN
	$(SSELMP) prepare $(CHOSEN)

run: setup ## start or resume the prepared run folders
	$(SSELMP) run $(CHOSEN)

analyze: setup ## turn the run folders into tables and figures
	$(SSELMP) analyze $(CHOSEN)

statics: setup ## relaxation, energy over volume, moduli, hull and voltages of SYSTEM with MODEL
	$(SSELMP) statics $(SYSTEM) --potential $(MODEL)

test: setup ## all tests, with SevenNet's environment; a part of them: make test TESTS=tests/test_launch_run.py
	$(SSELMP) env build sevennet
	.venv/bin/pytest -n 2 --dist loadfile $(TESTS)

lint: setup ## ruff: rules and format
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: setup ## mypy, strict
	.venv/bin/mypy

imports: setup ## the arrows between the layers
	.venv/bin/lint-imports

check: test lint types imports ## all gates

format: setup ## let ruff format the code
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

bench: setup ## milliseconds a step of LAMMPS through the bridge, beside ASE's own loop
	$(SSELMP) env build sevennet
	.venvs/sevennet/bin/python benchmarks/bridge_overhead.py

lock: setup ## choose exact versions anew: requirements.txt and potentials/environments/*.txt
	$(UV) pip compile --quiet --no-header --python .venv/bin/python --extra dev --upgrade pyproject.toml -o requirements.txt
	for pins in $(wildcard potentials/environments/*.in); do $(UV) pip compile --quiet --no-header --python .venv/bin/python --upgrade $$pins $$(ls $${pins%.in}.overrides.txt 2>/dev/null | sed 's/^/--override /') -o $${pins%.in}.txt || exit 1; done
	sed -E -i.old 's/^(torch==[0-9.]+)[+]cpu$$/\1/' potentials/environments/*.txt && rm -f potentials/environments/*.old

clean: ## remove the environments and caches; results stay
	rm -rf .venv .venvs .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find sselmp tests -name __pycache__ -type d -prune -exec rm -rf {} +
