# weft - the build. `make help` lists what there is to ask for.
#
# One makefile, one folder per variant under build/: release debug asan tsan clang fuzz cov mutate.
# VARIANT=name picks one for any target; targets such as `asan` pick theirs by themselves.
# Modules are found by wildcard: a new .c file in a known folder is built without a change here.

VARIANT ?= release
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
DESTDIR ?=
HOST ?= 127.0.0.1
PORT ?= 8080
DATA ?= ./weft-data
FUZZ_SECONDS ?= 30
PERCENT ?= 2000
MUTANTS ?= 600
MUTATE_SEED ?= 1
MUTATE_FILES ?= src/text src/ot src/room
CPPFLAGS ?=
CFLAGS ?=
LDFLAGS ?=
GROUPS ?=
BENCH ?=
LOSS ?=
ARGS ?=

# make WERROR= builds with compilers whose newer warnings we have not met.
WERROR ?= -Werror

ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 1)
endif
MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# ---- variants ---------------------------------------------------------------------------------

VARIANTS := release debug asan tsan clang fuzz cov mutate
ifeq ($(filter $(VARIANT),$(VARIANTS)),)
$(error VARIANT=$(VARIANT) is none of: $(VARIANTS))
endif

# BUILD=/tmp/mine keeps a private tree apart from build/.
BUILD ?= build
B := $(BUILD)/$(VARIANT)

# Asserts stay on in every variant: wrong text spreads, a crash recovers from the log. The full walks
# over a structure (WEFT_SLOW_ASSERT) cost too much for a played session; debug and fuzz have them.
HARDEN := -D_FORTIFY_SOURCE=2 -fstack-protector-strong
CFLAGS_release := -O2 -g $(HARDEN)
CFLAGS_clang := -O2 -g $(HARDEN)
CFLAGS_debug := -O0 -g3 -DWEFT_PARANOID
CFLAGS_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all
CFLAGS_tsan := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
CFLAGS_fuzz := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all -fsanitize=fuzzer-no-link -DWEFT_PARANOID
CFLAGS_cov := -O0 -g -fprofile-instr-generate -fcoverage-mapping
CFLAGS_mutate := -O2 -fPIC

ifneq ($(filter $(VARIANT),clang fuzz cov),)
CC := clang
else
ifeq ($(origin CC),default)
CC := gcc
endif
endif
AR := ar
OBJCOPY := objcopy

STRICT := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wvla -Wformat=2 $(WERROR)
CPPFLAGS_ALL = -Iinclude -Isrc $(CPPFLAGS)
CFLAGS_ALL = -std=gnu11 -fPIE $(CFLAGS_$(VARIANT)) $(STRICT) $(CFLAGS)
LDFLAGS_ALL = -pie -Wl,-z,relro,-z,now $(filter -fsanitize% -fprofile%,$(CFLAGS_$(VARIANT))) \
	$(LDFLAGS)

# pkg-config is asked once, and only by a rule that needs it, so that `make help`, `make run` and
# `make test` work on a machine where nothing is installed yet.
PKGS := libwebsockets libuv jansson sqlite3 uuid libcrypto zlib
pkg_missing = $(strip $(foreach p,$(1),$(if $(shell pkg-config --exists $(p) 2>/dev/null && \
	echo y),,$(p))))
pkg_need = $(if $(call pkg_missing,$(1)),$(error missing libraries: $(call \
	pkg_missing,$(1)); `make deps` installs them on Debian))
PKG_CFLAGS = $(call pkg_need,$(PKGS))$(eval PKG_CFLAGS := $$(shell \
	pkg-config --cflags $(PKGS)))$(PKG_CFLAGS)
PKG_LIBS = $(call pkg_need,$(PKGS))$(eval PKG_LIBS := $$(shell \
	pkg-config --libs $(PKGS)))$(PKG_LIBS)
CMOCKA_CFLAGS = $(call pkg_need,cmocka)$(eval CMOCKA_CFLAGS := $$(shell \
	pkg-config --cflags cmocka))$(CMOCKA_CFLAGS)
CMOCKA_LIBS = $(call pkg_need,cmocka)$(eval CMOCKA_LIBS := $$(shell \
	pkg-config --libs cmocka))$(CMOCKA_LIBS)

# ---- sources ----------------------------------------------------------------------------------

# The core is pure: no libc beyond mem* and strlen (see `make pure`). The edge touches the world.
CORE_MODULES := base text ot client room
EDGE_MODULES := store wire auth net bench server

