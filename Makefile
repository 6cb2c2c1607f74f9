# Metroplex: build, test, install.
#
#   make demo     install what is missing, build, show the main job end to end
#   make check    install what is missing, build, run every test
#   make help     what else there is
#
# Everything that is made goes below $(BUILD); `make clean` removes it.

PREFIX     ?= /usr
DESTDIR    ?=
SYSCONFDIR ?= /etc
MANDIR     ?= $(PREFIX)/share/man
UNITDIR    ?= /lib/systemd/system
BUILD      ?= build
override BUILD := $(patsubst $(CURDIR)/%,%,$(abspath $(BUILD)))
JOBS       ?= $(shell nproc)
VERSION    := 0.1.0

CC       ?= gcc
PKGS     := glib-2.0 gobject-2.0 gmime-3.0 libgit2 libpcre2-8 libcurl json-glib-1.0 md4c gumbo libseccomp zlib libdeflate libcares libpsl

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
            -Wpointer-arith -Wwrite-strings -Wvla -Wformat=2 -Wno-missing-field-initializers
HARDEN   := -fstack-protector-strong -fstack-clash-protection -fPIE -D_FORTIFY_SOURCE=2
OPT      ?= -O2 -g
# Looked up when first used: `make deps` may be what brings pkg-config.
PKG_CFLAGS = $(eval PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS)))$(PKG_CFLAGS)
PKG_LIBS   = $(eval PKG_LIBS := $(shell pkg-config --libs $(PKGS)))$(PKG_LIBS)

