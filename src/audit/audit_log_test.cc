// What is written is found whole, and what was done to it afterwards is found too.
#include "audit/audit_log.h"

#include "audit/files.h"
#include "audit/verify.h"
#include "base/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

namespace reviver::audit {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class AuditLogTest : public testing::Test {
  protected:
    AuditLogTest() {
        std::string pattern = testing::TempDir() + "reviver-audit-XXXXXX";
        directory_ = fs::path(mkdtemp(pattern.data())) / "audit";
    }
    ~AuditLogTest() override { fs::remove_all(directory_.parent_path()); }

    void write(int lines, std::uint64_t file_bytes_max = limits::file_bytes_max) {
        AuditLog log(directory_, file_bytes_max);
        for (int i = 0; i < lines; ++i) log.append({{"event", "test"}, {"i", i}});
    }
    Verdict verdict() const { return verify(files_of(directory_)); }
    std::string refusal() const {
        try {
            verdict();
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::corrupt);
            return error.what();
        }
        return "";
    }
    std::string content() const { return read_file(current_file(directory_)); }
    void replace(const std::string& content) const {
        std::ofstream(current_file(directory_), std::ios::trunc) << content;
    }
    std::vector<std::string> lines() const {
        std::vector<std::string> result;
        std::ifstream in(current_file(directory_));
        for (std::string line; std::getline(in, line);) result.push_back(line + "\n");
        return result;
    }
    void replace(const std::vector<std::string>& lines) const {
        std::string text;
        for (const std::string& line : lines) text += line;
        replace(text);
    }

    fs::path directory_;
};

TEST_F(AuditLogTest, IsContinuedByTheNextDaemon) {
    write(3);
    write(2);
    EXPECT_EQ(verdict().lines, 5u);
    EXPECT_EQ(verdict().last.number, 5u);
    EXPECT_EQ(verdict().before, Link{});
    struct stat status {};
    ASSERT_EQ(::stat(current_file(directory_).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777u, 0600u);
}

TEST_F(AuditLogTest, EveryBitThatIsFlippedIsFound) {
    write(2);
    const std::string good = content();
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ 1);
        replace(bad);
        const bool torn_end = i + 1 == good.size();  // the last newline: like one cut off
        EXPECT_TRUE(torn_end ? verdict().torn_end : !refusal().empty()) << "byte " << i;
    }
}

TEST_F(AuditLogTest, LinesThatAreMissingMovedOrRepeatedAreFound) {
    write(5);
    const auto good = lines();
    for (std::size_t i = 1; i + 1 < good.size(); ++i) {
        auto bad = good;
        bad.erase(bad.begin() + static_cast<long>(i));
        replace(bad);
        EXPECT_THAT(refusal(), HasSubstr("missing or moved"));
        bad = good;
        std::swap(bad[i], bad[i + 1]);
        replace(bad);
        EXPECT_THAT(refusal(), HasSubstr("missing or moved"));
        bad = good;
        bad.insert(bad.begin() + static_cast<long>(i), good[i]);
        replace(bad);
        EXPECT_THAT(refusal(), HasSubstr("missing or moved"));
    }
}

// Only who noted a hash elsewhere can tell that the end is missing.
TEST_F(AuditLogTest, AMissingEndIsFoundByANotedHash) {
    write(5);
    const std::string noted = verdict().last.hash;
    EXPECT_TRUE(verify(files_of(directory_), noted).contains_expected);
    auto shorter = lines();
    shorter.pop_back();
    replace(shorter);
    EXPECT_FALSE(verify(files_of(directory_), noted).contains_expected);
}

TEST_F(AuditLogTest, ALineThatWasCutOffAnywhereIsSealed) {
    write(2);
    const std::string two = content();
    write(1);
    const std::string three = content();
    for (std::size_t size = two.size() + 1; size + 1 < three.size(); size += 11) {
        for (const char* end : {"", "\n"}) {
            replace(three.substr(0, size) + end);
            if (!*end) {
                EXPECT_TRUE(verdict().torn_end);
            }
            write(1);
            EXPECT_EQ(verdict().torn_lines, 1u) << size;
            EXPECT_EQ(verdict().lines, 4u);
        }
    }
    replace(three.substr(0, three.size() - 1));
    write(1);
    EXPECT_EQ(verdict().torn_lines, 0u);
    EXPECT_EQ(verdict().lines, 5u);
}

