#include "store/compaction.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace reviver::store {
namespace {

using Kind = Compaction::Kind;
using Numbers = std::vector<std::uint64_t>;

// Layers on each other, numbered from 1, each of 1 byte: 'x' dead, 'P' retained, 'L' lasting, 'e' a
// dead and 'E' a retained one that are empty.
LayerTree line(const std::string& layers) {
    LayerTree tree;
    for (const char c : layers) {
        const std::uint64_t number = tree.layers.size() + 1;
        const bool empty = c == 'e' || c == 'E';
        tree.layers.push_back({{number},
                               {number - 1},
                               empty ? 0u : 1u,
                               empty,
                               c == 'P' || c == 'L' || c == 'E',
                               c == 'L'});
    }
    return tree;
}

LayerTree adopted(const std::string& layers) {
    LayerTree tree = line(layers);
    tree.base_is_ours = false;
    return tree;
}

Compaction compaction(Kind kind, const Numbers& run, const Numbers& emptied = {}) {
    Compaction made{kind, {}, {}};
    for (const std::uint64_t number : run) made.run.push_back({number});
    for (const std::uint64_t number : emptied) made.emptied.push_back({number});
    return made;
}

TEST(Compaction, ShortChainsAreLeftAlone) {
    EXPECT_FALSE(next_compaction(line("E"), {}));
    EXPECT_FALSE(next_compaction(line("EPPPPPP"), {}));
    EXPECT_FALSE(next_compaction(adopted("PPPPPPP"), {}));
}

TEST(Compaction, TheFirstPointAboveTheLimitTakesItsNeighbours) {
    EXPECT_EQ(next_compaction(line("EPPPPPPP"), {}),
              compaction(Kind::merge, {1, 2, 3, 4, 5, 6, 7, 8}));
    LayerTree tree = adopted("LPPPPPPPP");
    EXPECT_EQ(next_compaction(tree, {}), compaction(Kind::merge, {2, 3, 4, 5, 6, 7, 8}))
        << "it does not reach below a lasting point";
    tree.layers[4].bytes = 9;
    EXPECT_EQ(next_compaction(tree, {}), compaction(Kind::merge, {6, 7, 8}))
        << "nor beyond a layer that is larger than all above it";
}

TEST(Compaction, ALastingPointReachesTheLastingOneBelow) {
    LayerTree hour = adopted("LxxxxL");
    hour.layers[0].bytes = 99;
    hour.layers[2].bytes = 7;  // larger than all above it
    EXPECT_EQ(next_compaction(hour, {}), compaction(Kind::merge, {2, 3, 4, 5, 6}));
    LayerTree tree = adopted("LLLLLxL");
    EXPECT_EQ(next_compaction(tree, {}), compaction(Kind::merge, {1, 2, 3, 4, 5, 6, 7}));
    tree.layers[3].bytes = 4;
    EXPECT_EQ(next_compaction(tree, {}), compaction(Kind::merge, {5, 6, 7}));
}

TEST(Compaction, TheLowestPointIsFoldedWhenItHasSomethingToGive) {
    EXPECT_EQ(next_compaction(line("xxPxP"), {}), compaction(Kind::fold, {1, 2, 3}));
    EXPECT_EQ(next_compaction(line("PP"), {}), compaction(Kind::fold, {1}));
    EXPECT_FALSE(next_compaction(adopted("xxPxP"), {}));
}

TEST(Compaction, TheOnlyPointWaitsForCompany) {
    EXPECT_FALSE(next_compaction(line("exxP"), {}));
    EXPECT_EQ(next_compaction(line("exxxP"), {}), compaction(Kind::fold, {1, 2, 3, 4, 5}));
    EXPECT_EQ(next_compaction(line("exP"), {.waiting_max = 0}), compaction(Kind::fold, {1, 2, 3}));
}

TEST(Compaction, WhatBranchesBuildOnIsEmptied) {
    LayerTree tree = line("xxPP");
    tree.layers[3].parent = {1};
    EXPECT_EQ(next_compaction(tree, {}), compaction(Kind::fold, {1, 2, 3}, {1}));
    tree.layers[0].empty = true;
    EXPECT_EQ(next_compaction(tree, {}), compaction(Kind::fold, {1, 2, 3}));
}

TEST(Compaction, WhatIsPinnedAndAllBelowItStays) {
    LayerTree tree = line("xxxxxxxPxxP");
    tree.frozen = {11};
    EXPECT_FALSE(next_compaction(tree, {}));
    EXPECT_FALSE(next_shortening(tree, {8}, 2));
    EXPECT_FALSE(next_fold(tree));
    tree.frozen = {8};
    EXPECT_EQ(next_compaction(tree, {}),
              compaction(Kind::merge, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
    tree.layers[3].bytes = 10;
    EXPECT_EQ(next_compaction(tree, {}), compaction(Kind::merge, {5, 6, 7, 8, 9, 10, 11}));
}

TEST(Compaction, ScarceRoomUnitesOnlyWhatFreesRoom) {
    const ChainLimits scarce{.waiting_max = 0, .scarce = true};
    EXPECT_FALSE(next_compaction(adopted("PPPPPPPPPPP"), scarce));
    EXPECT_EQ(next_compaction(adopted("PxxP"), scarce), compaction(Kind::merge, {2, 3}));
    LayerTree tree = adopted("xPP");
    tree.layers[2].parent = {1};
    EXPECT_FALSE(next_compaction(tree, scarce)) << "two build on it";
}

TEST(Compaction, AboveAMergeAtWorkOnlyItsDescendantsAreMerged) {
    EXPECT_EQ(next_above(adopted("LPPPPPPPP"), {6}, {}), compaction(Kind::merge, {7, 8}));
    EXPECT_FALSE(next_above(adopted("LPPPPPPPP"), {8}, {}));
}

TEST(Compaction, ShorteningKeepsItsWord) {
    EXPECT_EQ(next_shortening(adopted("PPPP"), {3}, 1), compaction(Kind::merge, {1, 2, 3}));
    EXPECT_FALSE(next_shortening(adopted("PPPP"), {3}, 3));
    EXPECT_EQ(next_shortening(line("xxP"), {3}, 1), compaction(Kind::fold, {1, 2, 3}));
}

// A day and more of points, as retention lets them go: chains, room and copying by count, in units
// of what one point brings. Nothing is written twice by these guests, which is the worst case.
struct Model {
    std::uint64_t newest = 0;
    std::map<Sequence, TreeLayer> layers;
    std::uint64_t written = 0;

    LayerTree tree() {
        std::map<Sequence, TreeLayer> kept;
        for (const auto& [sequence, layer] : layers)
            for (Sequence at = sequence; layer.retained && at.value != 0 && !kept.contains(at);
                 at = layers.at(at).parent)
                kept.emplace(at, layers.at(at));
        layers = kept;
        LayerTree made;
        for (const auto& [sequence, layer] : layers) made.layers.push_back(layer);
        return made;
    }
    void add() {
        ++newest;
        layers[{newest}] = {{newest},    {newest - 1}, newest == 1 ? 0u : 1u,
                            newest == 1, true,         false};
        std::set<std::uint64_t> hours;
        for (auto& [sequence, layer] : layers) {
            if (!layer.retained) continue;
            layer.lasting = hours.insert(sequence.value / 120).second;
            layer.retained = sequence.value + 20 > newest ||
                             (layer.lasting && sequence.value / 120 + 24 > newest / 120);
            layer.lasting = layer.lasting && layer.retained;
        }
    }
    void apply(const Compaction& what) {
        std::uint64_t bytes = 0;
        for (const Sequence each : what.run) bytes += layers.at(each).bytes;
        written += bytes;
        if (what.kind == Kind::merge) {
            layers.at(what.into()).parent = layers.at(what.run.front()).parent;
            layers.at(what.into()).bytes = bytes;
            return;
        }
        empty(what.into());
        for (const Sequence each : what.emptied) empty(each);
    }
    void empty(Sequence sequence) {
        TreeLayer& layer = layers.at(sequence);
        layer.parent = {};
        layer.bytes = 0;
        layer.empty = true;
    }
    std::uint64_t bytes() const {
        std::uint64_t sum = 0;
        for (const auto& [sequence, layer] : layers) sum += layer.bytes;
        return sum;
    }
};

TEST(Compaction, ADayOfPointsKeepsItsChainsShortForABoundedPrice) {
    Model model;
    std::size_t longest = 0;
    std::uint64_t most_bytes = 0;
    while (model.newest < 120 * 60) {
        model.add();
        while (const auto what = next_compaction(model.tree(), {})) model.apply(*what);
        const LayerTree tree = model.tree();
        for (const TreeLayer& layer : tree.layers)
            if (layer.retained) longest = std::max(longest, tree.chain(layer.sequence).size());
        most_bytes = std::max(most_bytes, model.bytes());
    }
    EXPECT_EQ(longest, ChainLimits().layers_max);
    EXPECT_LT(most_bytes, 5 * 24 * 120u);
    EXPECT_LT(model.written, 20 * model.newest);
}

// All points stay, as if each were pinned from then on: no copying explodes.
TEST(Compaction, ManyPointsThatAllStayHaveShortChains) {
    LayerTree tree = adopted("P");
    std::uint64_t written = 0;
    for (std::uint64_t number = 2; number <= 1084; ++number) {
        tree.layers.push_back({{number}, {number - 1}, 1, false, true, false});
        while (const auto what = next_compaction(tree, {})) {
            TreeLayer& into = tree.layers[what->into().value - 1];
            std::uint64_t bytes = 0;
            for (const Sequence each : what->run) bytes += tree.at(each).bytes;
            into.parent = tree.at(what->run.front()).parent;
            into.bytes = bytes;
            written += bytes;
        }
        ASSERT_LE(tree.chain({number}).size(), 7u);
    }
    EXPECT_LT(written, 7 * 1084u);
}

}  // namespace
}  // namespace reviver::store
