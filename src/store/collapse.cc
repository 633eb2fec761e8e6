#include "store/collapse.h"

#include "base/error.h"
#include "store/base_file.h"
#include "store/chain.h"
#include "store/layer_writer.h"
#include "store/limits.h"
#include "store/names.h"

#include <algorithm>

namespace reviver::store {
namespace {

constexpr std::uint64_t step_bytes = 64 << 20;  // of the disk, mapped in one piece

// The layers of the run, as one.
Stack open_run(Context& context, const CollapsePlan& plan) {
    auto layers = open_layers(context, plan.collection, plan.disk, plan.what.into);
    const std::size_t count = plan.what.gone.size() + 1;
    if (layers.size() < count ||
        layers[layers.size() - count]->header().sequence !=
            (plan.what.gone.empty() ? plan.what.into : plan.what.gone.front()))
        fail(Code::corrupt, "the layers of disk {} up to point {} are not the chain they were",
             plan.disk.key.text(), plan.what.into.value);
    return Stack({layers.end() - static_cast<std::ptrdiff_t>(count), layers.end()});
}

template <class Visit>
void for_each_segment(const Stack& run, const Visit& visit) {
    for (std::uint64_t at = 0; at < run.size_bytes(); at += step_bytes)
        for (const Segment& segment :
             run.segments({at, std::min(step_bytes, run.size_bytes() - at)}))
            visit(segment);
}

// Gives all that the run holds, ascending: data, verified, to take_data(offset, bytes), and zeros
// to take_zero(range).
template <class TakeData, class TakeZero>
std::uint64_t copy_run(const Stack& run, const point::Filters& filters, const TakeData& take_data,
                       const TakeZero& take_zero) {
    Bytes buffer(copy_buffer_bytes);
    std::uint64_t copied = 0;
    const auto copy_piece = [&](Segment piece) {
        if (filters.stopped && filters.stopped()) fail(Code::stopped, "upkeep was stopped");
        if (filters.throttle) filters.throttle->take(piece.length);
        const ByteSpan part = ByteSpan(buffer).first(piece.length);
        run.verify(piece);
        run.read(piece, part);
        take_data(piece.offset, part);
        copied += piece.length;
    };
    for_each_segment(run, [&](const Segment& segment) {
        if (segment.holds == Holds::zero) take_zero(Range{segment.offset, segment.length});
        if (segment.holds != Holds::data) return;
        for (std::uint64_t done = 0; done < segment.length; done += buffer.size())
            copy_piece({segment.offset + done,
                        std::min<std::uint64_t>(buffer.size(), segment.length - done), Holds::data,
                        segment.layer, segment.host_offset + done});
    });
    return copied;
}

// The layer `into` may be replaced only as long as nobody has pinned what the run is part of. Asked
// with the files' turn, which pinning takes too.
void check_still_free(Context& context, const CollapsePlan& plan) {
    const CollectionRow now = context.load(plan.collection.id);
    for (const PointRow& point : now.points)
        if (!point.pins.empty() && point.info.sequence >= plan.what.gone.front())
            if (now.disk_at(point.info.sequence, plan.disk.key) != nullptr)
                fail(Code::in_use, "point {} was pinned meanwhile", point.info.sequence.value);
}

// The replacement is durable under its merging name.
void replace(Context& context, Live& live, const CollapsePlan& plan, std::uint64_t stored_bytes) {
    const auto files = live.files_turn.take();
    check_still_free(context, plan);
    const sys::Path directory = context.directory(plan.collection, plan.disk);
    context.world.files.rename(directory / merging_name(plan.what.into),
                               directory / layer_name(plan.what.into));
    // The rows, and then the files, of the run go only when no crash can bring the old layer back,
    // which needs them.
    context.world.files.sync_directory(directory);
    context.manifest.replace_layers(plan.disk.id, plan.what.gone, plan.what.into, stored_bytes);
    for (const Sequence gone : plan.what.gone)
        context.world.files.remove(directory / layer_name(gone));
}

std::unique_ptr<LayerWriter> open_merging(Context& context, const CollapsePlan& plan,
                                          Sequence parent, std::uint64_t size_bytes) {
    const sys::Path path =
        context.directory(plan.collection, plan.disk) / merging_name(plan.what.into);
    context.world.files.remove(path);
    const Backing backing = backing_of(plan.disk, parent);
    return std::make_unique<LayerWriter>(
        context.world.files.open(path, sys::OpenMode::create_new),
        LayerIdentity{plan.collection.id, plan.disk.key, plan.what.into, parent, size_bytes,
                      backing.path, backing.format});
}

// How far what lies below a run reaches.
std::uint64_t size_below(Context& context, const CollapsePlan& plan, Sequence parent) {
    if (parent.value == 0) return open_base(context, plan.collection, plan.disk)->size_bytes();
    return chain_headers(context, plan.collection, plan.disk, parent).back().size_bytes;
}

std::uint64_t merge(Context& context, Live& live, const CollapsePlan& plan,
                    const point::Filters& filters) {
    const Stack run = open_run(context, plan);
    const auto headers = chain_headers(context, plan.collection, plan.disk, plan.what.gone.front());
    const Sequence parent = headers.back().parent;
    std::uint64_t stored = 0;
    for (const LayerRow& layer : plan.disk.layers)
        if (layer.sequence >= plan.what.gone.front() && layer.sequence <= plan.what.into)
            stored += layer.stored_bytes;
    context.need_space(stored);

    const auto writer = open_merging(context, plan, parent, run.size_bytes());
    const std::uint64_t below = size_below(context, plan, parent);
    const std::uint64_t copied = copy_run(
        run, filters, [&](std::uint64_t offset, ByteView data) { writer->write(offset, data); },
        [&](Range range) {
            // Where nothing is below, what is not noted is zeros too: growing a disk by a terabyte
            // shall not note it cluster by cluster.
            if (range.offset < below)
                writer->zero(
                    {range.offset,
                     std::min(range.length, align_up(below, qcow2::cluster_bytes) - range.offset)});
        });
    replace(context, live, plan, writer->finish());
    return copied;
}

// The blocks of 64 KiB that a fold will change in part are compared with their checksums first:
// one computed afterwards over a damaged rest would call it right.
class EdgeCheck {
  public:
    explicit EdgeCheck(BaseFile& base) : base_(base) {
        // The last block may be a short one, and grow.
        if (base.size_bytes() % base_block_bytes != 0) check(base.blocks() - 1);
        next_ = 0;
    }
    // Ascending.
    void add(Range range) {
        if (range.offset % base_block_bytes != 0) check(range.offset / base_block_bytes);
        if (range.end() % base_block_bytes != 0) check(range.end() / base_block_bytes);
    }

