// An initial copy on its way on a medium: what was exported is what is imported, and whatever
// happened to the medium in between is noticed.
#include "base/error.h"
#include "medium/export_sink.h"
#include "medium/imported_copy.h"
#include "medium/names.h"
#include "point/copy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

namespace reviver::medium {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kib = 1024;
const VmId web = *VmId::parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee");
const VmId db = *VmId::parse("bbbbbbbb-bbbb-4ccc-8ddd-eeeeeeeeeeee");
const CollectionId shop = *CollectionId::parse("11111111-2222-4333-8444-555555555555");

template <class Work>
Error error_of(const Work& work) {
    try {
        work();
    } catch (const Error& e) {
        return e;
    }
    ADD_FAILURE() << "no Error came";
    return Error(Code::stopped, "none");
}

// Keeps what it is given.
class MemorySink : public point::Sink {
  public:
    point::ReceiveState open(const point::ReceiveHeader&) override { return {}; }
    std::uint64_t begin_cut(const point::CutHeader&) override { return 0; }
    void write(const point::Chunk& chunk) override {
        Bytes& disk = disks[chunk.disk];
        ByteView payload = chunk.payload;
        for (const Extent& extent : chunk.extents) {
            if (disk.size() < extent.end()) disk.resize(extent.end());
            if (extent.content == Content::zero) continue;
            data_bytes += extent.length;
            std::ranges::copy(payload.first(extent.length),
                              disk.begin() + static_cast<std::ptrdiff_t>(extent.offset));
            payload = payload.subspan(extent.length);
        }
    }
    point::CompareAnswer compare(std::uint32_t, std::uint64_t, const std::vector<Hash>&) override {
        return {};
    }
    void commit(const point::CutTrailer&) override {}

    std::map<std::uint32_t, Bytes> disks;
    std::uint64_t data_bytes = 0;
};

class MediumTest : public testing::Test {
  protected:
    MediumTest() {
        std::string name = testing::TempDir() + "reviver-medium-XXXXXX";
        path_ = ::mkdtemp(name.data());
    }
    ~MediumTest() override { std::filesystem::remove_all(path_); }

    point::ReceiveHeader header() {
        point::ReceiveHeader header;
        header.id = ReceiveId(world_.random.uuid());
        header.collection = shop;
        header.epoch = {3};
        header.sequence = {1};
        header.disks = {{{{web, "vda"}, 3 * 1024 * kib + 512}, point::Bulk::full},
                        {{{db, "vda"}, 256 * kib}, point::Bulk::full}};
        return header;
    }
    point::CutHeader cut() {
        point::CutHeader cut;
        cut.id = *CutId::parse("22222222-2222-4333-8444-555555555555");
        cut.time = sys::WallTime(std::chrono::hours(1000));
        cut.vms = {{web, "web/../1", "<domain>1</domain>"}, {db, "db", "<domain>2</domain>"}};
        return cut;
    }
    ExportSink sink(ReadBack read_back = {}) {
        return {world_, path_, {"shop", "home", "away", cut().vms}, std::move(read_back)};
    }
    void put(point::Sink& sink, std::uint32_t disk, std::uint64_t offset, const Bytes& data) {
        Bytes& content = contents_[disk];
        content.resize(header().disks[disk].shape.size_bytes);
        std::ranges::copy(data, content.begin() + static_cast<std::ptrdiff_t>(offset));
        const bool zeros = all_zero(data);
        point::Chunk chunk{
            disk, {{offset, data.size(), zeros ? Content::zero : Content::data}}, {}};
        if (!zeros) chunk.payload = data;
        sink.write(chunk);
    }
    static Bytes bytes(std::uint64_t seed, std::size_t length) {
        std::mt19937_64 random(seed);
        Bytes result(length);
        for (std::byte& byte : result) byte = static_cast<std::byte>(random() | 1);
        return result;
    }
    // Bulk of both disks, and a cut that overwrites some of it, with zeros too.
    void export_all(ExportSink& to) {
        to.open(header());
        put(to, 0, 100 * kib, bytes(1, 600 * kib));
        put(to, 1, 0, bytes(2, 256 * kib));
        to.begin_cut(cut());
        put(to, 0, 300 * kib, Bytes(128 * kib));
        put(to, 0, 3 * 1024 * kib, bytes(3, 512));
        put(to, 1, 4 * kib, bytes(4, 4 * kib));
        to.commit({});
    }
    void export_all() {
        auto to = sink();
        export_all(to);
    }
    void import(MemorySink& into) {
        const ImportedCopy copy(world_.files, path_);
        for (std::uint32_t disk = 0; disk < copy.manifest().disks.size(); ++disk) {
            point::CutDigest unused;
            point::copy_chunks(*copy.source(disk), into, unused, 0);
        }
    }
    sys::Path file_of_disk(std::size_t disk) {
        const auto entry = ImportedCopy(world_.files, path_).manifest().disks.at(disk);
        return path_ / entry.directory / entry.file;
    }
    static void flip_a_bit(const sys::Path& file, std::uint64_t at) {
        std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
        stream.seekg(static_cast<std::streamoff>(at));
        const char c = static_cast<char>(stream.get() ^ 1);
        stream.seekp(static_cast<std::streamoff>(at));
        stream.put(c);
    }
    std::string manifest_text() {
        const Bytes content = sys::read_file(world_.files, path_ / manifest_name, 1 << 20);
        return {reinterpret_cast<const char*>(content.data()), content.size()};
    }

