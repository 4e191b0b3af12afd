# Everything starts from nothing: python3, python3-venv, make and git are enough.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := quiet=--quiet; [ ! -t 1 ] || quiet=; $(BIN)/python -m pip install $$quiet --disable-pip-version-check
BASE := $(VENV)/base.stamp
TEST := $(VENV)/test.stamp
SITE := $(VENV)/site.stamp
WORKERS ?= 2
ARGS ?=
HOSTED := tests/boards tests/boot tests/conformance tests/hal tests/kernel

.DEFAULT_GOAL := help
.PHONY: help run qemu test coverage check bench fuzz-calls reproducible refusals scorecard assure mutate clean tools fuzz-code \
	battery explore promises fresh site linux programs counts test-more fuzz-linux \
	reach

# This list.
help:
	@awk '/^# / { if (text == "") text = substr($$0, 3); next } \
	    /^[a-z-]+:/ && text != "" { printf "make %-13s %s\n", substr($$1, 1, length($$1) - 1), text } \
	    { text = "" }' Makefile

# The greeting on the hosted machine. ARGS="programs/other.py --report r.json" runs something else.
run: $(BASE)
	@$(BIN)/tyrne run $(ARGS)

# The same system on QEMU.
qemu: $(BASE)
	@$(BIN)/tyrne run --machine qemu $(ARGS)

# All tests, or those of ARGS; those that run the kernel in CPython have to take every branch of it.
test: check tools
ifeq ($(ARGS),)
	$(BIN)/python -m pytest -n $(WORKERS) -m "not branches and not more"
	@$(MAKE) --no-print-directory coverage
else
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)
endif

# What `make test` leaves out, since it takes long: tests with the mark `more`, and programs of others beside qemu-user.
test-more: $(TEST) tools
	$(BIN)/python -m pytest -n $(WORKERS) -m more
	@$(BIN)/python -m assurance.linux.battery

# Which branches of the kernel hosted tests take: ARGS="--json FILE". 1 when they miss one.
coverage: $(TEST)
	@rm -rf build/coverage
	PYTHONPATH=$(CURDIR) $(BIN)/coverage run -m pytest -n $(WORKERS) -m branches $(HOSTED)
	@$(BIN)/python -m assurance.branches $(ARGS)

# The linter, the type checker, and which part imports which.
check: $(TEST)
	$(BIN)/ruff check src tests bench programs assurance labs docs
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_import_direction.py tests/promises/test_list_of_promises.py

# What the kernel of this checkout costs, beside seL4 and the budgets. ARGS="--json bench.json" writes it down as well.
bench: $(BASE)
	@$(BIN)/python bench/table.py $(ARGS)

# A million random system calls in lock step, CPython's kernel and the compiled one: ARGS="--calls N --seed S --json FILE".
# They are guided by what they reach, by --workers W processes; what is found becomes a test in build/found/.
fuzz-calls: $(BASE)
	@$(BIN)/python -m tyrne.testing.lockstep --corpus tests/corpus/calls $(ARGS)

# The kernel's image, built clean in two places: the same bytes, and which.
reproducible: $(BASE)
	@$(BIN)/python -m assurance.reproducible $(ARGS)

# What a newcomer does, on a new Debian 12 and 13 (root; debootstrap): ARGS="RELEASE… --folder FOLDER".
fresh: $(BASE)
	@$(BIN)/python -m assurance.fresh $(ARGS)

# Every campaign within a time budget, an hour if none is said, then the scorecard: ARGS="--minutes N".
assure: $(TEST)
	@$(BIN)/python -m assurance.assure $(ARGS)

# The documentation as a site, in build/site: pages that need no network. A link that leads nowhere ends it.
site: $(SITE)
	@$(BIN)/python -m sphinx -q -W --keep-going -b html -c docs/site docs build/site
	@echo "build/site/index.html"

# docs/promises.md: each sentence of docs/security.md beside the tests that pin it. ARGS=--faults: what they must notice.
promises: $(TEST)
	@$(BIN)/python -m assurance.promises $(ARGS)

# Which refusals of which calls a test pins: ARGS="--json FILE".
refusals: $(TEST)
	@$(BIN)/python -m assurance.refusals $(ARGS)

# docs/scorecard.md, from what the campaigns have left in assurance/results/ and from what can be counted at once.
scorecard: $(TEST)
	@$(BIN)/python -m assurance.scorecard $(ARGS)

# Every state of small systems, on all cores: of all of them, or ARGS="MODEL… --workers N --checkpoint DIR --json FILE --rest".
explore: $(BASE)
	@$(BIN)/python -m tyrne.testing.explore $(ARGS)

# What `tyrne reach` says against what comes about in random systems: ARGS="--systems N --tiny N --first SEED --json FILE".
reach: $(BASE)
	@$(BIN)/python -m tyrne.testing.reach $(ARGS)

# Each check of the kernel broken in turn; a test must notice. ARGS="--file NAME --sample N --seed S --workers W --json FILE".
mutate: $(TEST)
	@$(BIN)/python -m assurance.mutation $(ARGS)

# Random instructions at EL0, hosted and on QEMU: ARGS="--instructions N --seed S --machine qemu".
fuzz-code: $(BASE) tools
	@$(BIN)/python -m tyrne.testing.code.fuzz $(ARGS)

# A battery of generated EL0 programs, hosted and on QEMU: ARGS="--programs N --seed S --machine qemu".
battery: $(BASE) tools
	@$(BIN)/python -m tyrne.testing.code.battery $(ARGS)

# Programs of others for Linux, hosted and on QEMU, beside qemu-user: ARGS="PROGRAM… --machine M --json FILE".
linux: $(TEST) tools
	@$(BIN)/python -m assurance.linux.battery $(ARGS)

# Programs of others that systems/linux runs, into build/programs: ARGS="lua sqlite3" for some of them.
programs: $(BASE)
	@$(BIN)/python -m assurance.linux.fetch $(ARGS)

# Instructions of the same work of Lua and CoreMark, hosted and on QEMU, beside qemu-user: ARGS="--json FILE".
counts: $(BASE) tools
	@$(BIN)/python -m assurance.linux.counts $(ARGS)

# The library OS: calls, pointers, archives at random: ARGS="RUNS --seed S --machine native".
fuzz-linux: $(TEST)
	@$(BIN)/python -m assurance.linux.fuzz $(ARGS)

# QEMU and gdb are the only parts that pip does not bring.
tools:
	@.ci/tools

# Away with .venv and all that was built here. The cache is elsewhere: .venv/bin/tyrne cache clear
clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis src/*.egg-info
	find src tests bench programs assurance docs -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@echo "making $(VENV) and installing Tyrne into it: once, some 600 MB, which make clean removes"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo 'make: needs venv: sudo apt-get install python3-venv' >&2; exit 1; }

$(BASE): pyproject.toml | $(BIN)/python
	@$(PIP) -e .
	@touch $@

$(SITE): $(BASE)
	@$(PIP) -e '.[docs]'
	@touch $@

$(TEST): $(BASE)
	@$(PIP) -e '.[test]'
	@touch $@
