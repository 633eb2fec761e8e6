#include "witness/check.h"

#include "base/error.h"
#include "witness/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>

namespace reviver::witness {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;

constexpr std::uint64_t kDiskBytes = kDiskBytesMin;
constexpr Layout kLayout{2, 2, 16};

DiskHeader make_header(std::uint32_t vm, std::uint32_t disk) {
    DiskHeader header{};
    std::memcpy(header.magic, kDiskMagic, sizeof(header.magic));
    header.version = kVersion;
    std::strcpy(header.group, "tested");
    header.place = {kLayout.guests, vm, kLayout.disks, disk};
    header.slots = kLayout.slots;
    header.slot_spacing_bytes = slot_spacing_bytes(disk, kLayout.slots, kDiskBytes);
    header.size_bytes = kDiskBytes;
    seal(header);
    return header;
}

template <class T>
void put(const fs::path& path, std::uint64_t offset, const T& block) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(offset));
    file.write(reinterpret_cast<const char*>(&block), sizeof(block));
    ASSERT_TRUE(file.good());
}

// A group of two guests with two disks each, as files.
class WitnessCheck : public testing::Test {
  protected:
    void SetUp() override {
        directory_ = fs::path(testing::TempDir()) /
                     testing::UnitTest::GetInstance()->current_test_info()->name();
        fs::create_directories(directory_);
        for (std::uint32_t vm = 0; vm < kLayout.guests; ++vm) {
            for (std::uint32_t disk = 0; disk < kLayout.disks; ++disk) {
                make_blank(path(vm, disk));
                put(path(vm, disk), 0, make_header(vm, disk));
            }
        }
    }
    void TearDown() override { fs::remove_all(directory_); }

    static void make_blank(const fs::path& path) {
        std::ofstream{path};
        fs::resize_file(path, kDiskBytes);
    }

    fs::path path(std::uint32_t vm, std::uint32_t disk) const {
        return directory_ / (std::to_string(vm) + "." + std::to_string(disk));
    }
    fs::path path_of(std::uint64_t number) const {
        return path(kLayout.vm_of(number), kLayout.disk_of(number));
    }
    static std::uint64_t offset_of(std::uint64_t number) {
        return slot_offset(make_header(kLayout.vm_of(number), kLayout.disk_of(number)),
                           kLayout.slot_of(number));
    }

    // Writes record `number` as the guests would after the records written so far.
    void write(std::uint64_t number, std::uint64_t nonce) {
        Record record{};
        std::memcpy(record.magic, kRecordMagic, sizeof(record.magic));
        record.version = kVersion;
        std::strcpy(record.group, "tested");
        record.place = make_header(kLayout.vm_of(number), kLayout.disk_of(number)).place;
        record.number = number;
        record.nonce = nonce;
        record.chain[0] = chain_value(chain_, number, nonce);
        record.chain[1] = chain_;
        chain_ = record.chain[0];
        fill(record);
        seal(record);
        put(path_of(number), offset_of(number), record);
    }
    void mark(std::uint32_t vm, std::uint32_t disk, std::uint64_t last_record) {
        QuiesceMark mark{};
        std::memcpy(mark.magic, kMarkMagic, sizeof(mark.magic));
        mark.version = kVersion;
        mark.last_record = last_record;
        mark.quiesced = 1;
        seal(mark);
        put(path(vm, disk), kMarkOffset, mark);
    }
    void write_through(std::uint64_t last) {
        while (written_ < last) {
            ++written_;
            write(written_, written_ * 77);
        }
    }

    void flip_bit(std::uint64_t number, std::uint64_t at) {
        std::fstream file(path_of(number), std::ios::binary | std::ios::in | std::ios::out);
        file.seekg(static_cast<std::streamoff>(offset_of(number) + at));
        const char byte = static_cast<char>(file.get() ^ 1);
        file.seekp(static_cast<std::streamoff>(offset_of(number) + at));
        file.put(byte);
    }

    void keep_old_copy(std::uint32_t vm, std::uint32_t disk) {
        fs::copy_file(path(vm, disk), directory_ / "old", fs::copy_options::overwrite_existing);
    }
    void bring_back_old_copy(std::uint32_t vm, std::uint32_t disk) {
        fs::copy_file(directory_ / "old", path(vm, disk), fs::copy_options::overwrite_existing);
    }

    Verdict judge() const { return check({path(1, 1), path(0, 0), path(1, 0), path(0, 1)}); }

    fs::path directory_;
    std::uint64_t chain_ = 0;
    std::uint64_t written_ = 0;
};

TEST_F(WitnessCheck, AcceptsEveryMomentOfAGroup) {
    for (std::uint64_t last = 0; last < 3 * kLayout.window(); ++last) {
        write_through(last);
        const Verdict verdict = judge();
        ASSERT_TRUE(verdict.holds()) << last << ": " << verdict.faults.front();
        ASSERT_EQ(verdict.last_record, last);
        ASSERT_EQ(verdict.records, std::min(last, kLayout.window()));
    }
}

TEST_F(WitnessCheck, AcceptsBlankDisks) {
    for (std::uint32_t vm = 0; vm < 2; ++vm) {
        for (std::uint32_t disk = 0; disk < 2; ++disk) make_blank(path(vm, disk));
    }
    EXPECT_TRUE(judge().holds());
    EXPECT_EQ(judge().last_record, 0U);
}