CFLAGS   ?=
ALL_CFLAGS = -std=gnu11 $(OPT) $(WARNINGS) $(HARDEN) -D_GNU_SOURCE -DMP_VERSION='"$(VERSION)"' \
             -DG_LOG_DOMAIN='"metroplex"' -DPCRE2_CODE_UNIT_WIDTH=8 \
             -Ilib $(PKG_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro -Wl,-z,now -Wl,--as-needed $(LDFLAGS)

LIB_SRC  := $(sort $(wildcard lib/*/*.c lib/*/*/*.c))
PROGRAMS := metroplex notifier
INNER    := metroplex-commands metroplex-run metroplex-worker
HOOKS    := hooks/pre-push
UNIT_SRC := $(sort $(wildcard tests/unit/*.c))

LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/%.o)
LIB      := $(BUILD)/libmetroplex.a
UNIT_OBJ := $(UNIT_SRC:%.c=$(BUILD)/%.o)
obj       = $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard $(1)/*.c)))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all po deb deps demo check check-ahead check-long check-release check-package unit golden sanitize fuzz trim-score adversarial lint bench install uninstall clean help

CATALOGUES := $(patsubst lib/po/%.po,$(BUILD)/share/locale/%/LC_MESSAGES/metroplex.mo,$(wildcard lib/po/*.po))
C_TEXTS     = $(sort $(wildcard lib/*/*.[ch] metroplex/*.c notifier/*.c))

all: $(PROGRAMS:%=$(BUILD)/bin/%) $(INNER:%=$(BUILD)/libexec/metroplex/%) $(HOOKS:%=$(BUILD)/libexec/metroplex/%) $(CATALOGUES) ## build the programs

# One line a file; `make V=1` shows the commands.
Q := $(if $(V),,@)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@$(if $(V),,echo '  CC    $<')
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(LIB_OBJ)
	@rm -f $@
	@$(if $(V),,echo '  AR    $@')
	$(Q)$(AR) rcs $@ $^

# bin/metroplex has next to no libraries, and becomes one of INNER: metroplex/main.c says why.
of       = $(1:%=$(BUILD)/metroplex/%.o)
COMMANDS = $(filter-out $(call of,main main_run main_worker cmd_run run_lock),$(call obj,metroplex))
$(BUILD)/bin/metroplex: $(call of,main run_lock) $(LIB)
$(BUILD)/bin/notifier: $(call obj,notifier) $(LIB)
$(BUILD)/libexec/metroplex/metroplex-commands: $(COMMANDS) $(LIB)
$(BUILD)/libexec/metroplex/metroplex-run: $(call of,main_run cmd_run run_lock) $(LIB)
$(BUILD)/libexec/metroplex/metroplex-worker: $(call of,main_worker) $(LIB)
$(PROGRAMS:%=$(BUILD)/bin/%) $(INNER:%=$(BUILD)/libexec/metroplex/%):
	@mkdir -p $(@D)
	@$(if $(V),,echo '  LD    $@')
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(HOOKS:%=$(BUILD)/libexec/metroplex/%): $(BUILD)/libexec/metroplex/%: metroplex/%
	@mkdir -p $(@D)
	$(Q)install -m 755 $< $@

$(BUILD)/bin/unit: $(UNIT_OBJ) $(LIB)
	@mkdir -p $(@D)
	@$(if $(V),,echo '  LD    $@')
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) -lcriterion

$(BUILD)/share/locale/%/LC_MESSAGES/metroplex.mo: lib/po/%.po
	@mkdir -p $(@D)
	@$(if $(V),,echo '  MO    $<')
	$(Q)msgfmt --check-format -o $@ $<

# What the sources mark as text for the operator (lib/base/text.h).
$(BUILD)/metroplex.pot: $(C_TEXTS)
	@mkdir -p $(@D)
	$(Q)xgettext --from-code=UTF-8 --keyword=_ --keyword=N_ --keyword=_n:1,2 --sort-by-file --no-location --package-name=metroplex \
	    --package-version=$(VERSION) --force-po -o - $^ | sed '/^"POT-Creation-Date/d' >$@

# Brings new texts into the catalogues, to be put into their language: what is new is empty, what changed is fuzzy.
po: $(BUILD)/metroplex.pot ## collect what is to be translated
	@for f in lib/po/*.po; do msgmerge --quiet --update --backup=none --no-location --sort-output $$f $<; msgattrib --no-obsolete --output-file=$$f $$f; sed -i '/^"\(POT-Creation-Date\|Report-Msgid-Bugs-To\):/d' $$f; done

unit: $(BUILD)/bin/unit all ## build, and run the unit suite
	METROPLEX=$(abspath $(BUILD)/bin/metroplex) $(BUILD)/bin/unit

# The whole mails of tests/fixtures/notify, to be read before they are committed.
golden: $(BUILD)/bin/unit ## write the mails anew that the tests keep whole
	METROPLEX_UPDATE_GOLDEN=1 $(BUILD)/bin/unit --filter '*/*golden*'
	git diff --stat tests/fixtures/notify

# Only what `deps` brings lets the rest of this file be evaluated: so a make of its own builds.
PARALLEL = --no-print-directory $(if $(findstring j,$(MAKEFLAGS)),,-j$(JOBS))

# How reply extraction does on the test suites of other libraries, which are no part of this
# repository: a gate where their folder is there, a remark where it is not.
TRIM ?= ../shared/trim

trim-score: all ## score extraction on test suites of other libraries, in TRIM=../shared/trim
	@if [ -f $(TRIM)/score.py ]; then \
	    for gate in "dev.jsonl --min-ok 98.5 --failures" "known_sent.jsonl --min-ok 100 --failures" \
	            "classes.jsonl --min-ok 100 --failures"; do \
	        set -- $$gate; file=$$1; shift; echo "== $$file"; \
	        python3 $(TRIM)/score.py $(TRIM)/$$file --jsonl "$$@" -- $(BUILD)/bin/metroplex extract --jsonl || exit 1; \
	    done; \
	else echo "trim-score: no $(TRIM)/score.py, nothing measured"; fi

# What mails made to be slow cost, ours and those of the same folder: CPU time, and how it grows.
adversarial: $(BUILD)/bin/reply-time ## what mails made to be slow cost in extraction
	@cases=; if [ -f $(TRIM)/adversarial_gen.py ]; then cases=$(BUILD)/adversarial.jsonl; \
	    python3 $(TRIM)/adversarial_gen.py >$$cases; fi; $(BUILD)/bin/reply-time $$cases

$(BUILD)/bin/reply-time: $(BUILD)/tests/bench/reply_time.o $(LIB)
	@mkdir -p $(@D)
	@$(if $(V),,echo '  LD    $@')
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

# Runs a command and kills it, or fails it, at its Nth system call: for tests/long.
$(BUILD)/bin/killat: tests/long/killat.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -o $@ $<

# An hour or two, as root: power cuts and a full disk need loop devices.
check-long: deps-long ## as root, for an hour or two: kills, errors, power cuts, planted bugs, sanitizers
	@$(MAKE) $(PARALLEL) all $(BUILD)/bin/killat $(BUILD)/bin/ahead.so
	@status=0; $(MAKE) --no-print-directory sanitize || status=1; \
	METROPLEX=$(abspath $(BUILD)/bin/metroplex) NOTIFIER=$(abspath $(BUILD)/bin/notifier) tests/long/run || status=1; \
	exit $$status

# The whole program with AddressSanitizer, UndefinedBehaviorSanitizer and leak detection: the unit suite
# and the system suites run on it, and end with what was counted. Some ten minutes; needs clang.
SANITIZE      := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
SANITIZED     := $(BUILD)/sanitized
SANITIZED_LOG := $(abspath $(SANITIZED))/reports/log

sanitize: deps-long ## run every test on a build with sanitizers
	@$(MAKE) $(PARALLEL) BUILD=$(SANITIZED) CC='$(FUZZ_CC)' OPT='-O1 -g' HARDEN=-fPIE WARNINGS= CFLAGS='$(SANITIZE)' \
	    LDFLAGS='$(SANITIZE) $(abspath $(SANITIZED))/reporter.o' $(SANITIZED)/reporter.o
	@$(MAKE) $(PARALLEL) BUILD=$(SANITIZED) CC='$(FUZZ_CC)' OPT='-O1 -g' HARDEN=-fPIE WARNINGS= CFLAGS='$(SANITIZE)' \
	    LDFLAGS='$(SANITIZE) $(abspath $(SANITIZED))/reporter.o' all $(SANITIZED)/bin/unit
	@tests/long/sanitize.py $(SANITIZED) $(SANITIZED_LOG)

$(BUILD)/reporter.o: tests/long/reporter.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -DREPORTS='"$(abspath $(BUILD))/reports/log"' -c -o $@ $<

# make check, as root and as an ordinary user, in a clean clone on a clean Debian of another release.
RELEASE ?= trixie

check-release: deps-release ## run every test on a clean Debian of another release, RELEASE=trixie
	tests/long/release.sh $(RELEASE) $(BUILD)

# The Debian package on clean Debians, from building to purging.
check-package: deps-release ## the package on clean Debians, from building to purging
	tests/long/package.py $(RELEASE) --build $(BUILD)

# make fuzz TIME=60 [FUZZ="message html"]: every target of tests/fuzz for so many seconds, and how often
# each was run. Needs clang and its run-time libraries. New inputs gather below $(BUILD)/fuzz/corpus.
TIME      ?= 10
FUZZ      ?= $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/*.c)))
FUZZ_CC   ?= clang
FUZZ_WITH := -fno-sanitize-recover=undefined -fsanitize=address,undefined,fuzzer
FUZZ_OBJ  := $(patsubst %.c,$(BUILD)/fuzz/obj/%.o,$(LIB_SRC))

$(BUILD)/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	$(FUZZ_CC) $(filter-out -D_FORTIFY_SOURCE=2 -Werror,$(ALL_CFLAGS)) -Wno-unused-function $(FUZZ_WITH)-no-link -MMD -MP -c -o $@ $<

$(BUILD)/fuzz/lib.a: $(FUZZ_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

.SECONDARY: $(FUZZ:%=$(BUILD)/fuzz/obj/tests/fuzz/%.o)
$(FUZZ:%=$(BUILD)/fuzz/%): $(BUILD)/fuzz/%: $(BUILD)/fuzz/obj/tests/fuzz/%.o $(BUILD)/fuzz/lib.a
	$(FUZZ_CC) $(FUZZ_WITH) -o $@ $^ $(PKG_LIBS)

fuzz: deps-fuzz ## each parser of what strangers send, for TIME=10 seconds; FUZZ="message html" for some
	@$(MAKE) $(PARALLEL) $(FUZZ:%=$(BUILD)/fuzz/%)
	tests/fuzz/run.sh $(BUILD)/fuzz $(TIME) $(FUZZ)

deps: ## install what building lacks
	@tests/deps

deps-%: ## install what a target lacks: deps-check, deps-demo, deps-bench, deps-fuzz, deps-long, deps-lint
	@tests/deps $*

check: deps-check ## install what is missing, build, run every test
	@$(MAKE) $(PARALLEL) all $(BUILD)/bin/unit
	@tests/run $(BUILD)

# The same with the clock so many days ahead: no test may hang on the day it was written.
AHEAD ?= 365

check-ahead: deps-check ## run every test with the clock AHEAD=365 days ahead
	@$(MAKE) $(PARALLEL) all $(BUILD)/bin/unit $(BUILD)/bin/ahead.so
	@AHEAD=$(AHEAD) LD_PRELOAD=$(abspath $(BUILD)/bin/ahead.so) tests/run $(BUILD)

$(BUILD)/bin/ahead.so: tests/long/ahead.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 $(WARNINGS) -D_GNU_SOURCE -fPIC -shared -o $@ $<

demo: deps-demo ## install what is missing, build, show the main job end to end
	@$(MAKE) $(PARALLEL) all
	@tests/demo/demo.sh $(BUILD)/bin

C_FILES := $(wildcard */*.[ch] */*/*.[ch] */*/*/*.[ch])

# Debian 12 and 13 both have this release of the two tools, so that everybody's verdict is the same.
CLANG_TOOLS ?= 19

lint: deps-lint ## clang-format, mandoc and clang-tidy
	clang-format-$(CLANG_TOOLS) --dry-run -Werror $(C_FILES)
	mandoc -Tlint -Wwarning $(wildcard man/*)
	printf '%s\n' $(filter %.c,$(C_FILES)) | \
	    xargs -P$(JOBS) -I{} clang-tidy-$(CLANG_TOOLS) --quiet {} -- $(ALL_CFLAGS)

# What is installed, each as SOURCE:TARGET; units and cron lines are told where the programs are.
put       = $(foreach f,$(1),$f:$(2)/$(notdir $f))
UNITS    := $(wildcard cron/systemd/*.service cron/systemd/*.path cron/systemd/*.timer)
FILES     = $(call put,$(PROGRAMS:%=$(BUILD)/bin/%),$(PREFIX)/bin) \
            $(call put,$(INNER:%=$(BUILD)/libexec/metroplex/%),$(PREFIX)/libexec/metroplex) \
            $(call put,$(HOOKS:%=$(BUILD)/libexec/metroplex/%),$(PREFIX)/libexec/metroplex/hooks) \
            $(call put,$(wildcard man/*.5),$(MANDIR)/man5) \
            $(call put,$(wildcard man/*.7),$(MANDIR)/man7) \
            $(call put,$(wildcard man/*.8),$(MANDIR)/man8) \
            $(foreach f,$(CATALOGUES),$f:$(PREFIX)/share/$(f:$(BUILD)/share/%=%)) \
            $(call put,$(UNITS),$(UNITDIR)) \
            cron/systemd/metroplex.sysusers:$(PREFIX)/lib/sysusers.d/metroplex.conf \
            cron/systemd/metroplex.tmpfiles:$(PREFIX)/lib/tmpfiles.d/metroplex.conf \
            cron/etc/metroplex.cron:$(SYSCONFDIR)/cron.d/metroplex \
            cron/etc/metroplex.logrotate:$(SYSCONFDIR)/logrotate.d/metroplex \
            $(call put,$(wildcard */completion/_*),$(PREFIX)/share/zsh/vendor-completions) \
            $(foreach p,$(PROGRAMS),$p/completion/$p.bash:$(PREFIX)/share/bash-completion/completions/$p \
                $p/completion/$p.fish:$(PREFIX)/share/fish/vendor_completions.d/$p.fish)

# For the shell: FILE as it is installed.
AS_INSTALLED = as_installed() { case $$1 in \
    */completion/*) sed -e '/^@help.awk@$$/{r metroplex/completion/help.awk' -e 'd;}' $$1 ;; \
    */metroplex.cron | *.service | *.path | *.timer) sed -E 's,/usr/bin/(metroplex|notifier)\b,$(PREFIX)/bin/\1,g' $$1 ;; \
    *) cat $$1 ;; esac; }

