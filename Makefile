# Everything a person does in this checkout; `make help` lists it.
#
# Needs python3 (3.11 or newer) with its venv module, and make. Every package
# comes from the hash-locked lists in requirements/, so two machines get the same.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Many tests wait for a daemon or a server: two cores are busy with four at a time, not with two.
# Neighbours share what their module's fixtures made, so workers steal from each other's ends.
PYTEST := $(BIN)/pytest -n 4 --dist worksteal
# What takes longer, or needs more than PyPI, has a marker and a target of its own.
PLAIN := not root and not slow and not browser and not monitoring and not rendered
DEFAULT := not long and $(PLAIN)
# The main job, which `make server` has done by a role that owns nothing.
UNDER_ROLE := $(addprefix tests/,daemon derived explain faults flow gaps ingest)
# What these show is decided before a statement reaches a server, or after: the same on any.
SAME_ON_ANY := $(addprefix tests/,$(addprefix http/test_,any_request.py asked_runs.py hostile_clients.py limits.py \
	page.py trust.py) $(addprefix cli/test_,exit_codes.py handover.py handover_ends.py setup.py terminal.py))
# Compiled files are worth 5 s of every worker's start, whatever the shell at hand thinks of them.
unexport PYTHONDONTWRITEBYTECODE
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-strip-extras --no-emit-index-url --no-emit-find-links --no-header --annotation-style line

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- the environment: made once, again when what it is made from has changed

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'giddyup-watch needs Python 3.11 or newer: make PYTHON=python3.12 ...' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/run.installed: $(VENV)/made requirements/build.txt requirements/run.txt pyproject.toml
	$(PIP) --require-hashes -r requirements/build.txt -r requirements/run.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.installed: $(VENV)/made requirements/dev.txt pyproject.toml
	$(PIP) --require-hashes -r requirements/dev.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/browser.installed: $(VENV)/dev.installed requirements/browser.txt
	$(PIP) --no-deps --require-hashes -r requirements/browser.txt
	@touch $@

$(VENV)/docs.installed: $(VENV)/made $(VENV)/run.installed requirements/docs.txt
	$(PIP) --require-hashes -r requirements/docs.txt
	@touch $@

$(VENV)/package.installed: $(VENV)/made requirements/package.txt pyproject.toml
	$(PIP) --require-hashes -r requirements/package.txt
	@touch $@

# --- using it

# A tree of yours goes into the database of the state directory that every command finds by
# itself; the sample tree into one of its own, so that the two never meet.
SAMPLE := $(CURDIR)/.state/sample
LISTEN := $(or $(GIDDYUP_WATCH_HTTP__LISTEN),127.0.0.1:9917)
ifdef MASTER
STATE :=
TREE := $(MASTER)
else
STATE := STATE_DIRECTORY=$(SAMPLE)
TREE := $(SAMPLE)/master
endif

.PHONY: run
run: $(VENV)/run.installed $(if $(MASTER),,$(SAMPLE)/master) ## Follow MASTER=/path/to/master, or a sample tree, with a PostgreSQL of its own
	@echo 'Following $(TREE). Ctrl-C stops.'
	@echo 'Status page: http://$(LISTEN)/ , or in another terminal, giddyup-watch status after:'
	@echo '  export $(STATE) GIDDYUP_WATCH_MASTER__PATH=$(TREE) PATH=$(abspath $(BIN)):$$PATH'
	@$(STATE) $(BIN)/giddyup-watch run --master '$(TREE)' --database embedded

$(SAMPLE)/master: | $(VENV)/run.installed
	@rm -rf $@.new
	$(BIN)/python -c 'import datetime, pathlib; from giddyup_watch.demo import tree; \
		tree.sample(pathlib.Path("$@.new"), datetime.date.today())'
	@mv $@.new $@

.PHONY: demo
demo: $(VENV)/run.installed ## The tour: sample tree, pretend scraper, daemon, all thrown away at the end
	$(BIN)/giddyup-watch demo

