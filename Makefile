# cutter-console: everything installs into .venv; nothing outside this folder is changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
TESTED := $(VENV)/.tested

.PHONY: demo test versions torture mutants differential check bench manifest lock clean

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(INSTALLED): $(BIN)/python pyproject.toml requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

$(TESTED): $(INSTALLED) requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@

demo: $(INSTALLED)
	@$(BIN)/cutter-console demo

test: $(TESTED)
	$(BIN)/python -m pytest -n auto --dist worksteal

# The tests that depend on PostgreSQL's version, on the major versions that `make test` leaves out.
versions: $(TESTED)
	$(BIN)/python -m pytest -n auto --dist worksteal -m versions

# Kills, lost COMMITs, races, damaged journals and random keys, for MINUTES from SEED; it goes on where it was stopped.
torture: $(TESTED)
	$(BIN)/python -m pytest -n auto --dist worksteal -m torture
	$(BIN)/python -m tests.torture --kills 8000 --commits 1800 --races 2000 --journals 1000000 --seed $(or $(SEED),1) \
		--minutes $(or $(MINUTES),60) --state .torture.json --faults .torture-faults.jsonl
	$(BIN)/python -m tests.screens.fuzz --count $(or $(COUNT),100000) --seed $(or $(SEED),1)

# Takes each protection out of a copy of this tree and wants a test to turn red; ARGUMENTS="--only PATTERN --jobs 2".
mutants: $(TESTED)
	$(BIN)/python -m mutants $(ARGUMENTS)

# The database's verdicts on OpenPGP signatures beside gpg's: COUNT of them, made from SEED.
differential: $(TESTED)
	$(BIN)/python -m tests.backend.database.openpgp_differential --count $(or $(COUNT),1000) --seed $(or $(SEED),1)

check: $(TESTED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

manifest: $(TESTED)
	$(BIN)/python -m pytest -n auto --dist worksteal --junitxml=junit.xml
	$(BIN)/cutter-console manifest build --junit junit.xml

bench: $(TESTED)
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