    sys::World& world_ = sys::linux_world();
    sys::Path path_;
    std::map<std::uint32_t, Bytes> contents_;
};

TEST_F(MediumTest, WhatIsExportedIsWhatIsImported) {
    export_all();
    EXPECT_FALSE(std::filesystem::exists(path_ / unfinished_name));
    const Manifest manifest = ImportedCopy(world_.files, path_).manifest();
    EXPECT_EQ(manifest.collection, shop);
    EXPECT_EQ(manifest.sequence, Sequence{1});
    EXPECT_EQ(manifest.cut, cut().id);
    EXPECT_EQ(manifest.vms, cut().vms);
    EXPECT_EQ(manifest.disks.at(0).directory, "web-..-1_" + web.text());
    MemorySink into;
    import(into);
    EXPECT_TRUE(into.disks == contents_);
    // What is zeros is found to be that, whatever the file system says of holes.
    EXPECT_LT(into.data_bytes, 900 * kib);
    EXPECT_EQ(std::system(("qemu-img info -f raw " + file_of_disk(0).string() + " > " +
                           (path_ / "info").string())
                              .c_str()),
              0);
}

TEST_F(MediumTest, ADiskThatVmsShareHasADirectoryOfItsOwn) {
    const VmId quorum = *VmId::parse("cccccccc-bbbb-4ccc-8ddd-eeeeeeeeeeee");
    point::ReceiveHeader begun = header();
    begun.disks.push_back({{{quorum, "quorum"}, 64 * kib}, point::Bulk::full});
    point::CutHeader made = cut();
    made.vms[1].domain_xml = "<domain>/data/shared/" + quorum.text() + "/nbd</domain>";
    ExportSink to(world_, path_, {"shop", "home", "away", made.vms});
    to.open(begun);
    to.begin_cut(made);
    to.commit({});
    Manifest manifest = ImportedCopy(world_.files, path_).manifest();
    EXPECT_EQ(manifest.disks.at(2).directory, "quorum_" + quorum.text());
    EXPECT_EQ(manifest.disks.at(2).shape.key, (DiskKey{quorum, "quorum"}));
    manifest.vms = cut().vms;  // none of which has it
    EXPECT_EQ(error_of([&] { manifest_from_text(to_text(manifest)); }).code(), Code::corrupt);
}

TEST_F(MediumTest, TheDirectoryOfAVmNamesTheWholeCopy) {
    export_all();
    const sys::Path of_vm = file_of_disk(1).parent_path();
    EXPECT_EQ(ImportedCopy(world_.files, of_vm).directory(), path_);
    EXPECT_EQ(ImportedCopy(world_.files, of_vm.string() + "/").directory(), path_);
    EXPECT_EQ(error_of([&] { ImportedCopy(world_.files, "shop"); }).code(),
              Code::invalid_parameter);
    EXPECT_EQ(error_of([&] { ImportedCopy(world_.files, path_ / "nowhere/else"); }).code(),
              Code::no_file);
}

TEST_F(MediumTest, EveryFlippedBitIsNoticed) {
    export_all();
    for (const std::size_t disk : {0u, 1u}) {
        for (const std::uint64_t at : {std::uint64_t{0}, 150 * kib, 256 * kib - 1}) {
            flip_a_bit(file_of_disk(disk), at);
            MemorySink into;
            const Error error = error_of([&] { import(into); });
            EXPECT_EQ(error.code(), Code::corrupt);
            EXPECT_THAT(error.what(), HasSubstr(file_of_disk(disk).string()));
            flip_a_bit(file_of_disk(disk), at);
        }
    }
    const std::string good = manifest_text();
    for (std::size_t at = 0; at < good.size() - 1; ++at) {
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ 1);
        try {
            EXPECT_EQ(manifest_from_text(bad), manifest_from_text(good)) << at;
        } catch (const Error& e) {
            EXPECT_TRUE(e.code() == Code::corrupt || e.code() == Code::not_supported) << e.what();
        }
    }
}

