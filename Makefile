# The developer's door. `./demo` and `./test` need no make.
BUILD ?= build
SEEDS ?= 1000
CTEST := ctest --test-dir $(BUILD) --output-on-failure -j $(shell nproc)

all:
	@setup/build $(BUILD)

# The loop while working: builds, checks the source, runs what needs no guests.
check: all
	@$(CTEST) -LE 'e2e|seeds|fuzz'

test:
	@./test

bench: all
	@setup/build $(BUILD) -- benches
	@PYTHONPATH=tests /usr/bin/python3 -m bench.run --build $(BUILD)

# make sim SEEDS=10000
sim:
	@setup/build $(BUILD) -- reviver-sim
	@$(BUILD)/bin/reviver-sim --seeds $(SEEDS)

# Both simulators for hours.
nightly:
	@setup/build $(BUILD) -- reviver-sim
	@$(BUILD)/bin/reviver-sim --seeds 10000
	@$(BUILD)/bin/reviver-sim --engine --seeds 10000

# make fuzz FUZZ_SECONDS=3600: each format for so long
fuzz:
	@/usr/bin/python3 tests/fuzz/run.py --build $(BUILD)/fuzz $(if $(FUZZ_SECONDS),--seconds $(FUZZ_SECONDS))

format:
	@find src tests cmake \( -name '*.cc' -o -name '*.h' \) -print0 | xargs -0 clang-format -i

clean:
	@rm -rf $(BUILD)

.PHONY: all check test bench sim nightly fuzz format clean
