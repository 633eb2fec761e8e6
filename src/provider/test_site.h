// For tests: the registries of a site that has no VMs and no libvirt, as the daemon fills them.
// Nobody answers on its network.
#pragma once

#include "base/error.h"
#include "cim/builtin_schema.h"
#include "provider/sources.h"
#include "replication/live_machines.h"
#include "store/store.h"

#include <signal.h>

#include <filesystem>
#include <fstream>
#include <vector>

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

// Made first and gone last, with the storage daemons that were started in it.
class ScratchDirectory {
  public:
    ScratchDirectory() {
        char name[] = "/tmp/provider_test.XXXXXX";
        path_ = mkdtemp(name);
    }
    ~ScratchDirectory() {
        std::error_code none;
        for (const auto& disk : std::filesystem::directory_iterator(path_ / "shared", none)) {
            pid_t pid = 0;
            std::ifstream(disk.path() / "pid") >> pid;
            if (pid > 0) ::kill(pid, SIGKILL);
        }
        std::filesystem::remove_all(path_);
    }
    ScratchDirectory(const ScratchDirectory&) = delete;
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

class TestSite {
  public:
    // What it has from an earlier life, and how a try to reach another site ends: Code::stopped is
    // an error that nobody draws conclusions from.
    struct Before {
        std::vector<replication::Collection> collections{};
        std::vector<replication::Peer> peers{};
        Code link_error = Code::unavailable;
    };
    TestSite() : TestSite(Before{}) {}
    explicit TestSite(const Before& before)
        : link_error_(before.link_error), repository_(open_repository(before)) {
        bind_hyperv_cluster(cluster, engine, host_, shared_disks_);
        bind_virtualization(single, engine, host_);
    }

    // Its first point: one small disk, and VMs, which this site cannot define.
    void receive_a_point(CollectionId collection, const std::vector<VmDefinition>& vms = {}) {
        point::ReceiveHeader header;
        header.id = ReceiveId(world_.random.uuid());
        header.collection = collection;
        header.epoch = Epoch{1};
        header.sequence = Sequence{1};
        const DiskKey key{VmId(world_.random.uuid()), "vda"};
        header.disks.push_back({{key, 64 << 10}, point::Bulk::full});
        const auto sink = store_.receive();
        sink->open(header);
        point::Chunk zeros;
        zeros.extents.push_back({0, 64 << 10, Content::zero});
        sink->write(zeros);
        point::CutHeader cut;
        cut.id = CutId(world_.random.uuid());
        cut.time = world_.clock.wall();
        cut.vms = vms;
        sink->begin_cut(cut);
        sink->commit(point::CutDigest().trailer());
    }

  private:
    static replication::SiteIdentity identity() {
        replication::SiteIdentity site{"east", "", std::string(64, 'e'), {"127.0.0.1", 7000}};
        site.certificate = "-----BEGIN CERTIFICATE-----\nMIIB\nAAAA\n-----END CERTIFICATE-----\n";
        site.replicas = "/srv/east/data/store";
        return site;
    }
    replication::Context context() {
        const auto dial = [this](const sys::Endpoint& to, const wire::Fingerprint&, sys::MonoTime,
                                 const auto&) -> std::unique_ptr<wire::PeerLink> {
            fail(link_error_, "nobody answers at {}:{}", to.host, to.port);
        };
        const auto fetch = [](const sys::Endpoint&) { return std::string(64, 'f'); };
        return {world_, identity(), *repository_, store_, machines_, dial, fetch, jobs_, peers};
    }

    std::unique_ptr<state::Repository> open_repository(const Before& before) {
        auto repository = state::open_sqlite(world_, directory_ / "state.db");
        replication::Peers paired(*repository);
        for (const auto& peer : before.peers) paired.put(peer);
        for (const auto& c : before.collections) {
            repository->put(replication::Group::document_kind(), c.id.text(),
                            replication::to_text(c));
        }
        return repository;
    }

    const ScratchDirectory scratch_;
    const std::filesystem::path directory_ = scratch_.path();
    const Code link_error_;
    sys::World& world_ = sys::linux_world();
    std::unique_ptr<state::Repository> repository_;
    NoImages images_;
    store::Store store_{world_, directory_, images_};
    EmptyHost host_;
    sharing::SharedDisks shared_disks_{host_, world_.files, world_.random, directory_};
    replication::LiveMachines machines_{host_, world_, directory_, shared_disks_};
    replication::Jobs jobs_{world_, *repository_};

  public:
    replication::Peers peers{*repository_};
    replication::Engine engine{context()};
    cim::Registry cluster{cim::load_hyperv_cluster_schema()};
    cim::Registry single{cim::load_virtualization_schema()};
};

}  // namespace reviver::provider
