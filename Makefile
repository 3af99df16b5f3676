# Three commands matter: `make demo`, `make test` and `make station`. All set everything up first.
# Windows has no make: run `py -3.11 bootstrap.py`, then `.venv\Scripts\traction demo`.

# The Python that makes the environment: 3.11 before a newer one, and of the same version the system's own
# before another on the PATH, as distributions build theirs with optimisations that a build from source
# lacks. It must be able to make an environment (`ensurepip`; on Debian the package python3.11-venv).
# Another one: `make test PYTHON=/path/to/python3`.
CANDIDATES = /usr/bin/python3.11 python3.11 /usr/bin/python3.12 python3.12 /usr/bin/python3.13 python3.13 \
	/usr/bin/python3.14 python3.14
MAKES_ENVIRONMENTS = -c 'import ensurepip, ssl, venv'
PYTHON ?= $(shell for one in $(CANDIDATES); do \
	if "$$one" $(MAKES_ENVIRONMENTS) 2>/dev/null; then echo "$$one"; exit; fi; done; command -v python3)
RUN = .venv/bin/python

.PHONY: pictures looks demo test station check bench bench-compiled bench-loop structure lock setup clean coverage gate-safety \
	campaign-mutation campaign-acceptance campaign-alter-clinic campaign-alter-visits campaign-contexts campaign-alterations \
	campaign-second-reader \
	campaign-power-cuts campaign-keeping-cuts campaign-kill campaign-soak campaign-station campaign-console campaign-console-kills \
	campaign-terminals campaign-matrix \
	campaign-false-stops campaign-observer campaign-review-changes campaign-alteration-kinds campaign-fuzz \
	campaign-fuzz-wire campaign-sweeps campaign-readme campaign-wheelhouse \
	campaign-service test-matrix wheel wheelhouse release-bundle sbom vulnerabilities

demo: setup
	$(RUN) -m workstation.cli demo

# The console beside two simulated tables, to practise; ends with Ctrl-C.
station: setup
	$(RUN) -m workstation.cli training

test: setup
	$(RUN) tools/checks.py lint types contracts tests

# The tests on each of Python 3.11 to 3.14 that is installed (or named by PYTHON_3_12=PATH).
test-matrix: setup
	$(RUN) -m tools.test_matrix

# The program as one file, for pipx or uv.
wheel: setup
	$(RUN) -m hatchling build -t wheel

# Everything that a computer without a network needs to install the program, in dist/wheelhouse.
wheelhouse: setup
	$(RUN) -m tools.wheelhouse

# The wheelhouse as one file for `traction update`: make release-bundle KEY=/safe/release.key
release-bundle: wheelhouse
	$(RUN) -m tools.release_bundle $(KEY)

# The third-party software that is shipped, as a CycloneDX document in dist/.
sbom: setup
	$(RUN) -m tools.sbom

# What osv.dev knows of the locked packages; needs the network. A saved file instead:
# .venv/bin/python -m tools.vulnerabilities FILE
vulnerabilities: setup
	$(RUN) -m tools.vulnerabilities

# The README's five minutes with the program from an installed wheel, on each Python that is there: about
# three minutes each.
campaign-readme: setup
	$(RUN) -m tests.campaigns.readme_walk

# A wheelhouse, installed and run without a network: about two minutes; making it needs one.
campaign-wheelhouse: setup
	$(RUN) -m tests.campaigns.wheelhouse

# The service under a running systemd, in a Debian of its own; needs root and Debian's packages: about ten
# minutes.
campaign-service: setup
	$(RUN) -m tests.campaigns.service

check: setup
	$(RUN) tools/checks.py lint types contracts

# 10 000 random alterations of clinic.db, each of which must be found: about five minutes.
campaign-alter-clinic: setup
	$(RUN) -m tests.campaigns.alter_clinic

# Alterations of words and log, 100 of each kind, before the commands that show a visit: about ten minutes.
campaign-alter-visits: setup
	$(RUN) -m tests.campaigns.alter_visits

# 10 000 random claim contexts: what the rules call ready is written. About five minutes.
campaign-contexts: setup
	$(RUN) -m tests.campaigns.contexts

# 100 000 power cuts, after every operation of the storage: about twenty minutes.
campaign-power-cuts: setup
	$(RUN) -m tests.campaigns.power_cuts

# Backup, restore, closed and moved years killed before every file operation, with and without the power
# gone: about half an hour.
campaign-keeping-cuts: setup
	$(RUN) -m tests.campaigns.keeping_cuts

# 1 000 times kill -9 just after arming, in real time, four side by side: about 40 minutes.
campaign-kill: setup
	$(RUN) -m tests.campaigns.kill

