#include "rest/json_values.h"

#include "cim/cim_error.h"
#include "cim/embedded_text.h"
#include "cim/mof_parser.h"
#include "rest/uri.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <limits>

namespace reviver::rest {
namespace {

namespace json = boost::json;

constexpr const char* mof = R"(
class Part { [Key] string Id; real64 Weight; char16 Letter; uint8 Octets[]; };
class Whole {
    [Key] Part REF First;
    [EmbeddedInstance("Part")] string Inside;
    [EmbeddedInstance("Part")] string Several[];
    Part REF Others[];
};
)";

class JsonValuesTest : public testing::Test {
  protected:
    JsonValuesTest() {
        cim::read_mof(schema_, "test.mof", [](const std::string&) { return mof; });
        schema_.resolve();
    }
    std::string written(const cim::Instance& instance) const {
        return json::serialize(instance_json(schema_, instance));
    }
    cim::Value read(const char* property, const std::string& text) const {
        const cim::Property& declared = *schema_.get("Whole").find_property(property);
        return value_of(schema_, declared, json::parse(text));
    }

    cim::Schema schema_{"root/test"};
};

TEST_F(JsonValuesTest, WritesNumbersThatJsonCannot) {
    cim::Instance part("Part");
    part.set("Weight", std::numeric_limits<double>::infinity());
    EXPECT_EQ(written(part), R"({"@class":"Part","Weight":"INF"})");
    part.set("Weight", -std::numeric_limits<double>::infinity());
    EXPECT_EQ(written(part), R"({"@class":"Part","Weight":"-INF"})");
    part.set("Weight", std::numeric_limits<double>::quiet_NaN());
    EXPECT_EQ(written(part), R"({"@class":"Part","Weight":"NaN"})");
    part.set("Weight", cim::Value()).set("Letter", u'x');
    part.set("Octets", std::vector<std::uint8_t>{0, 255});
    EXPECT_EQ(written(part), R"({"@class":"Part","Weight":null,"Letter":120,"Octets":[0,255]})");
}

TEST_F(JsonValuesTest, AnInstanceAsTextIsAnObject) {
    cim::Instance part("Part");
    part.set("Id", "a");
    cim::Instance whole("Whole");
    whole.set("Inside", cim::write_embedded(part));
    whole.set("Several", std::vector<std::string>{cim::write_embedded(part), "no instance"});
    EXPECT_EQ(written(whole), R"({"@class":"Whole","Inside":{"@class":"Part","Id":"a"},)"
                              R"("Several":[{"@class":"Part","Id":"a"},"no instance"]})");
}

TEST_F(JsonValuesTest, ReadsArraysOfObjects) {
    const cim::Value parts = read("Several", R"([{"Id": "a"}, {"@class": "part", "Id": "b"}])");
    EXPECT_EQ(parts.elements().at(1).as_instance().get("Id").as_string(), "b");
    const cim::Value others =
        read("Others", R"(["/api/v1/root:test/instances/Part/a", null, {"Id": "b"}])");
    EXPECT_EQ(others.elements().at(0).as_reference().key_text(""), "a");  // the only key
    EXPECT_TRUE(others.elements().at(1).is_null());
    EXPECT_THROW(read("Several", R"([{"Id": "a"}, 1])"), cim::CimError);
}

TEST_F(JsonValuesTest, AReferenceComesBackAsItWas) {
    const cim::ObjectPath inner("Part", {{"Id", "a/b\\c=d,e%f@\"\xc3\xa9"}});
    cim::ObjectPath outer("Whole", {{"First", inner}});
    const std::string href = href_of(outer, schema_.name_space());
    EXPECT_EQ(href.find_first_of("\\\"@ "), std::string::npos);
    const cim::ObjectPath back = path_of_href(href);
    EXPECT_EQ(back.name_space(), "root/test");
    const cim::ObjectPath inner_back = cim::ObjectPath::parse(back.key_text(""));
    EXPECT_EQ(inner_back.key_text("Id"), inner.key_text("Id"));
    EXPECT_EQ(path_of_href(href_of(inner, "root/test")).key_text(""), inner.key_text("Id"));
}

TEST_F(JsonValuesTest, OnlyTheAddressOfAnInstanceIsOne) {
    for (const char* href :
         {"/api/v1/root:test/instances/Part", "/api/v1/root:test/classes/Part/a", "/api/v1/",
          "/api/v1/root:test/instances/Part/a/associators", "/api/v2/x/instances/Part/a"}) {
        EXPECT_THROW(path_of_href(href), cim::CimError) << href;
    }
}

}  // namespace
}  // namespace reviver::rest
