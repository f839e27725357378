# Two commands do everything: make run, make test. Both first bring .venv to what they need.
PYTHON ?= python3
FILE ?=
ARGS ?=
CLIENTS ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/supreme/clients
export PYTHON
IN = .venv/bin/python
# Tests mostly wait for processes and disks: three at a time on two cores take half the time of one.
BESIDE = -n 3 --dist loadfile --no-loadscope-reorder
# What failed beside others is run once more by itself, told, and counts if it fails again.
AGAIN = || $(IN) -m pytest -q --last-failed --last-failed-no-failures none -m

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run stop test test-long test-clients bench bench-cache build clean

help: ## this list
	@echo "Supreme, a crypto trading engine. A fresh machine needs only Python 3.11+ and make."
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'

run: ## set up, start an engine on paper and its console; FILE=f.records trades real minutes, ARGS adds options
	@sh .ci/set_up run
	@set -- $(if $(FILE),--replay "$(FILE)") $(ARGS); \
	if [ -t 0 ] && [ -t 1 ]; then exec $(IN) -m supreme_cli up "$$@"; fi; $(IN) -m supreme_cli run --for 30 "$$@" \
	  || { code=$$?; [ $$code -eq 130 ] || exit $$code; }

stop: ## stop the engine that make run started
	@$(IN) -m supreme_cli down

test: ## set up, then lint, types and tests
	@sh .ci/set_up test
	$(IN) -m ruff check .
	$(IN) -m ruff format --check .
	$(IN) -m mypy
	$(IN) -m pytest -q -m "not long and not alone" $(BESIDE) $(AGAIN) "not long and not alone"
	$(IN) -m pytest -q -m "alone and not long" $(AGAIN) "alone and not long"

test-long: ## every test, with those that take minutes
	@sh .ci/set_up test
	$(IN) -m pytest -q -m "not alone" $(BESIDE)
	$(IN) -m pytest -q -m "alone"

test-clients: ## clients others wrote trade on `supreme venue`; installs them in ~/.cache (once)
	@sh .ci/set_up test
	@sh .ci/set_up_clients $(CLIENTS)
	SUPREME_CLIENTS=$(CLIENTS)/bin/python $(IN) -m pytest -q tests/acceptance/clients

bench: ## the figures this project promises, measured here
	@sh .ci/set_up test
	$(IN) -m bench $(ARGS)

bench-cache: ## the cache's own figures, beside what others reach
	@sh .ci/set_up test
	$(IN) -m bench cache_memory cache_lower cache_ahead

build: ## compile the decision core (make run does it when needed)
	@sh .ci/set_up run
	$(IN) -m engine.compile

clean: ## remove whatever make has made, .venv included
	rm -rf .venv engine/built build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
