#include "store/scrub.h"

#include "base/error.h"
#include "store/base_file.h"
#include "store/chain.h"
#include "store/limits.h"
#include "store/names.h"
#include "store/scrub_run.h"
#include "store/upkeep.h"

#include <algorithm>

namespace reviver::store {

const char* name_of(Damage damage) {
    switch (damage) {
        case Damage::flipped:
            return "flipped";
        case Damage::lost:
            return "lost";
        case Damage::misplaced:
            return "misplaced";
    }
    return "unknown";
}

namespace {

constexpr std::uint64_t slice_blocks = sync_every_bytes / base_block_bytes;

class Scrub {
  public:
    Scrub(Context& context, Live& live, const ScrubProgress& progress)
        : context_(context), live_(live), progress_(progress) {}

    ScrubReport run(CollectionId collection) {
        // Each piece takes the turn anew, so that upkeep goes on beside a long scrub; what it
        // changes in between is looked at as it then is.
        const CollectionRow at_first = prepare(collection);
        all_bytes_ = bytes_of(at_first);
        for (const DiskRow& disk : at_first.disks) {
            if (!going_on_) break;
            base(collection, disk.id);
            for (const LayerRow& row : disk.layers)
                if (going_on_) layer(collection, disk.id, row.sequence);
        }
        report_.complete = report_.complete && going_on_;
        return std::move(report_);
    }

  private:
    CollectionRow prepare(CollectionId collection);
    std::uint64_t bytes_of(const CollectionRow& collection);
    void base(CollectionId collection, DiskId id);
    // False when there is no next slice.
    bool base_slice(CollectionId collection, DiskId id, std::uint64_t first);
    void base_block(BaseFile& file, std::uint64_t block, const CollectionRow& collection,
                    const DiskRow& disk);
    void layer(CollectionId collection, DiskId id, Sequence sequence);
    void read_layer(const CollectionRow& collection, const DiskRow& disk, Sequence sequence,
                    const sys::Path& path);
    bool advance(std::uint64_t bytes);
    void add(Finding finding);
    Finding about(const CollectionRow& collection, const DiskRow& disk, Sequence sequence,
                  const std::string& name) const;
    bool reads(const CollectionRow& collection, const DiskRow& disk, Sequence point,
               Sequence layer) const;