bench: setup
	$(RUN) -m tools.bench.wire
	$(RUN) -m tools.bench.messages
	$(RUN) -m tests.campaigns.station_pairs
	$(RUN) tools/bench/store.py
	$(RUN) -m tools.bench.history
	$(RUN) -m tests.campaigns.record_sizes

# The simulated treatment from a compiled copy; needs a C compiler, takes about six minutes.
bench-compiled: setup
	$(RUN) tools/compiled.py tools.bench.treatment 9

bench-loop: setup
	$(RUN) -m tools.bench.loop

# The structure in figures: files, subpackages, depth, imports, cycles, long functions.
structure: setup
	$(RUN) -m tools.structure

# Branches of the safety-related parts that their own tests take: about two minutes.
coverage: setup
	$(RUN) -m tools.mutation coverage

# The same, and mutants in the lines that differ from the main branch: at most 20 minutes.
gate-safety: setup
	$(RUN) -m tools.mutation gate

# Every mutant, on both cores; in parts: .venv/bin/python -m tools.mutation campaign --shard 1/3
campaign-mutation: setup
	$(RUN) -m tools.mutation campaign

setup:
	@$(PYTHON) bootstrap.py

# Long runs whose short forms are in the tests.
campaign-alterations: setup
	$(RUN) -m tests.campaigns.alterations 10000

# 100 000 damaged databases, side files, bundles, backups and closed years: about half an hour of one core.
campaign-fuzz: setup
	$(RUN) -m tests.campaigns.fuzz_files

# The sweeps and laws of the tests with every case and 1 000 examples each.
campaign-sweeps: setup
	$(RUN) -m pytest --full -o timeout=3600 -m "hypothesis or sweep"

# 2 million damaged answers on RTU, TCP and text: about three minutes of one core.
campaign-fuzz-wire: setup
	$(RUN) -m tests.campaigns.fuzz_wire

# Every kind of alteration, and who finds it: half a minute; writes docs/reports/alterations.md.
campaign-alteration-kinds: setup
	$(RUN) -m tests.campaigns.alteration_report

campaign-second-reader: setup
	$(RUN) -m tests.campaigns.second_reader 1000

# The limits of docs/reference/acceptance-limits.md over nominal and drawn patients: about 25 minutes.
campaign-acceptance: setup
	$(RUN) -m tests.campaigns.acceptance

# Every fault in every phase, blind and with the unit's guards: about a quarter of an hour.
campaign-matrix: setup
	$(RUN) -m tests.campaigns.matrix

# 10 000 drawn sound sessions, none of which may be stopped without cause, in four shards of about
# 20 minutes each; one of them: .venv/bin/python -m tests.campaigns.false_stops --shard 2/4
campaign-false-stops: setup
	$(RUN) -m tests.campaigns.false_stops

# 200 drawn sessions on a table without a socket, told from the force alone: about ten minutes.
campaign-observer: setup
	$(RUN) -m tests.campaigns.observer

# The nine changes of the safety review, each of which tests must notice: about a minute.
campaign-review-changes: setup
	$(RUN) -m tests.campaigns.review_changes

# Two units in real time for 50 minutes; 8 hours: .venv/bin/python -m tests.campaigns.soak 480
campaign-soak: setup
	$(RUN) -m tests.campaigns.soak

# What the station promises, with real commands on simulated units in real time: about an hour and a
# half on a machine that does nothing else; in parts: .venv/bin/python -m tests.campaigns.station stops
campaign-station: setup
	$(RUN) -m tests.campaigns.station

# The pictures of docs/pictures, from a station that treats; needs a Chromium: about two minutes.
pictures: setup
	$(RUN) -m tests.campaigns.pictures

# Every page of the console at each size, in light and dark, as pictures to look at in build/pictures;
# needs a Chromium: about one minute.
looks: setup
	$(RUN) -m pytest tests/browser/test_looks.py --pictures build/pictures

# What the console's server, pages and chart cost, as ratios; needs a Chromium: about six minutes.
campaign-console: setup
	$(RUN) -m tests.campaigns.console_figures

# The console killed ten times beside people at its pages; needs a Chromium: about seven minutes.
campaign-console-kills: setup
	$(RUN) -m tests.campaigns.console_kills

# Held, unread, closed and full displays in every phase, in real time: about three minutes.
campaign-terminals: setup
	$(RUN) -m tests.campaigns.terminals

# Needs the resolver uv (one command more: `pip install uv`); nothing else does.
lock:
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --all-extras \
	    --group dev --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	    --output-file requirements.lock pyproject.toml

clean:
	rm -rf .venv .venv-* demo-output build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
