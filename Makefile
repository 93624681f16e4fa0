# `make run` and `make test` do all the set-up that they need: a virtual environment with pinned packages.

VENV := .venv
PYTHON := $(VENV)/bin/python
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: run test test-long coverage bench check pins clean

run: $(VENV)/base
	@$(PYTHON) deploy/supervisor.py

test: $(VENV)/dev
	@$(PYTHON) tests/run.py

# The suite on SQLite once more, measured: twice as slow, so for itself. It fails under 90 % of branches. What walks
# the same ways a thousand times is marked `no_cover`.
coverage: $(VENV)/dev
	pytest -q -n 2 --dist worksteal --cov --cov-report=term:skip-covered

# The slow proofs, with random examples, and the attacks in a browser where there is one. SEED repeats what was
# printed; ARGS goes to pytest.
SEED ?= $(shell od -An -N4 -tu4 /dev/urandom | tr -d ' ')
test-long: $(VENV)/dev $(VENV)/e2e
	$(PYTHON) tests/run.py -m "long or once" --hypothesis-profile=long --hypothesis-seed=$(SEED) $(ARGS)

# How fast it is, on what is there: a table of figures on stdout. Half an hour; BENCH_QUICK=1 only tries the scripts.
bench: $(VENV)/dev
	@$(PYTHON) bench/all.py

check: $(VENV)/dev
	ruff format --check .
	ruff check .
	lint-imports
	mypy
	$(PYTHON) manage.py makemigrations --check --dry-run
	$(PYTHON) deploy/check_production.py

# Needs uv, which people who only run or test do not.
pins:
	for name in base dev e2e; do UV_CUSTOM_COMPILE_COMMAND="make pins" uv pip compile --quiet --universal \
		--python-version 3.11 --generate-hashes requirements/$$name.in -o requirements/$$name.txt; done

$(VENV)/e2e: requirements/e2e.txt $(VENV)/dev
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/e2e.txt
	touch $@

clean:
	rm -rf $(VENV)

$(VENV)/base: requirements/base.txt
	test -x $(PYTHON) || python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/base.txt
	touch $@

$(VENV)/dev: requirements/dev.txt requirements/base.txt
	test -x $(PYTHON) || python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	touch $@ $(VENV)/base
