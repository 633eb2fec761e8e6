// From the order to fail over to VMs that can be started, by the number of points below the one
// that is taken. A real libvirt, real chains.
#include "qemu/image_tool.h"
#include "recovery/recovery.h"
#include "sys/world.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace reviver::recovery {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t disk_size = 1ull << 30;
constexpr int vm_count = 2;

class Site {
  public:
    static Site& get() {
        static Site site;
        return site;
    }
    hypervisor::Hypervisor& hypervisor() { return *hypervisor_; }
    const fs::path& path() const { return path_; }

  private:
    Site() {
        std::string name = "/tmp/reviver-bench-XXXXXX";
        path_ = mkdtemp(name.data());
        hypervisor_ = hypervisor::connect("qemu:///embed?root=" + path_.string());
    }
    ~Site() {
        hypervisor_.reset();
        fs::remove_all(path_);
    }

    fs::path path_;
    std::unique_ptr<hypervisor::Hypervisor> hypervisor_;
};

std::string definition(VmId id, const std::string& name) {
    std::string disks;
    for (const char* target : {"vda", "vdb"}) {
        disks += fmt::format(
            "<disk type='file' device='disk'><source file='/{}'/><target dev='{}' bus='virtio'/>"
            "</disk>",
            target, target);
    }
    return fmt::format(
        "<domain type='qemu'><name>{}</name><uuid>{}</uuid><memory unit='MiB'>16</memory>"
        "<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>{}</devices></domain>",
        name, id.text(), disks);
}

// A base and a layer for each point.
PlanDisk make_chain(const fs::path& directory, const DiskKey& key, int points) {
    fs::create_directories(directory);
    PlanDisk disk{
        key, disk_size, directory / "base.raw", "raw", directory / "base.raw", "reviver-bench"};
    std::ofstream(disk.base).close();
    fs::resize_file(disk.base, disk_size);
    for (int point = 1; point <= points; ++point) {
        const fs::path layer = directory / fmt::format("p{}.qcow2", point);
        qemu::create_overlay(layer, disk.top, disk.top_format, disk_size);
        disk.top = layer;
        disk.top_format = "qcow2";
    }
    return disk;
}

void failover(benchmark::State& state) {
    Site& site = Site::get();
    const fs::path data = site.path() / "data";
    FailoverPlan plan;
    plan.collection = "bench";
    plan.epoch = {1};
    plan.sequence = {static_cast<std::uint64_t>(state.range(0))};
    for (int i = 0; i < vm_count; ++i) {
        const VmId id = *VmId::parse(fmt::format("11111111-2222-3333-4444-{:012x}", i + 1));
        plan.vms.push_back({id, fmt::format("vm{}", i), definition(id, fmt::format("vm{}", i))});
        for (const char* target : {"vda", "vdb"}) {
            plan.disks.push_back(
                make_chain(data / fmt::format("{}-{}-{}", i, target, state.range(0)), {id, target},
                           static_cast<int>(state.range(0))));
        }
    }
    Recovery recovery(site.hypervisor(), sys::linux_world().files, data);
    recovery.show_replicas(plan.collection, plan.vms);
    for (auto _ : state) {
        if (!recovery.prepare(plan).empty()) state.SkipWithError("a VM could not be set up");
        state.PauseTiming();
        recovery.revert(plan);
        state.ResumeTiming();
    }
    recovery.forget_replicas({plan.vms[0].id, plan.vms[1].id});
}
BENCHMARK(failover)->Arg(1)->Arg(8)->Arg(24)->ArgName("points")->UseRealTime()->Unit(
    benchmark::kMillisecond);

}  // namespace
}  // namespace reviver::recovery

BENCHMARK_MAIN();
