# Each target does its own set-up: a fresh Debian machine needs Node.js, npm and root, nothing else.

TS = node scripts/run-ts.mjs
BENCHES = takeover centiseconds ipv6 load together stop reload trackers links api footprint hmac simulation mutants

.PHONY: help setup demo test check bench bench-short

help:
	@echo 'make demo         two routers, one address, a failover: watch it happen (root, one minute)'
	@echo 'make test         every test, in network namespaces (root)'
	@echo 'make check        format, lint, types and unit tests'
	@echo 'make bench        measurements beside keepalived (root; bench-short: a quick look)'
	@echo 'make setup        Debian packages, npm packages and the build, as far as missing'

setup:
	@scripts/setup.sh

demo: setup
	@$(TS) scripts/demo.ts

test: setup
	@node node_modules/vitest/vitest.mjs run

check: setup
	@npm run --silent check

# All of them, even if one misses a goal; then the exit code says so.
bench: setup
	@missed=0; for b in $(BENCHES); do $(TS) bench/$$b.ts || missed=1; done; exit $$missed

bench-short: setup
	@missed=0; for b in $(BENCHES); do $(TS) bench/$$b.ts --short || missed=1; done; exit $$missed
