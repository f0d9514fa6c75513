# sealring - build, test and install.  `make help` lists the targets.
#
# Knobs:  CC=gcc|clang  O=build folder  SAN=address,undefined  WERROR=1  DEPS=skip  V=1
#         prefix=/usr/local  DESTDIR=  MANIFESTS=yes|no (for browsers, of all users)  VECTORS=folder of third-party test vectors
#         JOBS=programs at a time  TESTS="names or parts of names for check and soak"  FUZZ_SECONDS=60

VERSION := 0.1.0
SAN     ?=
O       ?= build$(if $(SAN),-$(subst $(comma),-,$(SAN)))
DEPS    ?= install
WERROR  ?=
JOBS    ?= $(shell echo $$(($$(nproc) + 1)))
VECTORS ?= ../shared/vectors

prefix     ?= /usr/local
bindir     ?= $(prefix)/bin
libexecdir ?= $(prefix)/libexec/sealring
datadir    ?= $(prefix)/share
mandir     ?= $(datadir)/man
completiondir ?= $(datadir)/bash-completion/completions
unitdir    ?= $(prefix)/lib/systemd/user
pkcs11dir  ?= $(prefix)/lib/pkcs11
p11kitdir  ?= $(datadir)/p11-kit/modules
extensiondir ?= $(datadir)/sealring/extension
INSTALL    ?= install

comma := ,

.DELETE_ON_ERROR:
.DEFAULT_GOAL := all
.PHONY: all programs everything check demo lint tidy bench bench-programs fuzz fuzzers soak install install-files \
    install-manifests uninstall deb \
    clean help deps-build deps-test deps-deb deps-soak test-programs FORCE

# What people ask for runs in two steps: packages first, then a make that finds them installed.
PARALLEL = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))
BUILD = +$(MAKE) --no-print-directory DEPS=skip $(PARALLEL)
# Commands are shown in short; V=1 shows them in full, -s not at all.
SILENT = $(findstring s,$(firstword -$(MAKEFLAGS)))
say = $(if $(V),,@$(if $(SILENT),,printf '  %-5s %s\n' $(1) $(patsubst $(O)/%,%,$@);))
RUN = O=$(abspath $(O)) VECTORS=$(abspath $(VECTORS)) JOBS=$(JOBS)

# --- compiler flags ---------------------------------------------------------------------------
# Each hardening flag is probed: gcc 12 and clang 14 know different ones, and clang fails on some.
cc-option = $(shell $(CC) -Werror $(1) -x c -c /dev/null -o /dev/null 2>/dev/null && echo '$(1)')

WARNINGS := -Wall -Wextra -Wformat=2 -Wconversion -Wsign-conversion -Wshadow -Wvla -Wundef \
    -Wcast-qual -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes -Wnull-dereference \
    -Wimplicit-fallthrough -Werror=implicit-function-declaration \
    -Werror=incompatible-pointer-types -Werror=int-conversion -Werror=format-security \
    $(call cc-option,-Wlogical-op) $(call cc-option,-Wduplicated-cond) \
    $(call cc-option,-Wduplicated-branches) $(call cc-option,-Walloca) \
    $(call cc-option,-Wtrampolines) $(call cc-option,-Wbidi-chars=any) $(if $(WERROR),-Werror)
HARDENING := -fno-strict-overflow -fno-strict-aliasing -fno-delete-null-pointer-checks \
    -fno-common -fvisibility=hidden -fPIE \
    $(call cc-option,-fstack-protector-strong) $(call cc-option,-fcf-protection=full) \
    $(if $(SAN),,$(call cc-option,-fstack-clash-protection) -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 \
    $(call cc-option,-ftrivial-auto-var-init=zero) \
    $(call cc-option,-fzero-call-used-regs=used-gpr))
LINKING := -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code -Wl,-z,defs -Wl,--as-needed \
    -Wl,--gc-sections
