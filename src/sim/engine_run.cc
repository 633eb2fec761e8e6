#include "sim/engine_run.h"

#include "base/error.h"
#include "sim/person.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace reviver::sim {

namespace {

using namespace std::chrono_literals;

constexpr sys::Duration frozen_max = 40s;    // at a site that is up: it waits 20 s for other guests
constexpr sys::Duration unlocked_max = 20s;  // how long a VM that must not run may be startable

VmId vm_id(std::uint8_t number) {
    std::array<std::uint8_t, 16> id{};
    id[15] = number;
    return VmId(Uuid(id));
}

// Points of some minutes, days and weeks; and every third time a link that is narrow.
SitePolicy random_policy(std::uint64_t seed) {
    Prng choice(seed);
    SitePolicy policy;
    policy.retention.all_minutes = static_cast<std::uint32_t>(choice.below(3));
    policy.retention.daily = static_cast<std::uint32_t>(choice.below(3));
    policy.retention.weekly = static_cast<std::uint32_t>(choice.below(3));
    if (choice.one_in(3)) policy.bandwidth.site.bytes_per_second = choice.between(128, 1024) << 10;
    if (choice.one_in(3)) {
        policy.bandwidth.collections.push_back({"shop", {choice.between(128, 1024) << 10, {}}});
    }
    return policy;
}

// The guests write until then.
struct Rest {
    bool& done;
    ~Rest() { done = true; }
};

class EngineRun {
  public:
    EngineRun(std::uint64_t seed, const EngineRunOptions& options)
        : simulation_(seed),
          choice_(simulation_.prng().fork()),
          world_{simulation_,
                 book_,
                 options.mutant,
                 CollectionId(*Uuid::parse("11111111-2222-4333-8444-555555555555")),
                 12,
                 {}},
          east_(world_, simulation_.add_site("east"), "west"),
          west_(world_, simulation_.add_site("west"), "east"),
          person_(world_, east_, west_, choice_.fork()) {
        simulation_.set_loud(options.loud);
        world_.policy = random_policy(seed);
        for (EngineSite* site : {&east_, &west_}) {
            site->site().disk().set_name_rules(choice_.one_in(2) ? NameRules::loose
                                                                 : NameRules::journalled);
        }
        NetworkFaults faults;
        faults.delay_max = some_ms(20);
        faults.refuse_one_in = choice_.one_in(3) ? 0 : choice_.between(2, 10);
        faults.cut_one_in = choice_.one_in(3) ? 0 : choice_.between(2, 6);
        faults.cut_after_bytes_max = 400 << 10;
        simulation_.network().set_faults(faults);
        make_vms();
    }

    EngineRunResult run() {
        simulation_.run([this] { scenario(); });
        return {book_.acknowledgements(), faults_, person_.requests(), epochs_,
                simulation_.trace_hash()};
    }

  private:
    void make_vms();
    void scenario();
    sys::Duration some_ms(std::uint64_t most);
    void guests();
    void settle(const std::string& when);
    void check_rules();
    using UnlockedSince = std::map<std::pair<std::string, VmId>, sys::MonoTime>;
    void check_rules_of(EngineSite& site, UnlockedSince& still_unlocked);
    void check_frozen(EngineSite& site, UnlockedSince& still_frozen);
    bool nobody_freezes();
    bool must_be_locked(const replication::Collection& c);
    void check_test(EngineSite& site, const replication::Collection& c);
    void check_jobs(EngineSite& site);
    void fault();
    void partition();
    void fill_disk(EngineSite& site);
    void end(EngineSite& site, Death death);
    void stop(EngineSite& site);
    void await_death(EngineSite& site, Death death);
    void restart(EngineSite& site);

