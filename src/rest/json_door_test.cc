#include "rest/json_door.h"

#include "rest/limits.h"
#include "rest/uri.h"
#include "server/body_stream.h"
#include "server/test_model.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace reviver::rest {
namespace {

namespace json = boost::json;
using server::HttpReply;
using server::HttpRequest;

class JsonDoorTest : public testing::Test {
  protected:
    ~JsonDoorTest() override { model_.release_waiting(); }

    static HttpRequest request(const std::string& method, const std::string& target) {
        HttpRequest result;
        result.method = method;
        const auto question = target.find('?');
        result.path = std::string(api_root) + target.substr(0, question);
        if (question != std::string::npos) result.query = target.substr(question + 1);
        return result;
    }
    HttpReply ask(const HttpRequest& request) { return door_.handle(request, who_); }
    json::value get(const std::string& target, unsigned status = 200) {
        return body_of(ask(request("GET", target)), status);
    }
    HttpReply post(const std::string& target, const std::string& body) {
        HttpRequest asked = request("POST", target);
        asked.fields["Content-Type"] = "application/json";
        asked.body = body;
        EXPECT_EQ(door_.refuse_before_body(asked), 0u);
        return ask(asked);
    }
    json::value call(const std::string& arguments, unsigned status = 200) {
        return body_of(post(start, arguments), status);
    }
    static std::string below_root(const json::value& href) {
        return std::string(href.as_string()).substr(api_root.size());
    }
    static json::value body_of(const HttpReply& reply, unsigned status) {
        EXPECT_EQ(reply.status, status) << reply.body;
        const bool problem = status >= 400;
        EXPECT_EQ(reply.fields.at("Content-Type"),
                  problem ? "application/problem+json" : "application/json");
        json::value body = json::parse(reply.body);
        if (problem) {
            EXPECT_EQ(body.at("status").to_number<unsigned>(), status);
        }
        return body;
    }

    static constexpr const char* start =
        "/root:test/instances/Service/Name=svc,SystemName=here/methods/Start";

