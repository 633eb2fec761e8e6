// A simulated site with the whole of the daemon's inside: repository, store, engine, the door for
// the other site; and below it a host with model machines. What a person asks of the engine is done
// by the site's own main task, so that it dies with the process.
#pragma once

#include "replication/engine.h"
#include "sim/model_machines.h"
#include "sim/simulation.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace reviver::sim {

struct EngineWorld {
    Simulation& simulation;
    PointBook& book;
    EngineMutant mutant = EngineMutant::none;
    CollectionId collection;
    std::uint64_t troubled_one_in = 0;  // see ModelMachines
    std::string finding;                // of a task that answers the other site, which goes on
    SitePolicy policy{};                // of either site
};

class EngineSite {
  public:
    using Request = std::function<void(replication::Engine&)>;

    EngineSite(EngineWorld& world, Site& site, std::string peer);

    const std::string& name() const { return site_.name(); }
    Site& site() { return site_; }
    Hypervisor& hypervisor() { return hypervisor_; }

    void boot();
    // The process or the power goes; the process may also be asked to end.
    void kill(Death death);
    void ask_to_stop() { stop_asked_ = true; }
    void lose_power_of_host() { hypervisor_.lose_power(); }

    // The engine, for looking at what it holds in memory; null while the site starts or is down.
    replication::Engine* engine() { return site_.down() || site_.died() ? nullptr : engine_; }
    std::optional<replication::Collection> collection();

    // Given to the main task; one at a time. A call that is refused must change nothing; one that
    // `waits` for its turn may find everything changed by others when it comes.
    bool busy() const { return request_ != nullptr; }
    void request(Request request, bool waits) {
        request_ = std::make_unique<Request>(std::move(request));
        request_waits_ = waits;
    }

  private:
    class Desk;
    class WatchedSink;
    struct Parts;

    void main(sys::World& world);
    void run(sys::World& world);
    void serve(sys::World& world, replication::Engine& engine, store::Store& store);
    void merge_around_test(replication::Engine& engine, store::Store& store);
    void answer(replication::Engine& engine);
    void check_store(state::Repository& repository, store::Store& store);
    void acknowledged(Sequence sequence);

    EngineWorld& world_;
    Site& site_;
    const std::string peer_;
    Hypervisor hypervisor_;
    replication::Engine* engine_ = nullptr;
    std::unique_ptr<Request> request_;
    bool request_waits_ = false;
    bool stop_asked_ = false;
};

}  // namespace reviver::sim
