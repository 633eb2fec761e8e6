// One machine of a simulation: its world (clock, randomness, tasks, files, network), its disk,
// which outlives everything, and the program that runs on it.
//
// Death. A site dies by the end of its process (what was written stays, connections close) or by a
// power cut (unsynced writes are lost, kept or torn; connections fall silent). From that instant
// nothing that its code does has an effect. Its fibers unwind by Killed, thrown out of the calls of
// the World, so destructors run as they do at an ordinary end; calls that destructors may make
// (Task::join, Signal::raise, close() of streams and listeners, the clock) never throw it.
#pragma once

#include "sim/disk.h"
#include "sim/files.h"
#include "sim/network.h"
#include "sim/scheduler.h"
#include "sys/world.h"

#include <functional>
#include <memory>
#include <string>

namespace reviver::sim {

enum class Death : std::uint8_t { process, power };

class Site : public Gate {
  public:
    using Main = std::function<void(sys::World&)>;

    Site(std::string name, Owner owner, Scheduler& scheduler, Network& network, Trace& trace,
         Prng prng);
    ~Site() override;

    const std::string& name() const { return host_.name; }
    sys::World& world() { return world_; }
    Disk& disk() { return disk_; }

    // Starts the program; the site must be down. An Error that leaves it is noted and ends it.
    void boot(Main main);
    // From another site's fiber, or outside of fibers. A site that is down stays as it is.
    void kill(Death death);
    // No fiber of it is left.
    bool down() const { return !scheduler_.any_of(owner_); }
    // The death that was armed came about since the last boot, or somebody called kill().
    bool died() const { return died_; }

    // Dies before the file change, or before the step of any kind, that comes after so many more of
    // them.
    void arm_at_file_change(std::uint64_t after, Death death);
    void arm_at_step(std::uint64_t after, Death death);
    void disarm();
    std::uint64_t file_changes() const { return file_changes_; }

    bool enter(Step step, std::uint64_t a, std::uint64_t b) override;
    bool enter_quietly(Step step, std::uint64_t a, std::uint64_t b) override;

  private:
    class SiteClock;
    class SiteRandom;
    class SiteTasks;
    class SiteNetwork;
    friend class SiteSignal;

    void count(Step step, std::uint64_t a, std::uint64_t b);
    void die(Death death);

    Owner owner_;
    Scheduler& scheduler_;
    Network& network_;
    Trace& trace_;
    Prng prng_;
    Host host_;
    Disk disk_;
    sys::Duration wall_skew_;
    std::unique_ptr<SiteClock> clock_;
    std::unique_ptr<SiteRandom> random_;
    std::unique_ptr<SiteTasks> tasks_;
    std::unique_ptr<SiteNetwork> site_network_;
    SimFiles files_;
    sys::World world_;
    std::shared_ptr<Activity> main_;
    bool died_ = false;
    std::uint64_t file_changes_ = 0;
    std::uint64_t steps_ = 0;
    std::uint64_t die_at_file_change_ = UINT64_MAX;
    std::uint64_t die_at_step_ = UINT64_MAX;
    Death armed_ = Death::power;
};

}  // namespace reviver::sim
