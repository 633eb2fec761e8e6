#include "sim/simulation.h"

#include "base/check.h"
#include "sim/limits.h"

#include <fmt/format.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace reviver::sim {

// While it lives the log's lines become notes of the trace, in their place among what happens.
class Simulation::LogToNotes {
  public:
    explicit LogToNotes(Simulation& simulation) : before_(spdlog::default_logger()) {
        spdlog::set_default_logger(
            std::make_shared<spdlog::logger>("simulation", std::make_shared<Sink>(simulation)));
    }
    ~LogToNotes() { spdlog::set_default_logger(before_); }
    LogToNotes(const LogToNotes&) = delete;
    LogToNotes& operator=(const LogToNotes&) = delete;

  private:
    class Sink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
      public:
        explicit Sink(Simulation& simulation) : simulation_(simulation) {}

      protected:
        void sink_it_(const spdlog::details::log_msg& message) override {
            simulation_.note(std::string(message.payload.data(), message.payload.size()));
        }
        void flush_() override {}

      private:
        Simulation& simulation_;
    };

    std::shared_ptr<spdlog::logger> before_;
};

Simulation::Simulation(std::uint64_t seed)
    : seed_(seed),
      prng_(seed),
      scheduler_(prng_.fork(), trace_),
      network_(scheduler_, prng_.fork()),
      driver_(&add_site("driver")) {
    seed_sqlite(seed);
    log_ = std::make_unique<LogToNotes>(*this);
}

Simulation::~Simulation() = default;

Site& Simulation::add_site(std::string name) {
    const auto owner = static_cast<Owner>(sites_.size());
    sites_.push_back(
        std::make_unique<Site>(std::move(name), owner, scheduler_, network_, trace_, prng_.fork()));
    return *sites_.back();
}

void Simulation::run(const std::function<void()>& scenario) {
    try {
        driver_->boot([&](sys::World&) { scenario(); });
        scheduler_.run_until([&] { return driver_->down(); }, steps_max);
        unwind();
    } catch (const Failure& failure) {
        const std::string text =
            fmt::format("seed {}: {}\n{}", seed_, failure.what(), trace_.tail());
        unwind_after(text);
        throw Failure(text);
    }
}

void Simulation::sleep(sys::Duration duration) {
    world().clock.sleep_until(world().clock.after(duration));
}

void Simulation::until_down(const Site& site) {
    until([&] { return site.down(); }, std::chrono::hours(1), site.name() + " to end");
}

void Simulation::until(const std::function<bool()>& fact, sys::Duration longest,
                       const std::string& what) {
    const sys::MonoTime deadline = world().clock.after(longest);
    while (!fact()) {
        if (world().clock.mono() >= deadline) throw Failure("waited in vain for " + what);
        sleep(std::chrono::milliseconds(1));
    }
}

// Further failures on the way are consequences; only fibers that cannot be unwound at all are worth
// a word.
void Simulation::unwind_after(const std::string& failure) {
    for (int attempt = 0; attempt < 100; ++attempt) {
        try {
            return unwind();
        } catch (const Failure&) {
        }
    }
    fmt::print(stderr, "{}\nand then these could not be ended:\n{}", failure,
               scheduler_.describe());
    std::abort();
}

void Simulation::unwind() {
    for (const auto& site : sites_) site->kill(Death::process);
    const auto all_down = [&] {
        return std::all_of(sites_.begin(), sites_.end(), [](const auto& s) { return s->down(); });
    };
    scheduler_.run_until(all_down, steps_to_end_max);
}

}  // namespace reviver::sim
