// Real storage daemons, and VMs that are definitions only.
#include "base/error.h"
#include "hypervisor/domain_xml.h"
#include "hypervisor/shared_socket.h"
#include "qemu/image_tool.h"
#include "sharing/with_shared_disks.h"
#include "sys/world.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

namespace reviver::sharing {
namespace {

using hypervisor::Domain;
using hypervisor::Power;

const VmId web(Uuid::parse("aaaaaaaa-1111-2222-3333-444444444444").value());
const VmId db(Uuid::parse("bbbbbbbb-1111-2222-3333-444444444444").value());

// VMs that start and stop by being told so. Like any hypervisor's, asked from several threads.
class Definitions : public hypervisor::Hypervisor {
  public:
    std::vector<Domain> domains() override {
        const std::lock_guard lock(mutex_);
        std::vector<Domain> all;
        for (const auto& [id, domain] : domains_) all.push_back(domain);
        return all;
    }
    Domain domain(VmId id) override {
        const std::lock_guard lock(mutex_);
        return domains_.at(id);
    }
    VmId define(const std::string& xml) override {
        const std::lock_guard lock(mutex_);
        const hypervisor::DomainXml parsed(xml);
        Domain& domain = domains_[parsed.id()];
        domain.id = parsed.id();
        domain.name = parsed.name();
        domain.xml = xml;
        domain.disks = parsed.disks();
        return domain.id;
    }
    void undefine(VmId id) override {
        const std::lock_guard lock(mutex_);
        domains_.erase(id);
    }
    void start(VmId id) override { set_power(id, Power::running); }
    void ask_to_shut_down(VmId id) override { power_off(id); }
    void power_off(VmId id) override { set_power(id, Power::off); }
    void set_autostart(VmId, bool) override {}
    std::string qmp(VmId, const std::string& command, const std::string&) override {
        fail(Code::unavailable, "no QEMU for {}", command);
    }
    std::shared_ptr<void> subscribe(std::function<void(const hypervisor::DomainEvent&)>) override {
        return nullptr;
    }

  private:
    void set_power(VmId id, Power power) {
        const std::lock_guard lock(mutex_);
        domains_.at(id).power = power;
    }

    std::mutex mutex_;
    std::map<VmId, Domain> domains_;
};

class SharedDisksTest : public testing::Test {
  protected:
    SharedDisksTest() {
        char name[] = "/tmp/sharing-XXXXXX";
        directory_ = mkdtemp(name);
        restart();
    }
    ~SharedDisksTest() override {
        const auto all = disks_->list();
        machines_.reset();
        disks_.reset();  // who would start them anew
        for (const auto& shown : all) end_daemon(shown.disk.id);
        std::filesystem::remove_all(directory_);
    }

    void restart() {
        machines_.reset();
        disks_.reset();
        disks_ = std::make_unique<SharedDisks>(definitions_, sys::linux_world().files,
                                               sys::linux_world().random, directory_);
        machines_ = std::make_unique<WithSharedDisks>(definitions_, *disks_);
    }

    VmId add(const std::string& name) {
        return disks_->add({name, {directory_ / (name + ".qcow2"), "qcow2"}, 1 << 20});
    }
    void define(VmId vm, const std::string& name, const std::string& element) {
        machines_->define("<domain type='qemu'><name>" + name + "</name><uuid>" + vm.text() +
                          "</uuid><devices>" + element + "</devices></domain>");
    }
    void give(const std::string& disk) {
        define(web, "web", "");
        define(db, "db", "");
        define(web, "web", disks_->element_for(disk, web, "vdb"));
        define(db, "db", disks_->element_for(disk, db, ""));
    }

    pid_t pid_of(VmId disk) {
        pid_t pid = 0;
        std::ifstream(hypervisor::shared_disk_directory(directory_, disk) / "pid") >> pid;
        return pid;
    }
    void end_daemon(VmId disk) {
        if (const pid_t pid = pid_of(disk); pid > 0) ::kill(pid, SIGKILL);
    }
    static void wait_for(const std::function<bool()>& fact) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!fact()) {
            ASSERT_LT(std::chrono::steady_clock::now(), deadline);
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    }
    std::string exports(VmId disk) { return machines_->qmp(disk, "query-block-exports", ""); }

