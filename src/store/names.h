// The names of the store's files and directories: made here, parsed here. A name is its file's
// meaning.
//
//     DATA/store/manifest.db
//     DATA/store/<collection>[.<n>]/<vm>/<target>[.<n>]/base.raw              what is below all
//     layers
//                                                       base.sums             its checksums
//                                                       p<sequence>.qcow2     the layer that ends
//                                                       at a point incoming-<receive>.qcow2,
//                                                       merging-p<sequence>.qcow2   not yet true
// `.<n>` (from 2) tells a later life of a collection or a disk from files of an earlier one that
// still lie there.
#pragma once

#include "model/names.h"
#include "sys/files.h"

#include <optional>
#include <string>
#include <string_view>

namespace reviver::store {

enum class FileKind : std::uint8_t { base, base_sums, layer, incoming, merging };

struct FileName {
    FileKind kind = FileKind::base;
    Sequence sequence{};  // of layer and merging
    ReceiveId receive{};  // of incoming
    bool operator==(const FileName&) const = default;
};

std::string text_of(const FileName& name);
// Nothing for a name that is not one of ours.
std::optional<FileName> parse_file_name(std::string_view text);

inline std::string base_name() {
    return text_of(FileName{FileKind::base});
}
inline std::string sums_name() {
    return text_of(FileName{FileKind::base_sums});
}
inline std::string layer_name(Sequence end) {
    return text_of(FileName{FileKind::layer, end});
}
inline std::string incoming_name(ReceiveId receive) {
    return text_of(FileName{FileKind::incoming, {}, receive});
}
inline std::string merging_name(Sequence end) {
    return text_of(FileName{FileKind::merging, end});
}

// The name of a directory's n-th life, from 1.
std::string life_name(std::string_view name, unsigned life);

// invalid_parameter unless it is 1 to target_length_max of a-z, A-Z, 0-9, '_' and '-': it comes
// from a peer and becomes a directory.
void check_target(std::string_view target);

}  // namespace reviver::store