# base/heap.c, the process heap as an allocator, is the one file of base that belongs to the edge.
IMPURE_SRC := $(wildcard src/base/heap.c)
CORE_SRC := $(sort $(filter-out $(IMPURE_SRC),$(wildcard $(CORE_MODULES:%=src/%/*.c))))
EDGE_SRC := $(IMPURE_SRC) \
	$(sort $(filter-out src/server/main.c,$(wildcard $(EDGE_MODULES:%=src/%/*.c))))
MAIN_SRC := $(wildcard src/server/main.c)
SRC_TOOL_SRC := $(sort $(wildcard src/tools/*.c))
SUPPORT_SRC := $(sort $(wildcard tests/support/*.c))
UNIT_SRC := $(sort $(wildcard tests/unit/*_test.c))
PROPERTY_SRC := $(sort $(wildcard tests/property/*_test.c))
TOOL_SRC := $(sort $(wildcard tests/tools/*.c))
TOOL_LIB_SRC := $(sort $(wildcard tests/tools/lib/*.c))
BENCH_SRC := $(sort $(wildcard tests/bench/*.c))
ENGINE_SRC := $(sort $(wildcard tests/bench/engine/*.c))
FLOOR_SRC := tests/bench/peers/floor.c
SIM_SRC := $(sort $(wildcard tests/sim/*.c))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/*_fuzz.c))
REPLAY_SRC := $(wildcard tests/fuzz/replay/main.c)
WEB_FILES := $(sort $(shell find web/client web/dist -type f -not -path '*/node_modules/*' \
	-not -path '*/.*' -not -path '*/types/*' -not -name '*.md' -not -name '*.cjs' \
	-not -name '*.d.cts' -not -name LICENSE -not -name package.json 2>/dev/null))

obj = $(patsubst %.c,$(B)/obj/%.o,$(1))
CORE_OBJ := $(call obj,$(CORE_SRC))
EDGE_OBJ := $(call obj,$(EDGE_SRC)) $(B)/obj/assets.o
MAIN_OBJ := $(call obj,$(MAIN_SRC))
SRC_TOOL_OBJ := $(call obj,$(SRC_TOOL_SRC))
SUPPORT_OBJ := $(call obj,$(SUPPORT_SRC))
TOOL_LIB_OBJ := $(call obj,$(TOOL_LIB_SRC))
ALL_OBJ := $(CORE_OBJ) $(EDGE_OBJ) $(MAIN_OBJ) $(SRC_TOOL_OBJ) $(SUPPORT_OBJ) $(TOOL_LIB_OBJ) \
	$(call obj,$(UNIT_SRC) $(PROPERTY_SRC) $(TOOL_SRC) $(BENCH_SRC) $(ENGINE_SRC) $(FLOOR_SRC) $(FUZZ_SRC) \
	$(REPLAY_SRC) $(SIM_SRC))

# For mutants the core is a shared object, so that one changed file means one small link.
CORE_LIB := $(B)/libweft-core.$(if $(filter mutate,$(VARIANT)),so,a)
EDGE_LIB := $(B)/libweft-edge.a
TOOL_LIB := $(B)/libweft-tools.a
WEFT := $(if $(MAIN_SRC),$(B)/weft)
# Programs for users beside the server: src/tools/weft_replay.c becomes weft-replay.
SRC_TOOLS := $(subst _,-,$(patsubst src/tools/%.c,%,$(SRC_TOOL_SRC)))
SRC_TOOL_BIN := $(SRC_TOOLS:%=$(B)/%)

UNIT_BIN := $(patsubst tests/%.c,$(B)/tests/%,$(UNIT_SRC))
PROPERTY_BIN := $(patsubst tests/%.c,$(B)/tests/%,$(PROPERTY_SRC))
TOOL_BIN := $(patsubst tests/tools/%.c,$(B)/tools/%,$(TOOL_SRC))
BENCH_BIN := $(patsubst tests/bench/%.c,$(B)/bench/%,$(BENCH_SRC))
SIM_BIN := $(if $(SIM_SRC),$(B)/tools/weft-sim)
FUZZ_BIN := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(FUZZ_SRC))
REPLAY_BIN := $(patsubst tests/fuzz/%.c,$(B)/tests/replay/%,$(FUZZ_SRC))

# ---- building ---------------------------------------------------------------------------------

all: $(if $(filter release,$(VARIANT)),$(if $(WEFT),$(BUILD)/weft $(SRC_TOOLS:%=$(BUILD)/%),libs) lib,$(if $(WEFT),$(WEFT) $(SRC_TOOL_BIN),libs)) ## build the server, weft-replay and libweft: build/weft (VARIANT=debug: build/debug/weft)

libs: $(CORE_LIB) $(EDGE_LIB) ## build only the libraries of the variant

tests: $(WEFT) $(SRC_TOOL_BIN) lib $(UNIT_BIN) $(PROPERTY_BIN) $(REPLAY_BIN) $(TOOL_BIN) ## build every test program and test tool of the variant
tools: $(TOOL_BIN) $(if $(filter release,$(VARIANT)),$(SRC_TOOLS:%=$(BUILD)/%),$(SRC_TOOL_BIN)) ## build weft-replay and the test tools (players, clients) of the variant

$(BUILD)/weft $(SRC_TOOLS:%=$(BUILD)/%): $(BUILD)/%: $(BUILD)/release/%
	@ln -f $< $@

ifneq ($(VARIANT),release)
$(BUILD)/release/weft $(SRC_TOOLS:%=$(BUILD)/release/%):
	@$(MAKE) VARIANT=release $@
endif

# Objects depend on the flags they were built with and archives on the list of their members; both
# files change only when their content does.
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(LDFLAGS_ALL)' | cmp -s - $@ || \
		printf '%s\n' '$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(LDFLAGS_ALL)' > $@
$(B)/%.list: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(MEMBERS) | cmp -s - $@ || printf '%s\n' $(MEMBERS) > $@
$(B)/core.list: MEMBERS = $(CORE_OBJ)
$(B)/edge.list: MEMBERS = $(EDGE_OBJ)
$(B)/tools.list: MEMBERS = $(TOOL_LIB_OBJ)
$(B)/web.list: MEMBERS = $(WEB_FILES)

EXTRA_CFLAGS =
$(call obj,$(EDGE_SRC) $(MAIN_SRC) $(SRC_TOOL_SRC)): EXTRA_CFLAGS = $(PKG_CFLAGS)
$(B)/obj/tests/%: EXTRA_CFLAGS = -Itests $(PKG_CFLAGS) $(CMOCKA_CFLAGS)
$(call obj,$(TOOL_SRC) $(TOOL_LIB_SRC) $(BENCH_SRC) $(ENGINE_SRC)): EXTRA_CFLAGS = -Itests $(PKG_CFLAGS)
$(call obj,$(FUZZ_SRC) $(REPLAY_SRC)): EXTRA_CFLAGS = -Itests $(PKG_CFLAGS) -Wno-missing-prototypes

$(B)/obj/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	@echo "  CC    $(VARIANT) $<"
	@$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(EXTRA_CFLAGS) -MMD -MP -c $< -o $@

# The pages and the client modules live in the binary (src/server/assets.h).
$(B)/assets.c: packaging/assets.sh $(B)/web.list $(WEB_FILES)
	@echo "  ASSET $(VARIANT) $(words $(WEB_FILES)) files"
	@sh packaging/assets.sh $(B)/assets $(WEB_FILES) > $@.tmp && mv -f $@.tmp $@
$(B)/obj/assets.o: $(B)/assets.c $(B)/flags
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

define archive
@mkdir -p $(@D); rm -f $@.tmp; $(AR) rcs $@.tmp $(filter %.o,$^); mv -f $@.tmp $@
endef
$(B)/libweft-core.a: $(CORE_OBJ) $(B)/core.list
	$(archive)
$(B)/libweft-core.so: $(CORE_OBJ) $(B)/core.list
	@$(CC) -shared -Wl,-soname,$(@F) -o $@ $(filter %.o,$^)
$(EDGE_LIB): $(EDGE_OBJ) $(B)/edge.list
	$(archive)
$(TOOL_LIB): $(TOOL_LIB_OBJ) $(B)/tools.list
	$(archive)

# Test programs are linked with all of tests/support as objects, not as an archive: what it defines
# (a louder weft_panic) goes before the core's own.
LINK = mkdir -p $(@D) && $(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) \
	-Wl,--start-group $(filter %.a %.so,$^) -Wl,--end-group

$(B)/weft: $(MAIN_OBJ) $(EDGE_LIB) $(CORE_LIB)
	@echo "  LINK  $@"
	@$(LINK) $(PKG_LIBS) -lpthread -lm
$(SRC_TOOL_BIN): $(B)/weft-%: $(B)/obj/src/tools/weft_%.o $(call obj,$(IMPURE_SRC)) $(CORE_LIB)
	@echo "  LINK  $@"
	@$(LINK) $(PKG_LIBS)

$(UNIT_BIN) $(PROPERTY_BIN): $(B)/tests/%: $(B)/obj/tests/%.o $(SUPPORT_OBJ) $(EDGE_LIB) $(CORE_LIB)
	@$(LINK) $(CMOCKA_LIBS) $(PKG_LIBS) -lpthread -lm
$(TOOL_BIN): $(B)/tools/%: $(B)/obj/tests/tools/%.o $(TOOL_LIB) $(SUPPORT_OBJ) $(EDGE_LIB) $(CORE_LIB)
	@$(LINK) $(CMOCKA_LIBS) $(PKG_LIBS) -lpthread -lm
$(BENCH_BIN): $(B)/bench/%: $(B)/obj/tests/bench/%.o $(TOOL_LIB) $(SUPPORT_OBJ) $(EDGE_LIB) $(CORE_LIB)
	@$(LINK) $(CMOCKA_LIBS) $(PKG_LIBS) -lpthread -lm
# The simulator has a server and clients of its own beside those of tests/support.
$(B)/tools/weft-sim: $(call obj,$(SIM_SRC) tests/support/rng.c tests/support/trap.c tests/support/panic.c) \
		$(EDGE_LIB) $(CORE_LIB)
	@$(LINK) $(PKG_LIBS) -lpthread -lm
$(B)/bench/engine_bench: $(call obj,$(ENGINE_SRC))
# The relays that `make bench-peers` measures the machine with.
FLOOR_BIN := $(B)/tools/weft-floor
$(FLOOR_BIN): $(call obj,$(FLOOR_SRC))
	@$(LINK) $(PKG_LIBS)
tests: $(B)/bench/engine_bench $(SIM_BIN) $(FLOOR_BIN)

# Preloaded into the server by tests/fault. Never instrumented: it stands in front of a sanitizer.
FAULTSHIM := $(B)/tools/faultshim.so
$(FAULTSHIM): tests/fault/shim.c tests/fault/shim_disk.c tests/fault/shim.h $(B)/flags
	@mkdir -p $(@D)
	@$(CC) -std=gnu11 -O2 -g -fPIC -shared $(STRICT) -o $@ $(filter %.c,$^) -ldl -lpthread
tests: $(FAULTSHIM)
$(REPLAY_BIN): $(B)/tests/replay/%: $(B)/obj/tests/fuzz/%.o $(call obj,$(REPLAY_SRC)) $(SUPPORT_OBJ) $(EDGE_LIB) $(CORE_LIB)
	@$(LINK) $(CMOCKA_LIBS) $(PKG_LIBS) -lpthread -lm
$(FUZZ_BIN): $(B)/fuzz/%: $(B)/obj/tests/fuzz/%.o $(SUPPORT_OBJ) $(EDGE_LIB) $(CORE_LIB)
	@$(LINK) -fsanitize=fuzzer $(CMOCKA_LIBS) $(PKG_LIBS) -lpthread -lm

-include $(ALL_OBJ:.o=.d)

# ---- libweft ----------------------------------------------------------------------------------
# What include/weft/ promises, for other programs: base's public part, text, ot. It needs nothing
# of what the server needs, and is always built as it is released. All objects are first linked into
# one in which only the promised names are left (the others are hidden by -fvisibility, then made
# local), so neither form of the library can clash with a name of its host. Of base, what is used
# comes along. In the shared form calls between its own functions are bound when it is linked, not
# through a table at run time; weft_panic alone stays open, for a program to bring its own.

LIB_NUMBERS := $(shell awk '$$2 ~ /^WEFT_VERSION_(MAJOR|MINOR|PATCH)$$/ { print $$3 }' \
	include/weft/version.h)
LIB_VERSION := $(subst $() ,.,$(LIB_NUMBERS))
LIB_ABI := $(if $(filter 0,$(word 1,$(LIB_NUMBERS))),0.$(word 2,$(LIB_NUMBERS)),$(word \
	1,$(LIB_NUMBERS)))
LIB_HEADERS := $(sort $(wildcard include/weft/*.h))
LIB_BASE_SRC := $(sort $(wildcard src/base/*.c))
LIB_SRC := src/base/heap.c src/base/error.c src/base/version.c $(sort $(wildcard src/text/*.c \
	src/ot/*.c))
LIB_A := $(BUILD)/libweft.a
LIB_SO := $(BUILD)/libweft.so
L := $(BUILD)/release/libweft

ifeq ($(VARIANT),release)
lib: $(LIB_A) $(LIB_SO) ## build the library alone: build/libweft.a, build/libweft.so
else
lib:
	@$(MAKE) VARIANT=release lib
endif

LIB_CFLAGS = -std=gnu11 $(CFLAGS_release) $(STRICT) $(CFLAGS) -fPIC -fvisibility=hidden \
	-fno-semantic-interposition -fno-lto
LIB_OBJ := $(patsubst %.c,$L/%.o,$(LIB_SRC))
LIB_BASE_OBJ := $(filter-out $(LIB_OBJ),$(patsubst %.c,$L/%.o,$(LIB_BASE_SRC)))

$L/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(CC) $(CPPFLAGS_ALL) $(LIB_CFLAGS) $(LDFLAGS) $(LIB_OBJ)' | cmp -s - $@ || \
		printf '%s\n' '$(CC) $(CPPFLAGS_ALL) $(LIB_CFLAGS) $(LDFLAGS) $(LIB_OBJ)' > $@
$L/%.o: %.c $L/flags
	@mkdir -p $(@D)
	@echo "  CC    libweft $<"
	@$(CC) $(CPPFLAGS_ALL) $(LIB_CFLAGS) -MMD -MP -c $< -o $@
$L/base.a: $(LIB_BASE_OBJ)
	@rm -f $@ && $(AR) rcs $@ $^
$L/libweft.o: $(LIB_OBJ) $L/base.a
	@$(CC) -r -nostdlib -o $@.tmp $^ && $(OBJCOPY) --localize-hidden $@.tmp && mv -f $@.tmp $@
$(LIB_A): $L/libweft.o
	@echo "  LIB   $@"
	@rm -f $@ && $(AR) rcs $@ $<
$(LIB_SO).$(LIB_VERSION): $L/libweft.o
	@echo "  LIB   $@"
	@$(CC) -shared $(LDFLAGS) -o $@ $< -Wl,-soname,libweft.so.$(LIB_ABI) -Wl,-z,defs \
		-Wl,-z,relro,-z,now -Wl,-Bsymbolic-functions,--export-dynamic-symbol=weft_panic
$(LIB_SO): $(LIB_SO).$(LIB_VERSION)
	@ln -sfn libweft.so.$(LIB_VERSION) $(LIB_SO).$(LIB_ABI)
	@ln -sfn libweft.so.$(LIB_ABI) $@

-include $(LIB_OBJ:.o=.d) $(LIB_BASE_OBJ:.o=.d)

# ---- running and testing ----------------------------------------------------------------------

run: ## install what is missing, build, and serve on http://127.0.0.1:8080 (HOST= PORT= DATA=)
	@sh packaging/deps.sh build
	@$(MAKE) VARIANT=release $(BUILD)/weft
	@echo "weft: open http://$(HOST):$(PORT)/ (Ctrl-C stops the server)"
	@exec $(BUILD)/weft serve --host $(HOST) --port $(PORT) --data $(DATA)

test: ## install what is missing, build, and run every test; ends with `N passed, N failed`
	@sh packaging/deps.sh test
	@$(MAKE) VARIANT=$(VARIANT) tests
	@bash tests/run.sh --build $(BUILD) --variant $(VARIANT) all

web: ## bundle the page (web/dist) and the client package (web/client/dist), both committed (needs node and npm)
	@cd web && { [ node_modules/.package-lock.json -nt package-lock.json ] || \
		{ npm ci --ignore-scripts && touch node_modules/.package-lock.json; }; } && node build.mjs && \
		node client-build.mjs

check: ## the quick tier: unit, property and fuzz corpus, under a minute, installs nothing
	@$(MAKE) VARIANT=$(VARIANT) check-build
	@bash tests/run.sh --build $(BUILD) --variant $(VARIANT) sim property unit replay
soak: ## the properties and the pages' random tabs with PERCENT=2000 of their cases, from a new seed each time
	@$(MAKE) VARIANT=$(VARIANT) check-build $(BUILD)/$(VARIANT)/weft
	@seed=$${WEFT_SEED:-$$(date +%s)000000}; echo "soak: WEFT_SEED=$$seed WEFT_PERCENT=$(PERCENT)"; \
	WEFT_SEED=$$seed WEFT_PERCENT=$(PERCENT) TEST_TIMEOUT=86400 \
		bash tests/run.sh --build $(BUILD) --variant $(VARIANT) sim property tests/e2e/page_random_test.mjs
check-build: $(UNIT_BIN) $(PROPERTY_BIN) $(REPLAY_BIN) $(SIM_BIN)

sim: ## the simulator, with ARGS="--seed 7 --trace" and the like; ARGS=--help lists them
	@$(MAKE) VARIANT=$(VARIANT) $(SIM_BIN)
	@$(SIM_BIN) $(ARGS)

.PHONY: fault
fault: ## real faults on the real server, long form: kill -9 500 times, restarts, clock jumps (make test: short)
	@sh packaging/deps.sh test
	@$(MAKE) VARIANT=$(VARIANT) tests
	@WEFT_FAULT=long TEST_TIMEOUT=$${TEST_TIMEOUT:-7200} WEFT_DEADLINE_MS=$${WEFT_DEADLINE_MS:-60000} \
		bash tests/run.sh --build $(BUILD) --variant $(VARIANT) fault

.PHONY: powercut
powercut: ## a guest machine loses its power under load, POWERCUTS=20 times: nothing acknowledged is lost
	@sh packaging/deps.sh test
	@$(MAKE) VARIANT=release $(BUILD)/weft
	@bash tests/fault/powercut.sh $(abspath $(BUILD))

asan: ## the whole suite under AddressSanitizer and UndefinedBehaviorSanitizer
	@$(MAKE) VARIANT=asan tests
	@bash tests/run.sh --build $(BUILD) --variant asan $(or $(GROUPS),all)

tsan: ## unit and property tests under ThreadSanitizer
	@$(MAKE) VARIANT=tsan check

clang: ## build everything with clang under the same strict flags
	@$(MAKE) VARIANT=clang all tests

fuzz: ## run every libFuzzer target for FUZZ_SECONDS=30 each
	@$(MAKE) VARIANT=fuzz fuzz-build
	@bash tests/fuzz/run.sh $(FUZZ_SECONDS) $(BUILD)
fuzz-build: $(FUZZ_BIN)

bench: ## build and run the benchmarks, or BENCH="name ..." of them; prints figures, asserts nothing
	@$(MAKE) VARIANT=release $(BUILD)/weft bench-build
	@bash tests/bench/run.sh $(BUILD)/release $(BENCH)
bench-build: $(BENCH_BIN) $(TOOL_BIN)

.PHONY: bench-engine
bench-engine: ## the engine against other libraries: table and plots into docs/ (QUICK=1: a shorter run, docs untouched)
	@sh packaging/deps.sh bench
	@$(MAKE) VARIANT=release $(BUILD)/release/bench/engine_bench
	@node tests/bench/engine/run.mjs $(BUILD)

.PHONY: bench-page
bench-page: ## the page against y-websocket with y-codemirror.next, in Chromium: a table (PAGE="--rounds 5 --markdown FILE ...")
	@sh packaging/deps.sh test
	@$(MAKE) VARIANT=release $(BUILD)/weft
	@cd tests/bench/page && { [ node_modules/.package-lock.json -nt package-lock.json ] || \
		{ npm ci --ignore-scripts && touch node_modules/.package-lock.json; }; }
	@WEFT_BIN='$(abspath $(BUILD))/weft' node tests/bench/page/run.mjs $(PAGE)

.PHONY: bench-loss
bench-loss: ## what other servers have kept of what they acknowledged, and weft, after the same faults (LOSS="--n 5 --markdown FILE --json FILE ...")
	@sh packaging/deps.sh loss
	@$(MAKE) VARIANT=release $(BUILD)/weft
	@sh tests/bench/loss/install.sh
	@WEFT_BIN='$(abspath $(BUILD))/weft' node tests/bench/loss/run.mjs $(LOSS)

.PHONY: bench-peers
bench-peers: ## other servers and two floors beside weft, S1 to S7: tables and plots into docs/ (QUICK=1 PEERS="weft epoll" SCENARIOS="s1 s3")
	@sh packaging/deps.sh loss
	@$(MAKE) VARIANT=release $(BUILD)/weft $(BUILD)/release/tools/weft-floor
	@sh tests/bench/loss/install.sh
	@QUICK='$(QUICK)' PEERS='$(PEERS)' SCENARIOS='$(SCENARIOS)' node tests/bench/peers/run.mjs '$(BUILD)'

.PHONY: bench-bounds
bench-bounds: ## memory under hostile loads against its bounds, and what others notice, in ten minutes (CASES="stuck hoard")
	@$(MAKE) VARIANT=release $(BUILD)/weft tools
	@bash tests/bench/bounds.sh $(BUILD)/release $(CASES)

cov: ## lines and branches the tests run, per file; fails below 100 % of the branches of text and ot
	@sh packaging/deps.sh cov
	@rm -rf $(BUILD)/cov/profile
	@LLVM_PROFILE_FILE='$(abspath $(BUILD))/cov/profile/%m.profraw' $(MAKE) VARIANT=cov check
	@node tests/lint/cov.mjs $(BUILD)/cov src/text src/ot

mutate: ## change text, ot and room a little, 600 times, and see the tests notice (MUTANTS=600|all MUTATE_SEED= MUTATE_FILES=)
	@sh packaging/deps.sh test
	@node tests/mutate/mutate.mjs '$(BUILD)/mutate' '$(MUTANTS)' '$(MUTATE_SEED)' $(MUTATE_FILES)

lint: ## check layers, banned calls, sizes, format and the house rules
	@bash tests/lint/lint.sh

pure: ## prove that the core needs no libc and has no writable global
	@$(MAKE) VARIANT=release $(BUILD)/release/libweft-core.a
	@bash tests/lint/pure.sh $(BUILD)/release/libweft-core.a $(CORE_SRC)

fmt: ## format the C files in place with clang-format
	@clang-format -i $$(find include src tests -name '*.[ch]' -not -path '*/node_modules/*')

# ---- installing -------------------------------------------------------------------------------

deps: ## install the Debian packages that building and testing need
	@sh packaging/deps.sh test

install: install-lib ## install server, library and documents (PREFIX=/usr/local LIBDIR= DESTDIR=)
	@$(MAKE) VARIANT=release $(BUILD)/weft
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(BUILD)/weft $(DESTDIR)$(PREFIX)/bin/weft
	install -m 644 LICENSE CHANGELOG.md $(wildcard README.md docs/*.md) \
		$(DESTDIR)$(PREFIX)/share/doc/weft/

install-lib: lib ## install headers, library, weft.pc and the example, nothing of the server
	install -d $(addprefix $(DESTDIR),$(PREFIX)/include/weft $(LIBDIR)/pkgconfig \
		$(PREFIX)/share/doc/weft)
	install -m 644 $(LIB_HEADERS) $(DESTDIR)$(PREFIX)/include/weft/
	install -m 644 $(LIB_A) $(DESTDIR)$(LIBDIR)/
	install -m 755 $(LIB_SO).$(LIB_VERSION) $(DESTDIR)$(LIBDIR)/
	ln -sfn libweft.so.$(LIB_VERSION) $(DESTDIR)$(LIBDIR)/libweft.so.$(LIB_ABI)
	ln -sfn libweft.so.$(LIB_ABI) $(DESTDIR)$(LIBDIR)/libweft.so
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@VERSION@|$(LIB_VERSION)|' \
		packaging/weft.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/weft.pc
	install -m 644 LICENSE docs/library.md docs/example.c $(DESTDIR)$(PREFIX)/share/doc/weft/

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/weft $(DESTDIR)$(LIBDIR)/pkgconfig/weft.pc \
		$(addprefix $(DESTDIR)$(LIBDIR)/libweft,.a .so .so.$(LIB_ABI) .so.$(LIB_VERSION))
	rm -rf $(DESTDIR)$(PREFIX)/include/weft $(DESTDIR)$(PREFIX)/share/doc/weft

clean: ## remove build/
	rm -rf $(BUILD)

help: ## this list
	@echo "make              builds build/weft, build/weft-replay, build/libweft.a and build/libweft.so"
	@awk -F':.*## ' '/^[a-z][a-z-]*:.*## /{printf "make %-12s %s\n", $$1, $$2}' Makefile
	@echo "VARIANT=one of: $(VARIANTS); WERROR= drops -Werror"

FORCE:
.PHONY: all libs lib tests tools run test web sim check check-build soak asan tsan clang fuzz fuzz-build \
	bench bench-build cov mutate lint pure fmt deps install install-lib uninstall clean help FORCE
