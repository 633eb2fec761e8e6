#include "cim/mof_parser.h"

#include "base/error.h"
#include "cim/limits.h"

#include <gtest/gtest.h>

#include <map>

namespace reviver::cim {
namespace {

Schema schema_of(const std::string& text) {
    Schema schema("root/test");
    read_mof(schema, "test.mof", [&](const std::string&) { return text; });
    schema.resolve();
    return schema;
}

std::string complaint_about(const std::string& text) {
    try {
        schema_of(text);
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

TEST(MofParser, ReadsClassesWithAllTheyDeclare) {
    const Schema schema = schema_of(R"(
        // a comment
        Qualifier Key : boolean = false, Scope(property, reference), Flavor(DisableOverride);
        [Abstract, Version("1.0")]
        class A { [Key] string Id; /* another */ uint16 State[] = {1, 2}; };
        [Association] class B : A {
            A REF Other;
            [Description("one " "two"), ValueMap{"0", "5..9"}, Values{"No", "Some"} : ToSubclass]
            uint32 Do([In] uint8 Small[], [In(false), Out] A REF Job, [In, Out] datetime When);
            boolean On = true; sint8 Low = -5; uint32 Hex = 0x1F; uint8 Bits = 101b; real32 R = 1.5;
        };)");
    const Class& a = schema.get("a");
    EXPECT_TRUE(a.is_abstract());
    EXPECT_EQ(a.keys().at(0)->name, "Id");
    const Class& b = schema.get("B");
    EXPECT_TRUE(b.is_association());
    EXPECT_FALSE(b.is_abstract());
    EXPECT_EQ(b.properties.size(), 8u);
    EXPECT_EQ(b.find_property("state")->default_value.elements().size(), 2u);
    EXPECT_EQ(b.find_property("State")->origin, "A");
    EXPECT_EQ(b.find_property("Other")->ref_class, "A");
    EXPECT_EQ(b.find_property("Low")->default_value.as_signed(), -5);
    EXPECT_EQ(b.find_property("Hex")->default_value.as_unsigned(), 31u);
    EXPECT_EQ(b.find_property("Bits")->default_value.as_unsigned(), 5u);
    EXPECT_EQ(b.find_property("R")->default_value.as_real(), 1.5);
    const Method& method = *b.find_method("DO");
    EXPECT_EQ(method.qualifiers.text("Description"), "one two");
    EXPECT_EQ(method.label(std::uint32_t{7}), "Some");
    ASSERT_EQ(method.parameters.size(), 3u);
    EXPECT_TRUE(method.parameters[0].in() && !method.parameters[0].out() &&
                method.parameters[0].array);
    EXPECT_TRUE(!method.parameters[1].in() && method.parameters[1].out());
    EXPECT_TRUE(method.parameters[2].in() && method.parameters[2].out());
}

TEST(MofParser, AnOverrideStaysAKeyAndInPlace) {
    const Schema schema = schema_of(
        "class A { [Key] string Id; string X; };"
        "class B : A { [Override(\"Id\"), MaxLen(5)] string Id; string Y; };");
    const Class& b = schema.get("B");
    ASSERT_EQ(b.properties.size(), 3u);
    EXPECT_EQ(b.properties[0].name, "Id");
    EXPECT_TRUE(b.properties[0].is_key());
    EXPECT_EQ(b.properties[0].origin, "B");
}

TEST(MofParser, IncludesEachFileOnce) {
    const std::map<std::string, std::string> files = {
        {"main", "#pragma namespace (\"x\")\n#pragma include (\"a\")\n#pragma include (\"a\")\n"},
        {"a", "class A {};\n#pragma include (\"main\")"}};
    Schema schema("x");
    read_mof(schema, "main", [&](const std::string& name) { return files.at(name); });
    EXPECT_EQ(schema.classes().size(), 1u);
}

TEST(MofParser, ErrorsNameFileAndLine) {
    EXPECT_NE(complaint_about("class A {\n string ;\n};").find("test.mof:2: "), std::string::npos);
    for (const char* bad :
         {"class", "class A {", "class A { string X }", "class A { nonsense X; };",
          "class A { string X = ; };", "class A { string X = \"open; };",
          "class A { string X = {1, \"a\"}; };", "/* open", "nonsense",
          "class A { uint8 X = 256; };", "class A { uint32 M(uint8 P, uint8 p); };",
          "class A { string X = \"\\q\"; };", "instance of A {};", "#pragma include (", "[Key",
          "class A { uint32 N = 99999999999999999999; };", "Qualifier X : boolean = false"}) {
        EXPECT_NE(complaint_about(bad).find("test.mof:"), std::string::npos) << bad;
    }
}

TEST(MofParser, WhatIsMissingIsNamed) {
    EXPECT_NE(complaint_about("class A : B {};").find("B"), std::string::npos);
    EXPECT_NE(complaint_about("class A { B REF R; };").find("A.R"), std::string::npos);
    EXPECT_NE(complaint_about("class A { uint32 M(B REF R); };").find("A.R"), std::string::npos);
    EXPECT_NE(complaint_about("class A : A {};"), "");
    EXPECT_NE(complaint_about("class A : B {}; class B : A {};"), "");
    EXPECT_NE(complaint_about("class A {}; class a {};").find("twice"), std::string::npos);
}

TEST(MofParser, ReadsAnInstance) {
    const Instance instance = read_mof_instance(R"(
        instance of C as $Alias { Name = "a\"b\\c\x41\n"; N = 30; M = -1; On = TRUE; None = NULL;
            List = {"x", "y"}; Inner = instance of D { X = 1; }; };)");
    EXPECT_EQ(instance.class_name(), "C");
    EXPECT_EQ(instance.get("Name").as_string(), "a\"b\\cA\n");
    EXPECT_EQ(instance.get("N").as_unsigned(), 30u);
    EXPECT_EQ(instance.get("M").as_signed(), -1);
    EXPECT_TRUE(instance.get("On").as_bool());
    EXPECT_TRUE(instance.get("None").is_null());
    EXPECT_EQ(instance.get("List").as_strings().size(), 2u);
    EXPECT_EQ(instance.get("Inner").as_instance().get("X").as_unsigned(), 1u);
}

// A lone surrogate came through as three bytes that are no UTF-8, was kept in a document, and the
// site did not start again.
TEST(MofParser, AnEscapeIsACharacter) {
    const auto text = [](const std::string& escaped) {
        const std::string instance = "instance of C { Name = \"" + escaped + "\"; };";
        return read_mof_instance(instance).get("Name").as_string();
    };
    EXPECT_EQ(text("\\x41\\xe9\\x20AC"), "A\xc3\xa9\xe2\x82\xac");
    EXPECT_EQ(text("\\xD83D\\xDE00!"), "\xf0\x9f\x98\x80!");
    for (const char* half : {"\\xD800", "\\xDFFF", "\\xD800x", "\\xD800\\x41", "\\xDC00\\xD800",
                             "\\xD800\\n", "\\x0", "\\xg"})
        EXPECT_THROW(text(half), Error) << half;
}

TEST(MofParser, RefusesOtherTextsForAnInstance) {
    for (const char* bad :
         {"", "class A {};", "instance of A {}; instance of B {};", "instance of A { X = 1 };",
          "instance of A { X = 1; X = 2; };", "instance of { };"}) {
        EXPECT_THROW(read_mof_instance(bad), Error) << bad;
    }
    std::string deep;
    for (std::size_t i = 0; i < limits::mof_depth_max + 2; ++i) deep += "instance of A { X = ";
    EXPECT_THROW(read_mof_instance(deep), Error);
    EXPECT_THROW(read_mof_instance(std::string(limits::embedded_text_bytes_max + 1, ' ')), Error);
}

}  // namespace
}  // namespace reviver::cim
