#include "cim/object_manager.h"

#include "cim/instance_check.h"
#include "cim/mof_parser.h"

#include <gtest/gtest.h>

namespace reviver::cim {
namespace {

constexpr const char* mof = R"(
    class Base { [Key] string Id; string Name; };
    class Thing : Base { uint16 State; string Tags[]; };
    class Other : Base { uint8 Small; };
    class Settings { uint32 Interval; Base REF Of; };
    class Service { [Key] string Name;
        uint32 Do([In] Thing REF Target, [In, EmbeddedInstance("Settings")] string With,
                  [In] uint8 Count, [In(false), Out] Thing REF Job);
        uint32 Stop(); uint32 Never(); };
    class Special : Service { };
    [Association] class Link { [Key] Base REF From; [Key] Base REF To; };
    [Association] class Mistaken { [Key] Thing REF From; [Key] Service REF To; };)";

class Source : public InstanceSource {
  public:
    Source(const Schema& schema, std::vector<Instance> instances)
        : schema_(schema), instances_(std::move(instances)) {}
    std::vector<Instance> enumerate(const std::string& class_name) override {
        if (fails) fail(Code::unavailable, "the source is broken");
        std::vector<Instance> result;
        for (const Instance& one : instances_) {
            if (one.class_name() == class_name) result.push_back(one);
        }
        return result;
    }
    std::optional<Instance> get(const ObjectPath& path) override {
        for (const Instance& one : instances_) {
            if (schema_.path_of(one).same_object(path)) return one;
        }
        return std::nullopt;
    }

    bool fails = false;

  private:
    const Schema& schema_;
    std::vector<Instance> instances_;
};

class ObjectManagerTest : public testing::Test {
  protected:
    ObjectManagerTest() {
        schema_ = std::make_shared<Schema>("root/test");
        read_mof(*schema_, "test.mof", [](const std::string&) { return mof; });
        schema_->resolve();
        source_ = std::make_shared<Source>(
            *schema_, std::vector<Instance>{
                          Instance("Thing").set("Id", "a").set("State", std::uint64_t{7}),
                          Instance("Other").set("Id", "b"), Instance("Special").set("Name", "s"),
                          Instance("Link")
                              .set("From", ObjectPath("Thing", {{"Id", "A"}}))
                              .set("To", ObjectPath("Other", {{"Id", "b"}})),
                          Instance("Link")
                              .set("From", ObjectPath("Other", {{"Id", "b"}}))
                              .set("To", ObjectPath("Other", {{"Id", "gone"}}))});
        Registry registry(schema_);
        for (const char* name : {"Thing", "Other", "Special", "Link"})
            registry.bind_class(name, source_);
        registry.bind_method("Service", "Do", [this](const Call& call) {
            seen_ = call.in;
            object_ = call.object.text();
            return result_;
        });
        registry.bind_method("Service", "Stop",
                             [](const Call&) -> MethodResult { fail(Code::in_use, "busy"); });
        roles_->grant("Service", "Do", Role::operate);
        objects_.add_namespace(std::move(registry));
    }

    template <class Work>
    static Status status_of_failure(Work work) {
        try {
            work();
        } catch (const CimError& error) {
            return error.status();
        }
        ADD_FAILURE() << "an error was expected";
        return Status::failed;
    }
    MethodResult invoke(const std::string& method, const Arguments& in,
                        const char* class_name = "Service") {
        return objects_.invoke(who_, ObjectPath(class_name), method, in);
    }
    Status refusal(const std::string& method, const Arguments& in) {
        return status_of_failure([&] { invoke(method, in); });
    }

