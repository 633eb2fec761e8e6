// Which layers to put together. A pure function of what one disk has.
//
// The layers of a disk are a tree that grows out of its base: each builds on an older one, and the
// chain of a point is the way from its layer down to the base. A new point's layer builds on the
// one before it. Left at that, the tree would be one long line, and so would be the chain of every
// point. What keeps chains short:
//
//      base ← 1 ← 2 ← 3 ← 4 ← 5          a merge of 3, 4, 5 into 5, while points 3 and 4 stay:
//
//      base ← 1 ← 2 ← 3 ← 4              5 builds on 2 now, and holds what changed since 2;
//                 ↑                      3 and 4 are as they were, a branch of their own
//                 5 ← 6 ← ...            new points go on from 5
//
// A merge only takes steps out of chains, for its point and for all that build on it: no chain ever
// gets longer. So it is enough to look at what is new.
//
// Two kinds of points, since most points of the last minutes go and one of each hour stays:
//   lasting    The oldest of its hour, and tails. Their chains have at most `lasting_max` layers,
//              and a merge for one reaches down to a lasting one, so that the short-lived layers
//              in between are in nobody's way when their points go.
//   the rest   Up to `layers_max`. Merges for them stop at the newest lasting one below, so
//              they are small.
// How far a merge reaches beyond what it must: as long as the next layer is no larger than all that
// is taken so far. Each byte is then copied a few times, however many points there are.
//
// A layer whose point is gone ("dead") stays while a retained point's chain goes through it, and
// falls out of the tree when none does. When the lowest retained point has something to give to the
// base, its chain is folded into it; of the dead layers below it that branches still build on,
// empty ones remain (see upkeep.h for why a branch reads the same).
#pragma once

#include "model/names.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace reviver::store {

// How many dead layers may wait below the only retained point for more of them: a block that is
// written again and again is then folded once for several points.
constexpr std::size_t dead_layers_waiting_max = 3;

struct TreeLayer {
    Sequence sequence;
    Sequence parent;          // 0: the base
    std::uint64_t bytes = 0;  // that it takes; 0 when it holds nothing
    bool empty = false;
    bool retained = false;  // its point is there
    bool lasting = false;
};

struct LayerTree {
    std::vector<TreeLayer> layers;  // all that retained points' chains go through; ascending
    Sequence frozen;  // layers up to here stay as they are (the newest pinned point); 0: none
    bool base_is_ours = true;

    const TreeLayer& at(Sequence sequence) const;
    // From its own layer down to the one on the base.
    std::vector<const TreeLayer*> chain(Sequence sequence) const;
};

struct ChainLimits {
    std::size_t layers_max = 7;
    std::size_t lasting_max = 5;
    std::size_t waiting_max = dead_layers_waiting_max;
    // Room is scarce: nothing is merged but what frees more than it takes.
    bool scarce = false;
};

struct Compaction {
    enum class Kind : std::uint8_t { merge, fold } kind = Kind::merge;
    // The layers whose content is put together, each on the one before it. The last one's file is
    // replaced: by one that holds all of it (merge), or, when all is in the base, by an empty one.
    std::vector<Sequence> run;
    std::vector<Sequence> emptied;  // fold: dead layers that others build on, replaced likewise
    Sequence into() const { return run.back(); }
    bool operator==(const Compaction&) const = default;
};

// What to do next; nothing when all is in order.
std::optional<Compaction> next_compaction(const LayerTree& tree, const ChainLimits& limits);
// The fold that the tree allows: none when something is pinned, the base is adopted, or nothing is
// to be folded.
std::optional<Compaction> next_fold(const LayerTree& tree);
// What makes the chain of a point shorter: until it has at most `layers_max` layers.
std::optional<Compaction> next_shortening(const LayerTree& tree, Sequence point,
                                          std::size_t layers_max);
// The next merge that lies wholly above `floor`, for points that came while something below is at
// work.
std::optional<Compaction> next_above(const LayerTree& tree, Sequence floor,
                                     const ChainLimits& limits);

}  // namespace reviver::store
