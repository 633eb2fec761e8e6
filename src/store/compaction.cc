#include "store/compaction.h"

namespace reviver::store {

std::optional<Compaction> next_compaction(const ChainState& chain, std::size_t waiting_max) {
    Compaction run;
    bool lowest = true;
    for (const ChainLayer& layer : chain.layers) {
        if (!layer.retained) {
            run.gone.push_back(layer.sequence);
            continue;
        }
        if (run.gone.size() > waiting_max && run.gone.front() > chain.frozen) {
            run.into = layer.sequence;
            run.kind =
                lowest && chain.base_is_ours ? Compaction::Kind::fold : Compaction::Kind::merge;
            return run;
        }
        run.gone.clear();
        lowest = false;
    }
    return std::nullopt;
}

}  // namespace reviver::store
