// A point::Sink at the other end of a link. Chunks are streamed: write() returns when the chunk is
// sent, so an error that the peer has with it is thrown by a later call, at the latest by commit().
// The chunks before it are there, it and those after it are not: begin_cut() answers how many.
#pragma once

#include "wire/compress.h"
#include "wire/link.h"

#include <memory>

namespace reviver::wire {

class RemoteSink : public point::Sink {
  public:
    explicit RemoteSink(std::shared_ptr<Link> link);
    ~RemoteSink() override;

    point::ReceiveState open(const point::ReceiveHeader& header) override;
    std::uint64_t begin_cut(const point::CutHeader& cut) override;
    void write(const point::Chunk& chunk) override;
    point::CompareAnswer compare(std::uint32_t disk, std::uint64_t first_group,
                                 const std::vector<Hash>& groups) override;
    void commit(const point::CutTrailer& trailer) override;

  private:
    std::shared_ptr<Link> link_;
    Compressor compressor_;
    bool compressed_ = false;
    std::uint64_t receive_ = 0;  // what open() took over; 0 before
};

}  // namespace reviver::wire
