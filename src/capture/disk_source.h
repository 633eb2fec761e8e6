// Reads the planned chunks of one disk, several at once, and gives them in order. Blocks that turn
// out to be zeros travel as zeros.
//
// Reading is a thread's own business: it never waits for whoever takes the chunks while QEMU owes
// it an answer. QEMU must see its answers taken, because whenever it drains a disk (the VM stops,
// is reset, gets a snapshot) it waits until they are, guest and all.
//
// Memory: read_ahead_bytes of marked data, and what lies between near extents that are read
// together. A source is used by one thread at a time.
#pragma once

#include "base/error.h"
#include "capture/chunk_plan.h"
#include "point/point.h"
#include "qemu/nbd_reader.h"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace reviver::capture {

// Where one disk's data comes from. `keeps` is what must live as long (an exporting process).
struct DiskInput {
    std::shared_ptr<void> keeps;
    std::unique_ptr<qemu::NbdReader> reader;
    std::unique_ptr<Feed> feed;
    std::uint64_t size_bytes = 0;
    std::uint64_t from_bytes = 0;
    std::uint64_t marked_bytes = 0;  // for progress
    // No request crosses a multiple of this.
    std::uint64_t request_boundary = 256 << 10;
};

class DiskSource : public point::Source {
  public:
    DiskSource(std::uint32_t disk, DiskInput input);
    ~DiskSource() override;

    void start_at(std::uint64_t chunk_index) override;
    std::optional<point::Chunk> next() override;
    std::uint64_t bytes_left() const override;

    // Passes over up to `chunks` chunks without reading them; answers how many there were. Before
    // the first next().
    std::uint64_t skip(std::uint64_t chunks);

  private:
    struct Reading {
        PlannedChunk planned;
        std::vector<Range>
            pieces;    // what is read: planned data, and gaps not worth a request of their own
        Bytes buffer;  // the pieces, one after the other
        std::vector<qemu::NbdReader::Ticket> tickets;
    };
    using Readings = std::deque<std::unique_ptr<Reading>>;

    void stop_reading();
    void read_all();
    void read_until_ended();
    bool may_begin();
    bool wait_for_room();
    bool begin_next(Readings& under_way);
    void begin(Reading& reading);
    void finish_first(Readings& under_way);
    point::Chunk chunk_of(Reading& reading) const;

    std::uint32_t disk_;
    DiskInput input_;  // the reading thread's while it runs
    ChunkPlan plan_;   // the same
    std::uint64_t passed_bytes_ = 0;
    std::unique_ptr<Reading> given_;  // whose bytes the last chunk shows

    std::mutex mutex_;  // guards the rest
    std::condition_variable changed_;
    Readings done_;
    std::uint64_t held_bytes_ = 0;  // under way and done
    bool ended_ = false;            // nothing follows what is done
    bool stopping_ = false;
    std::optional<Error> error_;  // follows what is done
    std::thread thread_;
};

}  // namespace reviver::capture
