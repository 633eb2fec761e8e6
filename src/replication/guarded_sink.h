// The store's sink behind the relationship: every step of a receive is let through only while the
// collection takes points, from the peer it belongs to, in the present epoch. A failover that
// begins waits for a commit under way and refuses what comes after it, so no point appears under a
// failed-over collection.
#pragma once

#include "base/error.h"
#include "replication/group.h"

#include <functional>
#include <memory>
#include <string>

namespace reviver::replication {

class GuardedSink : public point::Sink {
  public:
    // Finds the group of a collection that belongs to the peer; Code::not_found otherwise.
    using Finder = std::function<std::shared_ptr<Group>(CollectionId)>;

    // Throws when nothing of the peer may be taken in any more.
    using Admission = std::function<void()>;

    // `way_in`: what keeps other ways of receiving out as long as this sink is there.
    GuardedSink(Context& context, Finder find, Admission admit,
                std::unique_ptr<point::Sink> store_sink, std::shared_ptr<void> way_in);

    point::ReceiveState open(const point::ReceiveHeader& header) override;
    std::uint64_t begin_cut(const point::CutHeader& cut) override;
    void write(const point::Chunk& chunk) override;
    point::CompareAnswer compare(std::uint32_t disk, std::uint64_t first_group,
                                 const std::vector<Hash>& groups) override;
    void commit(const point::CutTrailer& trailer) override;

  private:
    void require_welcome();
    template <class Step>
    auto guarded(Step&& step);
    void note_full_store(const Error& error);
    void after_commit();

    Context& context_;
    Finder find_;
    Admission admit_;
    std::unique_ptr<point::Sink> sink_;
    std::shared_ptr<void> way_in_;
    std::shared_ptr<Group> group_;
    Epoch epoch_;
    point::CutHeader cut_;
};

}  // namespace reviver::replication
