# Castor. `make help` lists what can be asked for.
#
#   CC=clang SAN=address,undefined BUILD=build-x   may be given to any target.

CC      ?= gcc
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
ifeq ($(findstring clang,$(CC)),)
WARN += -Wtrampolines -Wbidi-chars=any
endif

HARDEN := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection \
	-fcf-protection=full -ftrivial-auto-var-init=zero -fno-delete-null-pointer-checks \
	-fno-strict-overflow -fno-strict-aliasing -fPIE
HARDEN_LD := -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,nodlopen -Wl,--as-needed

# Assertions stay on in production: they state our own contracts.
CFLAGS ?= -O2 -g
ALL_CFLAGS := -std=gnu11 -D_GNU_SOURCE -I. -Ilibs/common -I$(BUILD)/gen $(PKG_CFLAGS) $(WARN) $(CFLAGS) \
	-DCASTOR_VERSION='"$(VERSION)"' -MMD -MP $(if $(WERROR),-Werror)
ifeq ($(SAN),)
ALL_CFLAGS += $(HARDEN)
ALL_LDFLAGS := $(HARDEN_LD)
else
ALL_CFLAGS += -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer -O1
ALL_LDFLAGS := -fsanitize=$(SAN)
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
TESTLIB  := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/lib/*.c))

.PHONY: all check-unit check-flow clean
all: $(BINS) ## build every process

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c $< -o $@

# Everything a service's folder holds but its main.c: also linked into its tests.
define proc_rules
SRC_$(1) := $$(wildcard $$(DIR_$(1))/*.c)
GEN_$(1) := $$(if $$(wildcard $$(DIR_$(1))/migrations/*.sql),$$(BUILD)/gen/$(1)_migrations.o)
OBJ_$(1) := $$(SRC_$(1):%.c=$$(BUILD)/%.o) $$(GEN_$(1))
$$(BUILD)/bin/$(1): $$(OBJ_$(1)) $$(COMMON)
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_CFLAGS) $$(ALL_LDFLAGS) $$^ -o $$@ $$(LIBS)
$$(BUILD)/gen/$(1)_migrations.c: $$(wildcard $$(DIR_$(1))/migrations/*.sql) scripts/embed-sql.sh
	@mkdir -p $$(@D)
	scripts/embed-sql.sh $(1) $$(filter %.sql,$$^) > $$@
endef
$(foreach p,$(PROCS),$(eval $(call proc_rules,$(p))))

$(BUILD)/gen/common_migrations.c: $(wildcard libs/common/data/sql/*.sql) scripts/embed-sql.sh
	@mkdir -p $(@D)
	scripts/embed-sql.sh common $(filter %.sql,$^) > $@
$(BUILD)/gen/%.o: $(BUILD)/gen/%.c
	$(CC) $(ALL_CFLAGS) -c $< -o $@

$(COMMON): $(COMMON_OBJ)
	@rm -f $@
	ar rcs $@ $^

# A test of a service's rules names the sources it needs: `// needs: services/auth/otp.c`
needs = $(patsubst %.c,$(BUILD)/%.o,$(shell sed -n 's,^// needs: ,,p' $(1)))
define test_rules
$$(BUILD)/$(2)/$$(notdir $$(basename $(1))): $$(BUILD)/$(1:.c=.o) $$(call needs,$(1)) $$(TESTLIB) $$(COMMON)
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_CFLAGS) $$(ALL_LDFLAGS) $$^ -o $$@ $$(LIBS)
endef
$(foreach t,$(UNIT_SRC),$(eval $(call test_rules,$(t),unit)))
$(foreach t,$(FLOW_SRC),$(eval $(call test_rules,$(t),flow)))

clean:
	rm -rf build build-*

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