    Context& context_;
    Live& live_;
    const ScrubProgress& progress_;
    ScrubReport report_;
    std::uint64_t all_bytes_ = 0;
    bool going_on_ = true;
};

// What a crash left undone is no damage: it is done first.
CollectionRow Scrub::prepare(CollectionId collection) {
    const auto turn = live_.upkeep_turn.take();
    try {
        tidy(context_, live_, collection);
        const CollectionRow row = context_.load(collection);
        for (const DiskRow& disk : row.disks) finish_fold(context_, live_, row, disk, {});
    } catch (const Error& error) {
        // Damage may be the reason; then the scrub finds it.
        if (error.code() != Code::corrupt && error.code() != Code::not_found) throw;
    }
    return context_.load(collection);
}

std::uint64_t Scrub::bytes_of(const CollectionRow& collection) {
    std::uint64_t bytes = 0;
    for (const DiskRow& disk : collection.disks) {
        for (const LayerRow& row : disk.layers) bytes += row.stored_bytes;
        if (!disk.layers.empty() && !disk.adopted_path) bytes += disk.layers.front().size_bytes;
    }
    return bytes;
}

bool Scrub::advance(std::uint64_t bytes) {
    report_.bytes_read += bytes;
    all_bytes_ = std::max(all_bytes_, report_.bytes_read);
    if (progress_ && !progress_(report_.bytes_read, all_bytes_)) going_on_ = false;
    return going_on_;
}

void Scrub::add(Finding finding) {
    if (report_.findings.size() == findings_max) {
        report_.complete = false;
        return;
    }
    report_.findings.push_back(std::move(finding));
}

// A finding in the file `name`: the base (sequence 0) or a layer.
Finding Scrub::about(const CollectionRow& collection, const DiskRow& disk, Sequence sequence,
                     const std::string& name) const {
    Finding finding;
    finding.path = context_.directory(collection, disk) / name;
    finding.disk = disk.key;
    for (const PointRow& point : collection.points)
        if (disk.layer(point.info.sequence) != nullptr &&
            reads(collection, disk, point.info.sequence, sequence))
            finding.points.push_back(point.info.sequence);
    return finding;
}

// Whether the chain of a point goes through a layer. Where a header on the way cannot be read, it
// is taken to.
bool Scrub::reads(const CollectionRow& collection, const DiskRow& disk, Sequence point,
                  Sequence layer) const {
    Sequence at = point;
    try {
        while (at > layer) at = layer_header(context_, collection, disk, at).parent;
    } catch (const Error& error) {
        if (error.code() != Code::corrupt && error.code() != Code::not_found) throw;
        return true;
    }
    return at == layer;
}

void Scrub::base(CollectionId collection, DiskId id) {
    for (std::uint64_t first = 0; going_on_ && base_slice(collection, id, first);)
        first += slice_blocks;
}

bool Scrub::base_slice(CollectionId collection, DiskId id, std::uint64_t first) {
    const auto turn = live_.upkeep_turn.take();
    const CollectionRow row = context_.load(collection);
    const DiskRow* disk = row.disk(id);
    // A base without a point is still being written.
    if (disk == nullptr || disk->layers.empty() || disk->adopted_path) return false;
    if (disk->folding) {
        report_.complete = false;
        return false;
    }
    Finding whole = about(row, *disk, Sequence{}, base_name());
    if (!context_.world.files.exists(whole.path) ||
        !context_.world.files.exists(whole.path.parent_path() / sums_name())) {
        whole.damage = Damage::lost;
        whole.text = "the base or its checksums are gone";
        add(std::move(whole));
        return false;
    }
    try {
        BaseFile file(context_.world.files, whole.path.parent_path(), {collection, disk->key},
                      BaseFile::Life::born);
        const std::uint64_t end = std::min(file.blocks(), first + slice_blocks);
        for (std::uint64_t block = first; block < end && going_on_; ++block)
            base_block(file, block, row, *disk);
        return end < file.blocks();
    } catch (const Error& error) {
        if (error.code() != Code::corrupt) throw;
        whole.damage = Damage::misplaced;
        whole.text = error.what();
        add(std::move(whole));
        return false;
    }
}

void Scrub::base_block(BaseFile& file, std::uint64_t block, const CollectionRow& collection,
                       const DiskRow& disk) {
    const Range range = file.block_range(block);
    const bool intact = file.intact(block);
    advance(range.length);
    if (intact) return;
    Finding finding = about(collection, disk, Sequence{}, base_name());
    finding.offset = range.offset;
    finding.length = range.length;
    const auto extents = file.extents(range);
    const bool hole = std::ranges::all_of(
        extents, [](const Extent& extent) { return extent.content == Content::zero; });
    finding.damage = hole ? Damage::lost : Damage::flipped;
    finding.text = hole ? "what was written there reads as a hole" : "the block fails its checksum";
    add(std::move(finding));
}

void Scrub::layer(CollectionId collection, DiskId id, Sequence sequence) {
    const auto turn = live_.upkeep_turn.take();
    const CollectionRow row = context_.load(collection);
    const DiskRow* disk = row.disk(id);
    if (disk == nullptr || disk->layer(sequence) == nullptr) return;  // merged meanwhile
    try {
        read_layer(row, *disk, sequence, context_.directory(row, *disk) / layer_name(sequence));
    } catch (const Error& error) {
        if (error.code() != Code::corrupt && error.code() != Code::not_found) throw;
        Finding whole = about(row, *disk, sequence, layer_name(sequence));
        whole.damage = error.code() == Code::not_found ? Damage::lost : Damage::flipped;
        whole.text = error.what();
        add(std::move(whole));
    }
}

void Scrub::read_layer(const CollectionRow& collection, const DiskRow& disk, Sequence sequence,
                       const sys::Path& path) {
    LayerReader reader(context_.world.files, path);
    const qcow2::Header& header = reader.header();
    if (header.collection != collection.id || header.disk != disk.key ||
        header.sequence != sequence) {
        Finding finding = about(collection, disk, sequence, layer_name(sequence));
        finding.damage = Damage::misplaced;
        finding.text =
            fmt::format("it is point {} of disk {} of collection {}", header.sequence.value,
                        header.disk.text(), header.collection.text());
        add(std::move(finding));
    }
    const auto bad = [&](Range in_file) {
        Finding finding = about(collection, disk, sequence, layer_name(sequence));
        finding.offset = in_file.offset;
        finding.length = in_file.length;
        finding.text = "the cluster fails its checksum";
        add(std::move(finding));
    };
    reader.scrub(bad, [&](std::uint64_t bytes) { return advance(bytes); });
}

}  // namespace

ScrubReport scrub_collection(Context& context, Live& live, CollectionId collection,
                             const ScrubProgress& progress) {
    return Scrub(context, live, progress).run(collection);
}

}  // namespace reviver::store
