// For the tests of this folder: a site with a real libvirt and a real QEMU. The embedded driver
// works in a directory of the test run, the guests have nothing to boot, and there are chains of
// images as a store keeps them. What a guest would write is written by QEMU on its behalf.
#pragma once

#include "base/checksum.h"
#include "base/error.h"
#include "hypervisor/domain_xml.h"
#include "qemu/image_tool.h"
#include "recovery/recovery.h"
#include "sys/world.h"

#include <gtest/gtest.h>
#include <libvirt/libvirt.h>
#include <signal.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace reviver::recovery {

inline Code code_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& e) {
        return e.code();
    }
    ADD_FAILURE() << "no error";
    return Code::failed;
}

inline std::string text_of_error(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& e) {
        return e.what();
    }
    return "no error";
}

// The embedded driver: a process can have one root open, ever, so all tests share it.
class TestRoot {
  public:
    static TestRoot& get() {
        static TestRoot root;
        return root;
    }
    hypervisor::Hypervisor& hypervisor() { return *hypervisor_; }
    const std::filesystem::path& path() const { return path_; }

  private:
    TestRoot() {
        std::string name = "/tmp/reviver-recovery-XXXXXX";
        path_ = mkdtemp(name.data());
        // What libvirt found out about QEMU, which takes it seconds, is kept from one run to the
        // next.
        const auto cache = std::filesystem::temp_directory_path() / "reviver-test-libvirt-cache";
        std::filesystem::create_directories(cache);
        std::filesystem::create_directory_symlink(cache, path_ / "cache");
        hypervisor_ = hypervisor::connect("qemu:///embed?root=" + path_.string());
    }
    ~TestRoot() {
        hypervisor_.reset();
        std::filesystem::remove_all(path_);
    }

    std::filesystem::path path_;
    std::unique_ptr<hypervisor::Hypervisor> hypervisor_;
};

class TestSite : public testing::Test {
  protected:
    static constexpr std::uint64_t disk_size = 16 << 20;
    const VmId one = *VmId::parse("11111111-2222-3333-4444-000000000001");
    const VmId two = *VmId::parse("11111111-2222-3333-4444-000000000002");

    ~TestSite() override {
        for (const hypervisor::Domain& domain : hypervisor_.domains()) {
            kill(pid_of(domain.name), SIGKILL);
            hypervisor_.power_off(domain.id);
            hypervisor_.undefine(domain.id);
        }
        std::filesystem::remove_all(data_);
    }

    static std::string definition(VmId vm, const std::string& name,
                                  const std::vector<std::string>& disks) {
        std::string devices;
        for (const std::string& target : disks) {
            devices +=
                "<disk type='file' device='disk'><driver name='qemu' type='raw'/>"
                "<source file='/other-site/" +
                target + "'/><target dev='" + target + "' bus='virtio'/></disk>";
        }
        return "<domain type='qemu'><name>" + name + "</name><uuid>" + vm.text() +
               "</uuid><memory unit='MiB'>16</memory>"
               "<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>" +
               devices +
               "<controller type='usb' model='none'/><memballoon model='none'/>"
               "</devices></domain>";
    }

    void make_chains() {
        for (const PlanDisk& disk : plan().disks) make_chain(disk.key);
    }

    // Two VMs and three disks at point 7, and a disk ("vdz") that the point does not hold.
    FailoverPlan plan() const {
        FailoverPlan plan;
        plan.collection = "shop";
        plan.epoch = {2};
        plan.sequence = {7};
        plan.vms = {{one, "web", definition(one, "web", {"vda", "vdb"})},
                    {two, "db", definition(two, "db", {"vda", "vdz"})}};
        for (const DiskKey& key : {DiskKey{one, "vda"}, DiskKey{one, "vdb"}, DiskKey{two, "vda"}}) {
            plan.disks.push_back({key, disk_size, top(key), "qcow2", base(key), bitmap_of(key)});
        }
        return plan;
    }
    FailoverPlan plan_of_one() const {
        FailoverPlan result = plan();
        result.vms.resize(1);
        result.disks.resize(2);
        return result;
    }