# A module is loaded into other people's programs: it stays there (its callers keep pointers to it),
# runs nothing when it is loaded, unloaded or at exit, and gets what it calls from libc alone. The
# sanitizers' functions come from the program.
MODULE_LINKING := -shared -nostartfiles -Wl,-z,nodelete \
    $(filter-out -pie $(if $(SAN),-Wl$(comma)-z$(comma)defs),$(LINKING))
ifneq ($(SAN),)
SANITIZE := -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer
endif

CFLAGS  ?= -O2 -g
WIRE_CFLAGS := -std=gnu17 $(WARNINGS) $(HARDENING) -ffunction-sections -fdata-sections \
    $(SANITIZE) -ffile-prefix-map=$(CURDIR)=. -D_GNU_SOURCE -DSR_VERSION='"$(VERSION)"' \
    -DSR_LIBEXECDIR='"$(libexecdir)"' -DSR_BINDIR='"$(bindir)"' \
    -DSR_PKCS11DIR='"$(pkcs11dir)"' -Isrc -MMD -MP
system-includes = $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(1) 2>/dev/null))
CORE_PKGS := glib-2.0 gio-unix-2.0 json-c libcrypto libsecp256k1 sqlite3 libsecret-unstable
CORE_CFLAGS := $(WIRE_CFLAGS) -DG_LOG_DOMAIN='"sealring"' -DSECRET_API_SUBJECT_TO_CHANGE \
    $(call system-includes,$(CORE_PKGS))
CORE_LIBS := $(shell pkg-config --libs $(CORE_PKGS) 2>/dev/null)
PROMPT_CFLAGS := $(CORE_CFLAGS) $(call system-includes,gtk4)
PROMPT_LIBS := $(shell pkg-config --libs gtk4 json-c 2>/dev/null)
NET_CFLAGS := $(CORE_CFLAGS) $(call system-includes,libcurl)
NET_LIBS := $(shell pkg-config --libs glib-2.0 json-c libcurl 2>/dev/null)