TEST_F(MediumTest, ATruncatedManifestAndMissingOrShortFilesAreRefused) {
    export_all();
    const std::string good = manifest_text();
    for (std::size_t length = 0; length + 1 < good.size(); ++length)
        EXPECT_EQ(error_of([&] { manifest_from_text(good.substr(0, length)); }).code(),
                  Code::corrupt);
    const sys::Path file = file_of_disk(0);
    std::filesystem::resize_file(file, 1024);
    EXPECT_EQ(error_of([&] { ImportedCopy(world_.files, path_); }).code(), Code::corrupt);
    std::filesystem::remove(file);
    EXPECT_EQ(error_of([&] { ImportedCopy(world_.files, path_); }).code(), Code::no_file);
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    error_of([&] { ImportedCopy(world_.files, path_); });
}

// Who changes a manifest can make its checksum right too.
TEST_F(MediumTest, HostileManifestsNameNothingElse) {
    export_all();
    const Manifest good = manifest_from_text(manifest_text());
    const auto refused = [&](const std::function<void(Manifest&)>& change) {
        Manifest bad = good;
        change(bad);
        EXPECT_EQ(error_of([&] { manifest_from_text(to_text(bad)); }).code(), Code::corrupt);
    };
    for (const char* name : {"", ".", "..", "../x", "a/b", "/etc", "a\nb"}) {
        refused([&](Manifest& m) { m.disks[0].directory = name; });
        refused([&](Manifest& m) { m.disks[0].file = name; });
    }
    for (const char* target : {"", "../vda", "vda.raw", "v d a"})
        refused([&](Manifest& m) { m.disks[0].shape.key.target = target; });
    for (const std::uint64_t size : {std::uint64_t{0}, point::disk_size_max + 1, UINT64_MAX})
        refused([&](Manifest& m) { m.disks[0].shape.size_bytes = size; });
    refused([](Manifest& m) { m.sequence = {0}; });
    refused([](Manifest& m) { m.cut = CutId(); });
    refused([](Manifest& m) { m.kind = PointKind::seed; });
    refused([](Manifest& m) { m.vms.clear(); });
    refused([](Manifest& m) { m.disks.clear(); });
    refused([](Manifest& m) { m.disks.push_back(m.disks[0]); });
    refused([](Manifest& m) { m.vms.push_back(m.vms[0]); });
    refused([](Manifest& m) { m.disks[0].shape.key.vm = VmId(Uuid({1})); });
    refused([](Manifest& m) { m.disks[1].directory = m.disks[0].directory; });
}

