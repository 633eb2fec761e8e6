// The person at both sites' consoles: asks for something random, or for what brings the group back
// to replicating.
#pragma once

#include "sim/engine_site.h"

#include <optional>
#include <string>
#include <vector>

namespace reviver::sim {

class Person {
  public:
    Person(EngineWorld& world, EngineSite& east, EngineSite& west, Prng prng)
        : world_(world), sites_{&east, &west}, prng_(prng) {}

    // One request, whatever the state; it may well be refused.
    void ask_something();
    // One sensible step towards a group that replicates; nothing while something is under way.
    void ask_for_what_is_due();
    // A user of the hypervisor, who knows nothing of replication.
    void use_vm();
    // Somebody attaches, detaches or grows a disk of a VM that is being replicated.
    void change_disks();
    // The one site is primary, the other its replica, VMs run, and no job is open.
    bool settled();

    std::uint64_t requests() const { return requests_; }
    std::string describe();

  private:
    using Collection = replication::Collection;
    using Engine = replication::Engine;

    struct Wish {
        std::string what;
        std::optional<replication::Event> event;  // what has to be possible
        EngineSite::Request request;
    };

    std::vector<Wish> wishes(EngineSite& site);
    void ask(EngineSite& site, const std::string& what, EngineSite::Request request);
    void set_up(EngineSite& site, EngineSite& other);
    void start(EngineSite& site, CollectionId id);
    void carry(EngineSite& from, EngineSite& to);
    void due_at_primary(EngineSite& site, const Collection& c, EngineSite& other,
                        const std::optional<Collection>& o);
    void due_at_replica(EngineSite& site, const Collection& c, EngineSite& other,
                        const std::optional<Collection>& o);
    bool has_vms(EngineSite& site);
    bool all_on(EngineSite& site);
    bool at_work(EngineSite& site);
    Settings settings_of(EngineSite& site);
    Settings settings_with_disks(EngineSite& site);
    bool has_any_disk(EngineSite& primary);
    bool has_all_disks(EngineSite& primary);
    std::optional<Sequence> random_point(Engine& engine);

    EngineWorld& world_;
    EngineSite* sites_[2];
    Prng prng_;
    std::uint64_t requests_ = 0;
    std::uint64_t images_made_ = 0;
};

}  // namespace reviver::sim
