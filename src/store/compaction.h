// Which layers to put together. A pure function of what one disk has.
//
// Layers whose point is gone ("dead") are still part of the chain of those above. A run of them is
// merged into the layer of a point that is retained, or, when the run is the lowest and the base is
// ours, folded with that layer into the base.
#pragma once

#include "model/names.h"

#include <optional>
#include <vector>

namespace reviver::store {

// How many dead layers in a row may wait for more of them: a layer is then rewritten once for
// several points that go, not for each.
constexpr std::size_t dead_layers_waiting_max = 3;

struct ChainLayer {
    Sequence sequence;
    bool retained = false;  // its point is there
};

struct ChainState {
    std::vector<ChainLayer>
        layers;       // what the files say is one chain, ascending; the last is retained
    Sequence frozen;  // layers up to here stay as they are (the newest pinned point); 0: none
    bool base_is_ours = true;
};

struct Compaction {
    enum class Kind : std::uint8_t { merge, fold } kind = Kind::merge;
    std::vector<Sequence> gone;  // the dead layers, ascending
    Sequence into;               // the retained layer above them
    bool operator==(const Compaction&) const = default;
};

// The lowest thing to do; nothing while no run has more than `waiting_max` dead layers.
std::optional<Compaction> next_compaction(const ChainState& chain,
                                          std::size_t waiting_max = dead_layers_waiting_max);

}  // namespace reviver::store