    server::TestModel model_;
    cim::Principal who_{"admin", {cim::Role::administrator}};
    cim::EventBus bus_{"run"};
    server::DoorOptions options_;
    JsonDoor door_{model_.objects(), bus_, options_};
};

TEST_F(JsonDoorTest, ShowsWhatThereIs) {
    EXPECT_EQ(get("/").at("namespaces").at(0).at("@href"), "/api/v1/root:test");
    EXPECT_EQ(get("").at("events"), "/api/v1/events");
    EXPECT_EQ(get("/root:test").at("classes"), "/api/v1/root:test/classes");
    EXPECT_EQ(get("/root%3Atest/").at("name"), "root/test");
    const json::value classes = get("/root:test/classes");
    EXPECT_EQ(classes.at("classes").as_array().size(), 6u);
    EXPECT_EQ(get("/nowhere", 404).at("cimStatusName"), "CIM_ERR_INVALID_NAMESPACE");
    get("/root:test/nothing", 404);
}

TEST_F(JsonDoorTest, ShowsAClass) {
    const json::value thing = get("/root:test/classes/thing");
    EXPECT_EQ(thing.at("name"), "Thing");
    EXPECT_EQ(thing.at("superclass"), "Base");
    const json::array& properties = thing.at("properties").as_array();
    EXPECT_EQ(properties.at(0).at("name"), "Id");
    EXPECT_EQ(properties.at(0).at("key"), true);
    EXPECT_EQ(properties.at(0).at("origin"), "Base");
    const json::value service = get("/root:test/classes/Service");
    const json::value& start_method = service.at("methods").at(0);
    EXPECT_EQ(start_method.at("parameters").at(0).at("references"), "Base");
    EXPECT_EQ(start_method.at("parameters").at(1).at("embedded"), "Settings");
    EXPECT_EQ(get("/root:test/classes/Nope", 404).at("cimStatus"), 5);
}

TEST_F(JsonDoorTest, GivesValuesOfEveryType) {
    const json::value thing = get("/root:test/instances/Thing/thing-01");
    EXPECT_EQ(thing.at("@class"), "Thing");
    EXPECT_EQ(thing.at("@href"), "/api/v1/root:test/instances/Thing/thing-01");
    EXPECT_EQ(thing.at("State"), 1);
    EXPECT_EQ(thing.at("On"), true);
    EXPECT_EQ(thing.at("Big"), "18446744073709551615");
    EXPECT_EQ(thing.at("Small"), "-9223372036854775808");
    EXPECT_EQ(thing.at("Since"), "2025-01-02T03:04:05.000001Z");
    EXPECT_EQ(thing.at("Lasted"), "P1DT2H3M4.000005S");
    EXPECT_EQ(thing.at("Tags"), (json::array{"x", "y"}));
    EXPECT_EQ(thing.at("Next").at("@href"), "/api/v1/root:test/instances/Thing/thing-02");
    EXPECT_EQ(thing.at("Next").at("Id"), "thing-02");
    EXPECT_EQ(thing.at("Name"), "a&<\"'>\xc3\xa9\xf0\x9f\x98\x80\x01z");
}

TEST_F(JsonDoorTest, FindsAnInstanceByItsKeys) {
    for (const char* keys : {"thing-03", "Id=thing-03", "id=thing%2D03", "%74hing-03"}) {
        EXPECT_EQ(get(std::string("/root:test/instances/Base/") + keys).at("State"), 3) << keys;
    }
    EXPECT_EQ(get("/root:test/instances/Service/SystemName=here,Name=svc").at("Name"), "svc");
    EXPECT_EQ(get("/root:test/instances/Thing/none", 404).at("cimStatus"), 6);
    EXPECT_EQ(get("/root:test/instances/Thing/@", 400).at("cimStatus"), 4);
    for (const char* keys : {"Nope=1", "%zz", "%4", "%FF", "a,b", "Id=a,Id=b", "%00"}) {
        get(std::string("/root:test/instances/Thing/") + keys, 400);
    }
}

TEST_F(JsonDoorTest, FollowsItsOwnLinks) {
    for (const char* list : {"Thing", "Base", "Link"}) {
        const json::value found = get(std::string("/root:test/instances/") + list);
        for (const json::value& one : found.at("instances").as_array()) {
            EXPECT_EQ(get(below_root(one.at("@href"))), one);
        }
    }
}

TEST_F(JsonDoorTest, ListsByPages) {
    json::value page = get("/root:test/instances/Base?limit=20");
    std::set<std::string> seen;
    int pages = 1;
    while (true) {
        for (const json::value& one : page.at("instances").as_array()) {
            EXPECT_TRUE(seen.insert(std::string(one.at("Id").as_string())).second);
        }
        const json::value* next = page.as_object().if_contains("next");
        if (!next) break;
        const std::string target = below_root(*next);
        page = get(target);
        get(target, 410);  // once
        ++pages;
    }
    EXPECT_EQ(seen.size(), server::TestModel::things + 1);
    EXPECT_EQ(pages, 3);
    for (const char* limit : {"0", "-1", "x", "99999999999999999999999"}) {
        get(std::string("/root:test/instances/Base?limit=") + limit, 400);
    }
    EXPECT_EQ(get("/root:test/instances/Base?limit=99999999").at("instances").as_array().size(),
              seen.size());
}

// The address of the next page had the namespace as it was asked for, so a backslash in it made a
// body that is no JSON.
TEST_F(JsonDoorTest, ThePageAfterANamespaceWrittenWithBackslashesIsFound) {
    for (const char* written : {"root:test", "\\root\\test", "%5Croot:test", "root\\test"}) {
        const std::string first = std::string("/") + written + "/instances/Base?limit=20";
        const std::string target = below_root(get(first).at("next"));
        EXPECT_TRUE(target.starts_with("/root:test/pages/")) << target;
        EXPECT_EQ(get(target).at("instances").as_array().size(), 20u);
    }
}

TEST_F(JsonDoorTest, APageIsBounded) {
    options_.reply_bytes_max = 2000;
    JsonDoor small(model_.objects(), bus_, options_);
    const HttpReply reply = small.handle(request("GET", "/root:test/instances/Base"), who_);
    EXPECT_LT(reply.body.size(), 2200u);
    const json::value page = body_of(reply, 200);
    EXPECT_GT(page.at("instances").as_array().size(), 1u);
    EXPECT_TRUE(page.as_object().contains("next"));
    // The fourth thing alone has 9000 characters.
    const HttpReply large =
        small.handle(request("GET", "/root:test/instances/Thing?filter=State%3D3"), who_);
    EXPECT_EQ(body_of(large, 503).at("cimStatus"), 27);
}

TEST_F(JsonDoorTest, APageBelongsToWhoAskedForTheFirst) {
    const json::value page = get("/root:test/instances/Base?limit=20");
    const std::string target = below_root(page.at("next"));
    const cim::Principal other("other", {cim::Role::administrator});
    EXPECT_EQ(door_.handle(request("GET", target), other).status, 410u);
    get(target);
}

TEST_F(JsonDoorTest, OpenPagesAreBounded) {
    for (std::size_t i = 0; i < options_.contexts_per_user_max; ++i) {
        get("/root:test/instances/Base?limit=1");
    }
    EXPECT_EQ(get("/root:test/instances/Base?limit=1", 503).at("cimStatus"), 27);
}

TEST_F(JsonDoorTest, FiltersAndQueries) {
    const json::value few = get("/root:test/instances/Thing?filter=State+%3E+40&properties=State");
    EXPECT_EQ(few.at("instances").as_array().size(), 4u);
    EXPECT_EQ(few.at("instances").at(0).as_object().if_contains("Id"), nullptr);
    const json::value same =
        get("/root:test/query?q=SELECT%20State%20FROM%20Thing%20WHERE%20State%3E40");
    EXPECT_EQ(same.at("instances"), few.at("instances"));
    EXPECT_EQ(get("/root:test/instances/Thing?filter=Nope%3D1", 400).at("cimStatus"), 15);
    EXPECT_EQ(
        get("/root:test/instances/Thing?filter=State%3D1)+OR+(State%3D2", 400).at("cimStatus"), 15);
    // It was a part of the query, and could ask for another class.
    get("/root:test/instances/Service?properties=State%20FROM%20Thing%20WHERE%20Id%20%3C%3E%20%27"
        "&filter=%27%20OR%20State%3D1",
        400);
    get("/root:test/instances/Thing?colour=red", 400);
    get("/root:test/instances/Thing?limit=1&limit=2", 400);
    get("/root:test/query", 400);
}

TEST_F(JsonDoorTest, FollowsAssociations) {
    const json::value found =
        get("/root:test/instances/Thing/thing-01/associators?association=Link");
    EXPECT_EQ(found.at("instances").at(0).at("Id"), "base-0");
    const json::value links = get("/root:test/instances/Thing/thing-01/references");
    EXPECT_EQ(links.at("instances").at(0).at("To").at("Id"), "base-0");
    EXPECT_TRUE(get("/root:test/instances/Thing/thing-01/associators?role=To")
                    .at("instances")
                    .as_array()
                    .empty());
}

TEST_F(JsonDoorTest, CallsAMethod) {
    const HttpReply reply = post(start, R"({
        "Target": {"@href": "/api/v1/root:test/instances/Thing/thing-05"},
        "Settings": {"Interval": 30, "Disks": ["a", "b"], "At": "2025-01-02T03:04:05Z"},
        "count": 7, "When": "00000001020304.000005:000", "Words": ["x", 1, true]})");
    const json::value body = body_of(reply, 202);
    EXPECT_EQ(body.at("ReturnValue"), 4096);
    EXPECT_EQ(body.at("Job").at("Id"), "thing-07");
    EXPECT_EQ(body.at("Notes"), (json::array{"one", "two"}));
    EXPECT_EQ(reply.fields.at("Location"), "/api/v1/root:test/instances/Thing/thing-07");
    const cim::Arguments given = model_.last_arguments();
    EXPECT_EQ(given.at("Target").as_reference().key_text("Id"), "thing-05");
    EXPECT_EQ(given.at("Count").as_unsigned(), 7u);
    EXPECT_EQ(given.at("When").as_datetime().iso_text(), "P1DT2H3M4.000005S");
    EXPECT_EQ(given.at("Words").as_strings(), (std::vector<std::string>{"x", "1", "true"}));
    const cim::Instance& settings = given.at("Settings").as_instance();
    EXPECT_EQ(settings.get("Interval").as_unsigned(), 30u);
    EXPECT_EQ(settings.get("At").as_datetime().iso_text(), "2025-01-02T03:04:05Z");
}

