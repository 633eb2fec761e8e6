#include "sim/site.h"

#include "base/check.h"
#include "base/error.h"
#include "sim/held_mutexes.h"

#include <fmt/format.h>

#include <exception>

namespace reviver::sim {

std::string_view name_of(Step step) {
    switch (step) {
        case Step::sleep:
            return "sleep";
        case Step::wait:
            return "wait";
        case Step::start:
            return "start";
        case Step::file_read:
            return "file read";
        case Step::file_change:
            return "file change";
        case Step::connect:
            return "connect";
        case Step::accept:
            return "accept";
        case Step::receive:
            return "receive";
        case Step::send:
            return "send";
    }
    return "?";
}

class Site::SiteClock : public sys::Clock {
  public:
    explicit SiteClock(Site& site) : site_(site) {}

    sys::WallTime wall() override {
        // 2026-01-01 and however long the simulation has run; the sites' clocks differ.
        const sys::WallTime start = std::chrono::sys_days(std::chrono::days(20454));
        return start + site_.scheduler_.now().time_since_epoch() + site_.wall_skew_;
    }
    sys::MonoTime mono() override { return site_.scheduler_.now() + site_.host_.clock_offset; }
    void sleep_until(sys::MonoTime time) override {
        if (!site_.enter(Step::sleep, 0, 0)) return;
        WaitQueue nobody;
        site_.scheduler_.wait(nobody, site_.host_.simulated(time), "a time");
        site_.enter(Step::sleep, 0, 0);
    }

  private:
    Site& site_;
};

class Site::SiteRandom : public sys::Random {
  public:
    explicit SiteRandom(Prng prng) : prng_(prng) {}
    void fill(ByteSpan to) override { prng_.fill(to); }

  private:
    Prng prng_;
};

class SiteSignal : public sys::Signal {
  public:
    explicit SiteSignal(Site& site) : site_(site) {}

    void raise() override {
        raised_ = true;
        site_.scheduler_.wake_one(waiting_);
    }

    bool wait_until(sys::MonoTime deadline) override {
        const sys::MonoTime time = site_.host_.simulated(deadline);
        for (;;) {
            if (!site_.enter(Step::wait, 0, 0)) return false;
            if (std::exchange(raised_, false)) return true;
            if (site_.scheduler_.now() >= time) return false;
            site_.scheduler_.wait(waiting_, time, "a signal");
        }
    }

  private:
    Site& site_;
    WaitQueue waiting_;
    bool raised_ = false;
};

namespace {

class SimTask : public sys::Task {
  public:
    SimTask(Scheduler& scheduler, std::shared_ptr<Activity> activity)
        : scheduler_(scheduler), activity_(std::move(activity)) {}
    ~SimTask() override { SimTask::join(); }
    void join() override { scheduler_.join(*activity_); }

  private:
    Scheduler& scheduler_;
    std::shared_ptr<Activity> activity_;
};

}  // namespace

class Site::SiteTasks : public sys::Tasks {
  public:
    explicit SiteTasks(Site& site) : site_(site) {}

    std::unique_ptr<sys::Task> start(std::string name, std::function<void()> work) override {
        site_.enter(Step::start, 0, 0);
        return std::make_unique<SimTask>(site_.scheduler_,
                                         start_activity(std::move(name), std::move(work)));
    }

    std::shared_ptr<Activity> start_activity(std::string name, std::function<void()> work) {
        const std::string full_name = site_.name() + "/" + name;
        return site_.scheduler_.start(
            full_name, site_.owner_, [this, full_name, work = std::move(work)] {
                try {
                    work();
                } catch (const Error& e) {
                    site_.trace_.note(site_.scheduler_.now(),
                                      fmt::format("{} ended: {}", full_name, e.what()));
                }
            });
    }

    std::unique_ptr<sys::Signal> make_signal() override {
        return std::make_unique<SiteSignal>(site_);
    }