    Simulation simulation_;
    Prng choice_;
    PointBook book_;
    EngineWorld world_;
    EngineSite east_;
    EngineSite west_;
    Person person_;
    UnlockedSince unlocked_since_;  // VMs that must not be startable
    UnlockedSince frozen_since_;    // guests at sites that are up
    bool done_ = false;             // the guests rest
    std::uint64_t faults_ = 0;
    std::uint64_t epochs_ = 0;
};

void EngineRun::make_vms() {
    Hypervisor& host = east_.hypervisor();
    host.make_image("/images/shop-vda", (320 << 10) + 512);
    host.make_image("/images/shop-vdb", 64 << 10);
    host.make_image("/images/database-vda", 128 << 10);
    host.vms()[vm_id(1)] = {
        "shop", {{"vda", "/images/shop-vda"}, {"vdb", "/images/shop-vdb"}}, "", false, 0};
    host.vms()[vm_id(2)] = {"database", {{"vda", "/images/database-vda"}}, "", false, 0};
    for (auto& [id, vm] : host.vms()) host.start(id);
    for (int i = 0; i < 40; ++i) host.write_something();
}

void EngineRun::scenario() {
    auto guests_task = simulation_.world().tasks.start("guests", [this] { guests(); });
    const Rest rest{done_};  // goes first, whatever ends this
    east_.boot();
    west_.boot();
    settle("at the start");
    const std::uint64_t wanted = choice_.between(5, 20);
    while (faults_ < wanted) {
        simulation_.sleep(some_ms(1500));
        check_rules();
        const std::uint64_t what = choice_.below(10);
        if (what < 3) {
            fault();
            ++faults_;
        } else if (what < 7) {
            person_.ask_something();
        } else {
            person_.ask_for_what_is_due();
        }
    }
    simulation_.network().set_faults({});
    simulation_.network().heal();
    world_.troubled_one_in = 0;
    simulation_.note("calm");
    settle("after the faults");
    end(east_, Death::power);
    end(west_, Death::power);
    settle("after a last loss of power");
    done_ = true;
    guests_task->join();
    // Each looks at its whole store when it starts.
    stop(east_);
    stop(west_);
    settle("at the end");
    for (EngineSite* site : {&east_, &west_}) check_jobs(*site);
    epochs_ = east_.collection()->epoch.value;
}

sys::Duration EngineRun::some_ms(std::uint64_t most) {
    return std::chrono::milliseconds(choice_.between(1, most));
}

void EngineRun::guests() {
    while (!done_) {
        simulation_.sleep(some_ms(80));
        east_.hypervisor().write_something();
        west_.hypervisor().write_something();
    }
}

// Somebody sensible does what is due until the group replicates, and a further point comes across.
void EngineRun::settle(const std::string& when) {
    const sys::MonoTime deadline = simulation_.world().clock.after(40min);
    const auto wait = [&](auto fact) {
        while (!fact()) {
            if (simulation_.world().clock.mono() >= deadline) {
                throw Failure(fmt::format("the group does not come to replicate {}: {}", when,
                                          person_.describe()));
            }
            simulation_.sleep(200ms);
            check_rules();
            person_.ask_for_what_is_due();
        }
    };
    for (;;) {
        wait([this] { return person_.settled() && nobody_freezes(); });
        const std::uint64_t points = book_.acknowledgements();
        wait([&] { return book_.acknowledgements() >= points + 2; });
        if (person_.settled()) return;
    }
}

// ----------------------------------------------------------------------------------------------
// rules

bool EngineRun::must_be_locked(const replication::Collection& c) {
    const State state = state_of_replication(c);
    switch (c.place.role) {
        case Role::replica:
            return state == State::initial_replication || state == State::replicating ||
                   state == State::critical || state == State::suspended;
        case Role::primary:
            return c.fenced || c.place.state == State::failover_initiated ||
                   c.place.state == State::repurpose_initiated;
        default:
            return false;
    }
}

bool is_of_test(const replication::Collection& c, VmId vm) {
    return c.trial && std::ranges::find(c.trial->vms, vm) != c.trial->vms.end();
}

// The VMs of a test read what they were made from and what they wrote, whatever becomes of the
// points around theirs. Without a test there is nothing of one, ever.
void EngineRun::check_test(EngineSite& site, const replication::Collection& c) {
    Hypervisor& hypervisor = site.hypervisor();
    for (const auto& [id, vm] : hypervisor.vms()) {
        if (is_of_test(c, id)) {
            hypervisor.check(id);
        } else if (vm.name.ends_with(" - Test")) {
            throw Failure(
                fmt::format("{} has '{}' left: {}", site.name(), vm.name, person_.describe()));
        }
    }
    if (c.trial) return;
    const auto collections = site.engine()->collections();
    const bool listed = std::ranges::any_of(collections, [](const replication::Collection& each) {
        return each.place.role == Role::test_replica;
    });
    if (!listed && !hypervisor.has_images_below(trial_images)) return;
    throw Failure(
        fmt::format("{} has something of a test left: {}", site.name(), person_.describe()));
}

// A step that is under way may be ahead of its document for a moment, or behind.
void EngineRun::check_rules_of(EngineSite& site, UnlockedSince& still_unlocked) {
    const auto c = site.collection();
    if (!c) return;
    const sys::MonoTime now = simulation_.world().clock.mono();
    check_test(site, *c);
    for (const auto& [id, vm] : site.hypervisor().vms()) {
        if (!must_be_locked(*c) || !vm.lock.empty() || is_of_test(*c, id)) continue;
        const auto known = unlocked_since_.find({site.name(), id});
        const sys::MonoTime since = known == unlocked_since_.end() ? now : known->second;
        still_unlocked[{site.name(), id}] = since;
        if (now - since < unlocked_max) continue;
        throw Failure(
            fmt::format("'{}' can be started on {}: {}", vm.name, site.name(), person_.describe()));
    }
}

// No guest stays frozen, whatever becomes of the cut it was frozen for.
void EngineRun::check_frozen(EngineSite& site, UnlockedSince& still_frozen) {
    if (site.engine() == nullptr) return;
    const sys::MonoTime now = simulation_.world().clock.mono();
    for (const auto& [id, vm] : site.hypervisor().vms()) {
        if (!vm.frozen) continue;
        const auto known = frozen_since_.find({site.name(), id});
        const sys::MonoTime since = known == frozen_since_.end() ? now : known->second;
        still_frozen[{site.name(), id}] = since;
        if (now - since < frozen_max) continue;
        throw Failure(
            fmt::format("'{}' stays frozen on {}: {}", vm.name, site.name(), person_.describe()));
    }
}

// No guest is frozen, or will be when its hook ends.
bool EngineRun::nobody_freezes() {
    for (EngineSite* site : {&east_, &west_}) {
        for (const auto& [id, vm] : site->hypervisor().vms()) {
            if (vm.frozen || vm.hook_hangs > 0) return false;
        }
    }
    return true;
}

void EngineRun::check_rules() {
    if (!world_.finding.empty()) throw Failure(world_.finding);
    UnlockedSince still_unlocked;
    UnlockedSince still_frozen;
    for (EngineSite* site : {&east_, &west_}) {
        check_rules_of(*site, still_unlocked);
        check_frozen(*site, still_frozen);
    }
    unlocked_since_ = still_unlocked;
    frozen_since_ = still_frozen;
}

// Nothing here damages what was durable, and nobody breaks the protocol.
void EngineRun::check_jobs(EngineSite& site) {
    for (const Job& job : site.engine()->jobs().list()) {
        const bool bad = job.code == Code::corrupt || job.code == Code::protocol;
        if (job.state == JobState::exception && bad) {
            throw Failure(fmt::format("{}: {}: {}", site.name(), job.name, job.error));
        }
    }
}

// ----------------------------------------------------------------------------------------------
// faults

void EngineRun::fault() {
    EngineSite& site = choice_.one_in(2) ? east_ : west_;
    switch (choice_.below(8)) {
        case 0:
            return simulation_.network().cut_all();
        case 1:
            return partition();
        case 2:
            return end(site, Death::process);
        case 3:
            return end(site, Death::power);
        case 4:
            return stop(site);
        case 5:
            return fill_disk(site);
        case 6:
            site.site().arm_at_file_change(choice_.below(120), Death::power);
            return await_death(site, Death::power);
        default:
            site.site().arm_at_step(choice_.below(600), Death::process);
            return await_death(site, Death::process);
    }
}

void EngineRun::partition() {
    simulation_.network().partition("east", "west");
    person_.ask_something();
    simulation_.sleep(choice_.one_in(4) ? sys::Duration(40s) : some_ms(3000));
    person_.ask_something();
    simulation_.network().heal();
}

void EngineRun::fill_disk(EngineSite& site) {
    Disk& disk = site.site().disk();
    const sys::Space space = disk.space();
    const std::uint64_t used = space.total_bytes - space.free_bytes;
    disk.set_capacity(used + choice_.below(40) * page_bytes);
    simulation_.sleep(some_ms(2000));
    person_.ask_something();
    simulation_.sleep(some_ms(2000));
    disk.set_capacity(0);
}

void EngineRun::end(EngineSite& site, Death death) {
    site.kill(death);
    restart(site);
}

void EngineRun::stop(EngineSite& site) {
    site.ask_to_stop();
    restart(site);
}

void EngineRun::await_death(EngineSite& site, Death death) {
    person_.ask_something();
    for (int i = 0; i < 100 && !site.site().died(); ++i) simulation_.sleep(20ms);
    site.site().disarm();
    if (!site.site().died()) return;
    if (death == Death::power) site.lose_power_of_host();
    restart(site);
}

void EngineRun::restart(EngineSite& site) {
    simulation_.until_down(site.site());
    simulation_.sleep(some_ms(1000));
    if (choice_.one_in(2)) person_.use_vm();
    site.boot();
}

}  // namespace

std::string EngineRunResult::text() const {
    return fmt::format("{} points, {} faults, {} requests, epoch {}", points, faults, requests,
                       epoch);
}

EngineRunResult run_engines(std::uint64_t seed, const EngineRunOptions& options) {
    return EngineRun(seed, options).run();
}

}  // namespace reviver::sim
