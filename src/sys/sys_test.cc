#include "base/error.h"
#include "sys/linux.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reviver::sys {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

template <class Work>
Code code_of(Work work) {
    try {
        work();
    } catch (const Error& e) {
        return e.code();
    }
    ADD_FAILURE() << "no Error came";
    return Code::failed;
}

TEST(IsoText, SaysMicrosecondsInUtc) {
    using namespace std::chrono_literals;
    const WallTime time =
        std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + 15h + 4min + 5s + 123456us;
    EXPECT_EQ(iso_text(time), "2026-11-22T15:04:05.123456Z");
    EXPECT_EQ(iso_text(WallTime()), "1970-01-01T00:00:00.000000Z");
}

TEST(LinuxRandom, StaysBelowTheLimitAndDiffers) {
    Random& random = linux_random();
    for (int i = 0; i < 100; ++i) EXPECT_LT(random.below(3), 3u);
    EXPECT_EQ(random.below(1), 0u);
    EXPECT_NE(random.uuid(), random.uuid());
}

TEST(LinuxRandom, FillsMoreThanOneCallGives) {
    Bytes bytes(1000);
    linux_random().fill(bytes);
    EXPECT_FALSE(all_zero(ByteView(bytes).subspan(900)));
}

TEST(LinuxClock, SleepsUntilTheTime) {
    Clock& clock = linux_clock();
    const MonoTime time = clock.after(milliseconds(5));
    clock.sleep_until(time);
    EXPECT_GE(clock.mono(), time);
    clock.sleep_until(MonoTime());
}

class SignalTest : public ::testing::Test {
  protected:
    Tasks& tasks_ = linux_tasks();
    Clock& clock_ = linux_clock();
    std::unique_ptr<Signal> signal_ = tasks_.make_signal();
};

TEST_F(SignalTest, KeepsARaiseThatCameBeforeTheWaitOnce) {
    signal_->raise();
    signal_->raise();
    EXPECT_TRUE(signal_->wait_until(MonoTime()));
    EXPECT_FALSE(signal_->wait_until(MonoTime()));
}

TEST_F(SignalTest, WakesAnotherTaskThatWaitsForEver) {
    bool woken = false;
    auto task = tasks_.start("waiter", [&] { woken = signal_->wait_until(never); });
    signal_->raise();
    task->join();
    EXPECT_TRUE(woken);
}

TEST_F(SignalTest, GivesUpAtTheDeadline) {
    const MonoTime deadline = clock_.after(milliseconds(5));
    EXPECT_FALSE(signal_->wait_until(deadline));
    EXPECT_GE(clock_.mono(), deadline);
}

TEST_F(SignalTest, OneRaiseWakesOneOfSeveral) {
    std::atomic<int> woken = 0;
    auto wait = [&] { woken += signal_->wait_until(clock_.after(milliseconds(50))) ? 1 : 0; };
    auto first = tasks_.start("first", wait);
    auto second = tasks_.start("second", wait);
    signal_->raise();
    first->join();
    second->join();
    EXPECT_EQ(woken, 1);
}

TEST(LinuxTasks, AnErrorEndsOnlyItsTask) {
    auto task = linux_tasks().start("failing", [] { fail(Code::stopped, "as wanted"); });
    task->join();
    task->join();
}

class FilesTest : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "reviver-sys-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        directory_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    std::unique_ptr<File> make(const char* name, std::string_view content) {
        auto file = files_.open(directory_ / name, OpenMode::create_new);
        file->write_at(0, bytes_of(content));
        return file;
    }
    std::string content(const char* name) {
        return std::string(text_of(read_file(files_, directory_ / name, 1 << 20)));
    }

    Files& files_ = linux_files();
    Path directory_;
};