TEST_F(JsonDoorTest, TakesAReferenceInEveryForm) {
    for (const char* target : {R"({"@href": "/api/v1/root:test/instances/Thing/thing-05"})",
                               R"({"@class": "Thing", "Id": "thing-05"})",
                               R"("/api/v1/root:test/instances/Thing/thing-05")",
                               R"("Thing.Id=\"thing-05\"")", R"({"Id": "thing-05"})"}) {
        call(std::string(R"({"Target": )") + target + "}", 202);
        EXPECT_EQ(model_.last_arguments().at("Target").as_reference().key_text("Id"), "thing-05")
            << target;
    }
}

TEST_F(JsonDoorTest, ARefusalOfTheMethodIsAResult) {
    EXPECT_EQ(call("{}").at("ReturnValue"), 32773);
    EXPECT_EQ(call("").at("Job"), nullptr);
    const json::value report = body_of(
        post("/root:test/instances/Service/Name=svc,SystemName=here/methods/Report", ""), 200);
    EXPECT_EQ(report.at("Settings").at("@class"), "Settings");
    EXPECT_EQ(report.at("Settings").at("Interval"), 30);
}

TEST_F(JsonDoorTest, SaysWhatIsWrongWithAnArgument) {
    for (const char* arguments : {"[]",
                                  "{",
                                  "1",
                                  R"({"Nope": 1})",
                                  R"({"Count": 256})",
                                  R"({"Count": "x"})",
                                  R"({"Count": -1})",
                                  R"({"Count": 1.5})",
                                  R"({"Count": [1]})",
                                  R"({"Count": {}})",
                                  R"({"When": "yesterday"})",
                                  R"({"Target": {}})",
                                  R"({"Target": {"@href": 1}})",
                                  R"({"Target": {"@href": "/elsewhere"}})",
                                  R"({"Target": {"@class": "Nope"}})",
                                  R"({"Target": {"Nope": 1}})",
                                  R"({"Settings": {"Nope": 1}})",
                                  R"({"Settings": {"Interval": 1, "interval": 2}})",
                                  R"({"Words": [[1]]})",
                                  R"({"Words": [{}]})",
                                  R"({"Count": 1, "count": 2})",
                                  "{\"Words\": [\"\xff\"]}"}) {
        call(arguments, 400);
    }
    EXPECT_EQ(model_.started(), 0);
}

