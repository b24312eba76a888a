# On a new machine with Python 3.11 or 3.12 and make, run `make book` and `make test`. After a small
# change, run `make quick`. Every target except `clean` uses `.venv` and creates it first.

PYTHON ?= python3
BIN := .venv/bin
# Two files at a time, with one thread each; `make test PYTEST=` runs them one after the other
PYTEST ?= -n 2 --dist loadfile
# Node.js runs the linter and the unit tests of the book's scripts; without it they are skipped
NODE := $(shell command -v node)

ifdef NODE
JAVASCRIPT := node_modules/installed
endif

.PHONY: book offline links slides pdf epub quick test lengths javascript lint lock execute mutants false-alarms strangers converged bench fuzz clean

# A stamp, so that pip runs again only when a requirement changes
.venv/installed: requirements.txt constraints.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)) and "Expected Python 3.11 or 3.12, found " + sys.version.split()[0] + ". Name one: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt
	touch $@

book: .venv/installed
	$(BIN)/jupyter-book build -W -n --keep-going .
	@echo "The book is at file://$(CURDIR)/_build/html/index.html"

# The book as one archive, for reading without a network or a server
offline: book
	$(BIN)/python -m tabbook.offline

# Whether each link to another site still leads somewhere
links: .venv/installed
	$(BIN)/jupyter-book build --builder linkcheck .

# Only the slides; `make book` also builds them
slides: .venv/installed
	$(BIN)/python -m tabbook slides

# The book for each framework as one PDF, printed by Chromium, or as one ePub. For one framework, use
# for example EDITIONS="--framework jax". The pages then link to these files.
pdf epub: book
	$(BIN)/python -m tabbook $@ $(EDITIONS)

# All checks before a merge: runs all tests and executes all notebooks again
test: .venv/installed javascript
	$(BIN)/pytest $(PYTEST)

# Checks for a small change, in three minutes: only PyTorch's notebooks, without cells that train for
# epochs
quick: lint javascript
	$(BIN)/python -m tabbook check
	$(BIN)/pytest $(PYTEST) --framework pytorch --skip-slow -m "not browser"

# How long the pages of the built book are; a page over the limits is marked, and nothing fails
lengths: .venv/installed
	$(BIN)/python tests/browser/page_lengths.py

# The unit tests of the book's scripts
javascript: $(JAVASCRIPT)
	$(if $(NODE),npm test --silent,@echo "Skipped: the tests of the book's scripts need Node.js 20 or newer")

node_modules/installed: package.json package-lock.json
	npm ci --silent --no-audit --no-fund
	touch $@

lint: .venv/installed $(JAVASCRIPT)
	$(if $(NODE),npm run --silent lint,@echo "Skipped: the linter of the book's scripts needs Node.js 20 or newer")
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions .github/actions/*/action.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.citation-file-format CITATION.cff

# Resolves requirements.txt and the extras for learners again, for the platforms in pyproject.toml.
# Read `git diff` and run `make test` before you commit the result.
lock: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --no-annotate \
		--no-emit-index-url --no-emit-package d2lcompat --custom-compile-command "make lock" \
		requirements.txt pyproject.toml --extra lab --extra tensorflow --output-file constraints.txt

# Executes every notebook again and stores its outputs. Read `git diff` before you commit them.
execute: .venv/installed
	$(BIN)/python -m tabbook execute

# Tests of the check of the notebooks: does it find deliberate faults, and do unchanged notebooks
# pass? They take an hour each; tests/README.md has the last results. For less, use for example
# MUTANTS="--framework jax".
mutants: .venv/installed
	$(BIN)/python tests/mutants/run.py $(MUTANTS)

false-alarms: .venv/installed
	$(BIN)/python tests/false_alarms.py $(FALSE_ALARMS)

# Checks the public notebooks that tests/strangers.csv lists: are they unchanged, and is every change
# found? It clones their repositories and takes half an hour; for less, use for example
# STRANGERS="--only nbclient". The packages that they import have a separate environment.
strangers: .venv-strangers/installed
	.venv-strangers/bin/python tests/strangers.py $(STRANGERS)

.venv-strangers/installed: tests/strangers-requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv-strangers
	.venv-strangers/bin/python -m pip install --quiet --disable-pip-version-check -r tests/strangers-requirements.txt
	touch $@

# Trains with twice the epochs and lists each verdict that changes. It takes half an hour or more;
# for less, use for example CONVERGED="--page dropout --framework jax".
converged: .venv/installed
	$(BIN)/python tests/doubled_epochs.py $(CONVERGED)

# Compares the training time with a plain loop and with d2l 1.0.3, which has a separate environment;
# writes benchmarks/RESULTS.md. It takes half an hour; for less, use for example
# BENCH="--framework jax --no-growth".
bench: .venv/installed .venv-d2l/installed
	$(BIN)/python benchmarks/run.py $(BENCH)

.venv-d2l/installed: benchmarks/d2l-requirements.txt
	$(PYTHON) -m venv .venv-d2l
	.venv-d2l/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/d2l-requirements.txt
	.venv-d2l/bin/python -m pip install --quiet --disable-pip-version-check --no-deps d2l==1.0.3 torchvision==0.28.0
	touch $@

# Tests the reader of IDX with 100,000 broken files; tests/README.md has the last results
fuzz: .venv/installed
	$(BIN)/pytest tests/package/test_data_idx.py -k fuzzed --hypothesis-profile=fuzz --hypothesis-show-statistics

clean:
	rm -rf .venv .venv-d2l .venv-strangers node_modules _build .pytest_cache .mypy_cache .ruff_cache .hypothesis
