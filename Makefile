# `make paper` and `make test` set up everything they need in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# pip of the system installs into the environment, so that no ensurepip is needed.
INSTALL := $(PYTHON) -m pip --python $(BIN)/python --disable-pip-version-check install --quiet -c constraints.txt

.PHONY: paper quick test lint docs test-app chromium test-md clean

paper: $(VENV)/.core
	$(BIN)/nearedge paper --force

quick: $(VENV)/.core
	$(BIN)/nearedge paper --quick --force

test: $(VENV)/.test
	$(BIN)/python -m pytest -q -n auto --dist loadscope

lint: $(VENV)/.test $(VENV)/.lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/basedpyright

# The manual, with its examples drawn; then every command that it shows.
docs: $(VENV)/.test $(VENV)/.docs
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	PATH=$(CURDIR)/$(BIN):$$PATH $(BIN)/python -m pytest -q -m commands tests/docs
	@echo docs/_build/html/index.html

# The page in a real browser: Debian's Chromium, which is installed where that is allowed.
test-app: $(VENV)/.app-test chromium
	$(BIN)/python -m pytest -q -m browser tests/app

chromium:
	@command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } \
	  || { echo "make test-app needs chromium: apt-get install chromium, as root" >&2; exit 1; }

# The molecular dynamics with its real potential; torch is large, so it is not part of `make test`.
test-md: $(VENV)/.test $(VENV)/.md
	$(BIN)/python -m pytest -q tests/structures tests/cli/test_production.py

clean:
	rm -rf $(VENV)

$(BIN)/python:
	$(PYTHON) -m venv --without-pip $(VENV)

$(VENV)/.core: $(BIN)/python pyproject.toml constraints.txt
	$(INSTALL) -e .
	touch $@

$(VENV)/.test $(VENV)/.lint $(VENV)/.docs $(VENV)/.app-test: $(VENV)/.%: $(VENV)/.core
	$(INSTALL) -e '.[$*]'
	touch $@

# torch first and by its exact version: any other requirement brings several GB for GPUs.
$(VENV)/.md: $(VENV)/.core
	$(INSTALL) torch==2.13.0
	$(INSTALL) -e '.[md]'
	touch $@
