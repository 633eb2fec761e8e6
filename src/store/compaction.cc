#include "store/compaction.h"

#include "base/check.h"

#include <algorithm>

namespace reviver::store {
namespace {

using Chain = std::vector<const TreeLayer*>;

const TreeLayer* lowest_retained(const LayerTree& tree) {
    const auto found = std::ranges::find_if(tree.layers, &TreeLayer::retained);
    return found == tree.layers.end() ? nullptr : &*found;
}

const TreeLayer* newest_retained(const LayerTree& tree) {
    const auto found =
        std::ranges::find_if(tree.layers.rbegin(), tree.layers.rend(), &TreeLayer::retained);
    return found == tree.layers.rend() ? nullptr : &*found;
}

bool holds_something(const Chain& chain) {
    return !std::ranges::all_of(chain, &TreeLayer::empty);
}

// The upper `count` layers of a chain, ascending.
std::vector<Sequence> run_of(const Chain& chain, std::size_t count) {
    std::vector<Sequence> run;
    for (std::size_t i = count; i > 0; --i) run.push_back(chain[i - 1]->sequence);
    return run;
}

// Those below `lowest` that chains go through which pass it by.
std::vector<Sequence> still_built_on(const LayerTree& tree, const TreeLayer& lowest) {
    std::vector<Sequence> used;
    for (const TreeLayer& layer : tree.layers)
        if (layer.sequence > lowest.sequence)
            for (Sequence at = layer.parent; at.value != 0 && at != lowest.sequence;
                 at = tree.at(at).parent)
                if (at < lowest.sequence && !tree.at(at).empty) used.push_back(at);
    std::ranges::sort(used);
    used.erase(std::unique(used.begin(), used.end()), used.end());
    return used;
}

// How many layers from the top of a chain go into its point's, at least `least` of them.
std::size_t reach(const Chain& chain, std::size_t least) {
    const bool lasting = chain.front()->lasting;
    std::size_t count = least;
    const auto lasting_in = [&](std::size_t end) {
        return std::any_of(chain.begin() + 1, chain.begin() + static_cast<std::ptrdiff_t>(end),
                           [](const TreeLayer* layer) { return layer->lasting; });
    };
    if (lasting)
        while (count < chain.size() && !lasting_in(count) && !chain[count]->lasting) ++count;
    std::uint64_t taken = 0;
    for (std::size_t i = 0; i < count; ++i) taken += chain[i]->bytes;
    while (count < chain.size() && chain[count]->bytes <= taken &&
           (lasting || !chain[count]->lasting))
        taken += chain[count++]->bytes;
    return count;
}

std::optional<Compaction> shorten(const Chain& chain, std::size_t layers_max, Sequence floor) {
    if (chain.size() <= layers_max) return std::nullopt;
    const auto above = static_cast<std::size_t>(std::ranges::count_if(
        chain, [&](const TreeLayer* layer) { return layer->sequence > floor; }));
    const std::size_t count = std::min(above, reach(chain, chain.size() - layers_max + 1));
    if (count < 2) return std::nullopt;
    return Compaction{Compaction::Kind::merge, run_of(chain, count), {}};
}

// A dead layer that only one other builds on goes into that one: what both hold is then there once.
std::optional<Compaction> unite(const LayerTree& tree) {
    for (const TreeLayer& dead : tree.layers) {
        if (dead.retained) continue;
        std::vector<Sequence> above;
        for (const TreeLayer& layer : tree.layers)
            if (layer.parent == dead.sequence) above.push_back(layer.sequence);
        if (above.size() == 1 && above.front() > tree.frozen)
            return Compaction{Compaction::Kind::merge, {dead.sequence, above.front()}, {}};
    }
    return std::nullopt;
}

bool fold_is_due(const LayerTree& tree, const ChainLimits& limits) {
    const TreeLayer* lowest = lowest_retained(tree);
    return lowest != nullptr && (lowest != newest_retained(tree) ||
                                 tree.chain(lowest->sequence).size() > limits.waiting_max + 1);
}

}  // namespace

const TreeLayer& LayerTree::at(Sequence sequence) const {
    const auto found = std::ranges::lower_bound(layers, sequence, {}, &TreeLayer::sequence);
    REVIVER_CHECK(found != layers.end() && found->sequence == sequence);
    return *found;
}

std::vector<const TreeLayer*> LayerTree::chain(Sequence sequence) const {
    Chain chain;
    for (Sequence at = sequence; at.value != 0; at = chain.back()->parent)
        chain.push_back(&this->at(at));
    return chain;
}

std::optional<Compaction> next_fold(const LayerTree& tree) {
    const TreeLayer* lowest = lowest_retained(tree);
    if (lowest == nullptr || !tree.base_is_ours || tree.frozen.value != 0) return std::nullopt;
    const Chain chain = tree.chain(lowest->sequence);
    if (chain.size() == 1 && !holds_something(chain)) return std::nullopt;
    return Compaction{Compaction::Kind::fold, run_of(chain, chain.size()),
                      still_built_on(tree, *lowest)};
}

std::optional<Compaction> next_compaction(const LayerTree& tree, const ChainLimits& limits) {
    if (fold_is_due(tree, limits))
        if (auto fold = next_fold(tree)) return fold;
    return limits.scarce ? unite(tree) : next_above(tree, Sequence{}, limits);
}

std::optional<Compaction> next_shortening(const LayerTree& tree, Sequence point,
                                          std::size_t layers_max) {
    const Chain chain = tree.chain(point);
    if (chain.size() <= layers_max || point <= tree.frozen) return std::nullopt;
    if (lowest_retained(tree) == chain.front())
        if (auto fold = next_fold(tree)) return fold;
    return shorten(chain, layers_max, Sequence{});
}

// The lowest first: what is above it then has the shorter chain already.
std::optional<Compaction> next_above(const LayerTree& tree, Sequence floor,
                                     const ChainLimits& limits) {
    for (const TreeLayer& layer : tree.layers) {
        if (!layer.retained || layer.sequence <= std::max(tree.frozen, floor)) continue;
        const std::size_t most = layer.lasting ? limits.lasting_max : limits.layers_max;
        if (auto merge = shorten(tree.chain(layer.sequence), most, floor)) return merge;
    }
    return std::nullopt;
}

}  // namespace reviver::store
