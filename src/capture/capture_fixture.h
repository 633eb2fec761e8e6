// For tests: a group with real QEMUs, and a target in memory that takes its points. After every
// acknowledged point the target must be what the disks were in the hold.
#pragma once

#include "capture/capture.h"
#include "capture/qemu_machines.h"
#include "qemu/image_tool.h"

#include <gtest/gtest.h>

#include <fstream>

namespace reviver::capture {

inline constexpr std::uint64_t MiB = 1 << 20;
inline const CollectionId collection(Uuid::parse("1a2b3c4d-0000-0000-0000-000000000001").value());

struct DiskBytes {
    std::string bytes;
    void write(std::uint64_t offset, std::uint64_t length, char value) {
        bytes.replace(offset, length, length, value);
    }
};

// The other side, in its simplest form.
struct Target {
    Sequence durable;
    std::vector<DiskShape> shapes;
    std::map<std::string, std::string> disks;
    // Of the receive that is not durable yet.
    ReceiveId receive;
    std::map<std::string, std::string> pending;
    std::map<std::string, std::uint64_t> bulk_done;
};

inline void apply(const point::Chunk& chunk, std::string& disk) {
    point::validate(chunk, disk.size());
    std::size_t at = 0;
    for (const Extent& extent : chunk.extents) {
        if (extent.content == Content::zero) {
            disk.replace(extent.offset, extent.length, extent.length, '\0');
        } else {
            std::memcpy(disk.data() + extent.offset, chunk.payload.data() + at, extent.length);
            at += extent.length;
        }
    }
}

class CaptureTest : public testing::Test {
  protected:
    CaptureTest() : machines_(directory_.path()) {
        options_.directory = directory_.path() / "capture";
        // No clock decides a test, however busy the machine is.
        options_.hold_max = std::chrono::minutes(1);
        options_.copy_before_write_max = std::chrono::minutes(1);
        restart_daemon();
    }

    hypervisor::Disk make_disk(const std::string& name, const std::string& format,
                               std::uint64_t size) {
        hypervisor::Disk disk;
        disk.target = fmt::format("vd{}", static_cast<char>('a' + disks_made_++ % 26));
        disk.source = directory_.path() / (name + "." + format);
        disk.format = format;
        if (format == "qcow2") {
            qemu::create_qcow2(disk.source, size);
        } else {
            std::ofstream(disk.source).close();
            std::filesystem::resize_file(disk.source, size);
        }
        return disk;
    }

    VmId add_vm(const std::string& name, const std::vector<std::string>& formats,
                std::uint64_t size = 8 * MiB) {
        std::vector<hypervisor::Disk> disks;
        for (const auto& format : formats)
            disks.push_back(make_disk(name + std::to_string(disks.size()), format, size));
        const auto id = machines_.add(name, disks);
        for (const auto& disk : disks)
            truth_[DiskKey{id, disk.target}.text()].bytes.assign(size, '\0');
        vms_.push_back(id);
        return id;
    }

    void restart_daemon() {
        cut_.reset();
        capture_.reset();
        capture_ =
            std::make_unique<GroupCapture>(machines_, sys::linux_world(), collection, options_);
    }

    DiskKey key(VmId vm, std::size_t disk) {
        return {vm, machines_.domain(vm).disks.at(disk).target};
    }

    void write(VmId vm, std::size_t disk, std::uint64_t offset, std::uint64_t length, int value) {
        machines_.guest_io(vm, disk,
                           value == 0 ? fmt::format("write -z {} {}", offset, length)
                                      : fmt::format("write -P {} {} {}", value, offset, length));
        truth_[key(vm, disk).text()].write(offset, length, static_cast<char>(value));
    }

    Members members() {
        return find_members(machines_, vms_, [](const DiskKey&) { return true; });
    }