# --- working on it

.PHONY: test
test: $(VENV)/dev.installed ## The default suite, on the embedded PostgreSQL
	$(PYTEST) -m '$(DEFAULT)' $(COVER)

# What hypothesis makes up is tried more often by `make slow`.
.PHONY: long
long: $(VENV)/dev.installed ## The other half of it: faults, hand-overs, whole programs that are started and killed
	$(PYTEST) -m 'long and not hypothesis and $(PLAIN)'

.PHONY: server
server: $(VENV)/dev.installed ## What both halves ask a PostgreSQL, asked of another (SERVER=/usr/lib/postgresql/15/bin)
	export GIDDYUP_TEST_POSTGRES='$(or $(SERVER),$(error SERVER= names the folder of its programs))'; \
		GIDDYUP_TEST_ROLE=1 $(PYTEST) -m 'server and $(PLAIN)' $(UNDER_ROLE) && \
		$(PYTEST) -m 'server and $(PLAIN)' $(patsubst %,--ignore=%,$(UNDER_ROLE) $(SAME_ON_ANY))

.PHONY: slow
slow: $(VENV)/dev.installed ## Tests too long for the default suite: a whole year, every point to be killed at, wild input (PROFILE=ci: less of that)
	$(PYTEST) -m '(slow or hypothesis) and not root and not browser and not monitoring and not rendered' --hypothesis-profile '$(or $(PROFILE),slow)'

.PHONY: fuzz
fuzz: $(VENV)/dev.installed ## Files and manifests grown wrong, INPUTS=100000 of each (FUZZ_SEED=… to see one again)
	FUZZ_INPUTS=$(or $(INPUTS),100000) $(BIN)/pytest -q tests/fuzz

# Both say what they measured in build/soak/.
.PHONY: soak
soak: $(VENV)/dev.installed ## Three writers at full speed, two daemons, a fault every few seconds (MINUTES=30)
	SOAK_SECONDS=$$(( 60 * $(or $(MINUTES),30) )) SOAK_REPORT=build/soak/soak.json $(BIN)/pytest -q tests/soak/test_soak.py
	@cat build/soak/soak.json

.PHONY: soak-kill
soak-kill: $(VENV)/dev.installed ## kill -9 of daemon, backends and server while the tree changes (KILLS=500; root)
	SOAK_KILLS=$(or $(KILLS),500) SOAK_REPORT=build/soak/kills.json $(BIN)/pytest -q tests/soak/test_kills.py
	@cat build/soak/kills.json

# It never passes for want of a browser: without one it fails.
.PHONY: browser
browser: $(VENV)/browser.installed ## The status page in Debian's chromium, with axe (apt-get install chromium; PICTURES=dir: screenshots)
	@command -v chromium > /dev/null || { echo 'no chromium here: apt-get install chromium' >&2; exit 1; }
	PICTURES='$(PICTURES)' $(BIN)/pytest -n 2 --dist worksteal -m browser tests/browser

.PHONY: pictures
pictures: $(VENV)/browser.installed ## The status page as it is shown in the documents
	@rm -rf .state/pictures; mkdir -p .state/pictures docs/pictures
	PICTURES=.state/pictures $(BIN)/pytest -q -m browser tests/browser/test_states.py -k all_is_well
	@for scheme in light dark; do \
		cp .state/pictures/well-1280-$$scheme.png docs/pictures/status-$$scheme.png; \
		cp .state/pictures/well-390-$$scheme.png docs/pictures/status-phone-$$scheme.png; done

.PHONY: monitoring
monitoring: $(VENV)/dev.installed ## Rules and alerts in Prometheus and Alertmanager themselves (Debian's packages of these names)
	$(PYTEST) -m monitoring tests/monitoring

.PHONY: dashboards
dashboards: $(VENV)/dev.installed ## Write monitoring/grafana/dashboards/*.json from the code
	$(BIN)/python -m monitoring.dashboards

