#include "cim/object_path.h"

#include "base/error.h"
#include "cim/limits.h"

#include <gtest/gtest.h>

namespace reviver::cim {
namespace {

TEST(ObjectPath, ReadsAFullPath) {
    const auto path = ObjectPath::parse(
        R"(\\CLU\root\HyperVCluster\v2:Msvm_VirtualSystemCollection.CollectionID="6f1c")");
    EXPECT_EQ(path.host(), "CLU");
    EXPECT_EQ(path.name_space(), "root/HyperVCluster/v2");
    EXPECT_EQ(path.class_name(), "Msvm_VirtualSystemCollection");
    EXPECT_EQ(path.key_text("collectionid"), "6f1c");
}

TEST(ObjectPath, ReadsEverySpelling) {
    const auto wanted = ObjectPath::parse(R"(C.A="x",B="y")");
    for (const char* text :
         {R"(C.B="y",A="x")", R"(c.b="Y",a="X")", R"(//h/root/x:C.A="x",B="y")",
          R"(root\x:C.A="x",B="y")", R"( C.A='x',B='y' )", R"(\\h\root\x:C.A="x" ,B="y")"}) {
        EXPECT_TRUE(ObjectPath::parse(text).same_object(wanted)) << text;
    }
}

TEST(ObjectPath, UnescapesBackslashesAndQuotesOfKeys) {
    const auto path = ObjectPath::parse(R"(C.Id="Reviver:a\\b\"c")");
    EXPECT_EQ(path.key_text("Id"), "Reviver:a\\b\"c");
    EXPECT_EQ(path.text(), R"(C.Id="Reviver:a\\b\"c")");
}

TEST(ObjectPath, KeysMayHoldSeparatorsOfPaths) {
    const auto path = ObjectPath::parse(R"(C.Id="Reviver:1,2=3.4:5",N=7)");
    EXPECT_EQ(path.key_text("Id"), "Reviver:1,2=3.4:5");
    EXPECT_EQ(path.key("N").as_unsigned(), 7u);
}

TEST(ObjectPath, PrintsKeysInAlphabeticalOrder) {
    ObjectPath path("C");
    path.set_key("b", "2");
    path.set_key("A", std::uint16_t{1});
    path.set_name_space("root/HyperVCluster/v2");
    path.set_host("H");
    EXPECT_EQ(path.text(), R"(\\H\root\HyperVCluster\v2:C.A=1,b="2")");
    EXPECT_EQ(ObjectPath::parse(path.text()).text(), path.text());
}

TEST(ObjectPath, HostsAndNamespacesAreNames) {
    for (const char* text : {"\\\\h\r\n\\root\\test:Thing", "//h\"/root/test:Thing",
                             "root test:Thing", "\\\r\n:Thing", "a?b:Thing", "<x>:Thing.Id=1"}) {
        EXPECT_THROW(ObjectPath::parse(text), Error) << text;
    }
    EXPECT_EQ(ObjectPath::parse("//h-1.example:5986/root/PG_Inter-Op:Thing").text(),
              "\\\\h-1.example:5986\\root\\PG_Inter-Op:Thing");
}

TEST(ObjectPath, AHostStandsBeforeANamespaceAlone) {
    ObjectPath path("Thing", {{"Id", "1"}});
    path.set_host("h");
    EXPECT_EQ(path.text(), "Thing.Id=\"1\"");
    path.set_name_space("root/test");
    EXPECT_EQ(path.text(), "\\\\h\\root\\test:Thing.Id=\"1\"");
}

TEST(ObjectPath, ReferencesAreQuotedPaths) {
    ObjectPath path("A");
    path.set_key("R", ObjectPath::parse(R"(C.Id="x")"));
    EXPECT_EQ(path.text(), R"(A.R="C.Id=\"x\"")");
}

TEST(ObjectPath, ReadsClassesSingletonsAndUnnamedKeys) {
    EXPECT_TRUE(ObjectPath::parse("C").keys().empty());
    EXPECT_TRUE(ObjectPath::parse("root/x:C=@").keys().empty());
    EXPECT_EQ(ObjectPath::parse("C=\"v\"").key_text(""), "v");
    EXPECT_EQ(ObjectPath::parse("C=\"v\"").text(), "C=\"v\"");
}

TEST(ObjectPath, RefusesWhatIsNone) {
    for (const char* text : {"", "C.=", "C.A", "C.A=\"x", "C.A=x", "C.A=\"x\",A=\"y\"",
                             "C.A=\"x\"y", "a b.C=1", "\\\\host", ":", "C.A=\"x\","}) {
        EXPECT_THROW(ObjectPath::parse(text), Error) << text;
    }
}

TEST(ObjectPath, HasLimits) {
    EXPECT_THROW(
        ObjectPath::parse("C.A=\"" + std::string(limits::object_path_chars_max, 'x') + "\""),
        Error);
    std::string many = "C.K0=0";
    for (std::size_t i = 1; i <= limits::object_path_keys_max; ++i) {
        many += ",K" + std::to_string(i) + "=0";
    }
    EXPECT_THROW(ObjectPath::parse(many), Error);
}

TEST(ObjectPath, TellsPathsFromOtherText) {
    EXPECT_TRUE(ObjectPath::looks_like_path(R"(\\h\root\x:C.A="x")"));
    EXPECT_TRUE(ObjectPath::looks_like_path(R"(C.A="x")"));
    EXPECT_FALSE(ObjectPath::looks_like_path("plain text"));
    EXPECT_FALSE(ObjectPath::looks_like_path("<INSTANCE CLASSNAME=\"C\"/>"));
}

}  // namespace
}  // namespace reviver::cim
