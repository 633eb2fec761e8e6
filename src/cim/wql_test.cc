#include "cim/wql.h"

#include "cim/cim_error.h"
#include "cim/limits.h"
#include "cim/mof_parser.h"
#include "cim/object_manager.h"
#include "cim/wql_match.h"

#include <gtest/gtest.h>

namespace reviver::cim {
namespace {

constexpr const char* mof = R"(
    class Base { [Key] string Id; };
    class Thing : Base { string Name; uint16 State; sint32 Small; real64 Ratio; boolean On;
        datetime Since; string Tags[]; Base REF Next; };
    class Sub : Thing { };
    [Association] class Link { [Key] Base REF From; [Key] Base REF To; };)";

class Source : public InstanceSource {
  public:
    explicit Source(const Schema& schema) : schema_(schema) {}
    std::vector<Instance> enumerate(const std::string& class_name) override {
        std::vector<Instance> result;
        for (const Instance& one : all()) {
            if (one.class_name() == class_name) result.push_back(one);
        }
        return result;
    }
    std::optional<Instance> get(const ObjectPath& path) override {
        for (const Instance& one : all()) {
            if (schema_.path_of(one).same_object(path)) return one;
        }
        return std::nullopt;
    }

  private:
    static std::vector<Instance> all() {
        Instance full("Thing");
        full.set("Id", "full").set("Name", "The It's Name").set("State", std::uint16_t{7});
        full.set("Small", std::int32_t{-3}).set("Ratio", 0.5).set("On", true);
        full.set("Since", *DateTime::parse("20250102030405.000000+000"));
        full.set("Next", ObjectPath("Base", {{"Id", "sub"}}));
        Instance link("Link");
        link.set("From", ObjectPath("Thing", {{"Id", "full"}}));
        link.set("To", ObjectPath("Sub", {{"Id", "sub"}}));
        return {full, Instance("Thing").set("Id", "empty"), Instance("Sub").set("Id", "sub"), link};
    }

    const Schema& schema_;
};

class Wql : public testing::Test {
  protected:
    Wql() : schema_(std::make_shared<Schema>("root/test")) {
        read_mof(*schema_, "test.mof", [](const std::string&) { return mof; });
        schema_->resolve();
        Registry registry(schema_);
        const auto source = std::make_shared<Source>(*schema_);
        for (const char* name : {"Thing", "Sub", "Link"}) registry.bind_class(name, source);
        objects_.add_namespace(std::move(registry));
    }

    // The ids of what is found, joined; or the number of the status.
    std::string query(const std::string& text) {
        try {
            std::string ids;
            for (const Found& one : objects_.query(who_, "", text).found) {
                ids += (ids.empty() ? "" : " ") + one.path.key_text("Id");
            }
            return ids;
        } catch (const CimError& error) {
            return std::to_string(static_cast<int>(error.status()));
        }
    }
    std::string where(const std::string& condition) {
        return query("select * from Thing where " + condition);
    }

