#include "cim/wsman_client.h"

#include "server/test_wsman.h"

namespace reviver::server {
namespace {

// The client of the command line against the door, without a network between them.
class WsmanClientTest : public WsmanTest {
  protected:
    WsmanClientTest()
        : client_(
              [this](const std::string& type, const std::string& body) {
                  HttpRequest request{"POST", "/wsman",
                                      "",     {{"Content-Type", type}, {"User-Agent", "reviver"}},
                                      body,   "127.0.0.1"};
                  const HttpReply reply = door_->handle(request, who_);
                  return cim::TransportReply{reply.status, reply.body};
              },
              "root/test") {}

    cim::WsmanClient client_;
};

TEST_F(WsmanClientTest, Identifies) {
    EXPECT_EQ(client_.identify().vendor, "Reviver");
    EXPECT_EQ(client_.identify().version, "9.9");
}

TEST_F(WsmanClientTest, GetsTypedValues) {
    const cim::Instance thing = client_.get(cim::ObjectPath("Thing", {{"Id", "thing-01"}}));
    EXPECT_EQ(thing.class_name(), "Thing");
    EXPECT_EQ(thing.get("Big").as_unsigned(), ~std::uint64_t{0});
    EXPECT_EQ(thing.get("Small").as_signed(), INT64_MIN);
    EXPECT_TRUE(thing.get("On").as_bool());
    EXPECT_EQ(thing.get("Since").as_datetime().text(), "20250102030405.000001+000");
    EXPECT_EQ(thing.get("Tags").as_strings(), (std::vector<std::string>{"x", "y"}));
    EXPECT_EQ(thing.get("Next").as_reference().key_text("Id"), "thing-02");
    EXPECT_TRUE(client_.get(cim::ObjectPath("Thing", {{"Id", "thing-02"}})).get("Name").is_null());
}

TEST_F(WsmanClientTest, EnumeratesOverManyPulls) {
    const auto things = client_.enumerate("Thing");
    ASSERT_EQ(things.size(), static_cast<std::size_t>(TestModel::things));
    EXPECT_EQ(things[7].path.key_text("Id"), "thing-07");
    EXPECT_EQ(client_.get(things[7].path).get("State").as_unsigned(), 7u);
    EXPECT_TRUE(client_.enumerate("Nothing").empty());
}

TEST_F(WsmanClientTest, Invokes) {
    cim::Instance settings("Settings");
    settings.set("Interval", std::uint32_t{30});
    const cim::Invoked result =
        client_.invoke(cim::ObjectPath("Service"), "Start",
                       {{"Target", cim::ObjectPath("Thing", {{"Id", "thing-05"}})},
                        {"Settings", settings},
                        {"Count", std::uint8_t{1}},
                        {"When", {}}});
    EXPECT_EQ(result.return_value, 4096u);
    EXPECT_EQ(result.get("job").as_reference().key_text("Id"), "thing-07");
    EXPECT_EQ(result.get("Notes").as_strings().size(), 2u);
    EXPECT_EQ(model_.last_arguments().at("Settings").as_instance().get("Interval").as_unsigned(),
              30u);
}

TEST_F(WsmanClientTest, FaultsBecomeErrors) {
    try {
        client_.get(cim::ObjectPath("Thing", {{"Id", "none"}}));
        FAIL() << "a fault was expected";
    } catch (const cim::WsmanFault& fault) {
        EXPECT_EQ(fault.code(), Code::not_found);
        EXPECT_EQ(fault.subcode(), "DestinationUnreachable");
        EXPECT_EQ(fault.detail(), "ResourceNotFound");
    }
}

TEST_F(WsmanClientTest, RepliesOfAnotherRequestAreRefused) {
    cim::WsmanClient client(
        [](const std::string&, const std::string&) {
            return cim::TransportReply{200, std::string("<s:Envelope xmlns:s=\"") + ws::soap +
                                                "\"><s:Header/><s:Body/></s:Envelope>"};
        },
        "root/test");
    EXPECT_THROW(client.get(cim::ObjectPath("Thing")), Error);
    cim::WsmanClient refused(
        [](const std::string&, const std::string&) {
            return cim::TransportReply{401, ""};
        },
        "x");
    EXPECT_THROW(refused.identify(), Error);
}

}  // namespace
}  // namespace reviver::server