TEST_F(FilesTest, ReadsWhatWasWrittenUpToTheEnd) {
    auto file = make("a", "0123456789");
    Bytes to(8);
    EXPECT_EQ(file->read_at(6, to), 4u);
    EXPECT_EQ(text_of(ByteView(to).first(4)), "6789");
    EXPECT_EQ(file->read_at(100, to), 0u);
    EXPECT_EQ(code_of([&] { file->read_exactly(6, to); }), Code::corrupt);
    file->read_exactly(2, to);
    EXPECT_EQ(text_of(to), "23456789");
    file->sync();
    file->resize(3);
    EXPECT_EQ(file->size_bytes(), 3u);
}

TEST_F(FilesTest, OpenModesSayWhatMustBeThere) {
    EXPECT_EQ(code_of([&] { files_.open(directory_ / "a", OpenMode::read); }), Code::not_found);
    EXPECT_EQ(code_of([&] { files_.open(directory_ / "a", OpenMode::write); }), Code::not_found);
    make("a", "old");
    EXPECT_EQ(code_of([&] { make("a", ""); }), Code::exists);
    files_.open(directory_ / "a", OpenMode::create)->write_at(0, bytes_of("new"));
    EXPECT_EQ(content("a"), "new");
}

TEST_F(FilesTest, HolesReadAsZerosAndAreNamed) {
    auto file = make("a", "");
    const Bytes data(256 << 10, std::byte{7});
    file->write_at(0, data);
    file->punch({64 << 10, 64 << 10});
    file->resize(512 << 10);
    Bytes to(64 << 10);
    file->read_exactly(64 << 10, to);
    EXPECT_TRUE(all_zero(to));
    const std::vector<Extent> expected = {{1 << 10, 63 << 10, Content::data},
                                          {64 << 10, 64 << 10, Content::zero},
                                          {128 << 10, 128 << 10, Content::data},
                                          {256 << 10, 256 << 10, Content::zero}};
    EXPECT_EQ(file->extents({1 << 10, 1 << 20}), expected);
    EXPECT_TRUE(file->extents({1 << 20, 100}).empty());
}

TEST_F(FilesTest, NamesChangeAndGo) {
    make("a", "1");
    make("b", "2");
    files_.make_directories(directory_ / "d/e");
    files_.make_directories(directory_ / "d/e");
    EXPECT_THAT(files_.list(directory_), ::testing::ElementsAre("a", "b", "d"));
    files_.rename(directory_ / "a", directory_ / "b");
    EXPECT_EQ(content("b"), "1");
    files_.remove(directory_ / "b");
    files_.remove(directory_ / "b");
    files_.remove(directory_ / "d/e");
    EXPECT_NE(code_of([&] { files_.remove(directory_); }), Code::not_found);
    EXPECT_FALSE(files_.exists(directory_ / "d/e"));
    EXPECT_TRUE(files_.exists(directory_ / "d"));
    files_.sync_directory(directory_);
    EXPECT_EQ(code_of([&] { files_.list(directory_ / "x"); }), Code::not_found);
    EXPECT_EQ(code_of([&] { files_.sync_directory(directory_ / "x"); }), Code::not_found);
}

TEST_F(FilesTest, ReplaceFileLeavesNoLongerRest) {
    make("a.new", "a longer rest of a crash");
    replace_file(files_, directory_ / "a", bytes_of("first"));
    replace_file(files_, directory_ / "a", bytes_of("2"));
    EXPECT_EQ(content("a"), "2");
    EXPECT_THAT(files_.list(directory_), ::testing::ElementsAre("a"));
    EXPECT_EQ(code_of([&] { read_file(files_, directory_ / "a", 0); }), Code::corrupt);
}

TEST_F(FilesTest, SpaceIsWhatTheFileSystemHas) {
    const Space space = files_.space(directory_);
    EXPECT_GT(space.total_bytes, 0u);
    EXPECT_LE(space.free_bytes, space.total_bytes);
    EXPECT_EQ(code_of([&] { files_.space(directory_ / "x"); }), Code::not_found);
}