    std::shared_ptr<Schema> schema_;
    std::shared_ptr<Source> source_;
    std::shared_ptr<RoleAuthorizer> roles_ = std::make_shared<RoleAuthorizer>();
    ObjectManager objects_{roles_};
    Principal who_{"admin", {Role::administrator}};
    Arguments seen_;
    std::string object_;
    MethodResult result_;
};

TEST_F(ObjectManagerTest, WhatAProviderGivesIsCompletedAsDeclared) {
    const Instance thing = objects_.get(who_, ObjectPath("base", {{"id", "A"}}));
    EXPECT_EQ(thing.class_name(), "Thing");
    ASSERT_EQ(thing.properties().size(), 4u);
    EXPECT_EQ(thing.properties()[1].name, "Name");
    EXPECT_EQ(thing.get("State").type(), Type::uint16);
}

TEST_F(ObjectManagerTest, NamesTheReasonWhenThereIsNothing) {
    const auto get = [&](ObjectPath path) {
        return status_of_failure([&] { objects_.get(who_, path); });
    };
    EXPECT_EQ(get(ObjectPath("Thing", {{"Id", "x"}})), Status::not_found);
    EXPECT_EQ(get(ObjectPath("Nonsense")), Status::invalid_class);
    EXPECT_EQ(get(ObjectPath("Thing", {{"Nonsense", "x"}})), Status::invalid_parameter);
    EXPECT_EQ(get(ObjectPath("Base")), Status::invalid_parameter) << "two instances, none named";
    EXPECT_EQ(get(ObjectPath("Settings")), Status::not_found);
    ObjectPath elsewhere("Thing", {{"Id", "a"}});
    elsewhere.set_name_space("root/elsewhere");
    EXPECT_EQ(get(elsewhere), Status::invalid_namespace);
}

TEST_F(ObjectManagerTest, EnumeratesSubclassesAsAsked) {
    const auto count = [&](const char* name, Polymorphism mode) {
        return objects_.enumerate(who_, "", name, mode).size();
    };
    EXPECT_EQ(count("Base", Polymorphism::include_subclass_properties), 2u);
    EXPECT_EQ(count("Base", Polymorphism::none), 0u);
    const auto cast =
        objects_.enumerate(who_, "ROOT/test", "Base", Polymorphism::exclude_subclass_properties);
    ASSERT_EQ(cast.size(), 2u);
    EXPECT_EQ(cast[0].instance.class_name(), "Base");
    EXPECT_EQ(cast[0].instance.properties().size(), 2u);
    EXPECT_EQ(cast[0].path.class_name(), "Thing");
}

TEST_F(ObjectManagerTest, ErrorsOfProvidersAreTurnedIntoStatus) {
    source_->fails = true;
    EXPECT_EQ(status_of_failure([&] { objects_.enumerate(who_, "", "Thing", Polymorphism::none); }),
              Status::failed);
    EXPECT_EQ(refusal("Stop", {}), Status::failed);
}

TEST_F(ObjectManagerTest, ArgumentsReachTheHandlerAsDeclared) {
    invoke("do", {{"target", R"(root\test:thing.ID="a")"},
                  {"With", "instance of settings { interval = 30; };"},
                  {"Count", "7"}});
    EXPECT_EQ(object_, R"(root\test:Special.Name="s")");
    EXPECT_EQ(seen_.at("Target").as_reference().text(), R"(root\test:Thing.Id="a")");
    EXPECT_EQ(seen_.at("With").as_instance().get("Interval").type(), Type::uint32);
    EXPECT_EQ(seen_.at("Count").type(), Type::uint8);
    invoke("Do", {});
    EXPECT_EQ(seen_.size(), 3u);
    EXPECT_TRUE(seen_.at("Count").is_null());
}

TEST_F(ObjectManagerTest, BadArgumentsDoNotReachTheHandler) {
    EXPECT_EQ(refusal("Do", {{"Nonsense", "x"}}), Status::invalid_parameter);
    EXPECT_EQ(refusal("Do", {{"Job", "x"}}), Status::invalid_parameter);
    EXPECT_EQ(refusal("Do", {{"Count", std::uint16_t{256}}}), Status::type_mismatch);
    EXPECT_EQ(refusal("Do", {{"Count", std::vector<std::string>{"1"}}}), Status::type_mismatch);
    EXPECT_EQ(refusal("Do", {{"Target", ObjectPath("Other", {{"Id", "b"}})}}),
              Status::type_mismatch);
    EXPECT_EQ(refusal("Do", {{"Target", R"(root\elsewhere:Thing.Id="a")"}}),
              Status::invalid_parameter);
    EXPECT_EQ(refusal("Do", {{"With", "nonsense"}}), Status::invalid_parameter);
    EXPECT_EQ(refusal("Do", {{"With", "instance of Thing {};"}}), Status::type_mismatch);
    EXPECT_EQ(refusal("Do", {{"With", "instance of Settings { Nonsense = 1; };"}}),
              Status::no_such_property);
    EXPECT_TRUE(seen_.empty());
}

TEST_F(ObjectManagerTest, MethodsAreLookedUpInTheSchemaFirst) {
    EXPECT_EQ(refusal("Nonsense", {}), Status::method_not_found);
    EXPECT_EQ(refusal("Never", {}), Status::method_not_available);
}

TEST_F(ObjectManagerTest, ResultsThatAreNotDeclaredAreTheProvidersFault) {
    result_.out["Job"] = ObjectPath("Thing", {{"Id", "a"}});
    EXPECT_EQ(invoke("Do", {}).out.at("Job").as_reference().name_space(), "root/test");
    result_.out["Job"] = std::uint8_t{1};
    EXPECT_EQ(refusal("Do", {}), Status::failed);
    result_.out = {{"Count", std::uint8_t{1}}};
    EXPECT_EQ(refusal("Do", {}), Status::failed);
}

TEST_F(ObjectManagerTest, RolesDecide) {
    who_ = Principal("operator", {Role::viewer, Role::operate});
    invoke("Do", {});
    EXPECT_EQ(refusal("Stop", {}), Status::access_denied);
    who_ = Principal("viewer", {Role::viewer});
    EXPECT_EQ(refusal("Do", {}), Status::access_denied);
    objects_.get(who_, ObjectPath("Thing", {{"Id", "a"}}));
    who_ = Principal("nobody", {Role::peer});
    EXPECT_EQ(status_of_failure([&] {
                  objects_.get(who_, ObjectPath("Thing", {{"Id", "a"}}));
              }),
              Status::access_denied);
}

TEST(Principal, IsNobodyWithoutANameAndARole) {
    EXPECT_THROW(Principal("", {Role::administrator}), Error);
    EXPECT_THROW(Principal("eve", {}), Error);
    EXPECT_EQ(Principal("eve", {Role::peer}).from({"a", "/d"}).origin().door, "/d");
}

TEST(Principal, MayWhatHisRolesMay) {
    const auto may = [](Role role) {
        const Principal who("eve", {role});
        std::string text;
        for (const Role as :
             {Role::viewer, Role::operate, Role::administrator, Role::auditor, Role::peer}) {
            text += who.may_act_as(as) ? 'x' : '-';
        }
        return text;
    };
    EXPECT_EQ(may(Role::viewer), "x----");
    EXPECT_EQ(may(Role::operate), "xx---");
    EXPECT_EQ(may(Role::administrator), "xxx--");
    EXPECT_EQ(may(Role::auditor), "x--x-");
    EXPECT_EQ(may(Role::peer), "----x");
    EXPECT_TRUE(Principal("eve", {Role::auditor, Role::operate}).may_act_as(Role::operate));
}

TEST_F(ObjectManagerTest, AssociationsLeadToTheOtherEnd) {
    const ObjectPath from("Thing", {{"Id", "a"}});
    ASSERT_EQ(objects_.references(who_, from, {}).size(), 1u);
    const auto others = objects_.associators(who_, from, {});
    ASSERT_EQ(others.size(), 1u);
    EXPECT_EQ(others[0].instance.class_name(), "Other");
    EXPECT_EQ(objects_.associators(who_, from, {"Link", "Base", "From", "To"}).size(), 1u);
    EXPECT_TRUE(objects_.associators(who_, from, {"", "Thing", "", ""}).empty());
    EXPECT_TRUE(objects_.associators(who_, from, {"", "", "To", ""}).empty());
    EXPECT_TRUE(objects_.associators(who_, from, {"", "", "", "From"}).empty());
}

TEST_F(ObjectManagerTest, AnEndMayBeOfAnotherClassThanTheSchemaSays) {
    Registry registry(schema_);
    const auto strange = std::make_shared<Source>(
        *schema_,
        std::vector<Instance>{Instance("Thing").set("Id", "a"), Instance("Other").set("Id", "b"),
                              Instance("Mistaken")
                                  .set("From", ObjectPath("Thing", {{"Id", "a"}}))
                                  .set("To", ObjectPath("Other", {{"Id", "b"}}))});
    for (const char* name : {"Thing", "Other", "Mistaken"}) registry.bind_class(name, strange);
    ObjectManager objects(roles_);
    objects.add_namespace(std::move(registry));
    const auto found = objects.associators(who_, ObjectPath("Thing", {{"Id", "a"}}), {});
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].instance.class_name(), "Other");
}

