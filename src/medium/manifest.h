// The manifest of an exported initial copy: which point the files beside it are. It is written when
// all of them are durable, so a directory that has one holds a whole point.
//
// The text is JSON; docs/formats/export.md describes it. It comes from a medium that was carried
// about: whatever it says is checked before anybody acts on it. Errors: Code::corrupt with what is
// wrong, Code::not_supported for a format of a newer version.
#pragma once

#include "base/checksum.h"
#include "model/point.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reviver::medium {

constexpr std::uint64_t manifest_format = 1;

struct Manifest {
    CollectionId collection;
    std::string name;     // of the collection
    std::string primary;  // names of the sites
    std::string recovery;
    Epoch epoch;
    Sequence sequence;
    CutId cut;
    PointKind kind = PointKind::regular;
    Consistency consistency = Consistency::group_crash;
    sys::WallTime cut_time;
    sys::WallTime written;
    std::vector<VmDefinition> vms;
    struct Disk {
        DiskShape shape;
        std::string directory;  // below that of the manifest
        std::string file;       // in it
        Hash sha256{};          // of the file
        bool operator==(const Disk&) const = default;
    };
    std::vector<Disk> disks;

    bool operator==(const Manifest&) const = default;
};

std::string to_text(const Manifest& manifest);
Manifest manifest_from_text(std::string_view text);

// What an export that is not complete made: its directories and files may go.
struct Unfinished {
    CollectionId collection;
    std::vector<std::string> directories;
    std::vector<std::string> files;  // "DIRECTORY/FILE"
};

std::string to_text(const Unfinished& unfinished);
Unfinished unfinished_from_text(std::string_view text);

}  // namespace reviver::medium
