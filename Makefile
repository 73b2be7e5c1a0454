# Castor. `make help` lists what can be asked for.
#
#   CC=clang SAN=address,undefined WERROR=1 BUILD=build-x V=1   may be given to any target.

ifeq ($(origin CC),default)
CC := gcc
endif
SAN     ?=
BUILD   ?= build$(if $(SAN),-san)$(if $(findstring clang,$(CC)),-clang)
VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)

PKGS := libuv libllhttp hiredis yajl libcurl openssl libpq
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
# llhttp is linked from its archive: Debian 12 has no package of it at run time.
PKG_LIBS   := $(shell pkg-config --libs $(filter-out libllhttp,$(PKGS)) 2>/dev/null) -l:libllhttp.a

WARN := -Wall -Wextra -Wformat=2 -Wconversion -Wshadow -Wimplicit-fallthrough -Wvla \
	-Wno-sign-conversion -Werror=implicit -Werror=incompatible-pointer-types \
	-Werror=int-conversion -Werror=format-security -Wstrict-prototypes -Wswitch-enum \
	-Wno-missing-field-initializers
# yes if the compiler is of that major version or a later one
is_from = $(shell [ "$$($(CC) -dumpversion 2>/dev/null | cut -d. -f1)" -ge $(1) ] 2>/dev/null && echo yes)
ifeq ($(findstring clang,$(CC)),)
WARN += -Wtrampolines -Wbidi-chars=any
else ifeq ($(call is_from,16),)
# Before 16 clang wanted to be asked twice for what it now gives.
AUTO_INIT := -enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang
endif

HARDEN := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection \
	-fno-delete-null-pointer-checks -fno-strict-overflow -fno-strict-aliasing -fPIE \
	-ftrivial-auto-var-init=zero $(AUTO_INIT)
ifeq ($(call is_from,$(if $(findstring clang,$(CC)),16,13)),yes)
HARDEN += -fstrict-flex-arrays=3
endif
ifeq ($(shell uname -m),x86_64)
HARDEN += -fcf-protection=full
else ifeq ($(shell uname -m),aarch64)
HARDEN += -mbranch-protection=standard
endif
HARDEN_LD := -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,nodlopen -Wl,--as-needed

# Assertions stay on in production: they state our own contracts.
CFLAGS ?= -O2 -g
ALL_CFLAGS := -std=gnu11 -D_GNU_SOURCE -I. -Ilibs/common -I$(BUILD)/gen $(PKG_CFLAGS) $(WARN) $(CFLAGS) \
	-DCASTOR_VERSION='"$(VERSION)"' -MMD -MP $(if $(WERROR),-Werror)
ifeq ($(SAN),)
ALL_CFLAGS += $(HARDEN)
ALL_LDFLAGS := $(HARDEN_LD)
else
ALL_CFLAGS += -DCONFINE_OFF -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer -O1
ALL_LDFLAGS := -fsanitize=$(SAN:fuzzer-no-link%=fuzzer%)
endif
LIBS := $(PKG_LIBS) -lpthread

COMMON_SRC := $(wildcard libs/common/*.c libs/common/*/*.c)
COMMON_OBJ := $(COMMON_SRC:%.c=$(BUILD)/%.o) $(BUILD)/gen/common_migrations.o
COMMON     := $(BUILD)/libcommon.a

# process name -> folder
PROCS := gateway auth chat billing ai-worker fake-gemini fake-stripe
DIR_gateway     := gateway
DIR_auth        := services/auth
DIR_chat        := services/chat
DIR_billing     := services/billing
DIR_ai-worker   := services/ai-worker
DIR_fake-gemini := tests/fakes/gemini
DIR_fake-stripe := tests/fakes/stripe
BINS := $(foreach p,$(PROCS),$(if $(wildcard $(DIR_$(p))/main.c),$(BUILD)/bin/$(p)))

