#include "store/collapse.h"

#include "base/error.h"
#include "store/base_file.h"
#include "store/chain.h"
#include "store/layer_tree.h"
#include "store/layer_writer.h"
#include "store/limits.h"
#include "store/names.h"

#include <algorithm>

namespace reviver::store {
namespace {

constexpr std::uint64_t step_bytes = 64 << 20;  // of the disk, mapped in one piece

// A run that was opened, and what it builds on.
struct Run {
    Stack stack;
    Sequence parent;
    // Subclusters that a shorter layer of the run ends within: in part what that one says, in part
    // zeros, and so nothing that one layer can say but by data.
    std::vector<Range> seams;
};

std::vector<Range> seams_of(const std::vector<std::shared_ptr<Layer>>& layers) {
    std::vector<Range> seams;
    const std::uint64_t size = layers.back()->size_bytes();
    for (const auto& layer : layers) {
        const std::uint64_t end = layer->size_bytes();
        const std::uint64_t begin = align_down(end, qcow2::subcluster_bytes);
        if (begin != end && end < size)
            seams.push_back({begin, std::min(size - begin, qcow2::subcluster_bytes)});
    }
    std::ranges::sort(seams, {}, &Range::offset);
    const auto same = std::ranges::unique(seams, {}, &Range::offset);
    seams.erase(same.begin(), same.end());
    return seams;
}

// The parts of a range that are in no seam.
template <class Visit>
void outside(const std::vector<Range>& seams, Range range, const Visit& visit) {
    std::uint64_t at = range.offset;
    for (const Range& seam : seams) {
        const std::uint64_t stop = std::clamp(seam.offset, at, range.end());
        if (stop > at) visit(Range{at, stop - at});
        at = std::clamp(seam.end(), at, range.end());
    }
    if (at < range.end()) visit(Range{at, range.end() - at});
}

Run open_run(Context& context, const CollapsePlan& plan) {
    const auto chain = open_layers(context, plan.collection, plan.disk, plan.what.into());
    const std::size_t count = plan.what.run.size();
    std::vector<std::shared_ptr<Layer>> layers;
    if (chain.size() >= count)
        layers.assign(chain.end() - static_cast<std::ptrdiff_t>(count), chain.end());
    for (std::size_t i = 0; i < count; ++i)
        if (layers.empty() ||
            chain[chain.size() - count + i]->header().sequence != plan.what.run[i])
            fail(Code::corrupt, "the layers of disk {} up to point {} are not the chain they were",
                 plan.disk.key.text(), plan.what.into().value);
    auto seams = seams_of(layers);
    return {Stack(std::move(layers)), chain[chain.size() - count]->header().parent,
            std::move(seams)};
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

// A layer may be replaced only as long as nobody has pinned a point that may read it. Asked with
// the files' turn, which pinning takes too.
void check_still_free(Context& context, const CollapsePlan& plan, Sequence lowest) {
    const Sequence pinned = newest_pinned(context.load(plan.collection.id));
    if (pinned >= lowest && pinned.value != 0)
        fail(Code::in_use, "point {} was pinned meanwhile", pinned.value);
}

// All are durable under their merging names. Any of the renames may outlive a crash without the
// others; the rows change when all of them are durable.
void replace(Context& context, Live& live, const CollapsePlan& plan,
             const std::vector<ReplacedLayer>& files) {
    const auto turn = live.files_turn.take();
    check_still_free(context, plan, files.front().sequence);
    const sys::Path directory = context.directory(plan.collection, plan.disk);
    for (const ReplacedLayer& file : files)
        context.world.files.rename(directory / merging_name(file.sequence),
                                   directory / layer_name(file.sequence));
    context.world.files.sync_directory(directory);
    context.manifest.replace_layers(plan.disk.id, files, plan.what.kind == Compaction::Kind::fold);
}

std::unique_ptr<LayerWriter> open_merging(Context& context, const CollapsePlan& plan,
                                          Sequence sequence, Sequence parent,
                                          std::uint64_t size_bytes) {
    const sys::Path path = context.directory(plan.collection, plan.disk) / merging_name(sequence);
    context.world.files.remove(path);
    const Backing backing = backing_of(plan.disk, parent);
    return std::make_unique<LayerWriter>(
        context.world.files.open(path, sys::OpenMode::create_new),
        LayerIdentity{plan.collection.id, plan.disk.key, sequence, parent, size_bytes, backing.path,
                      backing.format});
}

// How far what lies below a run reaches, now and after every fold: the base may get as long as any
// point that is older than the run's.
std::uint64_t size_below(Context& context, const CollapsePlan& plan, Sequence parent) {
    if (parent.value != 0)
        return layer_header(context, plan.collection, plan.disk, parent).size_bytes;
    std::uint64_t size = open_base(context, plan.collection, plan.disk)->size_bytes();
    for (const LayerRow& layer : plan.disk.layers)
        if (layer.sequence < plan.what.into()) size = std::max(size, layer.size_bytes);
    return size;
}

void write_seams(Context& context, const CollapsePlan& plan, const std::vector<Range>& seams,
                 LayerWriter& writer) {
    if (seams.empty()) return;
    const auto disk = open_chain(context, plan.collection, plan.disk, plan.what.into());
    for (const Range& seam : seams) {
        Bytes bytes(seam.length);
        disk->read(seam.offset, bytes);
        writer.write(seam.offset, bytes);
    }
}

std::uint64_t merge(Context& context, Live& live, const CollapsePlan& plan,
                    const point::Filters& filters) {
    const auto [run, parent, seams] = open_run(context, plan);
    std::uint64_t stored = 0;
    for (const Sequence sequence : plan.what.run)
        if (const LayerRow* layer = plan.disk.layer(sequence)) stored += layer->stored_bytes;
    context.need_space(stored);

    const auto writer = open_merging(context, plan, plan.what.into(), parent, run.size_bytes());
    const std::uint64_t below = size_below(context, plan, parent);
    const auto write = [&](std::uint64_t offset, ByteView data) {
        outside(seams, {offset, data.size()}, [&](Range part) {
            writer->write(part.offset, data.subspan(part.offset - offset, part.length));
        });
    };
    // Where nothing is below, what is not noted is zeros too: growing a disk by a terabyte shall
    // not note it cluster by cluster.
    const auto zero = [&](Range range) {
        if (range.offset >= below) return;
        const std::uint64_t end = std::min(range.end(), align_up(below, qcow2::cluster_bytes));
        outside(seams, {range.offset, end - range.offset}, [&](Range part) { writer->zero(part); });
    };
    const std::uint64_t copied = copy_run(run, filters, write, zero);
    write_seams(context, plan, seams, *writer);
    replace(context, live, plan, {{plan.what.into(), writer->finish()}});
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

ReplacedLayer make_empty(Context& context, const CollapsePlan& plan, Sequence sequence) {
    const std::uint64_t size_bytes =
        layer_header(context, plan.collection, plan.disk, sequence).size_bytes;
    return {sequence, open_merging(context, plan, sequence, Sequence{}, size_bytes)->finish()};
}

std::uint64_t fold(Context& context, Live& live, const CollapsePlan& plan,
                   const point::Filters& filters) {
    const Stack run = open_run(context, plan).stack;
    BaseFile base(context.world.files, context.directory(plan.collection, plan.disk),
                  {plan.collection.id, plan.disk.key}, BaseFile::Life::born);
    // When a fold is done again nobody can tell what the first attempt left.
    if (!plan.disk.folding) check_edges(run, base);
    // From here on the checksums of the base may be behind it, until replace() has ended the fold.
    context.manifest.begin_fold(plan.disk.id, plan.what.into());
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
    std::vector<ReplacedLayer> empty;
    for (const Sequence sequence : plan.what.emptied)
        empty.push_back(make_empty(context, plan, sequence));
    empty.push_back(make_empty(context, plan, plan.what.into()));
    replace(context, live, plan, empty);
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
        context.world.files.remove(directory / merging_name(plan.what.into()));
        for (const Sequence sequence : plan.what.emptied)
            context.world.files.remove(directory / merging_name(sequence));
        throw;
    }
}

}  // namespace reviver::store
