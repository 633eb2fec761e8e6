#include "cim/class_text.h"

#include "cim/mof_parser.h"
#include "cim/xml.h"

#include <gtest/gtest.h>

namespace reviver::cim {
namespace {

class ClassText : public testing::Test {
  protected:
    ClassText() {
        read_mof(schema_, "test.mof", [](const std::string&) {
            return R"(class A { [Key, MaxLen(5)] string Id; uint16 List[] = {1}; };
                      class B : A { A REF Other; };
                      class C : B { [ValueMap{"0"}, Values{"a<b"}]
                          uint32 Do([In] A REF R, [In(false), Out] B REF Rs[],
                                    [In] string T[]); };)";
        });
        schema_.resolve();
    }
    XmlElement written(const char* name, const ClassDetail& detail = {}) const {
        return parse_xml(write_class(schema_, schema_.get(name), detail));
    }

    Schema schema_{"root/test"};
};

TEST_F(ClassText, SaysWhereItComesFrom) {
    const XmlElement c = written("C");
    EXPECT_TRUE(c.is("", "CLASS"));
    EXPECT_EQ(*c.attribute("SUPERCLASS"), "B");
    EXPECT_EQ(*c.attribute("DERIVATION"), "B,A");
    EXPECT_EQ(written("A").attribute("SUPERCLASS"), nullptr);
}

TEST_F(ClassText, HasPropertiesWithTypesAndQualifiers) {
    const XmlElement c = written("C");
    ASSERT_EQ(c.children.size(), 4u);
    const XmlElement& id = c.children[0];
    EXPECT_EQ(id.name, "PROPERTY");
    EXPECT_EQ(*id.attribute("TYPE"), "string");
    EXPECT_EQ(*id.attribute("CLASSORIGIN"), "A");
    EXPECT_EQ(*id.attribute("PROPAGATED"), "true");
    EXPECT_EQ(*id.children.at(0).attribute("NAME"), "Key");
    EXPECT_EQ(*id.children.at(1).attribute("TYPE"), "uint32");
    EXPECT_EQ(c.children[1].name, "PROPERTY.ARRAY");
    EXPECT_EQ(c.children[1].child_named("VALUE.ARRAY")->children.at(0).text, "1");
    EXPECT_EQ(c.children[2].name, "PROPERTY.REFERENCE");
    EXPECT_EQ(*c.children[2].attribute("REFERENCECLASS"), "A");
}

TEST_F(ClassText, HasMethodsWithParametersInOrder) {
    const XmlElement method = written("C").children[3];
    EXPECT_EQ(*method.attribute("TYPE"), "uint32");
    ASSERT_EQ(method.children.size(), 5u);
    EXPECT_EQ(method.children[1].child_named("VALUE.ARRAY")->children.at(0).text, "a<b");
    EXPECT_EQ(method.children[2].name, "PARAMETER.REFERENCE");
    EXPECT_EQ(method.children[3].name, "PARAMETER.REFARRAY");
    ASSERT_EQ(method.children[3].children.size(), 1u) << "In(false) is left out";
    EXPECT_EQ(*method.children[3].children[0].attribute("NAME"), "Out");
    EXPECT_EQ(method.children[4].name, "PARAMETER.ARRAY");
}

TEST_F(ClassText, LeavesOutWhatIsNotWanted) {
    const XmlElement c = written("C", {false, false, false, false});
    ASSERT_EQ(c.children.size(), 1u);
    EXPECT_EQ(c.attribute("DERIVATION"), nullptr);
    EXPECT_EQ(c.children[0].attribute("CLASSORIGIN"), nullptr);
    for (const XmlElement& child : c.children[0].children) EXPECT_NE(child.name, "QUALIFIER");
}

}  // namespace
}  // namespace reviver::cim
