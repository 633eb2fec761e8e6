// Writes a point to a directory of a medium that will be carried to the other site: one raw, sparse
// file a disk, and a manifest.
//
// Order, so that a directory never says more than it holds:
//   open     the mark "unfinished", with the names of all that will be made, is durable before any
//            of it is made
//   write    bulk, then the cut on top of it, in place
//   commit   every file is durable; each is read back for its checksum; the manifest gets its name;
//            only then the mark goes
// So a directory with a manifest is whole, whatever the power did; one with the mark alone is not,
// and discard_unfinished() knows what in it is ours. An export begins anew after every
// interruption: there is no other end that would remember half of it.
//
// Errors of open: Code::invalid_parameter for a relative path, no_file for a missing directory,
// exists for one that holds an export, or names that an export would need. Of all: no_space; those
// of the device.
#pragma once

#include "medium/manifest.h"
#include "point/point.h"
#include "sys/world.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace reviver::medium {

// What the medium says besides the point.
struct Title {
    std::string collection_name;
    std::string primary;
    std::string recovery;
    std::vector<VmDefinition> vms;  // whose names the directories get
};

struct ReadBack {
    std::function<void(std::uint64_t bytes)> progress{};  // read of all files so far
    std::function<bool()> stopped{};                      // true ends the commit with Error stopped
};

class ExportSink : public point::Sink {
  public:
    ExportSink(sys::World& world, sys::Path directory, Title title, ReadBack read_back = {});

    point::ReceiveState open(const point::ReceiveHeader& header) override;
    std::uint64_t begin_cut(const point::CutHeader& cut) override;
    void write(const point::Chunk& chunk) override;
    // Code::not_supported: there is nothing on the medium to compare with.
    point::CompareAnswer compare(std::uint32_t disk, std::uint64_t first_group,
                                 const std::vector<Hash>& groups) override;
    // All that was written is durable, if under no manifest yet: whoever gave it may forget it.
    void sync();
    void commit(const point::CutTrailer& trailer) override;

  private:
    struct Disk {
        Manifest::Disk entry;
        std::unique_ptr<sys::File> file;
    };

    void lay_out();
    void mark_unfinished();
    void complete();
    void make_files();
    Hash read_back(sys::File& file, std::uint64_t size_bytes);
    Manifest describe() const;

    sys::World& world_;
    const sys::Path directory_;
    const Title title_;
    const ReadBack read_back_;
    point::ReceiveHeader header_;
    point::CutHeader cut_;
    std::vector<Disk> disks_;
    std::vector<std::string> directories_;
    std::uint64_t unsynced_bytes_ = 0;
    std::uint64_t read_bytes_ = 0;
};

// Code::invalid_parameter, no_file and exists as above; says nothing about an unfinished export
// of the same collection, which may be begun anew.
void require_free(sys::Files& files, const sys::Path& directory, CollectionId collection);

// Removes what an export of the collection that is not complete left, and nothing else. With
// `complete_too` also a complete one, which nobody was told of. Repeating it is no error.
void discard(sys::Files& files, const sys::Path& directory, CollectionId collection,
             bool complete_too);

}  // namespace reviver::medium
