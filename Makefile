# Every target does all its own set-up: a fresh machine needs only Python 3.11 or newer, pip and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
endif
READY := $(VENV)/.ready

.PHONY: help setup demo test slow lint types docs lock coverage clean

help:
	@echo "make demo   analyse the bundled Sinos Valley; output in out/demo"
	@echo "make test   run the tests        make slow   run the long tests"
	@echo "make lint   check style          make types  check types"
	@echo "make setup  only the environment make docs   generated pages of docs/"
	@echo "make lock   new requirements.lock            make clean"

setup: $(READY)

$(READY): requirements.lock requirements-build.lock pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(0 if sys.version_info >= (3, 11) else 'Sinos needs Python 3.11 or newer; run: make PYTHON=python3.12 ...')"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-build.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --no-build-isolation -r requirements.lock \
	  || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-build-isolation -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(READY)

demo: setup
	$(BIN)/sinos demo --out out/demo

test: setup
	$(BIN)/python -m pytest -q -n auto --dist loadfile -m "not slow"

slow: setup
	$(BIN)/python -m pytest -q -n auto --dist loadfile -m slow

# Lines of compiled functions cannot be traced, so the tests of equal bits run once more with the kernel as plain Python.
coverage: setup
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -q --cov --cov-report= -k "equal_bits or every_bit" tests/strategies/test_engine.py
	$(BIN)/python -m pytest -q -n auto --dist loadfile --cov --cov-append --cov-report=term-missing:skip-covered --cov-fail-under=95

lint: setup
	$(BIN)/ruff check .

types: setup
	$(BIN)/mypy

docs: setup
	$(BIN)/python docs/generate.py

lock:
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --require-hashes -r requirements-build.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --all-extras pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-emit-find-links --allow-unsafe --custom-compile-command "make lock" requirements-build.in -o requirements-build.lock
	! grep -n "://" requirements.lock requirements-build.lock

clean:
	rm -rf $(VENV) out .mypy_cache .ruff_cache .hypothesis .coverage
