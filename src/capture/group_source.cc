#include "capture/group_source.h"

#include "base/error.h"

namespace reviver::capture {

GroupSource::GroupSource(std::vector<GroupPart> parts, GroupChecks checks)
    : parts_(std::move(parts)), checks_(std::move(checks)) {}

void GroupSource::open_part(std::size_t part) {
    part_ = part;
    source_.reset();
    if (part < parts_.size())
        source_ = std::make_unique<DiskSource>(parts_[part].disk, parts_[part].open());
}

void GroupSource::start_at(std::uint64_t chunk_index) {
    std::uint64_t left = chunk_index;
    open_part(0);
    while (source_ && left > 0) {
        left -= source_->skip(left);
        if (left > 0) open_part(part_ + 1);
    }
}

std::optional<point::Chunk> GroupSource::next() {
    try {
        if (auto chunk = next_of_parts()) return chunk;
    } catch (const Error&) {
        // A broken connection is a consequence: say what it comes from, if that is known.
        checks_.explain();
        throw;
    }
    checks_.confirm();
    return std::nullopt;
}

std::optional<point::Chunk> GroupSource::next_of_parts() {
    if (!source_) open_part(part_);
    while (source_) {
        if (auto chunk = source_->next()) return chunk;
        open_part(part_ + 1);
    }
    return std::nullopt;
}

std::uint64_t GroupSource::bytes_left() const {
    std::uint64_t left = source_ ? source_->bytes_left() : 0;
    for (std::size_t i = source_ ? part_ + 1 : part_; i < parts_.size(); ++i)
        left += parts_[i].marked_bytes;
    return left;
}

}  // namespace reviver::capture
