// Several sites in one thread, from one seed: everything that happens follows from it, so a run
// that fails can be repeated exactly.
//
//     Simulation simulation(seed);
//     Site& east = simulation.add_site("east");
//     simulation.run([&] {
//         east.boot(program);                // runs while the scenario goes on
//         simulation.sleep(seconds(3));
//         east.kill(Death::power);
//         simulation.until_down(east);
//         east.boot(program);
//     });
//
// The scenario runs as a fiber of its own site, "driver", which never dies. When it ends, all sites
// are killed and unwound.
#pragma once

#include "sim/site.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace reviver::sim {

class Simulation {
  public:
    explicit Simulation(std::uint64_t seed);
    ~Simulation();

    Site& add_site(std::string name);  // which is also its host name
    Network& network() { return network_; }
    Prng& prng() { return prng_; }  // for the scenario's own choices

    // Throws Failure, which says the seed and what happened last.
    void run(const std::function<void()>& scenario);

    // For the scenario.
    sys::World& world() { return driver_->world(); }
    void sleep(sys::Duration duration);
    void until_down(const Site& site);
    // Waits until `fact` holds. After `longest` of simulated time that is a Failure which says
    // `what`.
    void until(const std::function<bool()>& fact, sys::Duration longest, const std::string& what);
    void note(std::string text) { trace_.note(scheduler_.now(), std::move(text)); }

    void set_loud(bool loud) { trace_.set_loud(loud); }

    std::uint64_t seed() const { return seed_; }
    std::uint64_t trace_hash() const { return trace_.hash(); }

  private:
    void unwind();
    void unwind_after(const std::string& failure);

    class LogToNotes;

    std::uint64_t seed_;
    Prng prng_;
    Trace trace_;
    std::unique_ptr<LogToNotes> log_;
    Scheduler scheduler_;
    Network network_;
    std::vector<std::unique_ptr<Site>> sites_;
    Site* driver_;
};

}  // namespace reviver::sim