TEST_F(JsonDoorTest, DepthIsBounded) {
    const auto nested = [](std::size_t depth) {
        return R"({"Words": )" + std::string(depth, '[') + std::string(depth, ']') + "}";
    };
    EXPECT_EQ(call(nested(limits::json_depth_max - 1), 400).at("detail"),
              "Words: an array within an array is no value");
    EXPECT_NE(std::string(call(nested(limits::json_depth_max + 1), 400).at("detail").as_string())
                  .find("no JSON"),
              std::string::npos);
}

TEST_F(JsonDoorTest, AddressesAreBounded) {
    std::string path = "/root:test";
    for (std::size_t i = 0; i < limits::path_segments_max; ++i) path += "/x";
    get(path, 400);
    std::string query = "/root:test/query?q=x";
    for (std::size_t i = 0; i < limits::query_parameters_max; ++i) {
        query += fmt::format("&p{}=x", i);
    }
    EXPECT_EQ(get(query, 400).at("detail"), "too many parameters");
}

TEST_F(JsonDoorTest, OnlyJsonCanCallAMethod) {
    HttpRequest asked = request("POST", start);
    for (const char* type : {"", "text/plain", "application/x-www-form-urlencoded",
                             "multipart/form-data", "application/json;charset=utf-16"}) {
        asked.fields["Content-Type"] = type;
        EXPECT_EQ(door_.refuse_before_body(asked), 415u) << type;
    }
    const HttpReply refusal = door_.refusal(415, asked);
    EXPECT_EQ(body_of(refusal, 415).at("title"), "Unsupported Media Type");
    for (const char* method : {"PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"}) {
        EXPECT_EQ(door_.refuse_before_body(request(method, start)), 405u) << method;
    }
    EXPECT_EQ(door_.refusal(405, asked).fields.at("Allow"), "GET, POST");
    EXPECT_EQ(ask(request("GET", start)).fields.at("Allow"), "POST");
    body_of(post("/root:test/instances/Thing", "{}"), 405);
    EXPECT_EQ(model_.started(), 0);
}

