// The names of everything of ours that others can see: dirty bitmaps, block nodes, exports. Made
// and read here alone.
//
//   reviver-1a2b3c4d-89b2921aaa8a47b8-17
//                   bitmap: changes of one disk since cut 17 of the collection whose id begins with
//                   1a2b3c4d. The 16 digits say which disk: XXH3 of DiskKey::text(), the same on
//                   both sites
//   reviver-1a2b3c4d-89b2921aaa8a47b8-17-bulk-9f8e7d6c
//                   bitmap: changes since the bulk 9f8e7d6c began, which goes on top of point 17
//   reviver-1a2b3c4d-cbw3
//                   node: of the disk with index 3; QEMU allows 31 characters
#pragma once

#include "model/names.h"

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace reviver::capture {

struct BitmapMark {
    Sequence since;
    std::string bulk;  // which one; empty for none
    auto operator<=>(const BitmapMark&) const = default;
};

// "reviver-1a2b3c4d-": what all names of one collection begin with, and nobody else's do.
std::string name_prefix(CollectionId collection);

// An image may come to another place (two disks that trade theirs, a VM that gets another's) and
// brings its bitmaps along: what changed since a point is meant of the disk in that point, so the
// name says which.
std::string bitmap_name(CollectionId collection, const DiskKey& disk, const BitmapMark& mark);
// Nothing for a bitmap that is not of this collection and this disk.
std::optional<BitmapMark> parse_bitmap_name(CollectionId collection, const DiskKey& disk,
                                            std::string_view name);

enum class NodeKind { scratch, copy_before_write, snapshot };
std::string node_name(CollectionId collection, NodeKind kind, std::size_t disk);
std::optional<NodeKind> parse_node_name(CollectionId collection, std::string_view name);

enum class ExportKind { live, cut, changes };
std::string export_id(CollectionId collection, ExportKind kind, std::size_t disk);

// Of a bitmap that lives only while changes_since() asks; parse_bitmap_name() does not take it for
// one that records.
std::string question_bitmap_name(CollectionId collection);

}  // namespace reviver::capture