    std::shared_ptr<Schema> schema_;
    ObjectManager objects_{std::make_shared<RoleAuthorizer>()};
    Principal who_{"reader", {Role::viewer}};
};

TEST_F(Wql, KeywordsAndNamesComeInAnyCase) {
    EXPECT_EQ(query("select * from thing"), "full empty sub");
    EXPECT_EQ(query(" SELECT\n* FROM THING\tWHERE id = 'FULL' "), "full");
}

TEST_F(Wql, ComparesByTheTypeOfTheProperty) {
    EXPECT_EQ(where("State = 7"), "full");
    EXPECT_EQ(where("State <> 7"), "");
    EXPECT_EQ(where("State != 8"), "full");
    EXPECT_EQ(where("State > 10"), "");
    EXPECT_EQ(where("State >= 7 and State <= 7 and State < 10"), "full");
    EXPECT_EQ(where("10 > State"), "full");
    EXPECT_EQ(where("7 < State"), "");
    EXPECT_EQ(where("Small < -2"), "full");
    EXPECT_EQ(where("Ratio < 0.75"), "full");
    EXPECT_EQ(where("On = TRUE"), "full");
    EXPECT_EQ(where("On = false"), "");
    EXPECT_EQ(where("Since = '20250102040405.000000+060'"), "full");
    EXPECT_EQ(where("Since > '20240101000000.000000+000'"), "full");
    // A point in time is neither before nor after a length of time.
    EXPECT_EQ(where("Since > '00000000000000.000000:000'"), "");
    EXPECT_EQ(where("Since < '99999999000000.000000:000'"), "");
    EXPECT_EQ(where("Name > 'the hill'"), "full");
    EXPECT_EQ(where("Next = 'Base.Id=\"sub\"'"), "full");
}

TEST_F(Wql, NullIsUnknownWhicheverWayItIsAsked) {
    EXPECT_EQ(where("State is null"), "empty sub");
    EXPECT_EQ(where("State is not null"), "full");
    EXPECT_EQ(where("State = NULL"), "empty sub");
    EXPECT_EQ(where("State <> NULL"), "full");
    EXPECT_EQ(where("not State = 8"), "full");
    EXPECT_EQ(where("State = 8 or Id = 'empty'"), "empty");
    EXPECT_EQ(where("not (State = 8 and Id = 'empty')"), "full sub");
    EXPECT_EQ(where("State < NULL"), "15");
}

TEST_F(Wql, AndBindsCloserThanOr) {
    EXPECT_EQ(where("Id = 'empty' or Id = 'full' and State = 0"), "empty");
    EXPECT_EQ(where("(Id = 'empty' or Id = 'full') and State = 7"), "full");
    EXPECT_EQ(where("not Id = 'empty' and not Id = 'sub'"), "full");
}

TEST_F(Wql, StringsHaveEscapes) {
    EXPECT_EQ(where("Name = 'The It\\'s Name'"), "full");
    EXPECT_EQ(where("Name = 'The It''s Name'"), "full");
    EXPECT_EQ(where("Name = \"The It's Name\""), "full");
    EXPECT_EQ(where("Name = 'The"), "15");
}

TEST_F(Wql, IsaLooksAtClasses) {
    EXPECT_EQ(where("__this isa 'Sub'"), "sub");
    EXPECT_EQ(where("__CLASS = 'sub'"), "sub");
    EXPECT_EQ(where("__this isa Base"), "full empty sub");
    EXPECT_EQ(where("Next isa 'Base'"), "full");
    EXPECT_EQ(where("__this isa 'NoSuch'"), "15");
    EXPECT_EQ(where("__relpath = 'Sub.Id=\"sub\"'"), "sub");
    EXPECT_EQ(where("__superclass = 'Thing' and __namespace = 'root/test'"), "sub");
}

TEST_F(Wql, SelectsProperties) {
    const auto found = objects_.query(who_, "", "select state, Id, __PATH from Thing").found;
    ASSERT_EQ(found.size(), 3u);
    ASSERT_EQ(found[0].instance.properties().size(), 2u);
    EXPECT_EQ(found[0].instance.properties()[0].name, "State");
    EXPECT_EQ(found[0].path.key_text("Id"), "full");
    EXPECT_EQ(query("select Nothing from Thing"), "15");
}

TEST_F(Wql, FindsNeighbours) {
    EXPECT_EQ(query("associators of {Thing.Id=\"full\"}"), "sub");
    EXPECT_EQ(query("ASSOCIATORS OF {\\\\.\\root\\test:Thing.Id='full'} WHERE ResultClass = Base "
                    "AssocClass=Link Role=From ResultRole=To KeysOnly"),
              "sub");
    EXPECT_EQ(query("associators of {Thing.Id='full'} where Role = To"), "");
    EXPECT_EQ(query("associators of {Thing.Id='}'}"), "6");
    EXPECT_EQ(query("associators of {Thing.Id='full'} where ResultClass = NoSuch"), "4");
    EXPECT_EQ(query("associators of {Thing.Id='full'} where ClassDefsOnly"), "7");
    EXPECT_EQ(objects_.query(who_, "", "references of {Thing.Id='full'} where ResultClass = Link")
                  .found.size(),
              1u);
    EXPECT_EQ(query("references of {Thing.Id='full'} where AssocClass = Link"), "15");
}

TEST_F(Wql, WhatCannotBeReadOrComparedIsAnInvalidQuery) {
    for (const char* text :
         {"", "select", "select * from", "select * Thing", "select * from Thing x",
          "select * from Thing where", "select * from Thing where State",
          "select * from Thing where State =", "select * from Thing where State = 1 2",
          "select * from Thing where (State = 1", "select * from Thing where State ~ 1",
          "select Id, from Thing", "delete from Thing", "associators of Thing",
          "associators of {Thing.Id='full'", "associators of {}",
          "associators of {Thing.Id='full'} where Nonsense = x",
          "select * from Thing where State is 7", "select * from Thing where Name not 'x'"}) {
        EXPECT_EQ(query(text), "15") << text;
    }
    EXPECT_EQ(where("Nothing = 1"), "15");
    EXPECT_EQ(where("Tags = 'x'"), "15");
    EXPECT_EQ(where("State = 'seven'"), "15");
    EXPECT_EQ(where("On > false"), "15");
    EXPECT_EQ(where("Next > 'Base.Id=\"sub\"'"), "15");
    EXPECT_EQ(where("__this = 'x'"), "15");
    EXPECT_EQ(query("select * from NoSuch"), "5");
}

TEST_F(Wql, WhoMayNotReadMayNotAsk) {
    who_ = Principal("nobody", {Role::peer});
    EXPECT_EQ(query("select * from Thing"), "2");
    EXPECT_EQ(query("associators of {Thing.Id='full'}"), "2");
}

TEST_F(Wql, QueriesAreLimited) {
    const auto nested = [&](std::size_t depth) {
        return where(std::string(depth, '(') + "Id = 'full'" + std::string(depth, ')'));
    };
    EXPECT_EQ(nested(limits::wql_depth_max), "full");
    EXPECT_EQ(nested(limits::wql_depth_max + 1), "15");
    std::string negations;
    for (std::size_t i = 0; i <= limits::wql_depth_max; ++i) negations += "not ";
    EXPECT_EQ(where(negations + "Id = 'full'"), "15");
    EXPECT_EQ(where("Id = '" + std::string(limits::wql_chars_max, 'x') + "'"), "15");
    EXPECT_EQ(where("Id like '" + std::string(limits::wql_pattern_chars_max + 1, '%') + "'"), "15");
}

TEST_F(Wql, LikeInAQuery) {
    EXPECT_EQ(where("Name like '%name'"), "full");
    EXPECT_EQ(where("Id not like 'f%'"), "empty sub");
    EXPECT_EQ(where("State like '7%'"), "full");
    EXPECT_EQ(where("Id like '[a'"), "15");
}

TEST(WqlLike, MatchesWholeTexts) {
    using wql::is_like;
    EXPECT_TRUE(is_like("", ""));
    EXPECT_TRUE(is_like("", "%"));
    EXPECT_FALSE(is_like("", "_"));
    EXPECT_TRUE(is_like("abc", "a%"));
    EXPECT_TRUE(is_like("abc", "%B_"));
    EXPECT_FALSE(is_like("abc", "a_"));
    EXPECT_TRUE(is_like("abcabd", "%ab_"));
    EXPECT_TRUE(is_like("aXbXc", "a%b%c"));
    EXPECT_FALSE(is_like("a.c", "a\\.c"));
    EXPECT_TRUE(is_like("b1", "[a-c][0-9]"));
    EXPECT_FALSE(is_like("d1", "[a-c][0-9]"));
    EXPECT_TRUE(is_like("d", "[^a-c]"));
    EXPECT_FALSE(is_like("b", "[^a-c]"));
    EXPECT_TRUE(is_like("100%", "100[%]"));
    EXPECT_FALSE(is_like("1000", "100[%]"));
    EXPECT_TRUE(is_like("a]", "a[]]"));
    EXPECT_TRUE(is_like("\xc3\xa9t\xc3\xa9", "_t_"));
}

TEST(WqlLike, ManyWildcardsTakeNoLonger) {
    std::string pattern;
    for (int i = 0; i < 250; ++i) pattern += "%a";
    EXPECT_FALSE(wql::is_like(std::string(20'000, 'a') + "b", pattern + "c"));
}

}  // namespace
}  // namespace reviver::cim
