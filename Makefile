# Two commands matter: `make run` and `make test`. Both make .venv first and install what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test slow soak bench check audit format clean

run: $(VENV)/.run
	@$(BIN)/tracker serve --demo $(ARGS)

# Browsers one by one, for what a person waits for is measured in seconds; if the machine was busy, once more. The rest two
# at a time, the longest first, so that nobody waits for it at the end; what had to be tried twice is told at the end.
test: $(VENV)/.dev
	@tests/packages.sh
ifdef ARGS
	@$(BIN)/python -m pytest $(ARGS)
else
	@$(BIN)/python -m pytest --reruns 2 browser_tests
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --reruns 1 -m "not slow" --durations=40 tests/faults tests
endif

# What would take `make test` over its quarter of an hour: servers and clusters of one's own, faults that take their time.
slow: $(VENV)/.dev
	@tests/packages.sh
	@$(BIN)/python -m pytest -m slow tests

# The fault and failover tests with many rounds; alone, for they are timed. Then the table of docs/reliability.md.
soak: $(VENV)/.dev
	@tests/packages.sh
	@rm -f soak.jsonl
	@SOAK=1 SOAK_RESULTS=soak.jsonl $(BIN)/python -m pytest tests/faults tests/clusters $(ARGS); failed=$$?; \
		$(BIN)/python -m tests.faults.report soak.jsonl && exit $$failed

# What the tracker costs, beside bare aiohttp and nginx, in one run; writes docs/performance.md. ARGS="clicks" for one part.
bench: $(VENV)/.dev
	@tests/packages.sh bench
	@$(BIN)/python -m bench $(ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# Asks the registry for known vulnerabilities of what is pinned. Without its advisory data this fails: nothing was audited.
audit: $(BIN)/python
	$(PYTHON) -m venv $(VENV)/audit
	$(VENV)/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	$(VENV)/audit/bin/pip-audit --strict --require-hashes --disable-pip -r requirements.lock

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make run PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing into $(VENV): once, a minute or two."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing into $(VENV), with what the tests need: once, a minute or two."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.run

clean:
	rm -rf $(VENV) *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
