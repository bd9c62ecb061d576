# Kvarn: `make run` does the main job on the sample corpus, `make test` runs the tests. Both set up what they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# No telemetry, no hub, no progress bars of libraries, in anything that make starts.
export DO_NOT_TRACK := 1
export GX_ANALYTICS_ENABLED := false
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export HF_HUB_DISABLE_TELEMETRY := 1
export TOKENIZERS_PARALLELISM := false

.PHONY: setup run test check lint types imports fast coverage quality bench bench-dedup bench-read bench-judge base-model browser clean

setup: $(VENV)/.done

# torch goes first and alone: its wheel decides which accelerator everything after it is installed for.
$(VENV)/.done: pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[dev]'
	touch $@

run: setup
	$(BIN)/kvarn refresh
	$(BIN)/kvarn train
	$(BIN)/kvarn report

test: setup browser
	$(BIN)/python -m pytest -q

# Browser tests take Debian's chromium; without it (and without the right to install it) they skip and say so.
browser:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || { \
	  [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-dejavu >/dev/null; } || \
	  echo "chromium is not installed: browser tests will be skipped"

check: lint types imports test

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup
	$(BIN)/mypy

imports: setup
	$(BIN)/lint-imports

# Kernels and stages only: seconds, for use while editing.
fast: setup
	$(BIN)/python -m pytest -q -x tests/kernels tests/stages

# Kernels are counted once without compilation (numba's code is invisible to the counter), then everything as it runs.
coverage: setup browser
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -q tests/kernels -W ignore::RuntimeWarning --cov --cov-report=
	$(BIN)/python -m pytest -q --cov --cov-append --cov-report=term

# Every quality figure, from the command line's own outputs, into docs/quality.md. Needs ../shared/data and ../shared/scorers.
quality: setup
	$(BIN)/python -m benchmarks.quality

# Near-duplicates of ours and of six peers side by side, about half an hour of an idle machine; docs/bench-dedup.md says what it
# measures. The peers' environments are made on the first run. For parts: BENCH="--only kvarn,daft --sizes 100".
bench-dedup: setup
	$(BIN)/python -m benchmarks.dedup.run $(BENCH)

# Reading of ours and of peers, format by format, and memory over large files: some ten minutes; docs/bench-read.md says what
# it measures. For parts: BENCH="--only HTML;PDF --rounds 3 --no-memory".
bench-read: setup
	$(BIN)/python -m benchmarks.read.run $(BENCH)
	$(BIN)/python -m benchmarks.read.html
	$(BIN)/python -m benchmarks.read.sandbox

# Language, noise, personal data and repair of ours and of peers: some ten minutes, the first time with the peers' environments;
# docs/bench-judge.md says what it measures. Peers that did not change are not measured again: BENCH="--fresh" does.
# For parts: BENCH="--only ours --rounds 3".
bench-judge: setup
	$(BIN)/python -m benchmarks.judge.run $(BENCH)

bench: bench-dedup bench-read bench-judge

# Trains the embedded base model anew (an hour of one core); needs the texts that its card names.
base-model: setup
	$(BIN)/python -m pipeline.train.pretrain --data ../shared/data/pretrain

clean:
	rm -rf curated/releases curated/.work curated/CURRENT models/*/
