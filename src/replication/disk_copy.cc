#include "replication/disk_copy.h"

#include "base/check.h"
#include "base/error.h"
#include "base/log.h"
#include "point/copy.h"
#include "replication/disk_set.h"
#include "replication/link.h"

#include <algorithm>

namespace reviver::replication {

namespace {

class Slice {
  public:
    Slice(Context& context, Group& group, GroupDisks& disks, const CopyRequest& request)
        : context_(context),
          group_(group),
          disks_(disks),
          request_(request),
          collection_(group.snapshot()) {}

    CopyOutcome run();

  private:
    bool other_side_is_ready();
    void plan();
    void open();
    void copy(std::uint32_t disk);
    void note();
    std::uint64_t done_of(std::size_t disk) const;

    Context& context_;
    Group& group_;
    GroupDisks& disks_;
    const CopyRequest& request_;
    const Collection collection_;
    std::unique_ptr<wire::PeerLink> link_;
    std::unique_ptr<point::Sink> sink_;
    point::ReceiveHeader header_;
    point::ReceiveState state_;
    std::uint64_t bytes_done_ = 0;
    std::uint64_t bytes_due_ = 0;
};

// A point whose answer was lost is for the next cycle to find.
bool Slice::other_side_is_ready() {
    link_ = connect(context_, collection_, collection_.peer);
    const auto answer = greet(context_, *link_, collection_);
    return answer.keeps_copies && answer.newest == collection_.last_sequence;
}

void Slice::plan() {
    disks_.choose(only(collection_.disk_update->coming));
    const auto shapes = disks_.shapes();
    const Tracking tracking = disks_.track(collection_.last_sequence, {});
    REVIVER_CHECK(tracking.bulks.size() == shapes.size());
    REVIVER_CHECK(tracking.copies.size() == shapes.size());
    header_.id = tracking.receive;
    header_.collection = collection_.id;
    header_.epoch = collection_.epoch;
    header_.parent = collection_.last_sequence;
    header_.sequence = collection_.last_sequence.next();
    header_.compressed = collection_.settings.compression;
    for (std::size_t i = 0; i < shapes.size(); ++i) {
        header_.disks.push_back({shapes[i], tracking.bulks[i], tracking.copies[i]});
        bytes_due_ += shapes[i].size_bytes;
    }
}

void Slice::open() {
    sink_ = link_->sink();
    state_ = sink_->open(header_);
    bytes_done_ = 0;
    for (std::size_t i = 0; i < header_.disks.size(); ++i) bytes_done_ += done_of(i);
}

std::uint64_t Slice::done_of(std::size_t disk) const {
    return std::min(state_.bulk_done.at(disk), header_.disks[disk].shape.size_bytes);
}

void Slice::copy(std::uint32_t disk) {
    const DiskShape& shape = header_.disks[disk].shape;
    const std::uint64_t done = done_of(disk);
    if (done >= shape.size_bytes) return;
    point::Filters filters;
    filters.stopped = request_.stopped;
    filters.progress = [&, before = bytes_done_](const point::Copied& copied) {
        bytes_done_ = before + copied.data_bytes + copied.zero_bytes;
        request_.progress(static_cast<unsigned>(std::min<std::uint64_t>(
                              bytes_done_ * 100 / std::max<std::uint64_t>(bytes_due_, 1), 99)),
                          fmt::format("copying {}", shape.key.target));
    };
    const auto source = disks_.bulk_source(disk, RangeSet{{done, shape.size_bytes - done}});
    point::CutDigest unused;
    point::copy_chunks(*source, *sink_, unused, 0, filters);
}

// What counts is what the other side says that it has: chunks are streamed.
void Slice::note() {
    open();
    group_.update([&](Collection& c) {
        const bool same = c.disk_update && c.disk_update->coming == collection_.disk_update->coming;
        if (!same) return;
        c.disk_update->bytes_done = bytes_done_;
        c.disk_update->bytes_due = bytes_due_;
        c.disk_update->copied = bytes_done_ == bytes_due_;
    });
}

CopyOutcome Slice::run() {
    if (!other_side_is_ready()) return CopyOutcome::not_now;
    plan();
    if (header_.disks.empty()) return CopyOutcome::not_now;
    open();
    try {
        for (std::uint32_t disk = 0; disk < header_.disks.size(); ++disk) copy(disk);
    } catch (const Error& error) {
        if (error.code() != Code::stopped) throw;
    }
    note();
    return bytes_done_ == bytes_due_ ? CopyOutcome::complete : CopyOutcome::more;
}

}  // namespace

CopyOutcome copy_new_disks(Context& context, Group& group, GroupDisks& disks,
                           const CopyRequest& request) {
    return Slice(context, group, disks, request).run();
}

}  // namespace reviver::replication
