# cutter-console: everything installs into .venv; nothing outside this folder is changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
TESTED := $(VENV)/.tested
MEASURED := $(VENV)/.measured
BACKEND := console/backend
MIGRATIONS := $(BACKEND)/postgres/migrations
DECIDES := $(BACKEND)/approvals/*,$(BACKEND)/journal/*,$(BACKEND)/runs/kill_switch.py,$(BACKEND)/model/states.py,$(BACKEND)/runs/settling.py,$(BACKEND)/gates/*

.PHONY: demo test test-rest test-versions package test-package test-fresh torture mutants differential coverage check bench manifest pages man clean

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

# The tests that depend on PostgreSQL's version, and the whole passage, on the major versions that `make test` leaves out:
# those of the embedded wheel, of the system, and of PROGRAMS, a folder that has theirs as 14/bin, 17/bin.
test-versions: $(TESTED)
	for folder in $(if $(PROGRAMS),$(wildcard $(PROGRAMS)/*/bin)); do PATH="$$folder:$$PATH"; done; export PATH; \
		$(BIN)/python -m pytest -n auto --dist worksteal -m versions

# Wheel and source archive in dist/, with the man page and the completions of the shells.
package: $(TESTED)
	rm -rf dist build/lib build/bdist.*
	$(BIN)/python -m tests.support.share
	$(BIN)/python -m build --outdir dist .

# The wheel in an environment of its own, outside this folder: version, man page, completions, the demo's tour.
test-package: package
	$(BIN)/python -m tests.support.package_trial

# The README's commands in a new Debian that has nothing but what the README names; as root, with debootstrap.
test-fresh:
	tests/fresh.sh $(or $(SUITE),stable)

# The tests that `make test` leaves out: longer ones, and the rest of the matrices.
test-rest: $(TESTED)
	$(BIN)/python -m pytest -n auto --dist worksteal -m torture

# Kills, lost COMMITs, races, sequences, walks of barred runs and damaged journals from SEED, for MINUTES or until all are done,
# going on where it was stopped; then COUNT random keys.
torture: test-rest
	$(BIN)/python -m tests.torture --kills 8000 --amendments 4000 --edits 1000 --batches 1000 --imports 500 --commits 1800 --haste 500 --server 500 --signals 500 \
		--races 2000 --sequences 50000 --bars 1000 --journals 1000000 --seed $(or $(SEED),1) \
		--minutes $(or $(MINUTES),60) --state .torture-$(or $(SEED),1).json --faults .torture-faults.jsonl
	$(BIN)/python -m tests.screens.fuzz --count $(or $(COUNT),100000) --seed $(or $(SEED),1)

# Takes each protection out of a copy of this tree and wants a test to turn red; ARGUMENTS="--only PATTERN --jobs 2".
mutants: $(TESTED)
	$(BIN)/python -m mutants $(ARGUMENTS)

# The database's verdicts on OpenPGP signatures beside gpg's: COUNT of them, made from SEED.
differential: $(TESTED)
	$(BIN)/python -m tests.backend.postgres.openpgp_differential --count $(or $(COUNT),1000) --seed $(or $(SEED),1)

# Which branches of the backend the tests pass, in commands of their own processes too; slower than `make test`. Left out are the
# tests of what is loaded when: what measures is loaded, too.
$(MEASURED): $(TESTED) requirements-coverage.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-coverage.txt
	touch $@

coverage: $(MEASURED)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n auto --dist worksteal --deselect tests/test_import_hygiene.py
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report
	@echo "Of these, what decides:"
	$(BIN)/coverage report --include='$(DECIDES)'

check: $(TESTED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/squawk --config squawk.toml --exclude-path '*/0009_inventory.sql' $(MIGRATIONS)/*.sql
# This one is released, so that the reason cannot stand in it: the function that it drops is replaced in the same file.
	{ echo '-- squawk-ignore-file ban-drop-function'; cat $(MIGRATIONS)/0009_inventory.sql; } | \
		$(BIN)/squawk --config squawk.toml --stdin-filepath 0009_inventory.sql

manifest: $(TESTED)
	$(BIN)/python -m pytest -n auto --dist worksteal --junitxml=junit.xml
	$(BIN)/cutter-console manifest build --junit junit.xml

# The parts of pages that come from tables of the program: the lists of commands, the documents with their gates.
pages: $(TESTED)
	$(BIN)/python -m tests.support.pages

# build/cutter-console.1; read it with: man ./build/cutter-console.1
man: $(TESTED)
	$(BIN)/python -m tests.support.man_page

bench: $(TESTED)
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.*