  private:
    void check(std::uint64_t block) {
        if (block >= base_.blocks() || block < next_) return;
        if (!base_.intact(block))
            fail(Code::corrupt, "the base's block at {} fails its checksum; run a scrub",
                 block * base_block_bytes);
        next_ = block + 1;
    }

    BaseFile& base_;
    std::uint64_t next_ = 0;
};

void check_edges(const Stack& run, BaseFile& base) {
    EdgeCheck edges(base);
    for_each_segment(run, [&](const Segment& segment) {
        if (segment.holds != Holds::below) edges.add({segment.offset, segment.length});
    });
}

std::uint64_t fold(Context& context, Live& live, const CollapsePlan& plan,
                   const point::Filters& filters) {
    const Stack run = open_run(context, plan);
    BaseFile base(context.world.files, context.directory(plan.collection, plan.disk),
                  {plan.collection.id, plan.disk.key}, BaseFile::Life::born);
    // When a fold is done again nobody can tell what the first attempt left.
    if (!plan.disk.folding) check_edges(run, base);
    // From here on the checksums of the base may be behind it, until replace() has ended the fold.
    context.manifest.begin_fold(plan.disk.id, plan.what.into);
    if (run.size_bytes() > base.size_bytes()) base.resize(run.size_bytes());
    std::uint64_t unmarked = 0;
    const std::uint64_t copied = copy_run(
        run, filters,
        [&](std::uint64_t offset, ByteView data) {
            base.write(offset, data);
            unmarked += data.size();
            if (unmarked >= sync_every_bytes) base.flush();
            if (unmarked >= sync_every_bytes) unmarked = 0;
        },
        [&](Range range) { base.zero(range); });
    base.flush();
    const auto anchor = open_merging(context, plan, Sequence{}, run.size_bytes());
    replace(context, live, plan, anchor->finish());
    return copied;
}

}  // namespace

std::uint64_t collapse(Context& context, Live& live, const CollapsePlan& plan,
                       const point::Filters& filters) {
    try {
        return plan.what.kind == Compaction::Kind::fold ? fold(context, live, plan, filters)
                                                        : merge(context, live, plan, filters);
    } catch (const Error&) {
        const sys::Path directory = context.directory(plan.collection, plan.disk);
        context.world.files.remove(directory / merging_name(plan.what.into));
        throw;
    }
}

}  // namespace reviver::store
