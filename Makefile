# make demo  sets up an environment and runs the main job on real music
# make test  sets up an environment and runs everything that must pass
# make crash, soak, hostile  try what docs/security.md promises at full length, and report
# make coverage says which lines no test reaches
# make check runs the checks that take seconds, in the environment that is there
# make fix   formats and mends what can be mended mechanically

VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin

.PHONY: demo test crash soak hostile coverage check fix

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

# 100 kills and 100 modelled power cuts, some 15 minutes; a longer life: make crash KILLS=2000 CUTS=2000
KILLS ?= 100
CUTS ?= 100
crash: $(VENV)/dev
	$(BIN)/python benchmarks/crash.py --kills $(KILLS) --cuts $(CUTS)

# 20,000 requests of all kinds beside an index run without end, some 10 minutes (Linux)
REQUESTS ?= 20000
soak: $(VENV)/dev
	$(BIN)/python benchmarks/soak.py --requests $(REQUESTS)

# The whole corpus of hostile files and random changes of good ones
hostile: $(VENV)/dev
	$(BIN)/python benchmarks/hostile.py

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
