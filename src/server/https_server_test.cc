#include "server/https_server.h"

#include "base/error.h"
#include "server/basic_authenticator.h"
#include "server/test_site.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

namespace reviver::server {
namespace {

using namespace std::chrono_literals;

// Answers with the name of who asks and what he said.
class EchoDoor : public Door {
  public:
    unsigned refuse_before_body(const HttpRequest& header) const override {
        return header.method == "POST" ? 0 : 405;
    }
    HttpReply handle(const HttpRequest& request, const cim::Principal& who) override {
        ++handled;
        if (request.body == "fail") fail(Code::failed, "as asked");
        if (request.body == "wait") {
            waiting.count_down();
            may_go_on.wait();
        }
        return plain_reply(200, who.name() + ":" + request.query + ":" + request.body);
    }

    std::atomic<int> handled = 0;
    std::latch waiting{1};
    std::latch may_go_on{1};
};

class OpenDoor : public PublicDoor {
  public:
    bool admits(const HttpRequest& header) const override { return header.path == "/open"; }
    HttpReply handle(const HttpRequest&) override { return plain_reply(200, "hello"); }
};

class HttpsServerTest : public testing::Test {
  protected:
    HttpsServer& server() {
        if (!server_) {
            Router router;
            router.add("/echo", door_);
            router.add_public(std::make_shared<OpenDoor>());
            server_ = std::make_unique<HttpsServer>(
                options_, std::move(router), std::make_shared<BasicAuthenticator>(site_.accounts));
        }
        return *server_;
    }

