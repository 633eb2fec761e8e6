#include "replication/export_run.h"

#include "base/error.h"
#include "base/log.h"
#include "medium/export_sink.h"
#include "point/copy.h"
#include "replication/disk_set.h"

#include <algorithm>

namespace reviver::replication {

namespace {

constexpr Sequence first_point{1};
constexpr std::uint64_t look_bytes = 1 << 30;  // whose extents are asked for at once

class ExportRun {
  public:
    ExportRun(Context& context, Group& group, GroupDisks& disks, const CycleRequest& request)
        : context_(context),
          group_(group),
          disks_(disks),
          request_(request),
          collection_(group.snapshot()),
          directory_(collection_.exported.directory) {}

    ExportResult run();

  private:
    void plan();
    void require_space();
    medium::ExportSink make_sink();
    void copy_disks(medium::ExportSink& sink);
    void copy_cut(medium::ExportSink& sink, point::CutDigest& digest);
    point::Filters filters();
    void say(unsigned percent, const std::string& status);

    Context& context_;
    Group& group_;
    GroupDisks& disks_;
    const CycleRequest& request_;
    const Collection collection_;
    const sys::Path directory_;
    point::ReceiveHeader header_;
    std::uint64_t due_bytes_ = 0;
    std::uint64_t size_bytes_ = 0;
    ExportResult result_;
};

void ExportRun::say(unsigned percent, const std::string& status) {
    if (request_.progress) request_.progress(std::min(percent, 99u), status);
}

// Reading the files back for their checksums takes about as long as writing them.
point::Filters ExportRun::filters() {
    point::Filters filters;
    filters.stopped = request_.stopped;
    filters.progress = [this, before = result_.bytes](const point::Copied& copied) {
        result_.bytes = before + copied.data_bytes;
        const std::uint64_t due = std::max<std::uint64_t>(due_bytes_, 1);
        say(static_cast<unsigned>(std::min<std::uint64_t>(result_.bytes * 50 / due, 50)),
            "writing the medium");
    };
    return filters;
}

void ExportRun::plan() {
    disks_.choose(included_in(collection_.settings.included_disks));
    const auto shapes = disks_.shapes();
    if (shapes.empty())
        fail(Code::invalid_state, "'{}' has no disk to replicate", collection_.name);
    disks_.track({}, {});
    header_.id = ReceiveId(context_.world.random.uuid());
    header_.collection = collection_.id;
    header_.epoch = collection_.epoch;
    header_.sequence = first_point;
    for (const DiskShape& shape : shapes) {
        header_.disks.push_back({shape, point::Bulk::full});
        size_bytes_ += shape.size_bytes;
    }
}

void ExportRun::require_space() {
    for (std::uint32_t disk = 0; disk < header_.disks.size(); ++disk) {
        const auto image = disks_.live_image(disk);
        const std::uint64_t size = header_.disks[disk].shape.size_bytes;
        for (std::uint64_t at = 0; at < size; at += look_bytes) {
            for (const Extent& extent : image->extents({at, std::min(look_bytes, size - at)}))
                if (extent.content == Content::data) due_bytes_ += extent.length;
        }
    }
    const std::uint64_t free = context_.world.files.space(directory_).free_bytes;
    if (free < due_bytes_) {
        fail(Code::no_space,
             "{} has {} bytes free, and the disks of '{}' hold {}: use a larger medium",
             directory_.string(), free, collection_.name, due_bytes_);
    }
}

medium::ExportSink ExportRun::make_sink() {
    medium::ReadBack read_back;
    read_back.stopped = request_.stopped;
    read_back.progress = [this](std::uint64_t bytes) {
        const std::uint64_t all = std::max<std::uint64_t>(size_bytes_, 1);
        say(static_cast<unsigned>(50 + bytes * 50 / all), "reading the medium back");
    };
    return {context_.world,
            directory_,
            {collection_.name, context_.site.name, collection_.peer, disks_.vms()},
            std::move(read_back)};
}

void ExportRun::copy_disks(medium::ExportSink& sink) {
    for (std::uint32_t disk = 0; disk < header_.disks.size(); ++disk) {
        const std::uint64_t size = header_.disks[disk].shape.size_bytes;
        const auto source = disks_.bulk_source(disk, RangeSet{{0, size}});
        point::CutDigest unused;
        point::copy_chunks(*source, sink, unused, 0, filters());
    }
}

// Which cut the bits of this side are about is on record before the medium can say that it has it:
// whatever copy the other side imports, it is known whether it is this one.
void ExportRun::copy_cut(medium::ExportSink& sink, point::CutDigest& digest) {
    auto cut = disks_.cut(first_point, point::CutWish(PointKind::regular));
    try {
        group_.update([&](Collection& c) {
            c.exported.sequence = first_point;
            c.exported.cut = cut->header().id;
            c.shapes.clear();
            for (const auto& disk : header_.disks) c.shapes.push_back(disk.shape);
        });
        sink.begin_cut(cut->header());
        point::copy_chunks(cut->source(), sink, digest, 0, filters());
        sink.sync();
    } catch (const Error&) {
        disks_.finish(std::move(cut), false);
        throw;
    }
    disks_.finish(std::move(cut), true);
}

ExportResult ExportRun::run() {
    medium::discard(context_.world.files, directory_, collection_.id, true);
    medium::require_free(context_.world.files, directory_, collection_.id);
    plan();
    require_space();
    auto sink = make_sink();
    sink.open(header_);
    copy_disks(sink);
    point::CutDigest digest;
    copy_cut(sink, digest);
    sink.commit(digest.trailer());
    result_.sequence = first_point;
    return result_;
}

}  // namespace

ExportResult run_export(Context& context, Group& group, GroupDisks& disks,
                        const CycleRequest& request) {
    return ExportRun(context, group, disks, request).run();
}

void forget_export(Context& context, const Collection& c) {
    if (c.exported.directory.empty() || c.exported.complete) return;
    try {
        medium::discard(context.world.files, c.exported.directory, c.id, true);
    } catch (const Error& error) {
        log_warning("'{}': what was exported to {} is not complete and could not be removed: {}",
                    c.name, c.exported.directory, error.what());
    }
}

}  // namespace reviver::replication