UNIT_SRC := $(wildcard tests/unit/*_test.c)
UNIT     := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/unit/%)
FLOW_SRC := $(wildcard tests/flow/*_test.c)
FLOW     := $(FLOW_SRC:tests/flow/%.c=$(BUILD)/flow/%)
FUZZ_SRC := $(wildcard tests/fuzz/*_fuzz.c)
FUZZ     := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)
BENCH_SRC := $(wildcard tests/bench/*_bench.c)
BENCH    := $(BENCH_SRC:tests/bench/%.c=$(BUILD)/bench/%)
TESTLIB  := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/lib/*.c))

Q := $(if $(V),,@)
# With -s not a word; MAKEFLAGS begins with the one-letter flags.
say = $(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),,@echo '  $(1)	$(patsubst $(BUILD)/%,%,$@)')

.PHONY: all tests fuzzers benches
all: $(BINS) ## build every process
	@:
tests: $(UNIT) $(FLOW)
	@:
fuzzers: $(FUZZ)
	@:
benches: $(BENCH)
	@:

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

# Its text is taken in by the assembler, where the compiler does not see it.
$(BUILD)/gateway/site.o: gateway/openapi.yaml
$(BUILD)/libs/common/data/jobq_scripts.o: $(wildcard libs/common/data/jobq/*.lua)

# Everything a service's folder holds but its main.c: also linked into its tests.
define proc_rules
SRC_$(1) := $$(wildcard $$(DIR_$(1))/*.c)
GEN_$(1) := $$(if $$(wildcard $$(DIR_$(1))/migrations/*.sql),$$(BUILD)/gen/$(1)_migrations.o)
OBJ_$(1) := $$(SRC_$(1):%.c=$$(BUILD)/%.o) $$(GEN_$(1))
$$(BUILD)/bin/$(1): $$(OBJ_$(1)) $$(COMMON)
	@mkdir -p $$(@D)
	$$(call say,LINK)
	$$(Q)$$(CC) $$(ALL_CFLAGS) $$(ALL_LDFLAGS) $$^ -o $$@ $$(LIBS)
$$(BUILD)/gen/$(1)_migrations.c: $$(wildcard $$(DIR_$(1))/migrations/*.sql) scripts/embed-sql.sh
	@mkdir -p $$(@D)
	$$(Q)scripts/embed-sql.sh $(1) $$(filter %.sql,$$^) > $$@
endef
$(foreach p,$(PROCS),$(eval $(call proc_rules,$(p))))

$(BUILD)/gen/common_migrations.c: $(wildcard libs/common/data/sql/*.sql) scripts/embed-sql.sh
	@mkdir -p $(@D)
	$(Q)scripts/embed-sql.sh common $(filter %.sql,$^) > $@
$(BUILD)/gen/%.o: $(BUILD)/gen/%.c
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

$(COMMON): $(COMMON_OBJ)
	@rm -f $@
	$(call say,AR)
	$(Q)ar rcs $@ $^

# A test of a service's rules names the sources it needs: `// needs: services/auth/otp.c`
NEEDS := $(shell grep -s '^// needs: ' $(UNIT_SRC) $(FLOW_SRC) $(FUZZ_SRC) /dev/null | sed 's,// needs: ,,')
needs = $(patsubst $(1):%.c,$(BUILD)/%.o,$(filter $(1):%,$(NEEDS)))
define test_rules
$$(BUILD)/$(2)/$$(notdir $$(basename $(1))): $$(BUILD)/$(1:.c=.o) $$(call needs,$(1)) $(3) $$(COMMON)
	@mkdir -p $$(@D)
	$$(call say,LINK)
	$$(Q)$$(CC) $$(ALL_CFLAGS) $$(ALL_LDFLAGS) $$^ -o $$@ $$(LIBS)
endef
$(foreach t,$(UNIT_SRC),$(eval $(call test_rules,$(t),unit,$(TESTLIB))))
$(foreach t,$(FLOW_SRC),$(eval $(call test_rules,$(t),flow,$(TESTLIB))))
$(foreach t,$(FUZZ_SRC),$(eval $(call test_rules,$(t),fuzz)))
# A benchmark has a main of its own; of the tests' library it takes what it calls.
$(foreach t,$(BENCH_SRC),$(eval $(call test_rules,$(t),bench,$(BUILD)/libtest.a)))
$(BUILD)/libtest.a: $(filter-out %/test.o,$(TESTLIB))
	@rm -f $@
	$(Q)ar rcs $@ $^

# All that can be compiled, and nothing linked: whoever wants the compiler's opinion alone.
TEST_SRC := $(UNIT_SRC) $(FLOW_SRC) $(FUZZ_SRC) $(BENCH_SRC)
.PHONY: objects
objects: $(COMMON_OBJ) $(foreach p,$(PROCS),$(OBJ_$(p))) $(TEST_SRC:%.c=$(BUILD)/%.o) $(TESTLIB)
	@:

# ---- what people ask for ----
# What is missing is installed first; so the build, which looks for libraries, is a make of its own.

MAKE_HERE = +@$(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
export BUILD

.PHONY: run up down reset status logs check test lint format fuzz parsers bench chaos coverage compose-test clean help
run: ## start everything in the foreground; Ctrl-C stops it (PORT=8000)
	@scripts/deps.sh run
	$(MAKE_HERE) all
	@exec scripts/stack.sh run
up: ## the same in the background
	@scripts/deps.sh run
	$(MAKE_HERE) all
	@scripts/stack.sh up
down: ## stop what `up` started
	@scripts/stack.sh down
reset: ## stop it and forget its data
	@scripts/stack.sh reset
status: ## which part runs, and is it ready
	@scripts/stack.sh status
logs: ## follow the logs (NAME=chat: of one process)
	@scripts/stack.sh logs $(NAME)

check: ## unit and flow tests
	@scripts/deps.sh run
	$(MAKE_HERE) all tests
	@scripts/test.sh unit flow
test: ## every test: unit, flow, and e2e against the running system
	@scripts/deps.sh test
	$(MAKE_HERE) all tests
	@scripts/test.sh unit flow e2e
lint: ## format, warnings of gcc and clang as errors, and the rules in tests/lint
	@scripts/deps.sh run lint
	@scripts/lint.sh
format: ## lay the C code out
	@scripts/deps.sh lint
	git ls-files -co --exclude-standard '*.c' '*.h' | xargs clang-format -i
fuzz: ## each parser fed garbage, for FUZZ_SECONDS=60 (FUZZ_OTHERS_SECONDS: the inner ones; ONLY=http), and how much of it that reaches
	@scripts/deps.sh run fuzz
	$(MAKE_HERE) CC=clang SAN=fuzzer-no-link,address,undefined BUILD=$(BUILD)-fuzz \
		CFLAGS='-g -fprofile-instr-generate -fcoverage-mapping' fuzzers
	@BUILD=$(BUILD)-fuzz scripts/fuzz.sh
parsers: ## nginx, HAProxy, Apache and Node read alike what the gateway sends on
	@scripts/deps.sh run parsers
	$(MAKE_HERE) all
	@CASTOR_BUILD=$(BUILD) timeout 300 scripts/node-test.sh tests/parsers/same.test.mjs
bench: ## how fast it is, beside what bounds it
	@scripts/deps.sh test bench
	$(MAKE_HERE) all benches
	@tests/bench/run.sh
chaos: ## kill everything at random and judge what is left (CHAOS_SECONDS=600, CHAOS_SEED, ONLY=steady)
	@scripts/deps.sh test chaos
	$(MAKE_HERE) all
	@[ "$${CHAOS_SECONDS:-600}" -lt 300 ] || for one in tests/chaos/*.sh; do echo "$$one"; $$one || exit 1; done
	@scripts/test.sh chaos
coverage: ## lines and branches that the tests reach
	@scripts/deps.sh test
	$(MAKE_HERE) BUILD=$(BUILD)-cov CFLAGS='-O1 -g --coverage -fprofile-update=atomic -DCONFINE_OFF' all tests
	@BUILD=$(BUILD)-cov scripts/coverage.sh
compose-test: ## bring docker-compose.yml up for real, and down again
	@scripts/deps.sh compose
	@scripts/compose-test.sh

clean: ## remove what was built (not the data in .run: make reset)
	rm -rf build build-*
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