TEST_F(ObjectManagerTest, AnEndThatIsNotThereAnyMoreIsLeftOut) {
    const ObjectPath middle("Other", {{"Id", "b"}});
    EXPECT_EQ(objects_.references(who_, middle, {}).size(), 2u);
    EXPECT_EQ(objects_.associators(who_, middle, {}).size(), 1u);
}

TEST_F(ObjectManagerTest, FiltersNameClassesThatAreThere) {
    const ObjectPath from("Thing", {{"Id", "a"}});
    EXPECT_EQ(status_of_failure([&] {
                  objects_.references(who_, from, {"Nonsense", "", "", ""});
              }),
              Status::invalid_parameter);
    EXPECT_EQ(status_of_failure([&] {
                  objects_.associators(who_, from, {"", "Nonsense", "", ""});
              }),
              Status::invalid_parameter);
}

// What was found there was written by the schema of the namespace that was asked: it lacked
// properties, and was said to be of this namespace.
TEST_F(ObjectManagerTest, AnObjectOfAnotherNamespaceIsNotAskedForHere) {
    const auto associators = [&](const std::string& object) {
        return objects_.query(who_, "root/test", "ASSOCIATORS OF {" + object + "}").found.size();
    };
    EXPECT_EQ(associators("Thing.Id=\"a\""), 1u);
    EXPECT_EQ(associators("Root/Test:Thing.Id=\"a\""), 1u);
    EXPECT_EQ(status_of_failure([&] { associators("root/other:Thing.Id=\"a\""); }),
              Status::invalid_query);
}

