// The same by way of libvirt, which has its own idea of a domain's disks: it must find its way
// after each of our cycles, and we after each of its operations.
#include "capture/capture.h"
#include "capture/live_disk.h"
#include "capture/qemu_machines.h"
#include "qemu/image_tool.h"

#include <gtest/gtest.h>

#include <fstream>

namespace reviver::capture {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t MiB = 1 << 20;
const CollectionId collection(Uuid::parse("1a2b3c4d-0000-0000-0000-000000000002").value());

class LibvirtCaptureTest : public testing::Test {
  protected:
    LibvirtCaptureTest() {
        // What libvirt found out about QEMU, which takes it seconds, is kept from one run to the
        // next.
        const fs::path cache = fs::temp_directory_path() / "reviver-test-libvirt-cache";
        fs::create_directories(cache);
        fs::create_directories(root());
        fs::create_directory_symlink(cache, root() / "cache");
        hypervisor_ = hypervisor::connect("qemu:///embed?root=" + root().string());
        vm_ = hypervisor_->define(definition());
        Options options;
        options.directory = directory_.path() / "capture";
        capture_ =
            std::make_unique<GroupCapture>(*hypervisor_, sys::linux_world(), collection, options);
    }
    ~LibvirtCaptureTest() override {
        if (has_qemu(hypervisor_->domain(vm_))) hypervisor_->power_off(vm_);
        hypervisor_->undefine(vm_);
    }

    fs::path root() const { return directory_.path() / "root"; }

    std::string disk(const std::string& target, const std::string& format) {
        const auto path = directory_.path() / (target + "." + format);
        if (format == "qcow2") {
            qemu::create_qcow2(path, 8 * MiB);
        } else {
            std::ofstream(path).close();
            fs::resize_file(path, 8 * MiB);
        }
        return fmt::format(
            "<disk type='file'><driver name='qemu' type='{}'/><source file='{}'/>"
            "<target dev='{}' bus='{}'/></disk>",
            format, path.string(), target, target[0] == 'v' ? "virtio" : "sata");
    }

    std::string definition() {
        return "<domain type='qemu'><name>one</name><memory unit='MiB'>32</memory>"
               "<os><type arch='x86_64' machine='q35'>hvm</type></os><devices>" +
               disk("vda", "qcow2") + disk("vdb", "raw") + disk("sda", "qcow2") +
               "<controller type='usb' model='none'/><memballoon model='none'/></devices></domain>";
    }

    std::string guest_io(const std::string& device, const std::string& command) {
        const json::object arguments{
            {"command-line", fmt::format("qemu-io -d {} \"{}\"", device, command)}};
        return hypervisor_->qmp(vm_, "human-monitor-command", json::serialize(arguments));
    }

    // Bytes of each disk that a whole cycle brought.
    std::vector<std::uint64_t> cycle() {
        const auto members = find_members(*hypervisor_, {vm_}, [](const DiskKey&) { return true; });
        const auto preparation = capture_->prepare(durable_, members, shapes_);
        std::vector<std::uint64_t> bytes(members.disks.size());
        const auto take = [&](point::Source& source) {
            while (const auto chunk = source.next()) bytes[chunk->disk] += chunk->payload.size();
        };
        for (std::size_t i = 0; i < members.disks.size(); ++i)
            if (preparation.bulks[i] != point::Bulk::none) take(*capture_->bulk_source(i, 0));
        auto cut = capture_->cut(durable_.next(), PointKind::regular);
        take(cut->source());
        durable_ = durable_.next();
        capture_->finish(std::move(cut), true);
        shapes_.clear();
        for (const auto& d : members.disks) shapes_.push_back(d.shape);
        return bytes;
    }

    TestDirectory directory_;
    std::unique_ptr<hypervisor::Hypervisor> hypervisor_;
    VmId vm_;
    std::unique_ptr<GroupCapture> capture_;
    Sequence durable_;
    std::vector<DiskShape> shapes_;
};

TEST_F(LibvirtCaptureTest, CyclesBetweenWhatPeopleDoToADomain) {
    using Bytes = std::vector<std::uint64_t>;
    hypervisor_->start(vm_);
    guest_io("/machine/peripheral/virtio-disk0/virtio-backend", "write -P 1 0 1M");
    guest_io("sata0-0-0", "write -P 1 0 64k");
    EXPECT_EQ(cycle(), (Bytes{MiB, 0, 65536}));
    guest_io("/machine/peripheral/virtio-disk1/virtio-backend", "write -P 2 4M 8k");
    guest_io("sata0-0-0", "write -P 2 1M 4k");
    EXPECT_EQ(cycle(), (Bytes{0, 8192, 4096}));
    EXPECT_EQ(hypervisor_->domain(vm_).power, hypervisor::Power::running);
    hypervisor_->qmp(vm_, "system_reset", "");
    EXPECT_EQ(cycle(), (Bytes{0, 0, 0}));
    guest_io("sata0-0-0", "write -P 3 2M 4k");
    hypervisor_->power_off(vm_);
    EXPECT_EQ(cycle()[2], 4096u);
    hypervisor_->start(vm_);
    guest_io("sata0-0-0", "write -P 4 3M 4k");
    EXPECT_EQ(cycle()[0], 0u);
    EXPECT_EQ(cycle(), (Bytes{0, 0, 0}));
}

}  // namespace
}  // namespace reviver::capture
