// Reads a finished layer. The file may be damaged or made by an enemy: everything in it is checked
// against its bounds before it is used, and what is wrong is answered with Error corrupt.
//
// Memory: the L1 table (8 bytes for 256 MiB of disk), and mapping_cache_pages of mapping. Belongs
// to one task; several readers may have one file open.
#pragma once

#include "store/layer.h"
#include "store/limits.h"
#include "store/qcow2.h"
#include "sys/files.h"

#include <array>
#include <functional>
#include <memory>
#include <vector>

namespace reviver::store {

class LayerReader : public Layer {
  public:
    // Checks the header, the file's length and the L1 table; not the rest, which is checked as it
    // is used.
    LayerReader(sys::Files& files, const sys::Path& path);

    // Only the header: who the layer is and what it builds on.
    static qcow2::Header read_header(sys::Files& files, const sys::Path& path);

    const qcow2::Header& header() const { return header_; }

    std::uint64_t size_bytes() const override { return header_.size_bytes; }
    Cluster cluster(std::uint64_t index) override;
    std::uint64_t next_touched(std::uint64_t index) override;
    void read(std::uint64_t host_offset, ByteSpan to) override;
    void verify(std::uint64_t index) override;

    // Compares every cluster with its checksum; calls `bad` for each that fails. `read` is told how
    // many bytes were read and answers false to end.
    void scrub(const std::function<void(Range in_file)>& bad,
               const std::function<bool(std::uint64_t bytes)>& read);

  private:
    static constexpr std::uint64_t page_entries = 256;  // 16 bytes each: 4 KiB of an L2 table
    using Page = std::array<std::byte, page_entries * 16>;
    struct Cached {
        std::uint64_t number = ~0ull;  // page of the whole mapping
        std::unique_ptr<Page> page;
    };

    const Page& page(std::uint64_t number);
    std::uint64_t l2_offset(std::uint64_t table) const;
    void check(const Cluster& cluster, std::uint64_t entry) const;
    std::uint64_t sum(std::uint64_t host_cluster);

    const sys::Path path_;
    std::unique_ptr<sys::File> file_;
    const qcow2::Header header_;
    std::vector<std::uint64_t> l1_;
    std::array<Cached, mapping_cache_pages> cache_;  // page n is kept at n % mapping_cache_pages
    std::uint64_t verified_ = ~0ull;                 // the cluster that was verified last
    Bytes sums_;                                     // a part of the checksum table
    std::uint64_t sums_first_ = 0;                   // host cluster of its first entry
};

}  // namespace reviver::store
