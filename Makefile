# cardsvc: `make run` starts the demo, `make test` runs every test and check. `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
PY := $(VENV)/bin/python
PORT ?= 8080

.PHONY: help setup setup-test run test check lint lock screenshots clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what the service needs, and stop
	@tools/setup.sh run

setup-test: ## install what the tests need as well
	@tools/setup.sh test

run: setup ## install what is missing and start the demo on http://127.0.0.1:8080
	@exec $(PY) -m cardsvc demo --port $(PORT)

test: setup-test ## every check and every test
	@tools/check.sh
	@tools/test.sh

check: setup-test ## format, lint, types, layers, dependencies
	@tools/check.sh

screenshots: setup-test ## a picture of every page and state in var/screenshots
	@$(PY) tools/screenshots.py

lock: ## make requirements/*.txt anew from *.in
	@tools/lock.sh

clean: ## remove what setup and runs left
	rm -rf $(VENV) var build cardsvc/assets counter_ui/static/vendor
