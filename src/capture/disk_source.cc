#include "capture/disk_source.h"

#include "base/check.h"
#include "capture/limits.h"

#include <algorithm>
#include <cstring>

namespace reviver::capture {

namespace {

constexpr std::uint64_t chunk_cost_min = 256 << 10;
constexpr std::uint64_t zero_block = 4 << 10;
// Of a cut nothing can be read but 64 KiB clusters with a mark in them. A gap shorter than this
// between two marks lies within the clusters of the two.
constexpr std::uint64_t gap_max = 16 << 10;

std::vector<Range> pieces_of(const std::vector<Extent>& extents) {
    std::vector<Range> pieces;
    for (const Extent& extent : extents) {
        if (extent.content == Content::zero) continue;
        if (!pieces.empty() && extent.offset - pieces.back().end() <= gap_max)
            pieces.back().length = extent.end() - pieces.back().offset;
        else
            pieces.push_back({extent.offset, extent.length});
    }
    return pieces;
}

void append(std::vector<Extent>& extents, Extent extent) {
    if (!extents.empty() && extents.back().content == extent.content &&
        extents.back().end() == extent.offset)
        extents.back().length += extent.length;
    else
        extents.push_back(extent);
}

// Gathers the extents of a chunk whose data moves to the front of the buffer that it was read into.
// It never moves to a higher place, because gaps and zeros only make it shorter.
class Gathering {
  public:
    explicit Gathering(Bytes& buffer) : buffer_(buffer) {}

    // `at`: where in the buffer the extent's data is.
    void add(const Extent& extent, std::size_t at) {
        if (extent.content == Content::zero) {
            append(extents_, extent);
            return;
        }
        std::uint64_t done = 0;
        while (done < extent.length) {
            const auto end = std::min(extent.length, align_down(extent.offset + done, zero_block) +
                                                         zero_block - extent.offset);
            add_block({extent.offset + done, end - done, Content::data}, at + done);
            done = end;
        }
    }

    std::vector<Extent> take_extents() { return std::move(extents_); }
    std::size_t payload_bytes() const { return filled_; }

  private:
    void add_block(Extent block, std::size_t at) {
        const ByteSpan data = ByteSpan(buffer_).subspan(at, block.length);
        if (extents_.size() < point::chunk_extents_max - 1 && all_zero(data)) {
            block.content = Content::zero;
        } else {
            std::memmove(buffer_.data() + filled_, data.data(), data.size());
            filled_ += data.size();
        }
        append(extents_, block);
    }

    Bytes& buffer_;
    std::vector<Extent> extents_;
    std::size_t filled_ = 0;
};

// Chunks of zeros cost no memory to speak of; they count, so that there are not endlessly many of
// them ahead.
std::uint64_t held_by(const PlannedChunk& planned) {
    return std::max(planned.data_bytes, chunk_cost_min);
}

}  // namespace

DiskSource::DiskSource(std::uint32_t disk, DiskInput input)
    : disk_(disk),
      input_(std::move(input)),
      plan_(*input_.feed, input_.size_bytes, input_.from_bytes) {}

DiskSource::~DiskSource() {
    stop_reading();
}

void DiskSource::stop_reading() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void DiskSource::start_at(std::uint64_t chunk_index) {
    stop_reading();
    // Requests that failed half-way leave the connection in no state to go on from.
    if (error_) throw *error_;
    done_.clear();
    held_bytes_ = 0;
    ended_ = false;
    stopping_ = false;
    error_.reset();
    given_.reset();
    passed_bytes_ = 0;
    plan_.restart();
    skip(chunk_index);
}

std::uint64_t DiskSource::skip(std::uint64_t chunks) {
    REVIVER_CHECK(!thread_.joinable());
    for (std::uint64_t i = 0; i < chunks; ++i) {
        const auto planned = plan_.next();
        if (!planned) return i;
        passed_bytes_ += planned->data_bytes;
    }
    return chunks;
}

std::uint64_t DiskSource::bytes_left() const {
    return input_.marked_bytes - std::min(input_.marked_bytes, passed_bytes_);
}

void DiskSource::read_all() {
    std::optional<Error> error;
    try {
        read_until_ended();
    } catch (const Error& e) {
        error = e;
    }
    const std::lock_guard lock(mutex_);
    ended_ = true;
    error_ = std::move(error);
    changed_.notify_all();
}

void DiskSource::read_until_ended() {
    Readings under_way;
    for (;;) {
        if (may_begin()) {
            if (begin_next(under_way)) continue;
            while (!under_way.empty()) finish_first(under_way);
            return;
        }
        if (!under_way.empty())
            finish_first(under_way);
        else if (!wait_for_room())
            return;
    }
}

bool DiskSource::may_begin() {
    const std::lock_guard lock(mutex_);
    return held_bytes_ < read_ahead_bytes && !stopping_;
}

// Called with nothing under way. False when there is nobody to read for any more.
bool DiskSource::wait_for_room() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopping_ || held_bytes_ < read_ahead_bytes; });
    return !stopping_;
}

bool DiskSource::begin_next(Readings& under_way) {
    auto planned = plan_.next();
    if (!planned) return false;
    auto reading = std::make_unique<Reading>();
    reading->planned = std::move(*planned);
    begin(*reading);
    const std::lock_guard lock(mutex_);
    held_bytes_ += held_by(reading->planned);
    under_way.push_back(std::move(reading));
    return true;
}

void DiskSource::begin(Reading& reading) {
    reading.pieces = pieces_of(reading.planned.extents);
    std::size_t total = 0;
    for (const Range& piece : reading.pieces) total += piece.length;
    reading.buffer.resize(total);
    ByteSpan room(reading.buffer);
    for (const Range& piece : reading.pieces) {
        for (std::uint64_t done = 0; done < piece.length;) {
            const auto at = piece.offset + done;
            const auto boundary = align_down(at, input_.request_boundary) + input_.request_boundary;
            const auto length = std::min(boundary, piece.end()) - at;
            reading.tickets.push_back(input_.reader->begin(at, room.first(length)));
            room = room.subspan(length);
            done += length;
        }
    }
}

void DiskSource::finish_first(Readings& under_way) {
    for (const auto ticket : under_way.front()->tickets) input_.reader->finish(ticket);
    const std::lock_guard lock(mutex_);
    done_.push_back(std::move(under_way.front()));
    under_way.pop_front();
    changed_.notify_all();
}

point::Chunk DiskSource::chunk_of(Reading& reading) const {
    Gathering gathering(reading.buffer);
    std::size_t piece = 0;
    std::size_t piece_at = 0;  // in the buffer
    for (const Extent& extent : reading.planned.extents) {
        if (extent.content == Content::zero) {
            gathering.add(extent, 0);
            continue;
        }
        while (extent.offset >= reading.pieces[piece].end())
            piece_at += reading.pieces[piece++].length;
        gathering.add(extent, piece_at + (extent.offset - reading.pieces[piece].offset));
    }
    return {disk_, gathering.take_extents(),
            ByteView(reading.buffer).first(gathering.payload_bytes())};
}

std::optional<point::Chunk> DiskSource::next() {
    given_.reset();
    if (!thread_.joinable()) thread_ = std::thread([this] { read_all(); });
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return !done_.empty() || ended_; });
        if (done_.empty()) {
            if (error_) throw *error_;
            return std::nullopt;
        }
        given_ = std::move(done_.front());
        done_.pop_front();
        held_bytes_ -= held_by(given_->planned);
    }
    changed_.notify_all();
    passed_bytes_ += given_->planned.data_bytes;
    return chunk_of(*given_);
}

}  // namespace reviver::capture