TEST_F(JsonDoorTest, AcceptsWhatTheClientAccepts) {
    const auto status = [&](const char* accept) {
        HttpRequest asked = request("GET", "/root:test");
        asked.fields["Accept"] = accept;
        return ask(asked).status;
    };
    for (const char* accept : {"", "*/*", "application/*", "text/html, application/json;q=0.5"}) {
        EXPECT_EQ(status(accept), 200u) << accept;
    }
    for (const char* accept : {"text/html", "application/xml,", "json"}) {
        EXPECT_EQ(status(accept), 406u) << accept;
    }
}

TEST_F(JsonDoorTest, RolesHoldHereToo) {
    const cim::Principal viewer("viewer", {cim::Role::viewer});
    EXPECT_EQ(door_.handle(request("GET", "/root:test/instances/Thing"), viewer).status, 200u);
    EXPECT_EQ(door_.handle(request("POST", start), viewer).status, 403u);
    // Who may not call it is not told what is wrong with his arguments.
    HttpRequest nonsense = request("POST", start);
    nonsense.body = R"({"Nonsense": 1})";
    EXPECT_EQ(door_.handle(nonsense, viewer).status, 403u);
    EXPECT_EQ(model_.started(), 0);
    // Who may call it need not be one who may read.
    const cim::Principal peer("peer", {cim::Role::peer});
    const char* const report = "/root:test/instances/Service/@/methods/Report";
    EXPECT_EQ(door_.handle(request("POST", report), peer).status, 200u);
    EXPECT_EQ(door_.handle(request("GET", "/root:test/instances/Thing"), peer).status, 403u);
}

TEST_F(JsonDoorTest, AMethodThatTakesTooLongIsLeftAlone) {
    options_.operation_time_max = std::chrono::milliseconds(20);
    JsonDoor impatient(model_.objects(), bus_, options_);
    const HttpReply reply = impatient.handle(
        request("POST", "/root:test/instances/Service/Name=svc,SystemName=here/methods/Wait"),
        who_);
    EXPECT_EQ(body_of(reply, 504).at("title"), "Gateway Timeout");
    model_.release_waiting();
}

TEST_F(JsonDoorTest, SaysWhichMethodsAreNotThere) {
    const std::string service = "/root:test/instances/Service/Name=svc,SystemName=here/methods/";
    EXPECT_EQ(body_of(post(service + "Nope", ""), 404).at("cimStatus"), 17);
    EXPECT_EQ(body_of(post(service + "Unbound", ""), 501).at("cimStatus"), 16);
    EXPECT_EQ(get("/root:test/jobs", 404).at("cimStatus"), 5);
}

}  // namespace
}  // namespace reviver::rest
