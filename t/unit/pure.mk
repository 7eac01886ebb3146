# What the unit tests and the fuzz drivers share: the pure rooms and the parts of
# nginx under them, built as two libraries in OUT, of which a program links what
# it needs.  The including Makefile sets CC, OUT, OPT, SAN (the flags of
# sanitizers, if any) and CORESAN (those for nginx's own files), and has
# NGX_SRC and BUILD.
#
# NGX_SRC is a whole nginx source tree.  Unless it is configured, that is done
# for the headers alone, in BUILD.

HERE    := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
SRC     := $(abspath $(HERE)/../../src)
PURE     = ws json dialect wire

OBJS    := $(if $(wildcard $(NGX_SRC)/objs/ngx_auto_config.h),$(abspath \
		$(NGX_SRC)/objs),$(abspath $(BUILD))/objs)
CONFIG  := $(OBJS)/ngx_auto_config.h

INCS     = $(addprefix -I$(NGX_SRC)/src/,core event event/modules os/unix) \
	-I$(OBJS) -I$(SRC) -I$(HERE)
WARN     = -Wall -Wextra -Wpointer-arith -Wno-unused-parameter -Werror
LIBS     = $(OUT)/libpure.a $(OUT)/libcore.a -ljansson -lz

CORE     = core/ngx_palloc core/ngx_string core/ngx_array core/ngx_list \
	core/ngx_hash core/ngx_rbtree core/ngx_buf core/ngx_sha1 core/ngx_md5 \
	core/ngx_crc32 core/ngx_parse core/ngx_parse_time os/unix/ngx_alloc

COREOBJS   = $(CORE:%=$(OUT)/%.o)
PUREBASE   = bytes string uuid
PURESRCS  := $(wildcard $(PURE:%=$(SRC)/%/*.c)) \
	$(PUREBASE:%=$(SRC)/base/ngx_thread_ws_%.c) \
	$(wildcard $(SRC)/run/ngx_thread_ws_journal*.c)
PUREOBJS  := $(PURESRCS:$(SRC)/%.c=$(OUT)/pure/%.o)
HEADERS   := $(wildcard $(SRC)/*/*.h $(HERE)/*.h *.h)

.DELETE_ON_ERROR:
.SECONDARY:

$(abspath $(BUILD))/objs/ngx_auto_config.h:
	@mkdir -p $(BUILD)
	@test -x $(NGX_SRC)/configure || { \
		echo 'NGX_SRC=$(NGX_SRC): no nginx source there' >&2; exit 1; }
	@cd $(NGX_SRC) && ./configure --builddir=$(abspath $(BUILD))/objs \
		--without-http --without-pcre \
		>$(abspath $(BUILD))/configure.log 2>&1 || { \
		tail $(abspath $(BUILD))/configure.log >&2; exit 1; }

$(PUREOBJS): $(OUT)/pure/%.o: $(SRC)/%.c $(CONFIG) $(HEADERS)
	@mkdir -p $(@D)
	@echo CC $(@F)
	@$(CC) $(WARN) $(OPT) $(SAN) $(INCS) -c -o $@ $<

$(COREOBJS): $(OUT)/%.o: $(NGX_SRC)/src/%.c $(CONFIG)
	@mkdir -p $(@D)
	@echo CC $(@F)
	@$(CC) $(OPT) $(CORESAN) $(INCS) -c -o $@ $<

$(OUT)/unit.o: $(HERE)/unit.c $(CONFIG) $(HEADERS)
	@mkdir -p $(@D)
	@echo CC $(@F)
	@$(CC) $(WARN) $(OPT) $(SAN) $(INCS) -c -o $@ $<

# made anew, so that no object of a removed file stays in

$(OUT)/libpure.a: $(PUREOBJS)
	@rm -f $@
	@ar rcs $@ $^

$(OUT)/libcore.a: $(COREOBJS)
	@rm -f $@
	@ar rcs $@ $^
