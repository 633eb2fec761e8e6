// What describes a recovery point, apart from its data.
#pragma once

#include "model/names.h"
#include "sys/clock.h"

#include <cstdint>
#include <string>
#include <vector>

namespace reviver {

// CIM ConsistencyLevel of Msvm_CollectionRecoveryPoint.
enum class Consistency : std::uint8_t { unknown = 0, application = 1, crash = 2, group_crash = 3 };

struct DiskShape {
    DiskKey key;
    std::uint64_t size_bytes = 0;
    bool operator==(const DiskShape&) const = default;
};

// A VM as it was defined at the point: its domain XML on the site where it ran.
struct VmDefinition {
    VmId id;
    std::string name;
    std::string domain_xml;
    bool operator==(const VmDefinition&) const = default;
};

// Why a point exists, beyond the ordinary cycle.
enum class PointKind : std::uint8_t {
    regular = 0,
    planned = 1,  // the last delta of a planned failover: all members were off
    tail =
        2,  // what an old primary had written and never sent; its disks as the reverse found them
    seed = 3,  // no moment of the group: an older copy that the first point is compared with
};

struct PointInfo {
    Sequence sequence;
    Epoch epoch;
    CutId cut;
    PointKind kind = PointKind::regular;
    Consistency consistency = Consistency::group_crash;
    sys::WallTime cut_time;        // when the group was held, on the primary's clock
    sys::WallTime committed_time;  // when the recovery side made it durable, on its clock
    std::vector<DiskShape> disks;
    std::vector<VmDefinition> vms;
    std::uint64_t size_bytes = 0;  // what its layers take on disk
};

}  // namespace reviver
