#include "sim/crash_loop.h"

#include "base/error.h"

#include <fmt/format.h>

namespace reviver::sim {

namespace {

// An Error is an answer in the work, but in the preparation and the check it is a finding.
void must_work(sys::World& world, const std::function<void(sys::World&)>& what, const char* name) {
    try {
        if (what) what(world);
    } catch (const Error& e) {
        throw Failure(fmt::format("{}: {}", name, e.what()));
    }
}

// True when the cut came about.
bool run_once(const CrashOptions& options, CrashRun run, std::uint64_t cut, unsigned attempt) {
    Simulation simulation(options.seed * 1'000'003 + cut * 64 + attempt);
    Site& site = simulation.add_site("site");
    site.disk().set_name_rules(options.names);
    site.disk().set_capacity(options.capacity_bytes);
    site.disk().set_forgets_syncs(options.forgets_syncs);
    const auto run_to_end = [&](Site::Main main) {
        site.boot(std::move(main));
        simulation.until_down(site);
    };
    bool died = false;
    simulation.run([&] {
        run_to_end([&](sys::World& world) { must_work(world, run.prepare, "prepare"); });
        site.arm_at_file_change(cut, attempt % 4 == 3 ? Death::process : Death::power);
        run_to_end(run.work);
        died = site.died();
        site.disarm();
        run_to_end([&](sys::World& world) { must_work(world, run.check, "check"); });
    });
    return died;
}

}  // namespace

std::uint64_t crash_loop(const CrashOptions& options, const std::function<CrashRun()>& make_run) {
    for (std::uint64_t cut = 0;; cut += options.every) {
        for (unsigned attempt = 0; attempt < options.tries; ++attempt) {
            try {
                if (!run_once(options, make_run(), cut, attempt)) return cut;
            } catch (const Failure& failure) {
                throw Failure(fmt::format("cut before file change {}, try {}, seed {}: {}", cut,
                                          attempt, options.seed, failure.what()));
            }
        }
    }
}

}  // namespace reviver::sim
