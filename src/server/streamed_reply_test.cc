// Replies that go on, over the real server: what reaches the reader, and what happens when one of
// the two sides has enough.
#include "base/error.h"
#include "server/basic_authenticator.h"
#include "server/body_stream.h"
#include "server/test_site.h"

#include <gtest/gtest.h>

#include <condition_variable>

namespace reviver::server {
namespace {

using namespace std::chrono_literals;

// Begins a stream at every request and keeps the last one.
class StreamDoor : public Door {
  public:
    unsigned refuse_before_body(const HttpRequest&) const override { return 0; }
    HttpReply handle(const HttpRequest&, const cim::Principal&) override {
        const auto stream =
            std::make_shared<BodyStream>([this] { note_closed(); }, waiting_bytes_max);
        stream->push("hello ");
        const std::lock_guard lock(mutex_);
        stream_ = stream;
        HttpReply reply;
        reply.fields["Content-Type"] = "text/plain";
        reply.stream = stream;
        reply.sign_of_life = ".";
        return reply;
    }
    BodyStream& stream() {
        const std::lock_guard lock(mutex_);
        return *stream_;
    }
    bool closed() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 10s, [&] { return closed_ == 1; });
    }

    std::size_t waiting_bytes_max = limits::stream_waiting_bytes_max;

  private:
    void note_closed() {
        const std::lock_guard lock(mutex_);
        ++closed_;
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::shared_ptr<BodyStream> stream_;
    int closed_ = 0;
};

class StreamedReplyTest : public testing::Test {
  protected:
    StreamedReplyTest() { site_.options.workers = 1; }

    HttpsServer& server() {
        if (!server_) {
            Router router;
            router.add("/stream", door_);
            server_ = std::make_unique<HttpsServer>(
                options_, std::move(router), std::make_shared<BasicAuthenticator>(site_.accounts));
        }
        return *server_;
    }

    static std::string request(const std::string& version = "1.1") {
        return "GET /stream HTTP/" + version + "\r\nHost: x\r\n" + TestSite::login() + "\r\n";
    }

    TestSite site_;
    HttpsOptions& options_ = site_.options;
    std::shared_ptr<StreamDoor> door_ = std::make_shared<StreamDoor>();
    std::unique_ptr<HttpsServer> server_;
};

TEST_F(StreamedReplyTest, SendsEachPieceWhenItComes) {
    TestTlsClient client(server().port());
    const auto reply = client.ask(request());
    EXPECT_EQ(reply.status, 200);
    EXPECT_NE(reply.header.find("Transfer-Encoding: chunked"), std::string::npos);
    EXPECT_NE(reply.header.find("Connection: close"), std::string::npos);
    EXPECT_EQ(client.receive_until("hello \r\n"), "6\r\nhello \r\n");
    door_->stream().push("world");
    EXPECT_EQ(client.receive_until("world\r\n"), "5\r\nworld\r\n");
    door_->stream().end();
    EXPECT_EQ(client.receive_until("0\r\n\r\n"), "0\r\n\r\n");
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_TRUE(door_->closed());
}

TEST_F(StreamedReplyTest, HoldsNoWorker) {
    TestTlsClient first(server().port());
    TestTlsClient second(server().port());
    EXPECT_EQ(first.ask(request()).status, 200);
    EXPECT_EQ(second.ask(request()).status, 200);  // there is one worker
}

TEST_F(StreamedReplyTest, SpeaksWithoutChunksToAnOldClient) {
    TestTlsClient client(server().port());
    const auto reply = client.ask(request("1.0"));
    EXPECT_EQ(reply.header.find("Transfer-Encoding"), std::string::npos);
    door_->stream().push("world");
    door_->stream().end();
    EXPECT_EQ(client.receive_until("world"), "hello world");
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(StreamedReplyTest, TellsTheWriterThatTheReaderIsGone) {
    {
        TestTlsClient client(server().port());
        EXPECT_EQ(client.ask(request()).status, 200);
    }
    EXPECT_TRUE(door_->closed());
    EXPECT_FALSE(door_->stream().push("x"));
}

TEST_F(StreamedReplyTest, AReaderThatSpeaksIsNoReader) {
    TestTlsClient client(server().port());
    EXPECT_EQ(client.ask(request()).status, 200);
    client.receive_until("hello \r\n");
    client.send(request());
    EXPECT_TRUE(door_->closed());
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(StreamedReplyTest, AReaderThatIsTooSlowIsCutOff) {
    TestTlsClient client(server().port());
    EXPECT_EQ(client.ask(request()).status, 200);
    const std::string piece(limits::stream_waiting_bytes_max / 4, 'x');
    int pushed = 0;
    while (door_->stream().push(piece) && pushed < 1000) ++pushed;
    EXPECT_LT(pushed, 1000);
    EXPECT_TRUE(door_->closed());
}

TEST_F(StreamedReplyTest, AReaderThatTakesNothingIsCutOffInTime) {
    options_.write_time_max = 200ms;
    door_->waiting_bytes_max = 64u << 20;
    TestTlsClient client(server().port());
    EXPECT_EQ(client.ask(request()).status, 200);
    // More than the sockets of both ends hold, and less than may wait.
    EXPECT_TRUE(door_->stream().push(std::string(32u << 20, 'x')));
    EXPECT_TRUE(door_->closed());
    EXPECT_FALSE(door_->stream().overrun());
}

TEST_F(StreamedReplyTest, SilenceIsBrokenByASignOfLife) {
    options_.stream_silence_max = 20ms;
    TestTlsClient client(server().port());
    EXPECT_EQ(client.ask(request()).status, 200);
    EXPECT_EQ(client.receive_until("1\r\n.\r\n1\r\n.\r\n"), "6\r\nhello \r\n1\r\n.\r\n1\r\n.\r\n");
}

TEST_F(StreamedReplyTest, EndsAfterItsTime) {
    options_.stream_time_max = 20ms;
    TestTlsClient client(server().port());
    EXPECT_EQ(client.ask(request()).status, 200);
    EXPECT_EQ(client.receive_until("0\r\n\r\n"), "6\r\nhello \r\n0\r\n\r\n");
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_TRUE(door_->closed());
}

TEST_F(StreamedReplyTest, EndsWithTheServer) {
    TestTlsClient client(server().port());
    EXPECT_EQ(client.ask(request()).status, 200);
    server().stop();
    EXPECT_TRUE(door_->closed());
    EXPECT_FALSE(door_->stream().push("x"));
}

}  // namespace
}  // namespace reviver::server
