#include "store/receive.h"

#include "base/check.h"
#include "base/error.h"
#include "base/log.h"
#include "store/compare.h"
#include "store/directories.h"
#include "store/limits.h"
#include "store/names.h"

#include <algorithm>
#include <set>

namespace reviver::store {

Receive::Receive(Context& context, Live& live, const point::ReceiveHeader& header)
    : context_(context), live_(live), header_(header) {
    const auto files = live_.files_turn.take();
    make_rows();
    const CollectionRow row = context_.load(header_.collection);
    const bool resumed = row.receive && row.receive->id == header_.id;
    open_disks(row, resumed ? row.receive : std::nullopt);
    fresh_ = !resumed || !lives_in_marks();
    context_.manifest.begin_receive(header_.collection, progress());
}

// Rows for the collection and for each disk that the parent point does not have. A directory is
// made, and durable, before its row: a row whose directory is missing would be damage, a directory
// without a row is only garbage.
void Receive::make_rows() {
    if (!context_.manifest.load(header_.collection)) {
        const std::string directory = free_collection_directory(context_, header_.collection);
        make_directory(context_, context_.root / directory);
        context_.manifest.add_collection(header_.collection, directory);
    }
    for (const auto& wanted : header_.disks) {
        const CollectionRow row = context_.load(header_.collection);
        const DiskKey& key = wanted.shape.key;
        if (row.disk_at(header_.parent, key) != nullptr || row.unborn_disk(key) != nullptr)
            continue;
        DiskRow disk;
        disk.key = key;
        disk.directory = free_disk_directory(context_, row, key);
        make_directory(context_, context_.directory(row, disk));
        context_.manifest.add_disk(header_.collection, disk);
    }
}

void Receive::open_disks(const CollectionRow& row, const std::optional<ReceiveRow>& resumed) {
    for (const auto& wanted : header_.disks) {
        const DiskKey& key = wanted.shape.key;
        const DiskRow* born = row.disk_at(header_.parent, key);
        const DiskRow* disk_row = born != nullptr ? born : row.unborn_disk(key);
        REVIVER_CHECK(disk_row != nullptr);
        Disk disk = open_disk(row, *disk_row, wanted);
        disk.bulk_done = std::min(done_before(*disk_row, wanted, resumed), disk.size_bytes);
        disks_.push_back(std::move(disk));
    }
}

// How much of a full copy an earlier life of this receive, or another receive of the same copy, has
// brought into the base.
std::uint64_t Receive::done_before(const DiskRow& row, const point::ReceiveHeader::Disk& wanted,
                                   const std::optional<ReceiveRow>& resumed) {
    if (!row.layers.empty() || wanted.bulk != point::Bulk::full) return 0;
    if (wanted.copy != 0 && row.copy == wanted.copy) return row.copy_done;
    if (!resumed) return 0;
    for (const auto& [id, bytes] : resumed->bulk_done)
        if (id == row.id) return bytes;
    return 0;
}

Receive::Disk Receive::open_disk(const CollectionRow& row, const DiskRow& disk_row,
                                 const point::ReceiveHeader::Disk& wanted) {
    Disk disk;
    disk.id = disk_row.id;
    disk.size_bytes = wanted.shape.size_bytes;
    disk.directory = context_.directory(row, disk_row);
    disk.in_base = disk_row.layers.empty();
    disk.sums_behind = disk_row.sums_behind;
    if (disk.in_base && wanted.bulk == point::Bulk::none)
        fail(Code::invalid_state, "disk {} has no point here to build on: it needs all of its data",
             wanted.shape.key.text());
    const TargetPlan plan{row,
                          disk_row,
                          header_.id,
                          header_.sequence,
                          disk.in_base ? Sequence{} : header_.parent,
                          disk.size_bytes,
                          wanted.bulk};
    disk.target =
        disk.in_base ? make_base_target(context_, plan) : make_layer_target(context_, plan);
    return disk;
}

// Of a full copy into a base the marks say what is there. Of anything else a restart leaves nothing
// that could be gone on with.
bool Receive::lives_in_marks() const {
    for (std::size_t i = 0; i < disks_.size(); ++i)
        if (!disks_[i].in_base || header_.disks[i].bulk != point::Bulk::full) return false;
    return true;
}

point::ReceiveState Receive::state() const {
    point::ReceiveState state{fresh_, committed_, {}};
    for (const Disk& disk : disks_) state.bulk_done.push_back(disk.bulk_done);
    return state;
}

Receive::Disk& Receive::disk_at(std::uint32_t index) {
    if (index >= disks_.size())
        fail(Code::corrupt, "a chunk is for disk {} of {}", index, disks_.size());
    return disks_[index];
}

// In a base, only the bulk of a full copy goes from front to back, so that a mark says which
// checksums are right after a crash. Before anything else is written into one, the manifest is told
// to trust none of them.
void Receive::note_sums_behind() {
    std::vector<DiskId> ids;
    for (std::size_t i = 0; i < disks_.size(); ++i) {
        const bool in_order = header_.disks[i].bulk == point::Bulk::full && !cut_;
        if (disks_[i].in_base && !disks_[i].sums_behind && !in_order) ids.push_back(disks_[i].id);
    }
    if (ids.empty()) return;
    context_.manifest.set_sums_behind(ids);
    for (Disk& disk : disks_)
        if (std::ranges::find(ids, disk.id) != ids.end()) disk.sums_behind = true;
}

// A sender that opens the receive again may have to begin with bulk once more.
void Receive::reopen() {
    fresh_ = false;
    in_cut_ = false;
}

// Until all is there nothing can be completed by a cut.
void Receive::check_bulk() const {
    for (std::size_t i = 0; i < disks_.size(); ++i)
        if (header_.disks[i].bulk == point::Bulk::full &&
            disks_[i].bulk_done != disks_[i].size_bytes)
            fail(Code::invalid_state, "of disk {} only the first {} of {} bytes were copied",
                 header_.disks[i].shape.key.text(), disks_[i].bulk_done, disks_[i].size_bytes);
}

// A cut that broke off stays where it is: the next one covers at least the same (see
// point/point.h), and overwrites it.
std::uint64_t Receive::begin_cut(const point::CutHeader& cut) {
    if (committed_) fail(Code::invalid_state, "the point is committed already");
    check_bulk();
    if (!cut_) mark();
    in_cut_ = true;
    if (cut_ && cut_->id == cut.id) return cut_chunks_;
    cut_ = cut;
    cut_chunks_ = 0;
    cut_digest_ = Xxh3();
    note_sums_behind();
    return 0;
}

void Receive::write(const point::Chunk& chunk) {
    Disk& disk = disk_at(chunk.disk);
    point::validate(chunk, disk.size_bytes);
    if (committed_) fail(Code::invalid_state, "the point is committed already");
    if (!in_cut_) {
        cut_.reset();  // older than what arrives now: it cannot be gone on with
        note_sums_behind();
    }
    apply(disk, chunk);
    if (in_cut_) {
        std::byte sum[8];
        store_le(sum, point::checksum_of(chunk));
        cut_digest_.add(sum);
        ++cut_chunks_;
    } else {
        advance(disk, chunk.extents);
    }
    unmarked_ = true;
    unmarked_bytes_ += chunk.payload.size();
    if (unmarked_bytes_ >= sync_every_bytes) mark();
}

void Receive::apply(Disk& disk, const point::Chunk& chunk) {
    ByteView payload = chunk.payload;
    for (const Extent& extent : chunk.extents) {
        if (extent.content == Content::zero) {
            disk.target->zero({extent.offset, extent.length});
            continue;
        }
        disk.target->write(extent.offset, payload.first(extent.length));
        payload = payload.subspan(extent.length);
    }
}

void Receive::advance(Disk& disk, const std::vector<Extent>& extents) {
    for (const Extent& extent : extents)
        if (extent.offset <= disk.bulk_done)
            disk.bulk_done = std::max(disk.bulk_done, extent.end());
}

ReceiveRow Receive::progress() const {
    ReceiveRow row{header_.id, {}};
    for (std::size_t i = 0; i < disks_.size(); ++i) {
        const bool in_base = disks_[i].in_base;
        const bool whole = in_base && header_.disks[i].bulk == point::Bulk::full;
        row.bulk_done.push_back({disks_[i].id, in_base ? disks_[i].bulk_done : 0});
        row.copies.push_back(whole ? header_.disks[i].copy : 0);
    }
    return row;
}

// The data first, then the word that it is there.
void Receive::mark() {
    context_.need_space(0);
    for (Disk& disk : disks_) disk.target->mark();
    unmarked_ = false;
    unmarked_bytes_ = 0;
    const bool any_base = std::ranges::any_of(disks_, &Disk::in_base);
    if (any_base && !in_cut_) context_.manifest.set_bulk_done(header_.collection, progress());
}

point::CompareAnswer Receive::compare(std::uint32_t disk, std::uint64_t first_group,
                                      const std::vector<Hash>& groups) {
    if (committed_) fail(Code::invalid_state, "the point is committed already");
    return compare_groups(disk_at(disk).target->content(), first_group, groups);
}

void Receive::check_trailer(const point::CutTrailer& trailer) const {
    if (!in_cut_) fail(Code::invalid_state, "a commit without a cut");
    if (trailer.chunks != cut_chunks_)
        fail(Code::corrupt, "the cut had {} chunks, and {} arrived", trailer.chunks, cut_chunks_);
    if (trailer.digest != cut_digest_.value())
        fail(Code::corrupt, "the chunks that arrived are not those of the cut");
}

// The order, and why: first every byte of every layer and base is durable under names that mean
// nothing. Then the layers get their names, durably. Only then one transaction makes the point true
// for all disks, and only after that the answer goes out. A crash before the transaction leaves
// files that nothing names, and they are removed; a crash after it leaves the whole point. Were the
// transaction first, a crash would leave a point without its files.
void Receive::commit(const point::CutTrailer& trailer) {
    if (committed_) return;
    check_trailer(trailer);
    // Also those that a commit that failed late has named: more may have arrived since.
    for (Disk& disk : disks_) disk.stored_bytes = disk.target->finish();
    publish();
    committed_ = true;
    for (Disk& disk : disks_) disk.target.reset();
}

void Receive::publish() {
    const auto files = live_.files_turn.take();
    for (Disk& disk : disks_) {
        if (!disk.renamed)
            context_.world.files.rename(disk.directory / incoming_name(header_.id),
                                        disk.directory / layer_name(header_.sequence));
        disk.renamed = true;
        context_.world.files.sync_directory(disk.directory);
    }
    std::vector<NewLayer> layers;
    for (const Disk& disk : disks_) {
        const auto ordinal = static_cast<std::uint32_t>(layers.size());
        layers.push_back(
            {disk.id, {header_.sequence, disk.size_bytes, disk.stored_bytes, ordinal}});
    }
    context_.manifest.add_point(header_.collection, describe(), header_.id, layers);
}

PointInfo Receive::describe() const {
    PointInfo info;
    info.sequence = header_.sequence;
    info.epoch = header_.epoch;
    info.cut = cut_->id;
    info.kind = cut_->kind;
    info.consistency = cut_->consistency;
    info.cut_time = cut_->time;
    info.committed_time = context_.world.clock.wall();
    info.vms = cut_->vms;
    return info;
}

// Not fatal when it fails: then more has to be copied again.
void Receive::mark_copies() {
    if (committed_ || in_cut_ || !unmarked_) return;
    try {
        mark();
    } catch (const Error& error) {
        log_warning("what was copied last is not kept: {}", error.what());
    }
}

void Receive::discard() {
    mark_copies();
    const auto files = live_.files_turn.take();
    for (Disk& disk : disks_) {
        disk.target.reset();
        if (committed_) continue;
        context_.world.files.remove(disk.directory / incoming_name(header_.id));
        if (disk.renamed)
            context_.world.files.remove(disk.directory / layer_name(header_.sequence));
    }
}

}  // namespace reviver::store
