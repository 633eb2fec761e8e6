// Two sites of which one replicates a VM with two disks to the other, without faults: for tests
// that do one thing at a moment of their choice. Used by one test at a time, inside `run`.
#pragma once

#include "sim/person.h"

#include <functional>
#include <string>

namespace reviver::sim {

class ReplicatingPair {
  public:
    explicit ReplicatingPair(SitePolicy policy = {})
        : simulation_(1),
          world_{simulation_,
                 book_,
                 EngineMutant::none,
                 CollectionId(*Uuid::parse("11111111-2222-4333-8444-555555555555")),
                 0,
                 {},
                 std::move(policy)},
          east_(world_, simulation_.add_site("east"), "west"),
          west_(world_, simulation_.add_site("west"), "east"),
          person_(world_, east_, west_, simulation_.prng().fork()) {
        Hypervisor& host = east_.hypervisor();
        for (const char* target : {"vda", "vdb"})
            host.make_image(std::string("/images/") + target, 128 << 10);
        host.vms()[vm()] = {"shop", {{"vda", "/images/vda"}, {"vdb", "/images/vdb"}}, "", false, 0};
        host.start(vm());
        host.write_something();
    }

    static VmId vm() { return *VmId::parse("00000000-0000-0000-0000-000000000001"); }
    static std::string disk(const std::string& target) { return DiskKey{vm(), target}.text(); }

    // From when the group replicates on.
    void run(const std::function<void()>& scenario) {
        simulation_.run([&] {
            east_.boot();
            west_.boot();
            simulation_.until(
                [this] {
                    person_.ask_for_what_is_due();
                    return person_.settled();
                },
                std::chrono::minutes(10), "the group replicates");
            scenario();
        });
    }

    // Answers the job of a change that is under way.
    JobId modify(const Settings& wanted) {
        std::optional<JobId> job;
        east_.request(
            [&](replication::Engine& e) {
                job = e.modify_settings(world_.collection, wanted, "test");
            },
            false);
        simulation_.until([&] { return job.has_value(); }, std::chrono::minutes(1),
                          "a change of the settings is asked for");
        return *job;
    }

    Simulation& simulation() { return simulation_; }
    PointBook& book() { return book_; }
    EngineSite& east() { return east_; }
    EngineSite& west() { return west_; }
    Person& person() { return person_; }
    CollectionId collection() const { return world_.collection; }

  private:
    Simulation simulation_;
    PointBook book_;
    EngineWorld world_;
    EngineSite east_;
    EngineSite west_;
    Person person_;
};

}  // namespace reviver::sim