# --- what is built ----------------------------------------------------------------------------
WIRE_SRC := $(wildcard src/wire/*.c)
CORE_SRC := $(wildcard $(addsuffix /*.c,$(addprefix src/,base crypto ethereum tinycloud oauth store policy consent)))
AGENT_SRC := $(filter-out src/agent/main.c,$(wildcard src/agent/*.c))
HOST_SRC := $(wildcard src/host/*.c)
FRONT_SRC := $(wildcard src/front/*.c)
CLI_SRC := $(filter-out src/cli/main.c,$(wildcard src/cli/*.c src/browsers/*.c))
PROMPT_SRC := $(wildcard src/prompt/*.c)
NET_SRC := $(filter-out src/net/main.c,$(wildcard src/net/*.c))
PKCS11_SRC := $(wildcard src/pkcs11/*.c)
PKCS11_ALSO := $(WIRE_SRC) src/crypto/keccak.c
objects = $(patsubst %.c,$(O)/%.o,$(1))

PROGRAMS := $(addprefix $(O)/,sealring-agent sealring-host sealring sealring-cli sealring-prompt sealring-net sealring-pkcs11.so)

all: deps-build  ## build the programs (default)
	@$(BUILD) programs
programs: $(PROGRAMS)

$(O)/libwire.a: $(call objects,$(WIRE_SRC))
$(O)/libcore.a: $(call objects,$(CORE_SRC))
$(O)/libagent.a: $(call objects,$(AGENT_SRC))
$(O)/libpkcs11.a: $(call objects,$(PKCS11_SRC))
$(O)/libnet.a: $(call objects,$(NET_SRC))
$(O)/libcli.a: $(call objects,$(CLI_SRC))
$(O)/%.a:
	@mkdir -p $(@D)
	@rm -f $@
	$(call say,AR)$(AR) rcsD $@ $^

$(O)/sealring-host: $(call objects,$(HOST_SRC)) $(O)/libwire.a
	$(call say,LINK)$(CC) $(SANITIZE) $(LINKING) $(LDFLAGS) -o $@ $^
$(O)/sealring-agent: $(call objects,src/agent/main.c) $(O)/libagent.a $(O)/libcore.a $(O)/libwire.a
	$(call say,LINK)$(CC) $(SANITIZE) $(LINKING) $(LDFLAGS) -o $@ $^ $(CORE_LIBS)
$(O)/sealring: $(call objects,$(FRONT_SRC)) $(O)/libwire.a
	$(call say,LINK)$(CC) $(SANITIZE) $(LINKING) $(LDFLAGS) -o $@ $^
$(O)/sealring-cli: $(call objects,src/cli/main.c) $(O)/libcli.a $(O)/libcore.a $(O)/libwire.a
	$(call say,LINK)$(CC) $(SANITIZE) $(LINKING) $(LDFLAGS) -o $@ $^ $(CORE_LIBS)
$(O)/sealring-prompt: $(call objects,$(PROMPT_SRC)) $(O)/libcore.a $(O)/libwire.a
	$(call say,LINK)$(CC) $(SANITIZE) $(LINKING) $(LDFLAGS) -o $@ $^ $(PROMPT_LIBS)
$(O)/sealring-net: $(call objects,src/net/main.c) $(O)/libnet.a $(O)/libcore.a $(O)/libwire.a
	$(call say,LINK)$(CC) $(SANITIZE) $(LINKING) $(LDFLAGS) -o $@ $^ $(NET_LIBS)
$(O)/sealring-pkcs11.so: src/pkcs11/exports.map $(call objects,$(PKCS11_SRC)) \
    $(patsubst %.c,$(O)/pic/%.o,$(PKCS11_ALSO))
	$(call say,LINK)$(CC) $(SANITIZE) $(MODULE_LINKING) $(LDFLAGS) -o $@ -Wl,--version-script=$^

# The wire layer, the host and the module are compiled without GLib's include path: a stray include
# fails.
$(O)/src/wire/%.o $(O)/src/host/%.o $(O)/src/front/%.o: OBJECT_CFLAGS = $(WIRE_CFLAGS)
$(O)/src/pkcs11/%.o $(O)/pic/%.o: OBJECT_CFLAGS = $(WIRE_CFLAGS) -fPIC
$(O)/src/prompt/%.o: OBJECT_CFLAGS = $(PROMPT_CFLAGS)
$(O)/src/net/%.o: OBJECT_CFLAGS = $(NET_CFLAGS)
$(O)/src/crypto/keccak.o $(O)/pic/src/crypto/keccak.o: CFLAGS += -O3
$(O)/pic/%.o: %.c $(O)/flags
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(OBJECT_CFLAGS) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
$(O)/%.o: OBJECT_CFLAGS = $(CORE_CFLAGS)
$(O)/%.o: %.c $(O)/flags
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(OBJECT_CFLAGS) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# Objects are made again when the compiler, its flags or the folders compiled in have changed.
$(O)/flags: export FLAGS_TEXT = $(CC) $(PROMPT_CFLAGS) $(NET_CFLAGS) $(CPPFLAGS) $(CFLAGS)
$(O)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' "$$FLAGS_TEXT" | cmp -s - $@ || printf '%s\n' "$$FLAGS_TEXT" >$@

-include $(shell find $(O) -name '*.d' 2>/dev/null)

# --- tests ------------------------------------------------------------------------------------
UNIT_TESTS := $(patsubst tests/%.c,$(O)/tests/%,$(wildcard tests/unit/test_*.c tests/component/test_*.c))
SUPPORT_PROGRAMS := $(patsubst tests/%.c,$(O)/tests/%,$(wildcard tests/support_programs/*.c))
REPLAY_MAIN := tests/support/fuzz_replay_main.c
TEST_SUPPORT := $(call objects,$(filter-out $(REPLAY_MAIN),$(wildcard tests/support/*.c)))
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
REPLAYS := $(addprefix $(O)/tests/replay/,$(FUZZERS))
BENCH_PROGRAMS := $(patsubst tests/%.c,$(O)/tests/%,$(wildcard tests/bench/*.c)) \
    $(O)/tests/support_programs/fill_vault
LIBRARIES := $(O)/libagent.a $(O)/libpkcs11.a $(O)/libnet.a $(O)/libcore.a $(O)/libwire.a

# The yardstick is as small as a program can be: other libraries would slow its start.
$(O)/tests/bench/echo_host: $(O)/tests/bench/echo_host.o $(O)/libwire.a
	@mkdir -p $(@D)
	@echo "  LINK  $(patsubst $(O)/%,%,$@)"
	$(Q)$(CC) $(SANITIZE) $(LINKING) $(LDFLAGS) -o $@ $^
# So is the application whose memory and start are measured.
$(O)/tests/bench/bench_pkcs11: $(call objects,tests/bench/bench_pkcs11.c tests/support/application.c)
	$(call say,LINK)$(CC) $(SANITIZE) $(LINKING) $(LDFLAGS) -o $@ $^
# The command line's library is for its own tests: it and the agent's have functions of one name.
$(O)/tests/unit/test_host_manifest: $(O)/libcli.a
$(O)/tests/%: $(O)/tests/%.o $(TEST_SUPPORT) $(LIBRARIES)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(SANITIZE) $(LINKING) $(LDFLAGS) -o $@ -Wl,--start-group $^ -Wl,--end-group $(CORE_LIBS) $(NET_LIBS)
$(O)/tests/replay/%: $(O)/tests/fuzz/%.o $(call objects,$(REPLAY_MAIN)) $(LIBRARIES)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(SANITIZE) $(LINKING) $(LDFLAGS) -o $@ $^ $(CORE_LIBS)
$(O)/tests/%.o: OBJECT_CFLAGS = $(CORE_CFLAGS) -Itests
.SECONDARY:

test-programs: $(PROGRAMS) $(UNIT_TESTS) $(SUPPORT_PROGRAMS) $(REPLAYS)
bench-programs: $(BENCH_PROGRAMS)
everything: test-programs bench-programs

check: deps-test  ## build and run all tests; the last line counts them
	@$(BUILD) test-programs
	@$(RUN) tests/run $(TESTS)

soak: deps-test deps-soak  ## the long versions of the fault tests
	@$(BUILD) test-programs
	@$(RUN) SOAK=1 tests/run $(TESTS)

lint: deps-test  ## formatting, layers, link rules, sizes, static analysers
	@$(BUILD) programs
	@$(RUN) tests/lint/run --slow

demo: deps-build  ## sign in with a throw-away key and show every frame
	@$(BUILD) programs $(O)/tests/demo/browser
	@$(RUN) tests/demo/run

bench: deps-test  ## measure; prints a table with ratios
	@$(BUILD) programs bench-programs
	@$(RUN) tests/bench/run

# --- static analysers (used by tests/lint/run --slow) -------------------------------------------
# gcc 12 does not see that GLib's extended errors lie at an offset from the GError, nor that a loop
# fills Keccak's column parities, nor that a table of sessions keeps the places it grew by.
ANALYZER = -fanalyzer $(ANALYZER_$<)
ANALYZER_src/base/error.c := -Wno-analyzer-null-dereference
ANALYZER_src/pkcs11/session_table.c := -Wno-analyzer-malloc-leak
ANALYZER_src/crypto/keccak.c := -Wno-analyzer-use-of-uninitialized-value
$(O)/tidy/src/prompt/%.ok: OBJECT_CFLAGS = $(PROMPT_CFLAGS)
$(O)/tidy/src/net/%.ok: OBJECT_CFLAGS = $(NET_CFLAGS)
$(O)/tidy/%.ok: OBJECT_CFLAGS = $(CORE_CFLAGS)
$(O)/tidy/%.ok: %.c $(O)/%.o .clang-tidy
	@mkdir -p $(@D)
	$(call say,TIDY)clang-tidy --quiet $< -- $(OBJECT_CFLAGS) $(CFLAGS)
	@touch $@
tidy: $(patsubst %.c,$(O)/tidy/%.ok,$(wildcard src/*/*.c))

