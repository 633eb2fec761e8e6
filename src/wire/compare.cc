#include "wire/compare.h"

#include "base/error.h"
#include "sys/exclusive.h"
#include "wire/block_hashes.h"
#include "wire/chunk_builder.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

namespace reviver::wire {

namespace {

constexpr std::size_t batch_groups = 16;  // 256 MiB of disk: some round trips a minute
constexpr std::size_t batches_ahead = 2;

struct Batch {
    std::uint64_t first_group = 0;
    std::vector<std::vector<Hash>> blocks;  // of each group
    std::vector<Hash> groups;
};

void stop_if_wanted(const CompareFilters& filters) {
    if (filters.stopped && filters.stopped()) fail(Code::stopped, "the comparison was stopped");
}

// Hashes the batches of an image in a task of its own, a little ahead of whoever takes them.
class HashingAhead {
  public:
    HashingAhead(sys::World& world, point::Image& image, sys::Exclusive& image_turn,
                 const CompareFilters& filters)
        : image_(image),
          image_turn_(image_turn),
          filters_(filters),
          made_(world.tasks.make_signal()),
          taken_(world.tasks.make_signal()),
          task_(world.tasks.start("wire-hash", [this] { run(); })) {}

    ~HashingAhead() {
        {
            const std::lock_guard lock(mutex_);
            abandoned_ = true;
        }
        taken_->raise();
    }

    // Nothing after the last. Throws what the hashing met.
    std::optional<Batch> next() {
        for (;;) {
            {
                const std::lock_guard lock(mutex_);
                if (!batches_.empty()) {
                    Batch batch = std::move(batches_.front());
                    batches_.pop_front();
                    taken_->raise();
                    return batch;
                }
                if (error_) throw *error_;
                if (finished_) return std::nullopt;
            }
            made_->wait_until(sys::never);
        }
    }

  private:
    void run() {
        std::optional<Error> error;
        try {
            hash_all();
        } catch (const Error& e) {
            error = e;
        }
        const std::lock_guard lock(mutex_);
        error_ = error;
        finished_ = true;
        made_->raise();
    }

    void hash_all() {
        const std::uint64_t size = image_.size_bytes();
        const std::uint64_t groups = (size + compare_group_bytes - 1) / compare_group_bytes;
        for (std::uint64_t first = 0; first < groups; first += batch_groups) {
            if (!wait_for_room()) return;
            Batch batch = hash_batch(first, std::min<std::uint64_t>(batch_groups, groups - first));
            const std::lock_guard lock(mutex_);
            batches_.push_back(std::move(batch));
            made_->raise();
        }
    }

    Batch hash_batch(std::uint64_t first, std::uint64_t count) {
        Batch batch{first, {}, {}};
        for (std::uint64_t group = first; group < first + count; ++group) {
            stop_if_wanted(filters_);
            const auto turn = image_turn_.take();
            const Range range = group_range(group, image_.size_bytes());
            batch.blocks.push_back(hasher_.hashes(image_, range));
            batch.groups.push_back(group_hash(batch.blocks.back()));
        }
        return batch;
    }

    bool wait_for_room() {
        for (;;) {
            {
                const std::lock_guard lock(mutex_);
                if (abandoned_) return false;
                if (batches_.size() < batches_ahead) return true;
            }
            taken_->wait_until(sys::never);
        }
    }

    point::Image& image_;
    sys::Exclusive& image_turn_;
    const CompareFilters& filters_;
    BlockHasher hasher_;
    std::mutex mutex_;
    std::deque<Batch> batches_;
    std::optional<Error> error_;
    bool finished_ = false;
    bool abandoned_ = false;
    std::unique_ptr<sys::Signal> made_;
    std::unique_ptr<sys::Signal> taken_;
    std::unique_ptr<sys::Task> task_;  // last: joined before what it uses goes
};

class Comparison {
  public:
    Comparison(sys::World& world, point::Image& local, std::uint32_t disk, point::Sink& remote,
               const CompareFilters& filters)
        : world_(world),
          local_(local),
          disk_(disk),
          remote_(remote),
          filters_(filters),
          local_turn_(world),
          builder_(disk, remote) {}

    CompareResult run() {
        HashingAhead hashing(world_, local_, local_turn_, filters_);
        while (const std::optional<Batch> batch = hashing.next()) {
            settle(*batch);
            if (filters_.progress) filters_.progress(result_);
        }
        builder_.finish();
        result_.data_bytes = builder_.data_bytes();
        return result_;
    }

  private:
    void settle(const Batch& batch) {
        const auto answer = remote_.compare(disk_, batch.first_group, batch.groups);
        for (const auto& group : answer.differing) {
            stop_if_wanted(filters_);
            send_differing(group, batch.blocks.at(group.index - batch.first_group));
        }
        for (std::size_t i = 0; i < batch.groups.size(); ++i) {
            const Range range = group_range(batch.first_group + i, local_.size_bytes());
            result_.compared_bytes += range.length;
        }
        result_.data_bytes = builder_.data_bytes();
    }

    // Blocks that the sink has no hash of, because its disk is shorter, differ too.
    void send_differing(const point::CompareAnswer::Group& theirs, const std::vector<Hash>& ours) {
        const Range group = group_range(theirs.index, local_.size_bytes());
        RangeSet differing;
        for (std::size_t i = 0; i < ours.size(); ++i) {
            if (i < theirs.blocks.size() && theirs.blocks[i] == ours[i]) continue;
            const std::uint64_t offset = group.offset + i * point::compare_block;
            differing.add({offset, std::min(point::compare_block, group.end() - offset)});
        }
        for (const Range& range : differing.ranges()) send(range);
    }

    void send(Range range) {
        for (std::uint64_t at = range.offset; at < range.end(); at += piece_.size()) {
            piece_.resize(std::min(point::chunk_payload_max, range.end() - at));
            {
                const auto turn = local_turn_.take();
                local_.read(at, piece_);
            }
            send_blocks(at);
        }
        result_.differing_bytes += range.length;
    }

    void send_blocks(std::uint64_t offset) {
        for (ByteView rest = piece_; !rest.empty();) {
            const ByteView block = rest.first(std::min(rest.size(), point::compare_block));
            builder_.add(offset, block);
            offset += block.size();
            rest = rest.subspan(block.size());
        }
    }

    sys::World& world_;
    point::Image& local_;
    const std::uint32_t disk_;
    point::Sink& remote_;
    const CompareFilters& filters_;
    sys::Exclusive local_turn_;
    ChunkBuilder builder_;
    Bytes piece_;
    CompareResult result_;
};

}  // namespace

CompareResult compare_disk(sys::World& world, point::Image& local, std::uint32_t disk,
                           point::Sink& remote, const CompareFilters& filters) {
    return Comparison(world, local, disk, remote, filters).run();
}

}  // namespace reviver::wire
