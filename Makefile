PYTHON ?= python3
PORT ?= 8501
BIN := .venv/bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test check format bench lock sums load soak fuzz clean chromium nginx

help: ## List these targets.
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

run: .venv/app-installed ## Serve the app on PORT (8501).
	$(BIN)/streamlit run app.py --server.port $(PORT)

test: check chromium nginx ## Check, then run all tests; ARGS goes to pytest.
	$(BIN)/python -m pytest $(ARGS)

check: .venv/tests-installed ## Lint, formatting, import rules and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy

format: .venv/tests-installed ## Sort imports and format the code.
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: .venv/tests-installed ## Measure the app's speed.
	$(BIN)/python -m tests.benchmarks $(ARGS)

load: .venv/tests-installed ## Send a class of 30 to a server of its own; ARGS changes the class.
	$(BIN)/python -m tests.load $(ARGS)

fuzz: .venv/tests-installed ## Try over 10,000 hostile inputs, FUZZ times as many as make test does.
	FUZZ=$${FUZZ:-12} $(BIN)/python -m pytest tests/fuzz $(ARGS)

soak: .venv/tests-installed ## Keep a class with work for the server there for ten minutes.
	$(BIN)/python -m tests.load --light 22 --heavy 8 --seconds 600 --leave 20 \
		--growth 10 --unfair 2 $(ARGS)

lock: .venv/app-installed ## Write down the exact environment, with the sum of every file.
	$(BIN)/python .ci/lock.py requirements.txt requirements.lock > requirements.lock.new
	mv requirements.lock.new requirements.lock

sums: ## Write down the sums of the files in assets that the app reads.
	cd assets && LC_ALL=C sha256sum data/*.png data/*.json data/*.txt fonts/*.woff2 pictures/*.jpg \
		pictures/*.json weights/*.json *.svg > SUMS

clean: ## Remove the environment and all caches.
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What the requirements ask for comes in the versions that were tested; torch, in whichever build fits.
.venv/app-installed: requirements.txt requirements.lock
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.11")'
	test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	sed '/^torch/d; s/ --hash.*//' requirements.lock > .venv/tested.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -c .venv/tested.txt
	@touch $@

.venv/tests-installed: .venv/app-installed tests/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt -c .venv/tested.txt
	@touch $@

# Browser tests drive the Chromium named by CHROMIUM or found on the PATH; one has nginx in front.
chromium:
	@test -n "$$CHROMIUM" || command -v chromium >/dev/null || command -v chromium-browser >/dev/null \
	|| command -v google-chrome >/dev/null || $(call debian,chromium fonts-liberation) \
	|| echo "Browser tests need Chromium: apt-get install chromium, or set CHROMIUM to its path."

nginx:
	@PATH="$$PATH:/usr/sbin"; command -v nginx >/dev/null || $(call debian,nginx-light) \
	|| echo "A test of several servers needs nginx: apt-get install nginx-light."

debian = { sudo=; test "$$(id -u)" = 0 || sudo="sudo -n"; $$sudo apt-get update -qq && \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(1); }
