# The words of this project; `make help` lists them.

PORT ?= 8000
CONFIG ?= hashing/recipes/shop.toml
DATA_DIR ?= data
# What is installed for this project comes first, for the Procfile too.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# A search uses one core, and two web processes two of them.
export OMP_NUM_THREADS ?= 1

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$p && break; done)

# Starts what the Procfile says, and again what dies.
START := python -m config.running

.DEFAULT_GOAL := help
.PHONY: help install run worker test test-search test-others test-fast schema-test test-milvus lint train evaluate encoder bench shots

help: ## list these words
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

install: .venv/serve.stamp ## what serves the shop, into .venv

run: .venv/serve.stamp $(DATA_DIR)/static/staticfiles.json ## the shop on 127.0.0.1:8000, or PORT=
	@python -c "import socket; socket.create_server(('127.0.0.1', $(PORT)))" 2>/dev/null || \
		{ echo "Port $(PORT) is taken or not allowed. Try: make run PORT=8080" >&2; exit 1; }
	@python manage.py set_up --demo --address http://127.0.0.1:$(PORT)
	@exec $(START) --port $(PORT) web $(if $(REDIS_URL),,fresh)

worker: .venv/serve.stamp ## Celery's workers and beat; needs REDIS_URL
	@test -n "$(REDIS_URL)" || { echo "Where is Redis? For example:" \
		"make worker REDIS_URL=redis://127.0.0.1:6379/0" >&2; exit 1; }
	@exec $(START) uploads bulk beat

test: lint ## everything: linters, the suite on PostgreSQL, its database part on SQLite
	@$(MAKE) --no-print-directory -j 2 test-search test-others
	TEST_DATABASE=sqlite python -m pytest -m database

# Half of the suite each, beside each other, with a PostgreSQL of their own.
test-search: .venv/dev.stamp
	TEST_DATABASE=postgresql python -m pytest tests/search

test-others: .venv/dev.stamp
	TEST_DATABASE=postgresql python -m pytest tests --ignore=tests/search

test-milvus: .venv/dev.stamp ## the gallery's tests on a real Milvus, on loopback alone
	@python -m pip install -qq --disable-pip-version-check milvus==2.3.5
	@unshare --map-root-user --net sh -c \
		'ip link set lo up && TEST_DATABASE=sqlite python -m pytest -m milvus'

schema-test: .venv/dev.stamp ## ask the API all that its schema allows and forbids: EXAMPLES=
	SCHEMA_EXAMPLES=$(or $(EXAMPLES),80) TEST_DATABASE=sqlite python -m pytest tests/test_schema.py -s

train: .venv/dev.stamp ## an encoder on a shop's own pictures: CONFIG=… ARGS="--resume"
	python -m hashing train $(CONFIG) $(ARGS)

evaluate: .venv/dev.stamp ## an encoder's figures on a set of pictures: ARGS="--encoder …"
	python -m hashing evaluate $(ARGS)

encoder: .venv/dev.stamp ## fit the shipped encoder again, by its recipe
	OMP_NUM_THREADS=1 python -m hashing fit hashing/recipes/lite0.toml --out hashing/shipped

bench: .venv/dev.stamp ## the figures of benchmarks/results/; says which pictures it needs
	python -m benchmarks.bench_street
	python -m benchmarks.bench_grocery
	python -m benchmarks.bench_runtime
	python -m benchmarks.bench_index gallery --sizes 100000
	python -m benchmarks.bench_switch
	python -m benchmarks.results

shots: .venv/dev.stamp ## a picture of each page, into docs/shots
	python -m tests.browser.shots $(ARGS)

test-fast: .venv/dev.stamp ## what a minute allows: SQLite, no servers, no browser
	@TEST_DATABASE=sqlite python -m pytest -m "not slow" -n auto -q

lint: .venv/dev.stamp ## style, types, layers, missing migrations
	ruff check
	ruff format --check
	mypy
	lint-imports
	python manage.py makemigrations --check --dry-run

# Installed again when a list of requirements changes.
.venv/serve.stamp: requirements.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Semblance needs Python 3.11 or newer. Where one is:" \
		"make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c "import ensurepip, venv" 2>/dev/null || \
		{ echo "$(PYTHON) cannot make a virtual environment." \
		"On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "Installing what serves the shop into .venv ..."
	@python -m pip --version 2>/dev/null | grep -q "$(CURDIR)/.venv" || \
		$(PYTHON) -m venv --clear .venv
	@python -m pip install -qq --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/dev.stamp: .venv/serve.stamp $(wildcard requirements-*.txt)
	@echo "Installing what tests and trains it into .venv ..."
	@python -m pip install -qq --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(DATA_DIR)/static/staticfiles.json: .venv/serve.stamp $(shell find static -type f)
	@python manage.py collectstatic --noinput --verbosity 0
