# nginx module thread_ws: one WebSocket for each chat thread.
#
# `make help` lists the targets; each one's line there is the comment that
# begins with ## before it.  All that is made lies below build/.

BUILD     = build
MODULE    = $(BUILD)/ngx_thread_ws_module.so

# another nginx source tree to build the module for
NGINX_SRC =

# seconds for each fuzz driver
TIME      = 60

# tests to run, from t/
TESTS     = t

# the event method of make test-poll
EVENTS    = poll

# tests of what other modules could disturb
MODULE_TESTS = $(addprefix t/,$(addsuffix .t,with_modules compact \
	compact_memory upgrade run reload limits observe_variables))

# what to test with: Debian's suites, and versions of nginx that none has, from
# their source
MATRIX      = bookworm trixie sid 1.31.0

# Debian's suites to make packages for, and the one that the image is made of
SUITES      = bookworm trixie sid
IMAGE_SUITE = trixie

SOURCES  := config $(wildcard *.c src/*.h src/*/*.c src/*/*.h)
HEADERS   = $(or $(NGINX_SRC),/usr/share/nginx/src)

# asked for when it is noted: a first make has installed it by then
VERSION   = $(shell dpkg-query -W -f '$${Version}' nginx-dev 2>/dev/null)

TOOLS     = tools

# two makes at once take turns
LOCK      = flock $(BUILD)/files

TEST_NGINX = $(BUILD)/test-nginx/usr/share/perl5/Test/Nginx.pm

BUILD_PACKAGES = gcc libc6-dev make dpkg-dev pkg-config nginx nginx-dev \
	libjansson-dev libpq-dev libcurl4-openssl-dev libssl-dev libpcre2-dev \
	zlib1g-dev

RUN_PACKAGES   = ca-certificates libjs-marked libjs-katex node-prismjs \
	$(if $(DATABASE_URL),postgresql-client)

TEST_PACKAGES  = ca-certificates clang libclang-rt-dev curl openssl procps \
	postgresql pgbouncer libio-socket-ssl-perl libtest-base-perl \
	libtest-longstring-perl libtext-diff-perl libwww-perl libipc-run-perl \
	liblist-moreutils-perl libyaml-libyaml-perl libcpanel-json-xs-perl \
	libjs-marked prometheus libnginx-mod-http-lua libnginx-mod-http-js \
	libnginx-mod-http-subs-filter lua-cjson

.DELETE_ON_ERROR:

.PHONY: all run test test-unit test-store test-fuzz test-build test-clang \
	test-suite test-asan test-poll test-modules test-valgrind test-client \
	test-stock test-sequences test-scale test-resume test-schema test-matrix test-fresh \
	test-image deb test-deb dist repository fuzz bench picture states install \
	uninstall client clean help packages test-packages FORCE


## make             builds build/ngx_thread_ws_module.so for this machine's
##                  nginx; NGINX_SRC=DIR for another source tree
all: $(MODULE)

$(MODULE): $(BUILD)/nginx/objs/Makefile $(SOURCES)
	@+$(LOCK) $(TOOLS)/quiet \
		$(MAKE) -j2 -C $(BUILD)/nginx -f objs/Makefile modules
	@install -m 644 $(BUILD)/nginx/objs/ngx_thread_ws_module.so $@
	@echo $@

$(BUILD)/nginx/objs/Makefile: config $(BUILD)/files $(BUILD)/source \
		$(TOOLS)/nginx-configure
	@$(LOCK) $(TOOLS)/nginx-configure $(HEADERS) $(BUILD)/nginx dynamic

# changes when another nginx is to be built for, or a file comes or goes

$(BUILD)/source: packages FORCE
	@$(TOOLS)/note $@ '$(HEADERS) $(VERSION) $(CC)'

$(BUILD)/files: FORCE
	@$(TOOLS)/note $@ '$(sort $(SOURCES))'

packages:
	@$(TOOLS)/install $(BUILD_PACKAGES)


## make run         serves the demo on http://127.0.0.1:8080/ in the foreground;
##                  PORT, LISTEN, OPENAI_BASE_URL, OPENAI_API_KEY, MODEL and
##                  DATABASE_URL in the environment choose other things
run: $(MODULE)
	@$(TOOLS)/install $(RUN_PACKAGES)
	@exec $(TOOLS)/run $(BUILD)/run $(MODULE)


## make test        installs what the tests need and runs all of them
test: test-packages
	@+$(TOOLS)/stages $(MAKE) 'test-client&' test-unit test-store test-fuzz \
		test-build -- test-suite test-asan

test-packages: packages
	@$(TOOLS)/install $(TEST_PACKAGES)

## make test-unit   the unit tests of the pure rooms of src/
test-unit: $(BUILD)/nginx-src
	@$(MAKE) -C t/unit NGX_SRC=$(abspath $(BUILD)/nginx-src) check

## make test-store  what is in shared memory, without nginx, plain and under
##                  sanitizers; STEPS=1000000 for a longer walk of the store's
##                  model, KILLS=10000 for more processes killed
test-store: $(BUILD)/nginx-src
	@$(MAKE) -C t/store NGX_SRC=$(abspath $(BUILD)/nginx-src) check
	@$(MAKE) -C t/store NGX_SRC=$(abspath $(BUILD)/nginx-src) SANITIZE=1 check

## make test-fuzz   all fuzz drivers, shortly
test-fuzz:
	@$(MAKE) fuzz TIME=3

## make test-build  what clang warns of, and a whole nginx with the module in it,
##                  by gcc with sanitizers
test-build: test-clang $(BUILD)/nginx-asan/objs/nginx

# nothing is made, so that it takes all files each time

test-clang: $(BUILD)/nginx/objs/Makefile
	@+$(LOCK) $(TOOLS)/quiet $(MAKE) -j2 -B -C $(BUILD)/nginx \
		-f objs/Makefile CC='clang -fsyntax-only -Wconditional-uninitialized' \
		$$(sed -n 's,^\(objs/addon/[^:]*\):.*,\1,p' $(BUILD)/nginx/objs/Makefile)

## make test-suite  the Test::Nginx suite; TESTS=t/run.t for a part of it
test-suite: $(MODULE) $(TEST_NGINX)
	@$(TOOLS)/prove nginx $(abspath $(MODULE)) $(TESTS)

## make test-asan   the suite under AddressSanitizer and UBSan
test-asan: $(BUILD)/nginx-asan/objs/nginx $(TEST_NGINX)
	@$(TOOLS)/prove $(abspath $(BUILD)/nginx-asan/objs/nginx) '' $(TESTS)

## make test-poll   the suite with "use poll", as where there is no epoll;
##                  EVENTS=select for that
test-poll: $(BUILD)/nginx-gcc/objs/nginx $(TEST_NGINX)
	@TEST_NGINX_EVENT_TYPE=$(EVENTS) \
		$(TOOLS)/prove $(abspath $(BUILD)/nginx-gcc/objs/nginx) '' $(TESTS)

## make test-modules  what other modules could disturb, beside every dynamic
##                  module that Debian has for its nginx: these are installed
test-modules: $(MODULE) $(TEST_NGINX)
	@$(TOOLS)/modules install
	@$(TOOLS)/modules test nginx $(abspath $(MODULE)) $(MODULE_TESTS)

## make test-valgrind  the suite under valgrind
test-valgrind: $(MODULE) $(TEST_NGINX)
	@$(TOOLS)/install valgrind
	@$(TOOLS)/valgrind nginx $(abspath $(MODULE)) $(TESTS)

## make test-client  the tests of the JavaScript client
test-client: $(MODULE)
	@$(MAKE) -C client test

## make test-stock  every scene of stock clients in Chromium; SCENES=stop,edit
##                  for those
test-stock: $(MODULE)
	@$(MAKE) -C client stock

## make test-sequences  what visitors and networks do by chance, against a model, in
##                  node and in Chromium; SEQUENCES=5000 PAGES=500, or 0
test-sequences: $(MODULE)
	@$(MAKE) -C client sequences

## make test-scale  two gateways, a balancer and PostgreSQL: one gateway is killed
test-scale: $(MODULE) $(TEST_NGINX)
	@$(TOOLS)/prove nginx $(abspath $(MODULE)) t/two_gateways.t

## make test-resume  thread_ws_resume: clients that lose their connections,
##                  reloads, killed workers, tabs in step, runs that nobody
##                  hears, a zone that is full; SCENES=reloads CLIENTS=500
##                  RELOADS=75, others in t/soak/resume.mjs
test-resume: $(MODULE)
	@command -v gdb >/dev/null || $(TOOLS)/install gdb
	@$(MAKE) -C client resume MODULE=$(abspath $(MODULE))

## make test-schema  conf/schema.sql over version 1's with a million runs in it,
##                  while others read and write; SCHEMA_RUNS=N
test-schema: $(TEST_NGINX)
	@SCHEMA_RUNS=$${SCHEMA_RUNS:-1000000} $(TOOLS)/prove nginx '' \
		t/store_migration.t

## make test-matrix  builds and tests with the nginx of Debian 12, 13 and sid,
##                  and with nginx's newest from its source, as root;
##                  MATRIX=trixie for one of them
test-matrix:
	@for suite in $(MATRIX); do \
		$(TOOLS)/matrix $(BUILD)/chroot $$suite $(TESTS) || exit 1; \
	done

## make test-fresh  make run in a fresh Debian 12 and 13, as root; FRESH=test
##                  for make test, too
test-fresh:
	@for suite in bookworm trixie; do \
		$(TOOLS)/chroot-fresh $(BUILD)/chroot $$suite $(FRESH) || exit 1; \
	done

## make test-image  builds docker/Dockerfile by buildah and chats with what is in
##                  the image, as root
test-image:
	@$(TOOLS)/image $(BUILD)/image $(IMAGE_SUITE)

## make client      the JavaScript client's package, in build/, for npm install
client:
	@$(MAKE) -C client pack DIST=$(abspath $(BUILD))

## make deb         a Debian package for this machine's nginx, in build/deb/
deb:
	@$(TOOLS)/deb build $(BUILD)/deb

## make test-deb    builds, installs, uses and removes it in fresh chroots of
##                  this Debian, as root
test-deb:
	@. /etc/os-release && $(TOOLS)/deb test $(BUILD)/chroot $$VERSION_CODENAME

## make dist        a release, in build/dist/: source, npm package, a Debian
##                  package for each of SUITES (as root), their contents in
##                  SPDX's format, checksums
dist:
	@$(TOOLS)/dist $(BUILD)/dist $(BUILD)/chroot $(SUITES)

## make repository  a Debian repository of these packages, in build/repository/;
##                  GPG_KEY=ID signs it
repository:
	@$(TOOLS)/repository $(BUILD)/dist $(BUILD)/repository

## make fuzz        all fuzz drivers, TIME=60 seconds each
fuzz: $(BUILD)/nginx-src
	@$(MAKE) -C t/fuzz NGX_SRC=$(abspath $(BUILD)/nginx-src) run TIME=$(TIME)

# nginx-dev has only the headers: the whole source, for static builds

$(BUILD)/nginx-src: | test-packages
	@$(TOOLS)/nginx-source $@ $(BUILD)

$(BUILD)/nginx-%/objs/Makefile: config $(BUILD)/files $(TOOLS)/nginx-configure \
		| $(BUILD)/nginx-src
	@$(LOCK) $(TOOLS)/nginx-configure $(BUILD)/nginx-src $(BUILD)/nginx-$* $*

.PRECIOUS: $(BUILD)/nginx-%/objs/Makefile

$(BUILD)/nginx-%/objs/nginx: $(BUILD)/nginx-%/objs/Makefile $(SOURCES)
	@+$(LOCK) $(TOOLS)/quiet \
		$(MAKE) -j2 -C $(BUILD)/nginx-$* -f objs/Makefile binary
	@touch $@

$(TEST_NGINX): | test-packages
	@$(TOOLS)/test-nginx-install $(BUILD)


## make bench       reproduces the figures of docs/performance.md
bench: $(MODULE)
	@$(MAKE) -C bench

## make picture     docs/img/page.png anew: the page, in Chromium
picture: $(MODULE)
	@$(TOOLS)/install $(RUN_PACKAGES)
	@$(MAKE) -C client picture FILE=$(abspath docs/img/page.png) \
		MODULE=$(abspath $(MODULE))

## make states      pictures of the page in its states, in build/states/, to be
##                  looked at: on a desk, on a phone, in the dark; and axe
states: $(MODULE)
	@$(TOOLS)/install $(RUN_PACKAGES)
	@$(MAKE) -C client states DIR=$(abspath $(BUILD)/states)

## make install     the module into the nginx on this machine; the service is
##                  not reloaded
install: $(MODULE)
	@$(TOOLS)/module-install $(MODULE)

## make uninstall   takes it away again
uninstall:
	@$(TOOLS)/module-install remove $(MODULE)

## make clean       removes build/
clean:
	rm -rf $(BUILD)

## make help        this list
help:
	@sed -n 's/^## \?//p' Makefile

FORCE:
