# Everything that is run from a clone. Needs Python 3.11 or later, git and make; uses uv if it is there.
# A target sets up .venv first if that was not done, was cut short, or if pyproject.toml or a lock changed.

BIN := .venv/bin
LOCK := uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
	--only-binary :all: --no-binary forbiddenfruit --custom-compile-command "make lock" pyproject.toml
# Without hashes, for torch's builds without CUDA have others; what a GPU needs, torch's own build asks for.
LOCK_TRAIN := $(subst --generate-hashes,,$(LOCK)) --extra train

# The first Python that works (pyenv, for one, has shims for versions that are not there); looked for only when needed.
PYTHON = $(shell for p in python3.13 python3.12 python3.11 python3.14 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
SETUP = python="$(PYTHON)"; \
	[ -n "$$python" ] || ! command -v uv >/dev/null || python="uv run --quiet --no-project --python 3.12"; \
	[ -n "$$python" ] || { echo "No Python 3.11 or later was found: install one, or install uv." >&2; exit 1; }; \
	$$python scripts/setup_env.py

# An environment that was moved, or whose Python is gone, does not count, however new its stamps.
ifneq ($(shell test -x $(BIN)/python && cat .venv/.setup 2>/dev/null),$(CURDIR))
.PHONY: .venv/.runtime .venv/.dev .venv/.train
endif

.PHONY: help chat serve setup setup-dev setup-train test test-slow lint check bench studio docs lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

chat: .venv/.runtime ## Talk to your digital twin
	@$(BIN)/metahuman chat

serve: .venv/.runtime ## Serve the page, the API and the agents, on this machine only
	@$(BIN)/metahuman serve

setup: .venv/.runtime ## Make everything ready for `chat`: packages and the embedded models
setup-dev: .venv/.dev ## The same, with the tools for development
setup-train: .venv/.train ## Add what training a voice needs: torch, hundreds of megabytes

test: .venv/.dev ## Run the tests; ARGS="-k words" picks some
	@$(BIN)/pytest -n auto --dist worksteal -m "not slow and not real_model" $(ARGS)

test-slow: .venv/.dev ## Run those that kill programs, or talk to the embedded model
	@$(BIN)/pytest -n auto --dist worksteal -m "slow or real_model" $(ARGS)

lint: .venv/.dev ## Check style and types
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

check: lint test test-slow ## All that a change has to pass

bench: .venv/.dev ## Run the benchmarks and write RESULTS.md; ARGS="--data DIR --peers PYTHON --only NAME"
	@$(BIN)/python benchmarks/run_all.py $(ARGS)

studio: .venv/.dev ## Serve the graph to LangGraph Studio
	@LANGGRAPH_CLI_NO_ANALYTICS=1 LANGGRAPH_STRICT_MSGPACK=true \
		$(BIN)/langgraph dev --no-browser --n-jobs-per-worker 10

docs: .venv/.dev ## Write the pages that come from the code: commands and settings
	@$(BIN)/python scripts/reference.py

lock: ## Renew the locks after a change of pyproject.toml, with uv; ARGS=--upgrade takes the newest of all
	$(LOCK) --extra dev --output-file requirements-dev.lock $(ARGS) >/dev/null
	$(LOCK) --constraint requirements-dev.lock --no-annotate --output-file requirements.lock $(ARGS) >/dev/null
	$(LOCK_TRAIN) --constraint requirements-dev.lock --no-annotate --output-file requirements-train.lock $(ARGS) >/dev/null
	sed -i.old -E '/^(nvidia|cuda|triton)/d' requirements-train.lock && rm requirements-train.lock.old

clean: ## Remove the environment, builds and caches; never your home, nor the model
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.runtime: requirements.lock pyproject.toml scripts/setup_env.py
	@$(SETUP)

.venv/.train: .venv/.runtime requirements-train.lock
	@$(SETUP) --train

.venv/.dev: requirements-dev.lock requirements.lock pyproject.toml scripts/setup_env.py
	@$(SETUP) --dev