  private:
    Site& site_;
};

class Site::SiteNetwork : public sys::Network {
  public:
    explicit SiteNetwork(Site& site) : site_(site) {}

    std::unique_ptr<sys::Stream> connect(const sys::Endpoint& to, sys::MonoTime deadline) override {
        return site_.network_.connect(site_.host_, to, deadline);
    }
    std::unique_ptr<sys::Listener> listen(const sys::Endpoint& at) override {
        return site_.network_.listen(site_.host_, at.port);
    }

  private:
    Site& site_;
};

Site::Site(std::string name, Owner owner, Scheduler& scheduler, Network& network, Trace& trace,
           Prng prng)
    : owner_(owner),
      scheduler_(scheduler),
      network_(network),
      trace_(trace),
      prng_(prng),
      host_{std::move(name), this, {}, 0, false},
      wall_skew_(std::chrono::milliseconds(prng_.below(600'000))),
      clock_(std::make_unique<SiteClock>(*this)),
      random_(std::make_unique<SiteRandom>(prng_.fork())),
      tasks_(std::make_unique<SiteTasks>(*this)),
      site_network_(std::make_unique<SiteNetwork>(*this)),
      files_(disk_, *this, *clock_, prng_.fork()),
      world_{*clock_, *random_, *tasks_, files_, *site_network_} {
    network_.add(host_);
}

Site::~Site() = default;

void Site::boot(Main main) {
    REVIVER_CHECK(down());
    ++host_.incarnation;
    host_.up = true;
    host_.clock_offset = std::chrono::seconds(prng_.below(100'000));
    died_ = false;
    trace_.note(scheduler_.now(), name() + " starts");
    network_.host_started(host_);
    main_ = tasks_->start_activity("main", [this, main = std::move(main)] { main(world_); });
}

void Site::kill(Death death) {
    if (!down() && !died_) die(death);
}

void Site::arm_at_file_change(std::uint64_t after, Death death) {
    die_at_file_change_ = file_changes_ + after;
    armed_ = death;
}

void Site::arm_at_step(std::uint64_t after, Death death) {
    die_at_step_ = steps_ + after;
    armed_ = death;
}

void Site::disarm() {
    die_at_file_change_ = die_at_step_ = UINT64_MAX;
}

// The disk and the network first: nothing that the doomed fibers still do may reach them.
void Site::die(Death death) {
    const bool power = death == Death::power;
    trace_.note(scheduler_.now(), name() + (power ? " loses power" : " is killed"));
    disarm();
    died_ = true;
    network_.host_died(host_, power);
    host_.up = !power;
    if (power) disk_.lose_power(prng_);
    scheduler_.doom(owner_);
}

bool Site::enter(Step step, std::uint64_t a, std::uint64_t b) {
    if (held_mutexes() > 0) {
        scheduler_.report_failure(
            fmt::format("{}: {} is called with a mutex held", name(), name_of(step)));
    }
    if (!scheduler_.doomed()) {
        scheduler_.pass();
        if (!scheduler_.doomed()) count(step, a, b);
    }
    if (!scheduler_.doomed()) return true;
    if (std::uncaught_exceptions() == 0) throw Killed();
    // A destructor may wait in a loop for other fibers to end: they need their turn for it.
    scheduler_.yield();
    return false;
}

bool Site::enter_quietly(Step step, std::uint64_t a, std::uint64_t b) {
    if (!scheduler_.doomed()) count(step, a, b);
    return !scheduler_.doomed();
}

void Site::count(Step step, std::uint64_t a, std::uint64_t b) {
    const Activity* current = scheduler_.current();
    trace_.add(scheduler_.now(), current ? current->id() : 0, name_of(step), a, b);
    const bool at_file_change = step == Step::file_change && file_changes_++ == die_at_file_change_;
    const bool at_step = steps_++ == die_at_step_;
    if (at_file_change || at_step) die(armed_);
}

}  // namespace reviver::sim
