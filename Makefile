# make demo  sets up an environment and runs the main job on real music
# make test  sets up an environment and runs everything that must pass
# make coverage says which lines no test reaches
# make check runs the checks that take seconds, in the environment that is there
# make fix   formats and mends what can be mended mechanically

VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin

.PHONY: demo test coverage check fix

# torch first and alone: where a CPU build is at hand, pip then takes it, and no other package
# brings gigabytes of CUDA along. A newer torch works as well; this one is what is tested.
TORCH := torch==2.13.0

$(VENV)/torch:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check $(TORCH)
	touch $@

$(VENV)/demo: $(VENV)/torch pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[demo]'
	touch $@

$(VENV)/dev: $(VENV)/torch pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@ $(VENV)/demo

demo: $(VENV)/demo
	$(BIN)/clamp3 demo

test: $(VENV)/dev
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	$(MAKE) check
	$(BIN)/pytest -n 2 --dist loadfile

# What no test reaches; slower, since one process runs them all.
coverage: $(VENV)/dev
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage report

check:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

fix:
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