class NetworkTest : public ::testing::Test {
  protected:
    MonoTime soon() { return linux_clock().after(seconds(10)); }
    std::unique_ptr<Stream> connect() {
        return network_.connect({"127.0.0.1", listener_->port()}, soon());
    }

    Network& network_ = linux_network();
    std::unique_ptr<Listener> listener_ = network_.listen({"127.0.0.1", 0});
};

TEST_F(NetworkTest, CarriesBytesBothWaysAndTheEnd) {
    auto client = connect();
    auto server = listener_->accept();
    const Bytes sent(4 << 20, std::byte{5});
    auto writer = linux_tasks().start("writer", [&] {
        client->write_all(sent);
        client.reset();
    });
    std::uint64_t got = 0;
    Bytes buffer(64 << 10);
    while (const std::size_t part = server->read_some(buffer)) got += part;
    EXPECT_EQ(got, sent.size());
    writer->join();
}

TEST_F(NetworkTest, DeadlinePassesForReadAndForWrite) {
    auto client = connect();
    auto server = listener_->accept();
    Bytes buffer(1 << 20);
    client->set_deadline(linux_clock().after(milliseconds(5)));
    EXPECT_EQ(code_of([&] { client->read_some(buffer); }), Code::timeout);
    EXPECT_EQ(code_of([&] {
                  for (int i = 0; i < 100; ++i) client->write_all(buffer);
              }),
              Code::timeout);
}

TEST_F(NetworkTest, CloseWakesABlockedReader) {
    auto client = connect();
    auto server = listener_->accept();
    Code code{};
    auto reader = linux_tasks().start("reader", [&] {
        Bytes buffer(1);
        code = code_of([&] { client->read_some(buffer); });
    });
    client->close();
    reader->join();
    EXPECT_EQ(code, Code::stopped);
    EXPECT_EQ(code_of([&] { client->write_all(bytes_of("x")); }), Code::stopped);
}

TEST_F(NetworkTest, CloseWakesABlockedWriter) {
    auto client = connect();
    auto server = listener_->accept();
    Code code{};
    auto writer = linux_tasks().start("writer", [&] {
        const Bytes buffer(1 << 20);
        code = code_of([&] {
            for (;;) server->write_all(buffer);
        });
    });
    server->close();
    writer->join();
    EXPECT_EQ(code, Code::stopped);
}

TEST_F(NetworkTest, CloseWakesABlockedAcceptor) {
    Code code{};
    auto acceptor =
        linux_tasks().start("acceptor", [&] { code = code_of([&] { listener_->accept(); }); });
    listener_->close();
    acceptor->join();
    EXPECT_EQ(code, Code::stopped);
}

TEST_F(NetworkTest, NobodyThereIsUnavailable) {
    const std::uint16_t port = listener_->port();
    EXPECT_EQ(code_of([&] { network_.listen({"127.0.0.1", port}); }), Code::in_use);
    listener_.reset();
    EXPECT_EQ(code_of([&] { network_.connect({"127.0.0.1", port}, soon()); }), Code::unavailable);
    EXPECT_EQ(code_of([&] {
                  network_.connect({"no.such.invalid", 1}, soon());
              }),
              Code::unavailable);
}

TEST_F(NetworkTest, ThePeersEndIsUnavailableToAWriter) {
    auto client = connect();
    listener_->accept().reset();
    const Bytes buffer(1 << 20);
    EXPECT_EQ(code_of([&] {
                  for (;;) client->write_all(buffer);
              }),
              Code::unavailable);
}

TEST(Endpoint, TextBracketsV6) {
    EXPECT_EQ((Endpoint{"host", 1}).text(), "host:1");
    EXPECT_EQ((Endpoint{"::1", 2}).text(), "[::1]:2");
}

TEST(World, IsTheLinuxOne) {
    World& world = linux_world();
    EXPECT_EQ(&world.files, &linux_files());
    EXPECT_EQ(world.files.sqlite_vfs(), nullptr);
}

}  // namespace
}  // namespace reviver::sys
