// Images in another place than they were: whose bitmaps they bring along.
#include "capture/capture_fixture.h"
#include "capture/changes.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <utility>

namespace reviver::capture {
namespace {

using point::Bulk;

struct Place {
    VmId vm;
    std::size_t disk = 0;
};

class TradeTest : public CaptureTest {
  protected:
    enum class How { by_definition, by_file_name };

    std::string image_of(const Place& place) {
        return machines_.domain(place.vm).disks.at(place.disk).source;
    }

    // What was one disk becomes the other, of VMs that are off.
    void trade(How how, const Place& a, const Place& b) {
        const auto image_a = image_of(a);
        const auto image_b = image_of(b);
        if (how == How::by_definition) {
            machines_.give(a.vm, a.disk, image_b);
            machines_.give(b.vm, b.disk, image_a);
        } else {
            const auto aside = directory_.path() / "aside";
            std::filesystem::rename(image_a, aside);
            std::filesystem::rename(image_b, image_a);
            std::filesystem::rename(aside, image_b);
        }
        std::swap(truth_[key(a.vm, a.disk).text()], truth_[key(b.vm, b.disk).text()]);
    }
};

// The bitmaps that came along with an image were believed about the disk whose place it had come
// to, and the point had what the other disk was.
TEST_F(TradeTest, DisksThatTradeTheirImagesAreCompared) {
    const auto a = add_vm("a", {"qcow2", "qcow2", "raw", "raw"});
    const auto b = add_vm("b", {"qcow2"});
    const std::vector<std::pair<Place, Place>> trades{
        {{a, 0}, {a, 1}}, {{a, 2}, {a, 3}}, {{a, 0}, {b, 0}}};
    int value = 1;
    for (const auto how : {How::by_definition, How::by_file_name})
        for (const bool started : {false, true}) {
            for (const auto vm : vms_) machines_.start(vm);
            cycle();
            for (const auto vm : vms_) write(vm, 0, value * 65536, 65536, value);
            ++value;
            write(a, 1, 0, 4096, value++);
            for (const auto vm : vms_) machines_.power_off(vm);
            for (const auto& [one, other] : trades) trade(how, one, other);
            if (started)
                for (const auto vm : vms_) machines_.start(vm);
            EXPECT_EQ(bulks(), std::vector(5, Bulk::compare));
            cycle();
            cycle();
            EXPECT_EQ(received_bytes_, 0u);
            EXPECT_EQ(bulks(), std::vector(5, Bulk::none));
            if (!started) continue;
            EXPECT_EQ(bitmaps_of(a).size() + bitmaps_of(b).size(), 5u);
            for (const auto vm : vms_) machines_.power_off(vm);
        }
}

// What the VM wrote to an image in another place, unseen by us, is in the bitmap that came along.
TEST_F(TradeTest, ImagesThatComeBackAreKnownAgain) {
    const auto vm = add_vm("a", {"qcow2", "qcow2"});
    machines_.start(vm);
    cycle();
    machines_.power_off(vm);
    trade(How::by_definition, {vm, 0}, {vm, 1});
    machines_.start(vm);
    write(vm, 0, MiB, 4096, 1);
    machines_.power_off(vm);
    trade(How::by_definition, {vm, 0}, {vm, 1});
    EXPECT_EQ(bulks(), std::vector(2, Bulk::none));
    cycle();
    EXPECT_EQ(received_bytes_, 4096u);
}

// The copy had the bitmap that the point before last was made of, and was believed to have been
// written to since by what that says: nothing.
TEST_F(TradeTest, AnOlderCopyThatIsPutBackIsCompared) {
    const auto vm = add_vm("a", {"qcow2"});
    machines_.start(vm);
    cycle();
    write(vm, 0, MiB, 65536, 1);
    machines_.power_off(vm);
    cycle();
    const auto image = image_of({vm, 0});
    const auto copy = directory_.path() / "copy";
    std::filesystem::copy_file(image, copy);
    const auto then = truth_[key(vm, 0).text()];

    machines_.start(vm);
    write(vm, 0, 2 * MiB, 65536, 2);
    machines_.power_off(vm);
    EXPECT_EQ(bulks(), std::vector{Bulk::compare});
    cycle();
    std::filesystem::copy_file(copy, image, std::filesystem::copy_options::overwrite_existing);
    truth_[key(vm, 0).text()] = then;
    cycle();
    EXPECT_EQ(bulks(), std::vector{Bulk::none});
}

// Of what a reverse asks, too.
TEST_F(TradeTest, WhatChangedIsNotToldOfAnImageFromElsewhere) {
    const auto vm = add_vm("a", {"qcow2", "qcow2"});
    machines_.start(vm);
    cycle();
    machines_.power_off(vm);
    trade(How::by_definition, {vm, 0}, {vm, 1});
    const CaptureOf of{machines_, sys::linux_world().files, collection, options_.directory};
    for (const auto& disk : members().disks)
        EXPECT_EQ(changes_since(of, disk, target_.durable), std::nullopt);
    machines_.start(vm);
    for (const auto& disk : members().disks)
        EXPECT_EQ(changes_since(of, disk, target_.durable), std::nullopt);
}

}  // namespace
}  // namespace reviver::capture
