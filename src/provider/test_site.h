// For tests: the registries of a site that has no VMs and no libvirt, as the daemon fills them.
#pragma once

#include "base/error.h"
#include "cim/builtin_schema.h"
#include "provider/sources.h"
#include "replication/live_machines.h"
#include "store/store.h"

#include <filesystem>

namespace reviver::provider {

class NoImages : public point::ImageOpener {
  public:
    std::unique_ptr<point::Image> open(const sys::Path& path, const std::string&) override {
        fail(Code::not_found, "there is no image {}", path.string());
    }
};

// A host without VMs.
class EmptyHost : public hypervisor::Hypervisor {
  public:
    std::vector<hypervisor::Domain> domains() override { return {}; }
    hypervisor::Domain domain(VmId id) override { none(id); }
    VmId define(const std::string&) override { fail(Code::not_supported, "nothing is defined"); }
    void undefine(VmId id) override { none(id); }
    void start(VmId id) override { none(id); }
    void ask_to_shut_down(VmId id) override { none(id); }
    void power_off(VmId id) override { none(id); }
    void set_autostart(VmId id, bool) override { none(id); }
    std::string qmp(VmId id, const std::string&, const std::string&) override { none(id); }
    std::shared_ptr<void> subscribe(std::function<void(const hypervisor::DomainEvent&)>) override {
        return nullptr;
    }

  private:
    [[noreturn]] static void none(VmId id) {
        fail(Code::not_found, "there is no VM {}", id.text());
    }
};

class TestSite {
  public:
    TestSite() : directory_(make_directory()) {
        bind_hyperv_cluster(cluster, engine, host_);
        bind_virtualization(single, engine, host_);
    }
    ~TestSite() { std::filesystem::remove_all(directory_); }

  private:
    static std::filesystem::path make_directory() {
        char name[] = "/tmp/provider_test.XXXXXX";
        return mkdtemp(name);
    }
    static replication::SiteIdentity identity() {
        replication::SiteIdentity site{"east", "", std::string(64, 'e'), {"127.0.0.1", 7000}};
        site.certificate = "-----BEGIN CERTIFICATE-----\nMIIB\nAAAA\n-----END CERTIFICATE-----\n";
        site.replicas = "/srv/east/data/store";
        return site;
    }
    replication::Context context() {
        const auto dial = [](const sys::Endpoint& to, const wire::Fingerprint&,
                             sys::MonoTime) -> std::unique_ptr<wire::PeerLink> {
            fail(Code::unavailable, "nobody answers at {}:{}", to.host, to.port);
        };
        const auto fetch = [](const sys::Endpoint&) { return std::string(64, 'f'); };
        return {world_, identity(), *repository_, store_, machines_, dial, fetch, jobs_, peers};
    }

    const std::filesystem::path directory_;
    sys::World& world_ = sys::linux_world();
    std::unique_ptr<state::Repository> repository_ =
        state::open_sqlite(world_, directory_ / "state.db");
    NoImages images_;
    store::Store store_{world_, directory_, images_};
    EmptyHost host_;
    replication::LiveMachines machines_{host_, world_, directory_};
    replication::Jobs jobs_{world_, *repository_};

  public:
    replication::Peers peers{*repository_};
    replication::Engine engine{context()};
    cim::Registry cluster{cim::load_hyperv_cluster_schema()};
    cim::Registry single{cim::load_virtualization_schema()};
};

}  // namespace reviver::provider