TEST_F(MediumTest, AnUnfinishedExportSaysSoAndIsRemovedOrBegunAnew) {
    {
        auto to = sink();
        to.open(header());
        put(to, 1, 0, bytes(2, 256 * kib));
    }
    EXPECT_EQ(error_of([&] { ImportedCopy(world_.files, path_); }).code(), Code::invalid_state);
    std::ofstream(path_ / "somebody's") << "stays";
    std::ofstream(path_ / ("db_" + db.text()) / "somebody's") << "stays";
    EXPECT_EQ(error_of([&] { export_all(); }).code(), Code::exists);
    std::filesystem::remove(path_ / ("db_" + db.text()) / "somebody's");
    export_all();
    MemorySink into;
    import(into);
    EXPECT_TRUE(into.disks == contents_);

    discard(world_.files, path_, shop, false);
    EXPECT_TRUE(std::filesystem::exists(path_ / manifest_name));
    discard(world_.files, path_, CollectionId(Uuid({1})), true);
    EXPECT_TRUE(std::filesystem::exists(path_ / manifest_name));
    discard(world_.files, path_, shop, true);
    discard(world_.files, path_, shop, true);
    std::vector<std::string> left{"somebody's"};
    EXPECT_EQ(world_.files.list(path_), left);
}

TEST_F(MediumTest, ACommitThatIsStoppedLeavesNoManifest) {
    ReadBack read_back;
    read_back.stopped = [] { return true; };
    auto to = sink(read_back);
    EXPECT_EQ(error_of([&] { export_all(to); }).code(), Code::stopped);
    EXPECT_FALSE(std::filesystem::exists(path_ / manifest_name));
    EXPECT_TRUE(std::filesystem::exists(path_ / unfinished_name));
}

TEST_F(MediumTest, OnlyAFreeDirectoryTakesAnExport) {
    const auto code = [&](const sys::Path& directory, CollectionId collection = shop) {
        return error_of([&] { require_free(world_.files, directory, collection); }).code();
    };
    EXPECT_EQ(code("media/disk"), Code::invalid_parameter);
    EXPECT_EQ(code(""), Code::invalid_parameter);
    EXPECT_EQ(code(path_ / "missing"), Code::no_file);
    require_free(world_.files, path_, shop);
    {
        auto to = sink();
        to.open(header());
    }
    require_free(world_.files, path_, shop);
    EXPECT_EQ(code(path_, CollectionId(Uuid({1}))), Code::exists);
    export_all();
    EXPECT_EQ(code(path_), Code::exists);
}

TEST(MediumNames, AnyNameIsOnePlainName) {
    for (const std::string& name :
         {std::string(".."), std::string(), std::string("a/b\\c:\n\x7f"), std::string(1000, 'x'),
          std::string(".hidden"), std::string("\xc3\xa4\xc3\xb6")}) {
        const std::string directory = directory_of(web, name);
        EXPECT_TRUE(is_plain_name(directory)) << directory;
        EXPECT_NE(directory.front(), '.');
        EXPECT_THAT(directory, testing::EndsWith("_" + web.text()));
    }
    EXPECT_EQ(directory_of(web, "web"), "web_" + web.text());
    EXPECT_EQ(directory_of(web, "\xc3\xa4\xc3\xb6"), "\xc3\xa4\xc3\xb6_" + web.text());
    std::string long_name(119, 'x');
    long_name += "\xc3\xa4";
    EXPECT_EQ(directory_of(web, long_name), std::string(119, 'x') + "_" + web.text());
}

// A copy of format 1 is read, and today's writes the same.
TEST(MediumGolden, FormatOne) {
    const sys::Path path = sys::Path(REVIVER_MEDIUM_TESTDATA) / "format1";
    sys::Files& files = sys::linux_world().files;
    const ImportedCopy copy(files, path);
    const Bytes text = sys::read_file(files, path / manifest_name, 1 << 20);
    EXPECT_EQ(to_text(copy.manifest()),
              std::string(reinterpret_cast<const char*>(text.data()), text.size()));
    EXPECT_EQ(copy.manifest().name, "shop");
    MemorySink into;
    point::CutDigest unused;
    point::copy_chunks(*copy.source(0), into, unused, 0);
    EXPECT_EQ(into.disks.at(0).size(), 1024u);
}

}  // namespace
}  // namespace reviver::medium
