# Each goal sets up .venv by itself. Needed: python3 (3.11 to 3.13), make, and a package index that pip knows.
# Another interpreter: make test PYTHON=python3.12
.DEFAULT_GOAL := help
.PHONY: help demo test test-all check clean again
.DELETE_ON_ERROR:

BIN := .venv/bin
STAMP := .venv/installed
FITS := import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

demo: $(STAMP)  ## train the built-in demonstration, evaluate it, translate a few lines (minutes)
	@$(BIN)/nmt demo

test: $(STAMP)  ## run the tests
	@$(BIN)/pytest -n 2 --dist loadfile

test-all: $(STAMP)  ## run the tests, those that train for minutes too
	@$(BIN)/pytest -m "slow or not slow"

check: $(STAMP)  ## style, types, import order
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { echo "not formatted: run $(BIN)/ruff format ."; exit 1; }
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo > .venv/lint-imports.log || { cat .venv/lint-imports.log; exit 1; }
	@echo "style, types and import order are fine"

clean:  ## remove caches and builds; .venv and runs/ stay
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -path ./.venv -prune -o -path ./runs -prune -o -name __pycache__ -type d -exec rm -rf {} +

help:  ## say what there is to make
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-16s%s\n", $$1, $$2 }'

# The stamp comes last: a set-up that was interrupted is carried on by the next goal. An environment that works is kept.
$(STAMP): pyproject.toml $(if $(shell [ -x $(BIN)/python ] || echo gone),again)
	@set -e; found=; \
	if ! { [ -x $(BIN)/python ] && $(BIN)/python -c '$(FITS)' && $(BIN)/python -m pip --version; } > /dev/null 2>&1; then \
		for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11); do \
			if command -v $$python > /dev/null && $$python -c '$(FITS)' > /dev/null 2>&1; then found=$$python; break; fi; \
		done; \
		if [ -z "$$found" ]; then \
			echo "no fitting Python: needed is 3.11, 3.12 or 3.13 with its venv module (make ... PYTHON=/path/to/python3)" >&2; exit 1; \
		fi; \
		echo "setting up .venv with $$($$found --version) (once; a few minutes)"; \
		$$found -m venv --clear .venv; \
	else \
		echo "bringing .venv up to date"; \
	fi; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'; \
	touch $(STAMP)
