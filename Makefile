# Each target does its own set-up: a fresh Debian machine needs Node.js, npm and root, nothing else.

TS = node scripts/run-ts.mjs
BENCHES = takeover centiseconds ipv6 load together stop evacuation upgrade reload trackers notify links api footprint lease hmac \
  sync simulation mutants

.PHONY: help setup demo test check bench bench-short cross pack deb cross-test install uninstall test-node

help:
	@echo 'make demo         two routers, one address, a failover: watch it happen (root, one minute)'
	@echo 'make test         lint, types and every test, in network namespaces (root)'
	@echo 'make check        format, lint, types and unit tests'
	@echo 'make bench        measurements beside keepalived (root; bench-short: a quick look)'
	@echo 'make install      below PREFIX (/usr/local) in DESTDIR; make uninstall removes it'
	@echo 'make deb          the Debian package, in out/ (ARCHITECTURE=arm64: of the addons of make cross)'
	@echo 'make pack         npm packages with addons for all platforms, in out/packages'
	@echo 'make cross        the native parts for x64 and arm64, glibc and musl, in out/cross'
	@echo 'make cross-test   and has each tested by a Node.js of its platform (root)'
	@echo 'make test-node    the unit tests and a short run with another Node.js: VERSION=22'
	@echo 'make setup        Debian packages, npm packages and the build, as far as missing'

setup:
	@scripts/setup.sh

demo: setup
	@$(TS) scripts/demo.ts

test: setup
	@npm run --silent lint
	@node node_modules/vitest/vitest.mjs run

check: setup
	@npm run --silent check

# All of them, even if one misses a goal; then the exit code says so.
bench: setup
	@missed=0; for b in $(BENCHES); do $(TS) bench/$$b.ts || missed=1; done; exit $$missed

bench-short: setup
	@missed=0; for b in $(BENCHES); do $(TS) bench/$$b.ts --short || missed=1; done; exit $$missed

PREFIX = /usr/local
DESTDIR =

# Only lays out what has been built: root is not needed where DESTDIR can be written to.
install: dist/rvrrpd.js
	@$(TS) scripts/install.ts --destdir='$(DESTDIR)' --prefix='$(PREFIX)'

uninstall: dist/rvrrpd.js
	@$(TS) scripts/install.ts --destdir='$(DESTDIR)' --prefix='$(PREFIX)' --uninstall

dist/rvrrpd.js:
	@scripts/setup.sh

cross:
	@scripts/setup.sh cross
	@node scripts/build-cross.mjs

cross-test: cross
	@$(TS) scripts/cross/try.ts

pack: cross
	@$(TS) scripts/pack-all.ts

deb: setup
	@$(if $(ARCHITECTURE),scripts/setup.sh cross && node scripts/build-cross.mjs --for=linux-$(ARCHITECTURE:amd64=x64)-glibc)
	@$(TS) scripts/build-deb.ts --architecture='$(ARCHITECTURE)'

test-node: setup
	@scripts/test-node.sh $(VERSION)