# --- fuzzing (clang, its own folder) ----------------------------------------------------------
FUZZ_SECONDS ?= 60
FUZZ_O := $(O)-fuzz
fuzzers: deps-test
	@$(BUILD) CC=clang O=$(FUZZ_O) SAN=fuzzer-no-link$(comma)address$(comma)undefined \
	    $(addprefix $(FUZZ_O)/fuzz/,$(FUZZERS))
fuzz: fuzzers  ## run each fuzz target for FUZZ_SECONDS
	@O=$(abspath $(FUZZ_O)) FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run $(FUZZERS)
$(O)/fuzz/%: $(O)/tests/fuzz/%.o $(LIBRARIES)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) -fsanitize=fuzzer,address,undefined $(LDFLAGS) -o $@ $^ $(CORE_LIBS)

# --- packages, installation -------------------------------------------------------------------
deps-build:
ifneq ($(DEPS),skip)
	@packaging/dependencies/install build
else
	@pkg-config --print-errors --exists $(CORE_PKGS) gtk4 libcurl
endif
deps-test:
ifneq ($(DEPS),skip)
	@packaging/dependencies/install build test
	@$(if $(SAN),,tests/clients/node/install $(abspath $(O)))
	@tests/oauth-provider/install $(abspath $(O))
	@tests/tinycloud-node/install $(abspath $(O))
	@tests/browser/pages/install $(abspath $(O))
