#include "sim/outage_run.h"

#include "base/error.h"
#include "sim/person.h"

#include <fmt/format.h>
#include <malloc.h>

namespace reviver::sim {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t disk_bytes = 4 << 20;
constexpr sys::Duration write_pause = 5min;  // so that a day changes a part of the disks

const VmId shop(*Uuid::parse("00000000-0000-4000-8000-000000000001"));
const VmId database(*Uuid::parse("00000000-0000-4000-8000-000000000002"));

std::int64_t allocated_bytes() {
    return static_cast<std::int64_t>(mallinfo2().uordblks);
}

std::uint64_t used_bytes(EngineSite& site) {
    const sys::Space space = site.site().disk().space();
    return space.total_bytes - space.free_bytes;
}

class OutageRun {
  public:
    OutageRun(std::uint64_t seed, const OutageOptions& options)
        : options_(options),
          simulation_(seed),
          world_{simulation_,
                 book_,
                 EngineMutant::none,
                 CollectionId(*Uuid::parse("11111111-2222-4333-8444-555555555555")),
                 0,
                 {}},
          east_(world_, simulation_.add_site("east"), "west"),
          west_(world_, simulation_.add_site("west"), "east"),
          person_(world_, east_, west_, simulation_.prng().fork()) {
        simulation_.set_loud(options.loud);
        make_vms();
    }

    OutageResult run() {
        simulation_.run([this] { scenario(); });
        return result_;
    }

  private:
    void make_vms();
    void scenario();
    void settle();
    void outage();
    void recover();
    void restart(EngineSite& site);
    replication::Statistics figures() { return east_.engine()->statistics(world_.collection); }
    std::uint64_t changed_bytes();

    const OutageOptions options_;
    Simulation simulation_;
    PointBook book_;
    EngineWorld world_;
    EngineSite east_;
    EngineSite west_;
    Person person_;
    OutageResult result_;
};

void OutageRun::make_vms() {
    Hypervisor& host = east_.hypervisor();
    // Full from the start, so that what the guests write later takes no more of the memory.
    Bytes content(disk_bytes);
    for (const char* path : {"/images/shop", "/images/database"}) {
        host.make_image(path, disk_bytes);
        simulation_.prng().fill(content);
        host.image(path)->write({0, disk_bytes}, content);
        result_.disk_bytes += disk_bytes;
    }
    host.vms()[shop] = {"shop", {{"vda", "/images/shop"}}, "", false, 0};
    host.vms()[database] = {"database", {{"vda", "/images/database"}}, "", false, 0};
    for (auto& [id, vm] : host.vms()) host.start(id);
}

void OutageRun::settle() {
    const sys::MonoTime deadline = simulation_.world().clock.after(40min);
    while (!person_.settled()) {
        if (simulation_.world().clock.mono() >= deadline) {
            throw Failure("the group does not come to replicate: " + person_.describe());
        }
        simulation_.sleep(200ms);
        person_.ask_for_what_is_due();
    }
}

// What the bitmaps say that a cut would have to send.
std::uint64_t OutageRun::changed_bytes() {
    std::uint64_t bytes = 0;
    for (const char* path : {"/images/shop", "/images/database"}) {
        bytes += east_.hypervisor().image(path)->dirty_from(0).total_bytes();
    }
    return bytes;
}

void OutageRun::outage() {
    const sys::MonoTime begun = simulation_.world().clock.mono();
    const sys::MonoTime half = begun + options_.duration / 2;
    std::int64_t memory = 0;
    std::uint64_t files = 0;
    simulation_.network().partition("east", "west");
    while (simulation_.world().clock.mono() < begun + options_.duration) {
        simulation_.sleep(write_pause);
        east_.hypervisor().write_something();
        result_.missed = std::max<std::uint64_t>(result_.missed, figures().failures_in_a_row);
        if (simulation_.world().clock.mono() > half) continue;
        memory = allocated_bytes();
        files = used_bytes(east_);
    }
    result_.memory_grown = allocated_bytes() - memory;
    result_.files_grown = used_bytes(east_) - std::min(used_bytes(east_), files);
    if (!world_.finding.empty()) throw Failure(world_.finding);
}

// The guests rest, so that the next point has exactly what the outage left.
void OutageRun::recover() {
    const std::uint64_t points = book_.acknowledgements();
    result_.changed_bytes = changed_bytes();
    const replication::Statistics before = figures();
    simulation_.network().heal();
    const sys::MonoTime deadline = simulation_.world().clock.after(10min);
    while (book_.acknowledgements() == points || figures().last_success == before.last_success) {
        const State state = east_.collection()->place.state;
        if (state != State::replicating && state != State::critical) {
            throw Failure(fmt::format("the link is back, and the group is {}", name_of(state)));
        }
        if (simulation_.world().clock.mono() >= deadline) {
            throw Failure("no point within ten minutes of the link's return");
        }
        simulation_.sleep(10ms);
    }
    const replication::Statistics after = figures();
    result_.sent_bytes = after.size_bytes;
    if (after.start == before.start) result_.sent_bytes -= before.size_bytes;
}

// A site looks at every point that it holds when it starts.
void OutageRun::restart(EngineSite& site) {
    site.ask_to_stop();
    simulation_.until_down(site.site());
    site.boot();
}

void OutageRun::scenario() {
    east_.boot();
    west_.boot();
    settle();
    simulation_.sleep(1min);
    outage();
    recover();
    restart(west_);
    restart(east_);
    settle();
}

}  // namespace

OutageResult run_outage(std::uint64_t seed, const OutageOptions& options) {
    return OutageRun(seed, options).run();
}

}  // namespace reviver::sim