// A first line that was never whole (a full disk, a stop right behind the making of the file) was
// taken for damage, and every change at the site was refused from then on.
TEST_F(AuditLogTest, AFileWithoutAWholeLineIsContinued) {
    write(1);
    const std::string one = content();
    for (const std::string& begin : {std::string(), one.substr(0, 20), one.substr(0, 20) + "\n",
                                     one.substr(0, one.size() - 5)}) {
        replace(begin);
        for (int daemon = 0; daemon < 3; ++daemon) write(1);
        EXPECT_EQ(verdict().torn_lines, begin.empty() ? 0u : 1u) << begin;
        EXPECT_EQ(verdict().lines, begin.empty() ? 3u : 4u) << begin;
        EXPECT_EQ(verdict().before, Link{});
    }
}

TEST_F(AuditLogTest, AFileWithoutAWholeLineContinuesTheFullOnes) {
    write(20, 1000);
    for (const char* begin : {"", "{\"n\":", "{\"n\":\n"}) {
        fs::remove(current_file(directory_));
        const Verdict full = verdict();
        replace(begin);
        write(2);
        EXPECT_EQ(verdict().last.number, full.last.number + (*begin ? 3 : 2)) << begin;
        // The next full file is named by its first line, torn or not.
        write(20, 1000);
        EXPECT_TRUE(fs::exists(full_file(directory_, full.last.number + 1))) << begin;
        EXPECT_EQ(verdict().lines, verdict().last.number);
    }
}

TEST_F(AuditLogTest, AnEndThatWasTamperedWithIsNotContinued) {
    write(3);
    auto bad = lines();
    bad.back()[10] ^= 1;
    replace(bad);
    AuditLog log(directory_);
    try {
        log.append({{"event", "test"}});
        FAIL() << "was continued";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::unavailable);
        EXPECT_THAT(error.what(), HasSubstr("move the directory away"));
    }
    fs::rename(directory_, directory_.string() + ".kept");
    EXPECT_EQ(log.append({{"event", "test"}}), 1u);
}

TEST_F(AuditLogTest, TheChainGoesOnThroughTheFiles) {
    write(20, 1000);
    EXPECT_GT(files_of(directory_).size(), 3u);
    EXPECT_EQ(verdict().lines, 20u);
    fs::remove(current_file(directory_));  // as when the machine stops between two files
    const std::uint64_t left = verdict().lines;
    write(3, 1000);
    EXPECT_EQ(verdict().lines, left + 3);
    const auto files = files_of(directory_);
    fs::remove(files[1]);
    EXPECT_THAT(refusal(), HasSubstr("missing or moved"));
    // One file says what it continues.
    EXPECT_GT(verify({files[2]}).before.number, 0u);
}

// The file may not grow any more, which is how a full disk looks, the half written line included.
TEST_F(AuditLogTest, AFullDiskRefusesAndIsGotOver) {
    AuditLog log(directory_);
    log.append({{"event", "test"}});
    const std::string before = content();
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
    rlimit tight = limit;
    tight.rlim_cur = before.size() + 20;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
    EXPECT_THROW(log.append({{"event", "test"}}), Error);
    EXPECT_THROW(log.append({{"event", "test"}}), Error);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    EXPECT_EQ(content(), before);
    EXPECT_EQ(log.append({{"event", "test"}}), 2u);
    EXPECT_EQ(verdict().lines, 2u);
}

TEST_F(AuditLogTest, ManyAtATimeMakeOneChain) {
    AuditLog log(directory_);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int k = 0; k < 10; ++k) log.append({{"event", "test"}});
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(verdict().lines, 40u);
}

TEST_F(AuditLogTest, ALineIsNoLineBeyondItsLength) {
    EXPECT_THROW(parse_line(std::string(limits::line_bytes_max + 1, 'x')), Error);
    EXPECT_THROW(parse_line(""), Error);
    EXPECT_THROW(files_of(directory_ / "nothing"), Error);
}

}  // namespace
}  // namespace reviver::audit
