# Metroplex: build, test, install.
#
#   make demo     install what is missing, build, show the main job end to end
#   make check    install what is missing, build, run every test
#
# Everything that is made goes below $(BUILD); `make clean` removes it.

PREFIX     ?= /usr
DESTDIR    ?=
SYSCONFDIR ?= /etc
MANDIR     ?= $(PREFIX)/share/man
UNITDIR    ?= /lib/systemd/system
BUILD      ?= build
VERSION    := 0.1.0

CC       ?= gcc
PKGS     := glib-2.0 gobject-2.0 gmime-3.0 libgit2 libpcre2-8 libcurl json-glib-1.0 md4c-html gumbo libseccomp zlib

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

LIB_SRC  := $(sort $(wildcard lib/*/*.c))
PROGRAMS := metroplex notifier
UNIT_SRC := $(sort $(wildcard tests/unit/*.c))

LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/%.o)
LIB      := $(BUILD)/libmetroplex.a
UNIT_OBJ := $(UNIT_SRC:%.c=$(BUILD)/%.o)
obj       = $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard $(1)/*.c)))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all deps demo check unit fuzz lint bench install uninstall clean

all: $(PROGRAMS:%=$(BUILD)/bin/%)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/bin/metroplex: $(call obj,metroplex) $(LIB)
$(BUILD)/bin/notifier: $(call obj,notifier) $(LIB)
$(PROGRAMS:%=$(BUILD)/bin/%):
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

# The programs' own commands are tested too, so their objects (but main) join the unit tests.
$(BUILD)/bin/unit: $(UNIT_OBJ) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) -lcriterion

unit: $(BUILD)/bin/unit all
	METROPLEX=$(abspath $(BUILD)/bin/metroplex) $(BUILD)/bin/unit

# A part of the library behind a line-wise JSON protocol, for scoreboards and benchmarks.
$(BUILD)/bin/reply-jsonl: $(BUILD)/tests/bench/reply_jsonl.o $(LIB)
$(BUILD)/bin/reply-time: $(BUILD)/tests/bench/reply_time.o $(LIB)
$(BUILD)/bin/reply-jsonl $(BUILD)/bin/reply-time:
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

# make fuzz TIME=60 [FUZZ="message html"]: every target of tests/fuzz for so many seconds, and how often
# each was run. Needs clang and its run-time libraries. New inputs gather below $(BUILD)/fuzz/corpus.
TIME      ?= 10
FUZZ      ?= $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/*.c)))
FUZZ_CC   ?= clang
FUZZ_WITH := -fno-sanitize-recover=undefined -fsanitize=address,undefined,fuzzer
FUZZ_OBJ  := $(LIB_SRC:%.c=$(BUILD)/fuzz/obj/%.o)

$(BUILD)/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	$(FUZZ_CC) $(filter-out -D_FORTIFY_SOURCE=2 -Werror,$(ALL_CFLAGS)) -Wno-unused-function $(FUZZ_WITH)-no-link -MMD -MP -c -o $@ $<

$(BUILD)/fuzz/lib.a: $(FUZZ_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

.SECONDARY: $(FUZZ:%=$(BUILD)/fuzz/obj/tests/fuzz/%.o)
$(FUZZ:%=$(BUILD)/fuzz/%): $(BUILD)/fuzz/%: $(BUILD)/fuzz/obj/tests/fuzz/%.o $(BUILD)/fuzz/lib.a
	$(FUZZ_CC) $(FUZZ_WITH) -o $@ $^ $(PKG_LIBS)

fuzz: $(FUZZ:%=$(BUILD)/fuzz/%)
	tests/fuzz/run.sh $(BUILD)/fuzz $(TIME) $(FUZZ)

clean:
	rm -rf $(BUILD)

-include $(FUZZ_OBJ:.o=.d) $(LIB_OBJ:.o=.d) $(UNIT_OBJ:.o=.d) $(patsubst %.o,%.d,$(call obj,metroplex) $(call obj,notifier))