# Grafana's components are 450 MB of npm's packages, so nothing else needs this, CI neither.
RENDER := monitoring/render
.PHONY: dashboards-png
dashboards-png: $(VENV)/dev.installed $(RENDER)/node_modules/.package-lock.json ## The dashboards as pictures in docs/pictures, by Grafana's own components (npm, chromium, prometheus)
	@rm -rf .state/dashboards; mkdir -p .state/dashboards/public/build
	cd $(RENDER) && npm run --silent check && npm run --silent build -- --outfile=$(CURDIR)/.state/dashboards/page.js
	cp $(RENDER)/page.html .state/dashboards/
	cp -r $(RENDER)/node_modules/@grafana/ui/dist/public/img .state/dashboards/public/build/
	PICTURES=.state/dashboards $(BIN)/pytest -q -n 2 -m rendered tests/monitoring/test_pictures.py
	@for picture in overview-well overview-wrong overview-lost quality-wrong ingest-well tables-wrong; do \
		cp .state/dashboards/$$picture.png docs/pictures/dashboard-$$picture.png; done

$(RENDER)/node_modules/.package-lock.json: $(RENDER)/package-lock.json
	cd $(RENDER) && npm ci --no-progress && touch node_modules/.package-lock.json

# apt-get install systemd-container postgresql-15 libnss-systemd; what failed is in build/test-systemd.
.PHONY: test-systemd
test-systemd: deb ## The package as a service, on a machine booted in a container (root)
	$(BIN)/pytest -n 4 --dist worksteal -m booted tests/systemd

.PHONY: check
check: $(VENV)/dev.installed ## Format, lint, types, layers, and `make test` with its coverage: what a change must pass
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory test COVER='--cov --cov-report term'

.PHONY: fmt
fmt: $(VENV)/dev.installed ## Format the code and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: bench
bench: $(VENV)/dev.installed ## Floor and program side by side, as a table of ratios (BENCH=--small: the short one)
	$(BIN)/python -m bench $(BENCH)

.PHONY: deb
deb: $(VENV)/package.installed ## A Debian package in dist/ (VERSION=… for another version than the program's)
	packaging/build-deb $(BIN)

.PHONY: test-deb
test-deb: $(VENV)/dev.installed ## The package, built and looked at (apt-get install lintian man-db mandoc)
	$(BIN)/pytest -m root tests/package

# Warnings are errors: a dead link, a page that no list names.
.PHONY: docs
docs: $(VENV)/docs.installed ## The documents as a site, in build/site
	$(BIN)/sphinx-build --builder html --fail-on-warning --nitpicky --quiet --conf-dir docs/site . build/site
	@cp -R docs/pictures build/site/docs/  # those that are drawn by HTML of our own

.PHONY: openapi
openapi: $(VENV)/dev.installed ## Write docs/openapi.json from the code
	$(BIN)/python -m giddyup_watch.http.described.document > docs/openapi.json.new
	@mv docs/openapi.json.new docs/openapi.json

.PHONY: lock
lock: $(VENV)/dev.installed ## Write requirements/*.txt from pyproject.toml (UPGRADE=--upgrade: newest versions)
	$(LOCK) $(UPGRADE) pyproject.toml --extra embedded --group dev -o requirements/dev.txt
	$(LOCK) $(UPGRADE) pyproject.toml --extra embedded -c requirements/dev.txt -o requirements/run.txt
	$(LOCK) $(UPGRADE) --group build -c requirements/dev.txt -o requirements/build.txt
	$(LOCK) $(UPGRADE) --no-deps --group browser -o requirements/browser.txt
	$(LOCK) $(UPGRADE) --group docs -c requirements/dev.txt -o requirements/docs.txt
	$(LOCK) $(UPGRADE) --group package -c requirements/dev.txt -o requirements/package.txt
	$(LOCK) $(UPGRADE) pyproject.toml -c requirements/dev.txt -o requirements/deb.txt
