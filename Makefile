# The studio's commands. `make` alone lists them. Everything is installed into .venv, nothing elsewhere.
# Other interpreter: make PYTHON=python3.12 run        Some tests only: make test TESTS=tests/unit

BIN = .venv/bin
TESTS =
COMPILE = UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal \
	--python-version 3.11 --generate-hashes --annotation-style line \
	--no-emit-index-url --no-emit-find-links pyproject.toml requirements/build.in

.PHONY: help install run test check format lock clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

install: ## Make .venv with the `studio` command
	@PYTHON="$(PYTHON)" .ci/environment run

run: install ## Start the whole studio; Ctrl-C stops it
	@exec $(BIN)/studio up

# Tests start hundreds of processes: what they import is compiled once, whatever the machine says, and
# for packages that was done when they were installed.
test: ## Run all tests, with everything they need
	@PYTHON="$(PYTHON)" .ci/environment dev
	@STUDIO_CHROMIUM="$$(.ci/chromium)" || exit 1; export STUDIO_CHROMIUM; \
		unset PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX; \
		exec $(BIN)/pytest -n auto $(TESTS)

check: ## Run every check that needs no running service
	@PYTHON="$(PYTHON)" .ci/environment dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/hadolint Dockerfile

format: ## Format the code and mend what can be mended
	@PYTHON="$(PYTHON)" .ci/environment dev
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

lock: ## Pin the dependencies of pyproject.toml anew (newest: make lock UPGRADE=--upgrade)
	@PYTHON="$(PYTHON)" .ci/environment dev
	$(COMPILE) $(UPGRADE) -o requirements/run.txt
	$(COMPILE) $(UPGRADE) --extra dev -c requirements/run.txt -o requirements/dev.txt

clean: ## Remove .venv and caches; your data in .studio stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