    static std::string login() { return TestSite::login(); }
    static std::string post(const std::string& path, const std::string& fields,
                            const std::string& body) {
        return "POST " + path + " HTTP/1.1\r\nHost: x\r\n" + fields +
               "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    }

    TestSite site_;
    HttpsOptions& options_ = site_.options;
    std::shared_ptr<EchoDoor> door_ = std::make_shared<EchoDoor>();
    std::unique_ptr<HttpsServer> server_;
};

TEST_F(HttpsServerTest, AnswersWhoSaysWhoHeIs) {
    TestTlsClient client(server().port());
    ASSERT_TRUE(client.connected());
    EXPECT_EQ(client.protocol(), "http/1.1");
    const auto reply = client.ask(post("/echo?a=b", login(), "text"));
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "admin:a=b:text\n");
    EXPECT_EQ(client.ask(post("/echo/", login(), "again")).status, 200);
}

TEST_F(HttpsServerTest, NobodyComesInWithoutCredentials) {
    TestTlsClient client(server().port());
    const auto reply = client.ask(post("/echo", "", std::string(100'000, 'x')));
    EXPECT_EQ(reply.status, 401);
    EXPECT_NE(reply.header.find("WWW-Authenticate: Basic realm=\"WSMAN\""), std::string::npos);
    EXPECT_EQ(door_->handled, 0);
    // The body was read: the same connection serves the second try, and only that one.
    EXPECT_EQ(client.ask(post("/echo", login(), "x")).status, 200);
    EXPECT_EQ(client.ask(post("/echo", "", "x")).status, 401);
    EXPECT_EQ(door_->handled, 1);
}

TEST_F(HttpsServerTest, WrongCredentialsAreAllRefusedTheSame) {
    TestTlsClient client(server().port());
    for (const char* value :
         {"", "Basic", "Basic !!!", "Basic Og==", "Basic YWRtaW46",
          "Basic YWRtaW46d3Jvbmc=", "Basic bm9ib2R5OnNlY3JldA==", "Negotiate YWRtaW46c2VjcmV0"}) {
        const auto reply =
            client.ask(post("/echo", std::string("Authorization: ") + value + "\r\n", ""));
        EXPECT_EQ(reply.status, 401) << value;
        EXPECT_EQ(reply.body, "Who are you?\n");
    }
    EXPECT_EQ(client.ask(post("/echo", login() + login(), "")).status, 400);
    EXPECT_EQ(door_->handled, 0);
}

TEST_F(HttpsServerTest, PublicDoorsNeedNoCredentials) {
    TestTlsClient client(server().port());
    EXPECT_EQ(client.ask(post("/open", "", "")).body, "hello\n");
    EXPECT_EQ(
        client.ask(post("/open", "", std::string(limits::public_body_bytes_max + 1, 'x'))).status,
        413);
}

TEST_F(HttpsServerTest, OtherPathsAndMethodsAreNamedByTheirStatus) {
    EXPECT_EQ(TestTlsClient(server().port()).ask(post("/other", login(), "")).status, 404);
    const auto reply =
        TestTlsClient(server().port()).ask("GET /echo HTTP/1.1\r\nHost: x\r\n" + login() + "\r\n");
    EXPECT_EQ(reply.status, 405);
    EXPECT_NE(reply.header.find("Allow: POST"), std::string::npos);
}

TEST_F(HttpsServerTest, FailuresOfADoorAreAPlain500) {
    TestTlsClient client(server().port());
    const auto reply = client.ask(post("/echo", login(), "fail"));
    EXPECT_EQ(reply.status, 500);
    EXPECT_EQ(reply.body.find("as asked"), std::string::npos);
    EXPECT_EQ(client.ask(post("/echo", login(), "x")).status, 200);
}

TEST_F(HttpsServerTest, TooMuchIsRefused) {
    const std::string too_large = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                                  std::to_string(limits::body_bytes_max + 1) + "\r\n\r\n";
    EXPECT_EQ(TestTlsClient(server().port()).ask(too_large).status, 413);
    std::string chunked = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 600; ++i) chunked += "400\r\n" + std::string(1024, 'x') + "\r\n";
    EXPECT_EQ(TestTlsClient(server().port()).ask(chunked).status, 413);
    const std::string long_header =
        "POST /echo HTTP/1.1\r\nHost: x\r\nX: " + std::string(limits::header_bytes_max, 'x') +
        "\r\n\r\n";
    EXPECT_EQ(TestTlsClient(server().port()).ask(long_header).status, 431);
    std::string many = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n";
    for (std::size_t i = 0; i < limits::header_fields_max; ++i)
        many += "X" + std::to_string(i) + ": x\r\n";
    EXPECT_EQ(TestTlsClient(server().port()).ask(many + "\r\n").status, 400);
    EXPECT_EQ(door_->handled, 0);
}

TEST_F(HttpsServerTest, ALargeTicketInTheHeaderIsServed) {
    TestTlsClient client(server().port());
    EXPECT_EQ(
        client.ask(post("/echo", login() + "X-Ticket: " + std::string(64'010, 'x') + "\r\n", "x"))
            .status,
        200);
}

TEST_F(HttpsServerTest, WhatCanBeReadInTwoWaysIsNotRead) {
    const std::string start = "POST /echo HTTP/1.1\r\nHost: x\r\n" + login();
    const std::string smuggled =
        "POST /echo HTTP/1.1\r\nHost: x\r\n" + login() + "Content-Length: 0\r\n\r\n";
    for (const std::string& bad :
         {start + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          start + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
          start + "Content-Length: +5\r\n\r\nabcde",
          start + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
          start + "Host: y\r\nContent-Length: 0\r\n\r\n",
          "POST /echo HTTP/1.1\r\n" + login() + "Content-Length: 0\r\n\r\n",
          std::string("POST /echo HTTP/1.1\nHost: x\n\n"),
          start + std::string("X: a\0b\r\n", 8) + "Content-Length: 0\r\n\r\n",
          std::string("nonsense\r\n\r\n")}) {
        TestTlsClient client(server().port());
        EXPECT_EQ(client.ask(bad + smuggled).status, 400) << bad;
        EXPECT_EQ(client.receive().status, 0) << bad;
    }
    EXPECT_EQ(door_->handled, 0);
}

TEST_F(HttpsServerTest, ContinuesWhenAskedTo) {
    TestTlsClient client(server().port());
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\n" + login() +
                "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    EXPECT_EQ(client.receive().status, 100);
    EXPECT_EQ(client.ask("text").status, 200);
}

TEST_F(HttpsServerTest, OldHttpIsAnsweredAndClosed) {
    TestTlsClient client(server().port());
    EXPECT_EQ(client.ask("POST /echo HTTP/1.0\r\n" + login() + "Content-Length: 1\r\n\r\nx").status,
              200);
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(HttpsServerTest, SlowHeadersBodiesAndHandshakesAreCutOff) {
    options_.header_time_max = options_.body_time_max = options_.handshake_time_max = 50ms;
    options_.idle_time_max = 100ms;
    TestTlsClient slow_header(server().port());
    slow_header.send("POST /echo HT");
    TestTlsClient slow_body(server().port());
    slow_body.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc");
    TestTlsClient idle(server().port());
    const TestSocket no_handshake(server().port());
    EXPECT_TRUE(slow_header.closed_by_server());
    EXPECT_TRUE(slow_body.closed_by_server());
    EXPECT_TRUE(idle.closed_by_server());
    EXPECT_TRUE(no_handshake.closed_by_server());
}

TEST_F(HttpsServerTest, ConnectionsAreCounted) {
    options_.connections_max = 2;
    TestTlsClient one(server().port());
    {
        TestTlsClient two(server().port());
        EXPECT_TRUE(one.connected() && two.connected());
        EXPECT_FALSE(TestTlsClient(server().port()).connected());
        EXPECT_EQ(two.ask(post("/echo", login() + "Connection: close\r\n", "x")).status, 200);
        EXPECT_TRUE(two.closed_by_server());
    }
    // The server counts it off when its own side of the closing is done.
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    bool connected = false;
    while (!connected && std::chrono::steady_clock::now() < deadline) {
        connected = TestTlsClient(server().port()).connected();
    }
    EXPECT_TRUE(connected);
}

TEST_F(HttpsServerTest, OldVersionsOfTlsAreRefused) {
    EXPECT_FALSE(TestTlsClient(server().port(), TLS1_1_VERSION).connected());
    EXPECT_TRUE(TestTlsClient(server().port(), TLS1_2_VERSION).connected());
}

TEST_F(HttpsServerTest, OneSlowRequestDoesNotHoldUpTheOthers) {
    TestTlsClient slow(server().port());
    slow.send(post("/echo", login(), "wait"));
    door_->waiting.wait();
    TestTlsClient other(server().port());
    EXPECT_EQ(other.ask(post("/echo", login(), "x")).status, 200);
    door_->may_go_on.count_down();
    EXPECT_EQ(slow.receive().status, 200);
}

TEST_F(HttpsServerTest, StopsWhileClientsAreThere) {
    TestTlsClient idle(server().port());
    EXPECT_EQ(idle.ask(post("/echo", login(), "x")).status, 200);
    TestTlsClient busy(server().port());
    busy.send(post("/echo", login(), "wait"));
    door_->waiting.wait();
    std::thread stopper([this] { server().stop(); });
    EXPECT_TRUE(idle.closed_by_server());
    door_->may_go_on.count_down();
    stopper.join();
    busy.receive();  // the answer may have been quicker than the end
    EXPECT_TRUE(busy.closed_by_server());
}

TEST_F(HttpsServerTest, SaysWhyItCannotStart) {
    HttpsOptions bad = options_;
    bad.key_file = site_.directory / "missing.pem";
    EXPECT_THROW(HttpsServer(bad, {}, nullptr), Error);
    bad = options_;
    bad.port = server().port();
    EXPECT_THROW(HttpsServer(bad, {}, nullptr), Error);
    bad.address = "nowhere";
    EXPECT_THROW(HttpsServer(bad, {}, nullptr), Error);
}

}  // namespace
}  // namespace reviver::server
