# The targets are for people; CMake does the building. PRESET chooses among CMakePresets.json's.
PRESET ?= release
MAKEFLAGS += --no-print-directory
.PHONY: help build demo test sanitize bench lint

help:
	@echo "make build     set up, then build the program: build/$(PRESET)/bin/widenet"
	@echo "make demo      set up, build, then fit, test and predict on the tables of examples/data"
	@echo "make test      set up, build, then every test"
	@echo "make sanitize  the unit tests under the address, undefined-behaviour and thread sanitizers"
	@echo "make bench     the benchmarks, beside the limits measured in the same run"
	@echo "make lint      formatting, clang-tidy, direction of includes, length of files"
	@echo "Set-up means: what is missing is installed by name from Debian's packages (tools/setup.sh)."

build:
	@tools/setup.sh
	@tools/build.sh $(PRESET) widenet_program

demo: build
	@tools/demo.sh build/$(PRESET)/bin/widenet

test:
	@tools/setup.sh
	@tools/check_includes.sh
	@tools/build.sh $(PRESET)
	@tools/test.sh $(PRESET)

sanitize:
	@tools/setup.sh
	@tools/build.sh asan
	@tools/build.sh tsan
	@tools/test.sh asan tsan

bench:
	@tools/setup.sh
	@BENCH=1 tools/build.sh $(PRESET)
	@tools/bench.sh build/$(PRESET)

lint:
	@tools/setup.sh lint
	@tools/build.sh $(PRESET)
	@tools/lint.sh all build/$(PRESET)
