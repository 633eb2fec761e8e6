#include "capture/names.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace reviver::capture {
namespace {

const CollectionId collection(Uuid::parse("1a2b3c4d-0000-0000-0000-000000000001").value());
const CollectionId other(Uuid::parse("ffffffff-0000-0000-0000-000000000001").value());

const DiskKey disk{*VmId::parse("11111111-0000-0000-0000-000000000001"), "vda"};
constexpr std::string_view prefix = "reviver-1a2b3c4d-89b2921aaa8a47b8-";

TEST(NamesTest, BitmapNamesAreReadAsTheyAreMade) {
    for (const auto& mark : {BitmapMark{Sequence{0}, ""}, BitmapMark{Sequence{17}, ""},
                             BitmapMark{Sequence{~0ull}, "9f8e7d6c"}})
        EXPECT_EQ(parse_bitmap_name(collection, disk, bitmap_name(collection, disk, mark)), mark);
    // Images keep these names: another way to make them means that every disk is compared.
    EXPECT_EQ(bitmap_name(collection, disk, {Sequence{17}, ""}), fmt::format("{}17", prefix));
    EXPECT_EQ(bitmap_name(collection, disk, {Sequence{17}, "x"}),
              fmt::format("{}17-bulk-x", prefix));
}

TEST(NamesTest, ABitmapIsOfOneDisk) {
    const BitmapMark mark{Sequence{17}, ""};
    const DiskKey of_same_vm{disk.vm, "vdb"};
    const DiskKey of_other_vm{*VmId::parse("11111111-0000-0000-0000-000000000002"), disk.target};
    for (const DiskKey& strange : {of_same_vm, of_other_vm})
        EXPECT_EQ(parse_bitmap_name(collection, strange, bitmap_name(collection, disk, mark)),
                  std::nullopt);
}

TEST(NamesTest, WhatIsNotOursIsNotTakenForOurs) {
    for (const auto* name : {"", "backup", "reviver-1a2b3c4d-", "reviver-1a2b3c4d-1",
                             "reviver-1a2b3c4d-1-bulk-x", "reviver-ffffffff-1"})
        EXPECT_EQ(parse_bitmap_name(collection, disk, name), std::nullopt) << name;
    for (const auto* end : {"", "x", "1x", "1-bulk-", "99999999999999999999"})
        EXPECT_EQ(parse_bitmap_name(collection, disk, fmt::format("{}{}", prefix, end)),
                  std::nullopt)
            << end;
    EXPECT_EQ(parse_bitmap_name(collection, disk, bitmap_name(other, disk, {Sequence{1}, ""})),
              std::nullopt);
    EXPECT_EQ(parse_bitmap_name(collection, disk, question_bitmap_name(collection)), std::nullopt);
    EXPECT_EQ(parse_node_name(collection, "libvirt-1-format"), std::nullopt);
    EXPECT_EQ(parse_node_name(collection, node_name(other, NodeKind::scratch, 1)), std::nullopt);
}

TEST(NamesTest, NodeNamesAreShortEnoughForQemu) {
    for (const auto kind : {NodeKind::scratch, NodeKind::copy_before_write, NodeKind::snapshot}) {
        const auto name = node_name(collection, kind, 999999);
        EXPECT_LE(name.size(), 31u);
        EXPECT_EQ(parse_node_name(collection, name), kind);
    }
}

}  // namespace
}  // namespace reviver::capture