endif

deps-deb:
	$(if $(filter skip,$(DEPS)),,@packaging/dependencies/install build deb)
deps-soak:
	$(if $(filter skip,$(DEPS)),,@packaging/dependencies/install deb soak)

MAN_PAGES := $(wildcard packaging/man/*.1)
LIBEXEC_PROGRAMS := sealring-agent sealring-cli sealring-host sealring-prompt sealring-net

# Browsers read the manifests of all users from fixed folders, whatever the prefix. Who is not root
# and fills no DESTDIR cannot write there, and runs `sealring browser install` afterwards.
MANIFESTS ?= $(if $(DESTDIR)$(filter 0,$(shell id -u)),yes,no)
MANIFEST_NAME := org.sealring.host.json
CHROMIUM_MANIFESTS := $(patsubst %,/etc/%/native-messaging-hosts/$(MANIFEST_NAME),chromium opt/chrome opt/edge opt/vivaldi)
FIREFOX_MANIFESTS := $(patsubst %,/usr/lib/%/native-messaging-hosts/$(MANIFEST_NAME),mozilla librewolf)
EXTENSION_FILES = $(shell cd extension && find . -type f | sort)
install-manifest = $(INSTALL) -d $(DESTDIR)$(dir $(1)) && \
    sed 's|@libexecdir@|$(libexecdir)|' manifests/$(2).json.in | $(INSTALL) -m 644 /dev/stdin $(DESTDIR)$(1)

install: all  ## install below DESTDIR
	@$(MAKE) --no-print-directory install-files
# What install does once all is built.
install-files: $(if $(filter yes,$(MANIFESTS)),$(if $(DESTDIR),install-manifests))
	$(INSTALL) -d $(addprefix $(DESTDIR),$(bindir) $(libexecdir) $(mandir)/man1 $(completiondir) $(unitdir) $(pkcs11dir) $(p11kitdir))
	$(INSTALL) -m 755 $(O)/sealring $(DESTDIR)$(bindir)/
	$(INSTALL) -m 755 $(addprefix $(O)/,$(LIBEXEC_PROGRAMS)) $(DESTDIR)$(libexecdir)/
	$(INSTALL) -m 644 $(O)/sealring-pkcs11.so $(DESTDIR)$(pkcs11dir)/
	sed 's|@pkcs11dir@|$(pkcs11dir)|' packaging/p11-kit/sealring.module.in >$(DESTDIR)$(p11kitdir)/sealring.module
	$(INSTALL) -m 644 $(MAN_PAGES) $(DESTDIR)$(mandir)/man1/
	$(INSTALL) -m 644 packaging/completions/sealring.bash $(DESTDIR)$(completiondir)/sealring
	$(INSTALL) -m 644 packaging/systemd/sealring-agent.socket packaging/systemd/sealring-pkcs11.socket $(DESTDIR)$(unitdir)/
	sed 's|@libexecdir@|$(libexecdir)|' packaging/systemd/sealring-agent.service.in >$(DESTDIR)$(unitdir)/sealring-agent.service
	for file in $(EXTENSION_FILES); do $(INSTALL) -D -m 644 extension/$$file $(DESTDIR)$(extensiondir)/$$file || exit 1; done
	$(if $(filter yes,$(MANIFESTS)),$(if $(DESTDIR),,$(bindir)/sealring browser install --system --all), \
	    @echo 'Now let your browsers start it: $(bindir)/sealring browser install')
# Below DESTDIR they are new; those that are there may have ids of others, which the command keeps.
install-manifests:
	$(foreach path,$(CHROMIUM_MANIFESTS),$(call install-manifest,$(path),chromium) &&) \
	    $(foreach path,$(FIREFOX_MANIFESTS),$(call install-manifest,$(path),firefox) &&) :
uninstall:  ## remove what install put there
	rm -f $(DESTDIR)$(bindir)/sealring $(DESTDIR)$(completiondir)/sealring $(addprefix $(DESTDIR)$(unitdir)/,sealring-agent.* sealring-pkcs11.socket) $(addprefix $(DESTDIR)$(libexecdir)/,$(LIBEXEC_PROGRAMS)) \
	    $(addprefix $(DESTDIR)$(mandir)/man1/,$(notdir $(MAN_PAGES))) $(DESTDIR)$(pkcs11dir)/sealring-pkcs11.so $(DESTDIR)$(p11kitdir)/sealring.module
	rm -rf $(DESTDIR)$(extensiondir)
	$(if $(filter yes,$(MANIFESTS)),rm -f $(addprefix $(DESTDIR),$(CHROMIUM_MANIFESTS) $(FIREFOX_MANIFESTS)))
	-rmdir $(DESTDIR)$(libexecdir) $(DESTDIR)$(dir $(extensiondir))

# The package is built in a copy of what it is made of, from nothing: neither knobs nor folders of this
# make are seen there, and two builds of one source give the same bytes (SOURCE_DATE_EPOCH: the
# changelog's date, unless it is set).
DEB_TREE = $(O)/deb/sealring-$(VERSION)
DEB_ENVIRONMENT = env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u MAKELEVEL $(patsubst %,-u %,prefix bindir \
    libexecdir datadir mandir completiondir unitdir pkcs11dir p11kitdir extensiondir DESTDIR CFLAGS LDFLAGS CPPFLAGS)
deb: deps-deb  ## build the Debian package, in the folder deb of the build folder
	rm -rf $(O)/deb
	mkdir -p $(DEB_TREE)
	cp -R LICENSE Makefile README.md docs extension manifests packaging src $(DEB_TREE)/
	cp -R packaging/debian $(DEB_TREE)/debian
	sed 's|@version@|$(VERSION)|' packaging/debian/changelog.in >$(DEB_TREE)/debian/changelog
	cd $(DEB_TREE) && $(DEB_ENVIRONMENT) dpkg-buildpackage --build=binary --unsigned-changes --jobs-force=$(JOBS)
	@ls $(O)/deb/sealring_*.deb

clean:  ## remove the build folders
	rm -rf $(O) $(FUZZ_O) $(addprefix $(O)-,gcc clang analyzer)

help:  ## this list
	@sed -n 's/^\([a-z][a-z-]*\):.*  ## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r target text; do \
	    printf '  make %-10s %s\n' "$$target" "$$text"; done
	@sed -n '/^# Knobs/,/^$$/s/^# */  /p' Makefile