// The only VM of a site was switched off by who had left its keys out.
TEST_F(ObjectManagerTest, OnlyAServiceIsMeantWithoutKeys) {
    auto schema = std::make_shared<Schema>("root/services");
    read_mof(*schema, "test.mof", [](const std::string&) {
        return R"(class CIM_Service { [Key] string Name; };
                  class Service : CIM_Service { uint32 Do(); };
                  class Machine { [Key] string Id; uint32 Stop(); };)";
    });
    schema->resolve();
    const auto source = std::make_shared<Source>(
        *schema, std::vector<Instance>{Instance("Service").set("Name", "s"),
                                       Instance("Machine").set("Id", "m")});
    Registry registry(schema);
    registry.bind_class("Service", source);
    registry.bind_class("Machine", source);
    for (const auto& [name, method] : {std::pair("Service", "Do"), std::pair("Machine", "Stop")})
        registry.bind_method(name, method, [](const Call&) { return MethodResult{}; });
    ObjectManager objects(roles_);
    objects.add_namespace(std::move(registry));
    EXPECT_NO_THROW(objects.invoke(who_, ObjectPath("Service"), "Do", {}));
    EXPECT_NO_THROW(objects.invoke(who_, ObjectPath("Machine", {{"Id", "m"}}), "Stop", {}));
    EXPECT_EQ(status_of_failure([&] { objects.invoke(who_, ObjectPath("Machine"), "Stop", {}); }),
              Status::invalid_parameter);
}

TEST_F(ObjectManagerTest, MisspeltBindingsAreFoundAtStart) {
    Registry registry(schema_);
    EXPECT_THROW(registry.bind_class("Nonsense", source_), Error);
    EXPECT_THROW(registry.bind_method("Service", "Nonsense", {}), Error);
}

}  // namespace
}  // namespace reviver::cim