    std::filesystem::path directory_;
    Definitions definitions_;
    std::unique_ptr<SharedDisks> disks_;
    std::unique_ptr<WithSharedDisks> machines_;
};

TEST_F(SharedDisksTest, EachVmThatHasTheDiskHasAnExport) {
    const VmId disk = add("quorum");
    EXPECT_EQ(exports(disk), "[]");
    give("quorum");
    machines_->start(web);
    EXPECT_NE(exports(disk).find("vm-aaaaaaaa"), std::string::npos);
    EXPECT_NE(exports(disk).find("vm-bbbbbbbb"), std::string::npos);
    const Domain shown = machines_->domain(disk);
    EXPECT_TRUE(shown.is_storage_daemon());
    EXPECT_EQ(shown.power, Power::running);
    EXPECT_EQ(shown.users, (std::vector<VmId>{web, db}));
    EXPECT_EQ(machines_->domains().size(), 2u);
}

TEST_F(SharedDisksTest, AVmThatLetGoOfTheDiskCannotReachItAnyMore) {
    const VmId disk = add("quorum");
    give("quorum");
    machines_->start(web);
    define(db, "db", "");
    wait_for([&] { return exports(disk).find("vm-bbbbbbbb") == std::string::npos; });
    EXPECT_NE(exports(disk).find("vm-aaaaaaaa"), std::string::npos);
}

TEST_F(SharedDisksTest, ADaemonOutlivesUsAndIsFoundAgain) {
    const VmId disk = add("quorum");
    give("quorum");
    const auto run = machines_->domain(disk).process_id;
    restart();
    EXPECT_EQ(machines_->domain(disk).process_id, run);
    EXPECT_NE(machines_->qmp(disk, "query-named-block-nodes", "").find("served"),
              std::string::npos);
}

TEST_F(SharedDisksTest, ADaemonThatDiedIsStartedAnewAndSaysSo) {
    const VmId disk = add("quorum");
    give("quorum");
    std::atomic<int> starts = 0;
    const auto listening = machines_->subscribe([&](const hypervisor::DomainEvent& event) {
        starts += event.id == disk && event.kind == hypervisor::DomainEvent::Kind::started;
    });
    const auto run = machines_->domain(disk).process_id;
    end_daemon(disk);
    wait_for([&] {
        const auto now = machines_->domain(disk).process_id;
        return now != 0 && now != run;
    });
    wait_for([&] { return starts >= 1; });
    wait_for([&] { return exports(disk).find("vm-aaaaaaaa") != std::string::npos; });
}

TEST_F(SharedDisksTest, ALockedDiskIsEndedWhenNobodyRunsAndNotStarted) {
    const VmId disk = add("quorum");
    give("quorum");
    machines_->start(web);
    disks_->lock({web, db}, "taken over");
    disks_->end_locked();
    EXPECT_EQ(machines_->domain(disk).power, Power::running);
    machines_->power_off(web);
    disks_->end_locked();
    EXPECT_EQ(machines_->domain(disk).power, Power::off);
    try {
        machines_->start(web);
        FAIL() << "a VM was started on a locked disk";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::invalid_state);
        EXPECT_NE(std::string(error.what()).find("taken over"), std::string::npos);
    }
    restart();
    EXPECT_EQ(disks_->list().at(0).disk.lock, "taken over");
    disks_->unlock({web});
    machines_->start(web);
    EXPECT_EQ(machines_->domain(disk).power, Power::running);
}

TEST_F(SharedDisksTest, WhatCannotBeServedIsRefusedAndLeavesNothing) {
    EXPECT_THROW(add("no/name"), Error);
    EXPECT_THROW(disks_->add({"a", {"relative.raw", "raw"}, 0}), Error);
    EXPECT_THROW(disks_->add({"a", {directory_ / "missing.raw", "raw"}, 0}), Error);
    EXPECT_THROW(disks_->add({"a", {directory_ / "a.vmdk", "vmdk"}, 1 << 20}), Error);
    EXPECT_TRUE(disks_->list().empty());
    add("quorum");
    EXPECT_THROW(add("quorum"), Error);
    EXPECT_THROW(disks_->add({"again", {directory_ / "quorum.qcow2", "qcow2"}, 0}), Error);
    EXPECT_EQ(disks_->list().size(), 1u);
}

TEST_F(SharedDisksTest, ADiskInUseIsNotRemovedAndItsImageStays) {
    const VmId disk = add("quorum");
    give("quorum");
    EXPECT_THROW(disks_->remove("quorum"), Error);
    define(web, "web", "");
    define(db, "db", "");
    disks_->remove("quorum");
    EXPECT_TRUE(disks_->list().empty());
    EXPECT_TRUE(std::filesystem::exists(directory_ / "quorum.qcow2"));
    EXPECT_FALSE(
        std::filesystem::exists(hypervisor::shared_disk_directory(directory_, disk) / "disk.json"));
}

TEST_F(SharedDisksTest, AFailoverServesAnotherImageAndItsRevertTheFormerOne) {
    const VmId disk = add("quorum");
    give("quorum");
    disks_->lock({web, db}, "a replica");
    disks_->end_locked();
    const Image overlay{directory_ / "overlay.qcow2", "qcow2"};
    int made = 0;
    const auto make = [&] {
        ++made;
        qemu::create_qcow2(overlay.path, 1 << 20);
    };
    disks_->set_up(disk, "quorum", overlay, make);
    disks_->set_up(disk, "quorum", overlay, make);
    EXPECT_EQ(made, 1);
    machines_->start(web);
    EXPECT_EQ(machines_->domain(disk).disks.at(0).source, overlay.path.string());
    machines_->power_off(web);
    disks_->take_back(disk, overlay);
    const SharedDisk again = disks_->list().at(0).disk;
    EXPECT_EQ(again.image.path, directory_ / "quorum.qcow2");
    EXPECT_EQ(again.lock, "a replica");
    EXPECT_EQ(machines_->domain(disk).power, Power::off);
}

}  // namespace
}  // namespace reviver::sharing
