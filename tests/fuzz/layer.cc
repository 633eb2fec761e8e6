// A layer of the store as its file is found on a disk: damaged, or made by an enemy who makes good
// digests. The input is a file without most of its zeros: 320 bytes of the header, whose digest is
// put right, then the first 64 bytes of each cluster behind it, the checksums as the last ones.
#include "base/checksum.h"
#include "fuzz_input.h"
#include "store/layer_reader.h"

#include <algorithm>
#include <cstring>

using namespace reviver;
using namespace reviver::fuzz;
namespace qcow2 = reviver::store::qcow2;

namespace {

constexpr std::size_t header_given = 320;
constexpr std::size_t cluster_given = 64;
constexpr std::uint64_t clusters_looked_at = 200;
constexpr std::uint64_t clusters_scrubbed = 64;

// Where encode() puts the digest: behind the fixed part, the backing format and the identity.
void put_digest_right(Bytes& header) {
    const auto format_length = load_be<std::uint32_t>(&header[108]);
    if (format_length > 16) return;
    const std::size_t digest = 104 + 8 + align_up(format_length, 8) + 8 + 128;
    store_le<std::uint64_t>(&header[digest], 0);
    store_le<std::uint64_t>(&header[digest], xxh3(header));
}

class GivenFile : public sys::File {
  public:
    GivenFile(Bytes header, ByteView clusters) : header_(std::move(header)), clusters_(clusters) {
        may_refuse([&] { size_bytes_ = qcow2::decode(header_).file_bytes(); });
    }

    std::size_t read_at(std::uint64_t offset, ByteSpan to) override {
        if (offset >= size_bytes_) return 0;
        const std::size_t length = std::min<std::uint64_t>(to.size(), size_bytes_ - offset);
        for (std::size_t done = 0; done < length;) {
            const std::uint64_t at = offset + done;
            const std::size_t piece = std::min<std::uint64_t>(
                length - done, qcow2::cluster_bytes - at % qcow2::cluster_bytes);
            read_in_cluster(at / qcow2::cluster_bytes, at % qcow2::cluster_bytes,
                            to.subspan(done, piece));
            done += piece;
        }
        return length;
    }
    std::uint64_t size_bytes() override { return size_bytes_; }
    void write_at(std::uint64_t, ByteView) override { expect(false, "a reader reads"); }
    void sync() override {}
    void resize(std::uint64_t) override { expect(false, "a reader reads"); }
    void punch(Range) override { expect(false, "a reader reads"); }
    std::vector<Extent> extents(Range) override { return {}; }

  private:
    void read_in_cluster(std::uint64_t cluster, std::size_t at, ByteSpan to) const {
        std::fill(to.begin(), to.end(), std::byte{0});
        const ByteView given = of_cluster(cluster);
        if (at >= given.size()) return;
        std::memcpy(to.data(), &given[at], std::min(to.size(), given.size() - at));
    }
    ByteView of_cluster(std::uint64_t cluster) const {
        if (cluster == 0) return header_;
        if (cluster > clusters_.size() / cluster_given) return {};
        return clusters_.subspan((cluster - 1) * cluster_given, cluster_given);
    }

    Bytes header_;
    ByteView clusters_;
    std::uint64_t size_bytes_ = qcow2::header_bytes;
};

class GivenFiles : public sys::Files {
  public:
    explicit GivenFiles(ByteView input) : input_(input) {}

    std::unique_ptr<sys::File> open(const sys::Path&, sys::OpenMode mode) override {
        expect(mode == sys::OpenMode::read, "a reader reads");
        Bytes header(qcow2::header_bytes);
        std::copy_n(input_.begin(), std::min(input_.size(), header_given), header.begin());
        put_digest_right(header);
        return std::make_unique<GivenFile>(std::move(header),
                                           input_.subspan(std::min(input_.size(), header_given)));
    }
    bool exists(const sys::Path&) override { return true; }
    void rename(const sys::Path&, const sys::Path&) override { expect(false, "it stays"); }
    void remove(const sys::Path&) override { expect(false, "it stays"); }
    void make_directories(const sys::Path&) override { expect(false, "it stays"); }
    void sync_directory(const sys::Path&) override {}
    std::vector<std::string> list(const sys::Path&) override { return {}; }
    sys::Space space(const sys::Path&) override { return {}; }
    const char* sqlite_vfs() const override { return nullptr; }

  private:
    ByteView input_;
};

void look_at(store::LayerReader& layer) {
    const std::uint64_t end = qcow2::clusters_of(layer.size_bytes());
    std::uint64_t looked_at = 0;
    for (std::uint64_t i = layer.next_touched(0); i < end; i = layer.next_touched(i + 1)) {
        if (++looked_at > clusters_looked_at) return;
        may_refuse([&] {
            const store::Cluster found = layer.cluster(i);
            expect((found.data & found.zero) == 0, "a subcluster is one thing");
            expect(found.data == 0 || found.host_offset != 0, "data is somewhere");
            Bytes bytes(qcow2::subcluster_bytes);
            if (found.data != 0) layer.read(found.host_offset, bytes);
            layer.verify(i);
        });
    }
}

void look_at_segments(store::LayerReader& layer) {
    const Range whole{0, std::min(layer.size_bytes(), 4 * qcow2::l2_reach_bytes)};
    std::uint64_t at = 0;
    for (const store::Segment& segment : store::segments(layer, whole)) {
        expect(segment.offset == at && segment.length > 0, "segments are adjacent");
        at = segment.end();
    }
    expect(at == whole.length, "segments cover what was asked for");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    GivenFiles files(ByteView(reinterpret_cast<const std::byte*>(data), size));
    may_refuse([&] {
        store::LayerReader layer(files, "p1.qcow2");
        may_refuse([&] { look_at(layer); });
        may_refuse([&] { look_at_segments(layer); });
        if (layer.header().clusters > clusters_scrubbed) return;
        layer.scrub([](Range) {},
                    [budget = clusters_looked_at](std::uint64_t) mutable { return budget-- > 0; });
    });
    return 0;
}
