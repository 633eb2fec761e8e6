// One receive: what arrives for one point, until it is one. It lives in the store, not in the Sink,
// so that a broken connection costs nothing: the next Sink with the same ReceiveId goes on with it.
//
// What survives what:
//   a broken connection    everything
//   a restart              bases: what is below the last mark (bulk_done). Layers: nothing; they
//                          are begun again.
//   another ReceiveId      bases stay as they are: good for a compare, and a full copy goes on in
//                          them where the new receive names the same copy. Layers go.
//
// Private to the folder. Whoever calls has the collection's receive turn.
#pragma once

#include "point/point.h"
#include "store/context.h"
#include "store/target.h"

#include <memory>
#include <optional>
#include <vector>

namespace reviver::store {

class Receive {
  public:
    // Makes the disks' directories, files and rows as far as they are not there. `row` is the
    // collection's, if there is one.
    Receive(Context& context, Live& live, const point::ReceiveHeader& header);

    const point::ReceiveHeader& header() const { return header_; }
    // Once the point is durable only this may be asked, and commit() answers at once.
    bool committed() const { return committed_; }
    point::ReceiveState state() const;

    // Another sink goes on with it.
    void reopen();
    std::uint64_t begin_cut(const point::CutHeader& cut);
    void write(const point::Chunk& chunk);
    point::CompareAnswer compare(std::uint32_t disk, std::uint64_t first_group,
                                 const std::vector<Hash>& groups);
    void commit(const point::CutTrailer& trailer);
    // Removes what is not in a base. The receive is of no use afterwards.
    void discard();

  private:
    struct Disk {
        DiskId id = 0;
        std::uint64_t size_bytes = 0;
        sys::Path directory;
        std::unique_ptr<Target> target;
        bool in_base = false;         // the target is the base
        bool sums_behind = false;     // noted in the manifest
        std::uint64_t bulk_done = 0;  // bytes from the start; of Bulk::full into a base
        bool renamed = false;         // the layer has its name
        std::uint64_t stored_bytes = 0;
    };

    void open_disks(const CollectionRow& row, const std::optional<ReceiveRow>& resumed);
    static std::uint64_t done_before(const DiskRow& row, const point::ReceiveHeader::Disk& wanted,
                                     const std::optional<ReceiveRow>& resumed);
    Disk open_disk(const CollectionRow& row, const DiskRow& disk_row,
                   const point::ReceiveHeader::Disk& wanted);
    void make_rows();
    void apply(Disk& disk, const point::Chunk& chunk);
    void advance(Disk& disk, const std::vector<Extent>& extents);
    bool lives_in_marks() const;
    void note_sums_behind();
    void mark();
    ReceiveRow progress() const;
    void mark_copies();
    void check_bulk() const;
    void check_trailer(const point::CutTrailer& trailer) const;
    void publish();
    PointInfo describe() const;
    Disk& disk_at(std::uint32_t index);

    Context& context_;
    Live& live_;
    const point::ReceiveHeader header_;
    std::vector<Disk> disks_;
    bool unmarked_ = false;                // something arrived since the last mark
    std::uint64_t unmarked_bytes_ = 0;     // of data, without zeros
    std::optional<point::CutHeader> cut_;  // has arrived in part, and can be gone on with
    bool in_cut_ = false;                  // what arrives now is of it
    std::uint64_t cut_chunks_ = 0;
    Xxh3 cut_digest_;
    bool fresh_ = true;
    bool committed_ = false;
};

// The sink that Store::receive() gives.
std::unique_ptr<point::Sink> make_receive_sink(Context& context);
// Ends the receive of a collection, if there is one. The caller has the receive turn.
void drop_receive(Context& context, Live& live, CollectionId collection);

}  // namespace reviver::store
