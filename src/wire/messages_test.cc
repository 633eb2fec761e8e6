#include "wire/messages.h"

#include "wire/limits.h"
#include "wire/test_sites.h"

#include <gmock/gmock.h>

#include <random>

namespace reviver::wire {
namespace {

ByteView view(const std::string& text) {
    return bytes_of(text);
}

point::CutHeader cut_of(std::vector<VmDefinition> vms) {
    point::CutHeader cut;
    cut.vms = std::move(vms);
    return cut;
}

Hash hash_of(std::uint8_t number) {
    Hash hash{};
    hash[0] = std::byte{number};
    return hash;
}

TEST(Messages, hello_comes_back) {
    const Hello hello{1, 3, {SiteId(uuid_numbered(7)), "west", "1.2.3"}, 123456};
    const Hello back = decode_hello(view(encode(hello)));
    EXPECT_EQ(back.version_min, 1u);
    EXPECT_EQ(back.version_max, 3u);
    EXPECT_EQ(back.site.id, hello.site.id);
    EXPECT_EQ(back.site.name, "west");
    EXPECT_EQ(back.site.product, "1.2.3");
    EXPECT_EQ(back.window_bytes, 123456u);
}

// The examples of docs/formats/wire.md.
TEST(Messages, are_these_bytes) {
    EXPECT_EQ(
        to_hex(view(encode(Hello{1, 1, {SiteId(uuid_numbered(7)), "west", "0.1.0"}, 8 << 20}))),
        "080110011a05302e312e3022047765737"
        "42a10000000000000000000000000000000073080808004");
    const point::Chunk chunk{2, {{4096, 8192}, {65536, 4096, Content::zero}}, {}};
    EXPECT_EQ(to_hex(view(encode(chunk, 0))), "08021205802080a0031a058080018140");
    EXPECT_EQ(to_hex(encode(cut_of({{VmId(uuid_numbered(5)), "a", "<x/>"}})).payload),
              "00000000000000000000000000000005"
              "01000000"
              "61"
              "04000000"
              "3c782f3e");
}

TEST(Messages, errors_keep_code_and_text) {
    const Error back = decode_failure(view(encode(Error(Code::stale_epoch, "epoch 3 is over"))));
    EXPECT_EQ(back.code(), Code::stale_epoch);
    EXPECT_STREQ(back.what(), "epoch 3 is over");
    EXPECT_EQ(decode_failure(view(encode(Error(Code::stopped, "")))).code(), Code::unavailable);
    const Error long_one(Code::failed, std::string(text_bytes_max + 10, 'x'));
    EXPECT_EQ(std::string(decode_failure(view(encode(long_one))).what()).size(), text_bytes_max);
    EXPECT_EQ(decode_failure(view(std::string("\x08\x7f", 2))).code(), Code::failed);
}

TEST(Messages, open_holds_the_largest_number_of_disks) {
    auto header = header_of_disks(std::vector<std::uint64_t>(200, point::disk_size_max), true);
    while (header.disks.size() < point::disks_max) header.disks.push_back(header.disks[0]);
    const std::string encoded = encode(header);
    EXPECT_LE(encoded.size(), open_bytes_max);
    const auto back = decode_open(view(encoded));
    ASSERT_EQ(back.disks.size(), point::disks_max);
    EXPECT_EQ(back.disks[199].shape, header.disks[199].shape);
    EXPECT_EQ(back.disks[0].bulk, point::Bulk::full);
    EXPECT_TRUE(back.compressed);
    header.disks.push_back(header.disks[0]);
    EXPECT_FAILS(Code::protocol, "too many disks", decode_open(view(encode(header))));
    header = header_of_disks({point::disk_size_max + 1});
    EXPECT_FAILS(Code::protocol, "too large", decode_open(view(encode(header))));
    header = header_of_disks({1});
    header.disks[0].shape.key.target = "";
    EXPECT_FAILS(Code::protocol, "target", decode_open(view(encode(header))));
}

TEST(Messages, opened_must_fit_its_disks) {
    const auto back = decode_opened(view(encode(point::ReceiveState{false, true, {5, 6}})), 2);
    EXPECT_FALSE(back.fresh);
    EXPECT_TRUE(back.committed);
    EXPECT_THAT(back.bulk_done, testing::ElementsAre(5, 6));
    EXPECT_FAILS(Code::protocol, "another number",
                 decode_opened(view(encode(point::ReceiveState{false, false, {5}})), 2));
}

TEST(Messages, a_chunk_holds_the_largest_number_of_extents) {
    point::Chunk chunk{1, {}, {}};
    for (std::uint64_t i = 0; i < point::chunk_extents_max; ++i) {
        chunk.extents.push_back({i << 35, 1ull << 34, i % 2 ? Content::zero : Content::data});
    }
    const std::string encoded = encode(chunk, 5);
    EXPECT_LE(encoded.size(), chunk_message_max);
    const ChunkMessage back = decode_chunk(view(encoded));
    EXPECT_EQ(back.disk, 1u);
    EXPECT_EQ(back.extents, chunk.extents);
    EXPECT_EQ(back.data_bytes, 5u);
    chunk.extents.push_back({1ull << 46, 1});
    EXPECT_FAILS(Code::protocol, "too many extents", decode_chunk(view(encode(chunk, 0))));
}

// What point::validate() sees must be what was sent: no sum may wrap around into the disk.
TEST(Messages, extents_that_would_wrap_around_are_refused) {
    const point::Chunk backwards{0, {{8192, 4096}, {4096, 4096}}, {}};
    EXPECT_FAILS(Code::protocol, "larger than a disk", decode_chunk(view(encode(backwards, 0))));
    const point::Chunk huge{0, {{0, 1ull << 62}}, {}};
    EXPECT_FAILS(Code::protocol, "larger than a disk", decode_chunk(view(encode(huge, 0))));
    EXPECT_FAILS(Code::protocol, "too large",
                 decode_chunk(view(encode(huge, point::chunk_payload_max + 1))));
}

TEST(Messages, a_cut_is_checked) {
    point::CutHeader cut;
    cut.vms = {{VmId(uuid_numbered(1)), "one", std::string(100000, 'x')}};
    const CutMessage encoded = encode(cut);
    EXPECT_EQ(decode_cut(view(encoded.message), encoded.payload).vms, cut.vms);
    for (std::size_t size = 1; size < encoded.payload.size(); size += 777) {
        EXPECT_FAILS(Code::protocol, "end too early",
                     decode_cut(view(encoded.message), ByteView(encoded.payload).first(size)));
    }
    cut.vms.assign(vms_max + 1, {});
    EXPECT_FAILS(Code::out_of_memory, "over the limit", encode(cut));
    cut.vms.clear();
    cut.kind = static_cast<PointKind>(9);
    EXPECT_FAILS(Code::protocol, "kind", decode_cut(view(encode(cut).message), {}));
}

TEST(Messages, comparison_comes_back) {
    const CompareQuestion question{3, 7, {hash_of(1), hash_of(2)}};
    const CompareQuestion back = decode_compare(view(encode(question)));
    EXPECT_EQ(back.disk, 3u);
    EXPECT_EQ(back.first_group, 7u);
    EXPECT_EQ(back.groups, question.groups);
    const point::CompareAnswer answer{{{8, {hash_of(4), hash_of(5)}}, {7, {}}}};
    const auto answered = decode_compared(view(encode(answer)), 7, 2);
    ASSERT_EQ(answered.differing.size(), 2u);
    EXPECT_EQ(answered.differing[0].index, 8u);
    EXPECT_EQ(answered.differing[0].blocks, answer.differing[0].blocks);
    EXPECT_TRUE(answered.differing[1].blocks.empty());
}

TEST(Messages, comparison_is_checked) {
    const point::CompareAnswer answer{{{8, {hash_of(4)}}}};
    EXPECT_FAILS(Code::protocol, "nobody asked", decode_compared(view(encode(answer)), 9, 4));
    EXPECT_FAILS(Code::protocol, "nobody asked", decode_compared(view(encode(answer)), 7, 1));
    const point::CompareAnswer many{{{8, std::vector<Hash>(point::compare_group_blocks + 1)}}};
    EXPECT_FAILS(Code::protocol, "blocks", decode_compared(view(encode(many)), 8, 1));
    EXPECT_FAILS(Code::protocol, "groups to compare",
                 decode_compare(view(encode(CompareQuestion{0, 0, {}}))));
    const CompareQuestion large{0, 0, std::vector<Hash>(compare_groups_max + 1)};
    EXPECT_FAILS(Code::protocol, "groups to compare", decode_compare(view(encode(large))));
    const CompareQuestion far{0, ~0ull, {Hash{}}};
    EXPECT_FAILS(Code::protocol, "beyond", decode_compare(view(encode(far))));
}

// Whatever arrives is answered with an Error or a value, never with a crash.
TEST(Messages, survive_anything) {
    std::mt19937_64 random(1);
    const std::vector<std::string> seeds = {
        encode(Hello{1, 1, {SiteId(uuid_numbered(7)), "west", "0.1.0"}, 8 << 20}),
        encode(header_of_disks({4096, 8192})),
        encode(point::Chunk{2, {{4096, 8192}, {65536, 4096, Content::zero}}, {}}, 0),
        encode(CompareQuestion{3, 7, {hash_of(1), hash_of(2)}}),
        encode(point::CompareAnswer{{{8, {hash_of(4), hash_of(5)}}}}),
        encode(cut_of({{VmId(uuid_numbered(1)), "one", "x"}})).message,
    };
    int answered = 0;
    for (int round = 0; round < 20000; ++round) {
        std::string bytes = seeds[random() % seeds.size()];
        for (std::uint64_t change = random() % 4; change > 0; --change) {
            bytes[random() % bytes.size()] = static_cast<char>(random());
        }
        bytes.resize(random() % (bytes.size() + 1));
        const ByteView v = view(bytes);
        const std::function<void()> decoders[] = {
            [&] { decode_hello(v); },     [&] { decode_failure(v); },
            [&] { decode_call(v); },      [&] { decode_open(v); },
            [&] { decode_opened(v, 2); }, [&] { decode_chunk(v); },
            [&] { decode_cut(v, v); },    [&] { decode_cut_begun(v); },
            [&] { decode_compare(v); },   [&] { decode_compared(v, 8, 2); },
            [&] { decode_commit(v); },
        };
        for (const auto& decode : decoders) answered += error_of(decode).has_value() ? 1 : 0;
    }
    EXPECT_GT(answered, 20000);
}

}  // namespace
}  // namespace reviver::wire
