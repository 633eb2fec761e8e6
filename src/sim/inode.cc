#include "sim/inode.h"

#include <algorithm>

namespace reviver::sim {

void Inode::write(std::uint64_t offset, ByteView from) {
    make({Kind::write, {offset, from.size()}, Bytes(from.begin(), from.end())});
}

void Inode::resize(std::uint64_t size) {
    make({Kind::resize, {0, size}, {}});
}

void Inode::punch(Range range) {
    const std::uint64_t end = std::min(range.end(), seen_.size());
    if (range.offset < end) make({Kind::punch, {range.offset, end - range.offset}, {}});
}

void Inode::sync() {
    for (const Change& change : pending_) apply(durable_, change);
    pending_.clear();
}

void Inode::lose_power(Prng& prng) {
    // Everything and nothing are drawn as often as all mixtures together: they are what real power
    // cuts mostly leave.
    const std::uint64_t style = prng.below(4);
    for (const Change& change : pending_) {
        const std::uint64_t fate = style < 2 ? style : prng.below(3);
        if (fate == 1) apply(durable_, change);
        if (fate == 2) tear(durable_, change, prng);
    }
    pending_.clear();
    seen_ = durable_;
}

void Inode::flip_bit(std::uint64_t offset, unsigned bit) {
    for (SparseBytes* content : {&seen_, &durable_}) {
        std::byte value{};
        if (content->read(offset, {&value, 1}) == 0) continue;
        value ^= std::byte{1} << (bit % 8);
        content->write(offset, {&value, 1});
    }
}

void Inode::make(Change change) {
    apply(seen_, change);
    pending_.push_back(std::move(change));
}

void Inode::apply(SparseBytes& to, const Change& change) {
    switch (change.kind) {
        case Kind::write:
            return to.write(change.range.offset, change.data);
        case Kind::resize:
            return to.resize(change.range.length);
        case Kind::punch:
            return to.clear(change.range);
    }
}

void Inode::tear(SparseBytes& to, const Change& change, Prng& prng) {
    if (change.kind == Kind::resize) return;
    // The new size may be there without the data, which then is zeros.
    if (change.kind == Kind::write && change.range.end() > to.size() && prng.one_in(2)) {
        to.resize(change.range.end());
    }
    const bool only_a_beginning = prng.one_in(2);
    for (std::uint64_t at = change.range.offset; at < change.range.end();) {
        const std::uint64_t end =
            std::min(change.range.end(), align_down(at, sector_bytes) + sector_bytes);
        const bool kept = !prng.one_in(3);
        if (!kept && only_a_beginning) return;
        if (kept && change.kind == Kind::punch) to.clear({at, end - at});
        if (kept && change.kind == Kind::write) {
            to.write(at, ByteView(change.data).subspan(at - change.range.offset, end - at));
        }
        at = end;
    }
}

}  // namespace reviver::sim