    // Prepares and does the bulk, in part only when `bulk_stop` says so. False when it stopped.
    bool begin_cycle(const std::function<bool()>& bulk_stop = [] { return false; }) {
        members_ = members();
        preparation_ = capture_->prepare(target_.durable, members_, target_.shapes);
        if (preparation_.receive != target_.receive) {
            target_.receive = preparation_.receive;
            target_.pending.clear();
            target_.bulk_done.clear();
        }
        for (std::size_t i = 0; i < members_.disks.size(); ++i) {
            const auto name = members_.disks[i].shape.key.text();
            if (preparation_.bulks[i] == point::Bulk::none) {
                target_.pending[name] = target_.disks[name];
                take_grown(i, target_.pending[name]);
                continue;
            }
            ++bulks_;
            if (!target_.pending.contains(name)) {
                target_.pending[name] = target_.disks[name];
                target_.pending[name].resize(members_.disks[i].shape.size_bytes);
            }
            const auto source = capture_->bulk_source(i, target_.bulk_done[name]);
            while (const auto chunk = source->next()) {
                apply(*chunk, target_.pending[name]);
                if (!chunk->extents.empty()) target_.bulk_done[name] = chunk->extents.back().end();
                if (bulk_stop()) return false;
            }
        }
        return true;
    }

    void take_grown(std::size_t disk, std::string& content) {
        content.resize(members_.disks[disk].shape.size_bytes);
        for (const Range& range : preparation_.grown[disk].ranges())
            capture_->bulk_image(disk)->read(
                range.offset, {reinterpret_cast<std::byte*>(content.data()) + range.offset,
                               static_cast<std::size_t>(range.length)});
    }

    void make_cut() {
        cut_ = capture_->cut(target_.durable.next(), PointKind::regular);
        at_cut_ = truth_;
    }

    // What is read goes to a copy: a cut that breaks must leave no trace in what the next one
    // builds on.
    void read_cut(const std::function<void()>& between = [] {}) {
        received_ = target_.pending;
        received_bytes_ = 0;
        while (const auto chunk = cut_->source().next()) {
            received_bytes_ += chunk->payload.size();
            apply(*chunk, received_[members_.disks[chunk->disk].shape.key.text()]);
            between();
        }
    }

    void commit() {
        target_.durable = target_.durable.next();
        target_.shapes.clear();
        for (const auto& disk : members_.disks) target_.shapes.push_back(disk.shape);
        target_.disks = received_;
        target_.pending.clear();
        target_.bulk_done.clear();
        for (const auto& disk : members_.disks) {
            const auto name = disk.shape.key.text();
            ASSERT_TRUE(target_.disks[name] == at_cut_[name].bytes)
                << "point " << target_.durable.value << ", disk " << name
                << ", first difference at "
                << std::mismatch(target_.disks[name].begin(), target_.disks[name].end(),
                                 at_cut_[name].bytes.begin())
                           .first -
                       target_.disks[name].begin();
        }
    }

    void cycle(const std::function<void()>& between = [] {}) {
        begin_cycle();
        make_cut();
        read_cut(between);
        commit();
        capture_->finish(std::move(cut_), true);
    }

    std::vector<point::Bulk> bulks() {
        return capture_->prepare(target_.durable, members(), target_.shapes).bulks;
    }

    std::vector<std::string> bitmaps_of(VmId vm) {
        std::vector<std::string> names;
        for (const auto& node : qemu::block_nodes(qmp(vm)))
            for (const auto& bitmap : node.bitmaps) names.push_back(bitmap.name);
        return names;
    }

    std::vector<std::string> nodes_of(VmId vm) {
        std::vector<std::string> names;
        for (const auto& node : qemu::block_nodes(qmp(vm)))
            if (node.name.starts_with("reviver")) names.push_back(node.name);
        return names;
    }

    qemu::Qmp qmp(VmId vm) {
        return [this, vm](const auto& command, const auto& arguments) {
            return machines_.qmp(vm, command, arguments);
        };
    }

    TestDirectory directory_;
    QemuMachines machines_;
    std::size_t disks_made_ = 0;
    std::vector<VmId> vms_;
    Options options_;
    std::unique_ptr<GroupCapture> capture_;
    std::map<std::string, DiskBytes> truth_;
    std::map<std::string, DiskBytes> at_cut_;
    Target target_;
    Members members_;
    Preparation preparation_;
    std::unique_ptr<Cut> cut_;
    std::map<std::string, std::string> received_;
    std::uint64_t received_bytes_ = 0;
    int bulks_ = 0;
};

}  // namespace reviver::capture
