#include "store/target.h"

#include "store/chain.h"
#include "store/limits.h"
#include "store/names.h"
#include "store/qcow2.h"
#include "store/stack.h"

#include <algorithm>

namespace reviver::store {
namespace {

constexpr std::uint64_t zero_step_bytes =
    1 << 30;  // looked at in one piece for what is zeros already

std::unique_ptr<LayerWriter> open_layer_writer(Context& context, const TargetPlan& plan) {
    const sys::Path path =
        context.directory(plan.collection, plan.disk) / incoming_name(plan.receive);
    context.world.files.remove(path);
    const Backing backing = backing_of(plan.disk, plan.parent);
    return std::make_unique<LayerWriter>(
        context.world.files.open(path, sys::OpenMode::create_new),
        LayerIdentity{plan.collection.id, plan.disk.key, plan.sequence, plan.parent,
                      plan.size_bytes, backing.path, backing.format});
}

// The first point of a disk is its base, with an empty layer on top: then every point has a layer
// to be opened by, and a later fold finds one to put its own in the place of.
class BaseTarget : public Target {
  public:
    BaseTarget(Context& context, const TargetPlan& plan)
        : base_(context.world.files, context.directory(plan.collection, plan.disk),
                {plan.collection.id, plan.disk.key}, BaseFile::Life::unborn),
          anchor_(open_layer_writer(context, plan)),
          sums_behind_(plan.disk.sums_behind ||
                       (plan.bulk != point::Bulk::full && base_.size_bytes() > 0)) {
        base_.resize(plan.size_bytes);
    }

    void write(std::uint64_t offset, ByteView data) override { base_.write(offset, data); }
    void zero(Range range) override { base_.zero(range); }
    point::Image& content() override { return base_; }
    void mark() override { base_.flush(); }
    std::uint64_t finish() override {
        base_.flush();
        if (sums_behind_) base_.recompute();
        sums_behind_ = false;
        return anchor_->finish();
    }

  private:
    BaseFile base_;
    std::unique_ptr<LayerWriter> anchor_;
    // Not all checksums can be trusted: a crash fell between writes here and there, or an earlier
    // receive ended at any place, and no full copy will write all blocks again.
    bool sums_behind_;
};

class LayerTarget : public Target {
  public:
    LayerTarget(Context& context, const TargetPlan& plan)
        : writer_(open_layer_writer(context, plan)),
          content_(make_stack(context, plan, writer_),
                   open_base(context, plan.collection, plan.disk)) {}

    void write(std::uint64_t offset, ByteView data) override;
    void zero(Range range) override;
    point::Image& content() override { return content_; }
    void mark() override {}
    std::uint64_t finish() override { return writer_->finish(); }

  private:
    static Stack make_stack(Context& context, const TargetPlan& plan,
                            const std::shared_ptr<LayerWriter>& writer) {
        const auto parents = open_layers(context, plan.collection, plan.disk, plan.parent);
        std::vector<std::shared_ptr<Layer>> layers(parents.begin(), parents.end());
        layers.push_back(writer);
        return Stack(std::move(layers));
    }
    // The whole subclusters that a range touches, as far as the disk goes.
    Range widened(Range range) const {
        const std::uint64_t begin = align_down(range.offset, qcow2::subcluster_bytes);
        const std::uint64_t end =
            std::min(writer_->size_bytes(), align_up(range.end(), qcow2::subcluster_bytes));
        return {begin, end - begin};
    }
    void zero_piece(Range range);

    std::shared_ptr<LayerWriter> writer_;
    ChainImage content_;
};

// What is no whole number of subclusters takes the rest of them from what is there.
void LayerTarget::write(std::uint64_t offset, ByteView data) {
    const Range whole = widened({offset, data.size()});
    if (whole.offset == offset && whole.length == data.size()) return writer_->write(offset, data);
    Bytes bytes(whole.length);
    const std::uint64_t before = offset - whole.offset;
    const std::uint64_t end = before + data.size();
    content_.read(whole.offset, ByteSpan(bytes).first(before));
    std::ranges::copy(data, bytes.begin() + static_cast<std::ptrdiff_t>(before));
    content_.read(whole.offset + end, ByteSpan(bytes).subspan(end));
    writer_->write(whole.offset, bytes);
}

// Guests trim the same free space again and again: what is zeros already is not noted again.
void LayerTarget::zero_piece(Range range) {
    for (const Extent& extent : content_.extents(range)) {
        if (extent.content == Content::zero) continue;
        const Range whole = widened({extent.offset, extent.length});
        const std::uint64_t begin = std::max(whole.offset, range.offset);
        writer_->zero({begin, std::min(whole.end(), range.end()) - begin});
    }
}

void LayerTarget::zero(Range range) {
    const Range whole = widened(range);
    // Edges that are no whole subclusters are written as data.
    const std::uint64_t begin = whole.offset == range.offset
                                    ? range.offset
                                    : std::min(range.end(), whole.offset + qcow2::subcluster_bytes);
    const std::uint64_t end =
        whole.end() == range.end()
            ? range.end()
            : std::max(begin, align_down(range.end(), qcow2::subcluster_bytes));
    if (begin > range.offset) write(range.offset, Bytes(begin - range.offset));
    for (std::uint64_t at = begin; at < end; at += zero_step_bytes)
        zero_piece({at, std::min(zero_step_bytes, end - at)});
    if (range.end() > end) write(end, Bytes(range.end() - end));
}

}  // namespace

std::unique_ptr<Target> make_base_target(Context& context, const TargetPlan& plan) {
    return std::make_unique<BaseTarget>(context, plan);
}

std::unique_ptr<Target> make_layer_target(Context& context, const TargetPlan& plan) {
    return std::make_unique<LayerTarget>(context, plan);
}

}  // namespace reviver::store
