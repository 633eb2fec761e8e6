#include "rest/event_streams.h"

#include "rest/json_door.h"
#include "rest/limits.h"
#include "server/body_stream.h"
#include "server/test_model.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace reviver::rest {
namespace {

namespace json = boost::json;

class EventStreamsTest : public testing::Test {
  protected:
    server::HttpReply open(const std::string& query = "", const std::string& last = "",
                           const std::string& who = "viewer") {
        server::HttpRequest request;
        request.method = "GET";
        request.path = "/api/v1/events";
        request.query = query;
        request.fields["Accept"] = "text/event-stream";
        if (!last.empty()) request.fields["Last-Event-ID"] = last;
        return door_.handle(request, cim::Principal(who, {cim::Role::viewer}));
    }
    void publish(const std::string& class_name, const std::string& id) {
        cim::Instance instance(class_name);
        instance.set("Id", id);
        cim::ObjectPath path(class_name, {{"Id", id}});
        path.set_name_space("root/test");
        bus_.publish({cim::Happening::modified, path, instance, {"Name"}, cim::DateTime::at(0)});
    }
    static std::string text(const server::HttpReply& reply) { return reply.stream->take().bytes; }

    server::TestModel model_;
    cim::EventBus bus_{"run"};
    JsonDoor door_{model_.objects(), bus_, {}};
};

TEST_F(EventStreamsTest, PassesOnWhatHappens) {
    const server::HttpReply reply = open();
    EXPECT_EQ(reply.status, 200u);
    EXPECT_EQ(reply.fields.at("Content-Type"), "text/event-stream");
    EXPECT_EQ(text(reply), "id: run-0\nevent: ready\ndata: {}\n\n");
    publish("Thing", "thing-01");
    const std::string told = text(reply);
    const std::string head = "id: run-1\nevent: modified\ndata: ";
    ASSERT_TRUE(told.starts_with(head));
    ASSERT_TRUE(told.ends_with("\n\n"));
    const json::value data = json::parse(told.substr(head.size()));
    EXPECT_EQ(data.at("@class"), "Thing");
    EXPECT_EQ(data.at("@href"), "/api/v1/root:test/instances/Thing/thing-01");
    EXPECT_EQ(data.at("changed").at(0), "Name");
    EXPECT_EQ(data.at("time"), "1970-01-01T00:00:00Z");
    EXPECT_EQ(data.at("instance").at("Id"), "thing-01");
}

TEST_F(EventStreamsTest, GoesOnWhereTheClientWas) {
    publish("Thing", "thing-01");
    publish("Thing", "thing-02");
    const std::string told = text(open("", "run-1"));
    EXPECT_EQ(told.find("thing-01"), std::string::npos);
    EXPECT_NE(told.find("thing-02"), std::string::npos);
    EXPECT_NE(told.find("id: run-2\nevent: ready\n"), std::string::npos);
    EXPECT_EQ(text(open("last=run-1")), told);
    EXPECT_EQ(text(open("", "gone-1")), "id: run-2\nevent: reset\ndata: {}\n\n");
}

TEST_F(EventStreamsTest, WhoMissedTooManyBytesReadsAnew) {
    const std::string long_id(limits::missed_bytes_max / 2, 'x');
    publish("Thing", "thing-01");
    publish("Thing", long_id);
    EXPECT_NE(text(open("", "run-1")).find("reset"), std::string::npos);
}

TEST_F(EventStreamsTest, TellsWhatWasAskedFor) {
    const server::HttpReply things = open("class=thing");
    const server::HttpReply all = open("class=Base&namespace=root%5Ctest");
    text(things);
    text(all);
    publish("Base", "base-0");
    EXPECT_EQ(text(things), "");
    EXPECT_NE(text(all), "");
    publish("Thing", "thing-01");
    EXPECT_NE(text(things), "");
    EXPECT_NE(text(all), "");
    EXPECT_EQ(open("class=Nope").status, 404u);
    EXPECT_EQ(open("namespace=root/nope").status, 404u);
    EXPECT_EQ(open("colour=red").status, 400u);
}

TEST_F(EventStreamsTest, OnlyWhoMayReadIsTold) {
    server::HttpRequest request;
    request.method = "GET";
    request.path = "/api/v1/events";
    EXPECT_EQ(door_.handle(request, cim::Principal("west", {cim::Role::peer})).status, 403u);
    request.fields["Accept"] = "application/json";
    EXPECT_EQ(door_.handle(request, cim::Principal("viewer", {cim::Role::viewer})).status, 406u);
    EXPECT_EQ(bus_.listeners(), 0u);
}

TEST_F(EventStreamsTest, AStreamThatIsLetGoEnds) {
    server::HttpReply reply = open();
    EXPECT_EQ(bus_.listeners(), 1u);
    reply.stream.reset();
    EXPECT_EQ(bus_.listeners(), 0u);
    publish("Thing", "thing-01");
}

TEST_F(EventStreamsTest, StreamsAreBounded) {
    std::vector<server::HttpReply> open_ones;
    for (std::size_t i = 0; i < limits::event_streams_max; ++i) {
        open_ones.push_back(
            open("", "", fmt::format("user-{}", i / limits::event_streams_per_user_max)));
        EXPECT_EQ(open_ones.back().status, 200u);
        if (i + 1 == limits::event_streams_per_user_max) {
            EXPECT_EQ(open("", "", "user-0").status, 429u);
        }
    }
    EXPECT_EQ(open("", "", "somebody else").status, 429u);
    open_ones.pop_back();
    EXPECT_EQ(open("", "", "somebody else").status, 200u);
}

}  // namespace
}  // namespace reviver::rest