    sys::Path base(const DiskKey& disk) const { return chain_directory(disk) / "base.raw"; }
    static std::string bitmap_of(const DiskKey& disk) { return "changes of " + disk.text(); }
    sys::Path top(const DiskKey& disk) const { return chain_directory(disk) / "p7.qcow2"; }
    sys::Path overlay(const DiskKey& disk) const {
        return data_ / "vms" / disk.vm.text() / (disk.target + "-2-7.qcow2");
    }

    static void write_image(const sys::Path& image, const std::string& format,
                            const std::string& command) {
        qemu::run_checked({"qemu-io", "-f", format, "-c", command, image});
    }
    void guest_writes(VmId vm, const std::string& alias, const std::string& command) {
        for (const std::string& step : {command, std::string("flush")}) {
            hypervisor_.qmp(vm, "human-monitor-command",
                            "{\"command-line\":\"qemu-io -d /machine/peripheral/" + alias +
                                "/virtio-backend \\\"" + step + "\\\"\"}");
        }
    }
    static pid_t pid_of(const std::string& name) {
        pid_t pid = 1 << 30;  // of nobody
        std::ifstream(TestRoot::get().path() / "run/qemu" / (name + ".pid")) >> pid;
        return pid;
    }
    // By checksum.
    std::map<std::string, std::uint64_t> contents_of_store() const {
        std::map<std::string, std::uint64_t> contents;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(data_ / "store")) {
            if (!entry.is_regular_file()) continue;
            contents[entry.path()] =
                xxh3(sys::read_file(sys::linux_world().files, entry.path(), 2 * disk_size));
        }
        return contents;
    }
    // As `virsh managedsave` does: with another connection of this process, which the embedded
    // driver allows.
    static void save(VmId vm) {
        const std::string uri = "qemu:///embed?root=" + TestRoot::get().path().string();
        const std::unique_ptr<virConnect, int (*)(virConnectPtr)> connection(
            virConnectOpen(uri.c_str()), virConnectClose);
        const std::unique_ptr<virDomain, int (*)(virDomainPtr)> domain(
            virDomainLookupByUUIDString(connection.get(), vm.text().c_str()), virDomainFree);
        ASSERT_EQ(virDomainManagedSave(domain.get(), 0), 0);
    }
    bool locked(VmId vm) { return hypervisor::DomainXml(hypervisor_.domain(vm).xml).locked(); }

    hypervisor::Hypervisor& hypervisor_ = TestRoot::get().hypervisor();
    const sys::Path data_ = TestRoot::get().path() / "data";
    Recovery recovery_{hypervisor_, sys::linux_world().files, data_};

    // base.raw <- p3 <- p7
    void make_chain(const DiskKey& disk) {
        std::filesystem::create_directories(chain_directory(disk));
        std::ofstream(base(disk)).close();
        std::filesystem::resize_file(base(disk), disk_size);
        const sys::Path p3 = chain_directory(disk) / "p3.qcow2";
        qemu::create_overlay(p3, base(disk), "raw", disk_size);
        qemu::create_overlay(top(disk), p3, "qcow2", disk_size);
        // By names alone, as a store does it.
        build_on(p3, "base.raw", "raw");
        build_on(top(disk), "p3.qcow2", "qcow2");
        write_image(base(disk), "raw", "write -P 1 0 8M");
        write_image(p3, "qcow2", "write -P 3 1M 64k");
        write_image(top(disk), "qcow2", "write -P 7 12M 4k");
    }

  private:
    sys::Path chain_directory(const DiskKey& disk) const {
        return data_ / "store" / disk.vm.text() / disk.target;
    }
    static void build_on(const sys::Path& image, const std::string& name,
                         const std::string& format) {
        qemu::run_checked({"qemu-img", "rebase", "-u", "-b", name, "-F", format, image});
    }
};

}  // namespace reviver::recovery
