#include "cim/value.h"

#include "base/error.h"
#include "cim/instance.h"
#include "cim/names.h"
#include "cim/value_text.h"

#include <gtest/gtest.h>

namespace reviver::cim {
namespace {

TEST(Value, KnowsTheTypeOfWhatItWasMadeOf) {
    EXPECT_TRUE(Value().is_null());
    EXPECT_EQ(Value(true).type(), Type::boolean);
    EXPECT_EQ(Value(std::uint8_t{1}).type(), Type::uint8);
    EXPECT_EQ(Value(std::int64_t{-1}).type(), Type::sint64);
    EXPECT_EQ(Value("text").as_string(), "text");
    EXPECT_EQ(Value(std::vector<std::uint16_t>{1, 2}).elements()[1].as_unsigned(), 2u);
    EXPECT_EQ(Value(std::vector<std::string>{}).type(), Type::string);
}

TEST(Value, RefusesToBeReadAsAnotherType) {
    EXPECT_THROW(Value("1").as_unsigned(), Error);
    EXPECT_THROW(Value(std::int32_t{-1}).as_unsigned(), Error);
    EXPECT_THROW(Value(true).elements(), Error);
    EXPECT_THROW(Value().as_string(), Error);
}

TEST(Value, RefusesNumbersThatDoNotFit) {
    EXPECT_THROW(Value::unsigned_number(Type::uint8, 256), Error);
    EXPECT_EQ(Value::unsigned_number(Type::uint8, 255).as_unsigned(), 255u);
    EXPECT_THROW(Value::signed_number(Type::sint8, -129), Error);
    EXPECT_EQ(Value::signed_number(Type::sint8, -128).as_signed(), -128);
}

TEST(Value, AnArrayOfStringsMayArriveAsOneString) {
    EXPECT_EQ(Value("a").as_strings(), std::vector<std::string>{"a"});
    EXPECT_TRUE(Value().as_strings().empty());
}

TEST(ValueText, ReadsNumbersGenerouslyAndExactly) {
    EXPECT_EQ(parse_scalar(Type::uint64, " +18446744073709551615\n").as_unsigned(), ~0ull);
    EXPECT_EQ(parse_scalar(Type::sint64, "-9223372036854775808").as_signed(), INT64_MIN);
    EXPECT_THROW(parse_scalar(Type::uint16, "65536"), Error);
    EXPECT_THROW(parse_scalar(Type::uint16, "12x"), Error);
    EXPECT_THROW(parse_scalar(Type::uint16, ""), Error);
    EXPECT_THROW(parse_scalar(Type::uint16, "-1"), Error);
}

TEST(ValueText, ReadsBooleansOfAllClients) {
    for (const char* text : {"true", "TRUE", "1", " True "}) {
        EXPECT_TRUE(parse_scalar(Type::boolean, text).as_bool()) << text;
    }
    EXPECT_FALSE(parse_scalar(Type::boolean, "0").as_bool());
    EXPECT_THROW(parse_scalar(Type::boolean, "yes"), Error);
}

TEST(ValueText, RealsRoundTripInFewDigits) {
    EXPECT_EQ(scalar_text(parse_scalar(Type::real64, "0.1")), "0.1");
    EXPECT_EQ(scalar_text(parse_scalar(Type::real64, "INF")), "INF");
    EXPECT_EQ(scalar_text(parse_scalar(Type::real32, "1.5e3")), "1500");
}

TEST(ValueText, Char16IsANumberOrACharacter) {
    EXPECT_EQ(parse_scalar(Type::char16, "65").as_unsigned(), 65u);
    EXPECT_EQ(parse_scalar(Type::char16, "A").as_unsigned(), 65u);
    EXPECT_EQ(parse_scalar(Type::char16, "\xc3\xa9").as_unsigned(), 0xe9u);
}

TEST(Instance, NamesHaveNoCaseAndKeepTheirPlace) {
    Instance instance("C");
    instance.set("Name", "a").set("Other", "b").set("NAME", "c");
    ASSERT_EQ(instance.properties().size(), 2u);
    EXPECT_EQ(instance.properties()[0].name, "Name");
    EXPECT_EQ(instance.get("name").as_string(), "c");
    EXPECT_TRUE(instance.get("missing").is_null());
    EXPECT_EQ(instance.find("missing"), nullptr);
}

TEST(Names, NamespacesOfAllSpellingsAreOne) {
    EXPECT_EQ(normal_namespace("root\\HyperVCluster\\v2"), "root/HyperVCluster/v2");
    EXPECT_EQ(normal_namespace("//./root/HyperVCluster/v2"), "root/HyperVCluster/v2");
    EXPECT_EQ(normal_namespace("/root/HyperVCluster/v2/"), "root/HyperVCluster/v2");
    EXPECT_EQ(normal_namespace("\\\\HOST"), "");
}

}  // namespace
}  // namespace reviver::cim