TEST_F(WitnessCheck, FindsADiskThatIsOlderByOneRecord) {
    write_through(200);
    const std::uint64_t next = 201;
    keep_old_copy(kLayout.vm_of(next), kLayout.disk_of(next));
    write_through(202);
    bring_back_old_copy(kLayout.vm_of(next), kLayout.disk_of(next));
    const Verdict verdict = judge();
    EXPECT_EQ(verdict.fault_count, 1U);
    EXPECT_THAT(verdict.faults, Contains(HasSubstr("record 201 is not there")));
}

TEST_F(WitnessCheck, FindsADiskThatIsNewer) {
    write_through(210);
    keep_old_copy(0, 0);
    for (const auto& [vm, disk] : {std::pair{0U, 1U}, {1U, 0U}, {1U, 1U}}) {
        fs::copy_file(path(vm, disk), path(vm, disk).string() + ".old");
    }
    write_through(230);
    for (const auto& [vm, disk] : {std::pair{0U, 1U}, {1U, 0U}, {1U, 1U}}) {
        fs::rename(path(vm, disk).string() + ".old", path(vm, disk));
    }
    const Verdict verdict = judge();
    EXPECT_FALSE(verdict.holds());
    EXPECT_GT(verdict.last_record, 210U);
}

TEST_F(WitnessCheck, FindsALostRecordAnywhereInTheWindow) {
    write_through(150);
    const std::byte zero[kBlockBytes]{};
    for (std::uint64_t lost = 150 - kLayout.window() + 1; lost < 150; lost += 7) {
        Record kept{};
        std::ifstream file(path_of(lost), std::ios::binary);
        file.seekg(static_cast<std::streamoff>(offset_of(lost)));
        file.read(reinterpret_cast<char*>(&kept), sizeof(kept));
        put(path_of(lost), offset_of(lost), zero);
        EXPECT_EQ(judge().fault_count, 1U) << lost;
        put(path_of(lost), offset_of(lost), kept);
    }
    EXPECT_TRUE(judge().holds());
}

TEST_F(WitnessCheck, FindsFlippedBits) {
    write_through(100);
    for (const std::uint64_t at : {0U, 9U, 60U, 200U, 4095U}) {
        flip_bit(90, at);
        EXPECT_THAT(judge().faults, Contains(HasSubstr("record 90 is damaged"))) << at;
        flip_bit(90, at);
    }
    EXPECT_TRUE(judge().holds());
}

TEST_F(WitnessCheck, AllowsHalfAWriteOfTheNextRecordOnly) {
    write_through(100);
    Record half{};
    std::memset(&half, 0x5a, sizeof(half) / 2);
    put(path_of(101), offset_of(101), half);
    EXPECT_TRUE(judge().holds());
    EXPECT_TRUE(judge().write_under_way);
    put(path_of(102), offset_of(102), half);
    EXPECT_FALSE(judge().holds());
}

TEST_F(WitnessCheck, FindsABlockInTheWrongPlace) {
    write_through(100);
    Record moved{};
    std::ifstream file(path_of(99), std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset_of(99)));
    file.read(reinterpret_cast<char*>(&moved), sizeof(moved));
    put(path_of(98), offset_of(98), moved);
    EXPECT_THAT(judge().faults, Contains(HasSubstr("holds a block of another disk")));
}

// The group went on from record 100 at another site while this disk kept records of the abandoned
// history. Numbers alone would not show it: each slot has the number that it must have.
TEST_F(WitnessCheck, FindsRecordsOfAnAbandonedHistory) {
    write_through(100);
    const std::uint64_t shared = chain_;
    write_through(108);
    keep_old_copy(1, 0);
    chain_ = shared;
    for (std::uint64_t number = 101; number <= 108; ++number) write(number, number * 99);
    EXPECT_TRUE(judge().holds());
    bring_back_old_copy(1, 0);
    EXPECT_THAT(judge().faults, Contains(HasSubstr("of different histories")));
}

TEST_F(WitnessCheck, FindsADiskThatLostItsHeader) {
    write_through(100);
    make_blank(path(1, 1));
    EXPECT_THAT(judge().faults, Contains(HasSubstr("disk 1 of guest 1 has no header")));
    put(path(1, 1), 0, std::array<char, kBlockBytes>{'x'});
    EXPECT_THAT(judge().faults, Contains(HasSubstr("neither blank nor a witness header")));
}

TEST_F(WitnessCheck, RefusesASetThatIsNoGroup) {
    write_through(10);
    EXPECT_THROW(check({path(0, 0), path(0, 1), path(1, 0)}), Error);
    EXPECT_THROW(check({path(0, 0), path(0, 1), path(1, 0), path(1, 0)}), Error);
    EXPECT_THROW(check({directory_ / "absent"}), Error);
}

TEST_F(WitnessCheck, SaysThatAllGuestsWereQuiescedAndFindsWhatOneWroteLater) {
    write_through(100);
    for (const std::uint32_t disk : {0U, 1U}) mark(0, disk, 100);
    mark(1, 0, 99);
    EXPECT_TRUE(judge().holds());
    EXPECT_FALSE(judge().quiesced);
    mark(1, 1, 99);
    EXPECT_TRUE(judge().holds());
    EXPECT_TRUE(judge().quiesced);
    write_through(101);
    EXPECT_THAT(judge().faults,
                Contains(HasSubstr("quiesced at record 99, and record 101 is there")));
}

TEST(WitnessFormat, ChecksumIsTheOneOfTheStandard) {
    EXPECT_EQ(crc32c("123456789", 9),
              0xe3069283U);  // the check value of CRC-32C in the catalogues
}

}  // namespace
}  // namespace reviver::witness