# What an administrator has changed below /etc stays, and ours is put beside it, under a name that cron
# and logrotate do not read.
install: all ## install below PREFIX=/usr; DESTDIR= and SYSCONFDIR=/etc as usual
	@set -e; $(AS_INSTALLED); for f in $(FILES); do \
	    from=$${f%%:*}; to="$(DESTDIR)$${f#*:}"; mode=644; [ ! -x $$from ] || mode=755; \
	    as_installed $$from >$(BUILD)/installed; \
	    case $${f#*:} in $(SYSCONFDIR)/*) \
	        if [ -e "$$to" ] && ! cmp -s $(BUILD)/installed "$$to"; then \
	            echo "$$to differs and is left as it is; the new one is $$to.dpkg-new"; to="$$to.dpkg-new"; fi ;; esac; \
	    install -D -m $$mode $(BUILD)/installed "$$to"; echo "$$to"; \
	done; rm -f $(BUILD)/installed

# Directories go with the last file in them.
uninstall: ## remove it, but for what was changed below SYSCONFDIR
	@$(AS_INSTALLED); for f in $(FILES); do \
	    to="$(DESTDIR)$${f#*:}"; rm -fv "$$to.dpkg-new"; \
	    case $${f#*:} in $(SYSCONFDIR)/*) \
	        if [ -e "$$to" ] && ! as_installed $${f%%:*} | cmp -s - "$$to"; then \
	            echo "$$to was changed and is left as it is"; continue; fi ;; esac; \
	    rm -fv "$$to"; \
	    (cd "$(DESTDIR)/" && dir=$${f#*:/} && rmdir -p --ignore-fail-on-non-empty "$${dir%/*}") 2>/dev/null || :; \
	done

# build/deb/metroplex_VERSION_ARCH.deb, from the commit that is checked out, by Debian's own tools. A Debian wants
# a folder debian/ at the top; here it is .debian, and is put there in the unpacked archive.
DEB := $(BUILD)/deb/metroplex-$(VERSION)

deb: deps-deb ## a package for Debian, of the commit that is checked out
	@rm -rf $(BUILD)/deb && mkdir -p $(DEB)
	git archive HEAD | tar -x -C $(DEB)
	@cp -r $(DEB)/.debian $(DEB)/debian
	@test "$$(dpkg-parsechangelog -l $(DEB)/debian/changelog -S Version)" = $(VERSION) || \
	    { echo ".debian/changelog and VERSION in the Makefile are not the same"; exit 1; }
	cd $(DEB) && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u MAKEOVERRIDES DEB_BUILD_OPTIONS=parallel=$(JOBS) dpkg-buildpackage -b -us -uc
	@ls -l $(BUILD)/deb/*.deb

# What is measured, against whom: tests/bench/bench.py. BENCH=name for one, sizes by variables.
BENCH_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/bench/helper*.c))
$(BUILD)/bin/bench-helper: $(BENCH_OBJ) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

bench: deps-bench ## measure against others: BENCH=name for one, MAILS= and ROUNDS= for its size
	@$(MAKE) $(PARALLEL) all $(BUILD)/bin/bench-helper
	BUILD=$(abspath $(BUILD)) python3 tests/bench/bench.py

clean: ## remove all that was built
	rm -rf $(BUILD)

help: ## this list
	@sed -nE 's/^([a-z][a-z%-]*):.*## (.*)/\1\t\2/p' Makefile | sort | awk -F'\t' '{ printf "  make %-14s %s\n", $$1, $$2 }'

-include $(FUZZ_OBJ:.o=.d) $(LIB_OBJ:.o=.d) $(UNIT_OBJ:.o=.d) $(BENCH_OBJ:.o=.d) $(patsubst %.o,%.d,$(call obj,metroplex) $(call obj,notifier))
