#include "sim/primary.h"

#include "sim/model_source.h"
#include "wire/compare.h"

#include <fmt/format.h>

namespace reviver::sim {

using point::Bulk;

namespace {

std::string_view name_of(Bulk bulk) {
    switch (bulk) {
        case Bulk::none:
            return "no bulk";
        case Bulk::full:
            return "full";
        case Bulk::compare:
            return "compare";
    }
    return "?";
}

// A receiver that was restarted goes on with a full copy, but from an earlier mark.
bool has_bulk(const point::ReceiveHeader& header, const point::ReceiveState& state) {
    for (std::size_t i = 0; i < header.disks.size(); ++i) {
        const auto& disk = header.disks[i];
        const std::uint64_t done = i < state.bulk_done.size() ? state.bulk_done[i] : 0;
        if (disk.bulk == Bulk::full && done < disk.shape.size_bytes) return false;
    }
    return true;
}

}  // namespace

void Primary::cycle(sys::World& world, point::Sink& sink, const std::optional<PointInfo>& newest) {
    const point::ReceiveHeader wanted = header(world, newest ? newest->sequence : Sequence{});
    const point::ReceiveState state = sink.open(wanted);
    note_(fmt::format("point {} opened, {}{}", wanted.sequence.value,
                      name_of(wanted.disks.front().bulk),
                      state.committed ? ", committed"
                      : state.fresh   ? ", fresh"
                                      : ""));
    if (state.committed) return finish(wanted.sequence, newest->cut);
    if (state.fresh || !has_bulk(wanted, state)) bulk_sent_ = false;
    if (!bulk_sent_) {
        // What the bulk reads is newer than a cut from before it.
        cut_ = nullptr;
        send_bulk(world, sink, wanted, state);
    }
    send_cut(world, sink);
    finish(wanted.sequence, cut_->id);
}

// The same receive as before, until it is acknowledged.
point::ReceiveHeader Primary::header(sys::World& world, Sequence newest) {
    // Without the bitmaps what was sent so far cannot be completed by a cut: begin anew, by
    // comparing.
    if (receive_ && group_.dirty_known()) return *receive_;
    cut_ = nullptr;
    point::ReceiveHeader made;
    made.id = ReceiveId(world.random.uuid());
    made.collection = collection_;
    made.sequence = newest.next();
    made.parent = newest;
    const Bulk known = group_.dirty_known() ? Bulk::none : Bulk::compare;
    for (const DiskShape& shape : group_.shapes()) {
        made.disks.push_back({shape, newest.value == 0 ? Bulk::full : known});
    }
    group_.track_again();
    bulk_sent_ = false;
    receive_ = made;
    return made;
}

void Primary::send_bulk(sys::World& world, point::Sink& sink, const point::ReceiveHeader& header,
                        const point::ReceiveState& state) {
    for (std::uint32_t i = 0; i < header.disks.size(); ++i) {
        if (header.disks[i].bulk == Bulk::full) {
            const std::uint64_t done = i < state.bulk_done.size() ? state.bulk_done[i] : 0;
            BulkSource source(group_.disk(i), i, done);
            point::CutDigest unused;
            copy_chunks(source, sink, unused, 0);
        } else if (header.disks[i].bulk == Bulk::compare) {
            const auto image = image_of(group_.disk(i));
            wire::compare_disk(world, *image, i, sink);
        }
    }
}

void Primary::send_cut(sys::World& world, point::Sink& sink) {
    if (!cut_) {
        const CutId id(world.random.uuid());
        const bool held = mutant_ != Mutant::forget_hold;
        cut_ = ledger_.record(held ? group_.cut(id) : group_.cut_without_hold(id));
        digest_ = {};
    }
    point::CutHeader cut;
    cut.id = cut_->id;
    cut.time = world.clock.wall();
    const std::uint64_t first = sink.begin_cut(cut);
    // Not before: chunks are streamed, but this was answered, so all that went ahead of it has
    // arrived.
    bulk_sent_ = true;
    note_(fmt::format("cut {} begins at chunk {}", cut.id.text().substr(0, 8), first));
    if (mutant_ == Mutant::forget_dirty) group_.forget(*cut_);
    CutSource source(*cut_);
    point::copy_chunks(source, sink, digest_, first);
    sink.commit(digest_.trailer());
}

void Primary::finish(Sequence sequence, CutId cut) {
    note_(fmt::format("point {} is acknowledged: cut {}", sequence.value, cut.text().substr(0, 8)));
    ledger_.acknowledge(sequence, cut);
    if (const auto known = ledger_.find(cut)) group_.forget(*known);
    cut_ = nullptr;
    receive_.reset();
    ++points_made_;
}

}  // namespace reviver::sim
