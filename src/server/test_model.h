// A small model for the tests of the doors: a service with methods, things, links between things.
#pragma once

#include "cim/instance_check.h"
#include "cim/mof_parser.h"
#include "cim/object_manager.h"

#include <atomic>
#include <latch>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace reviver::server {

inline constexpr const char* test_mof = R"(
class Base { [Key] string Id; string Name; };
class Thing : Base {
    uint16 State; datetime Since; datetime Lasted; uint64 Big; sint64 Small; boolean On;
    string Tags[]; Base REF Next;
};
class Settings { uint32 Interval; string Disks[]; datetime At; };
class Service {
    [Key] string Name;
    [Key] string SystemName;
    uint32 Start([In] Base REF Target, [In, EmbeddedInstance("Settings")] string Settings,
                 [In] uint8 Count, [In] datetime When, [In] string Words[],
                 [In(false), Out] Thing REF Job, [In(false), Out] string Notes[]);
    uint32 Report([In(false), Out, EmbeddedInstance("Settings")] string Settings);
    uint32 Wait();
    uint32 Unbound();
};
class Nothing { [Key] string Id; };
[Association] class Link { [Key] Base REF From; [Key] Base REF To; };
)";

class FixedSource : public cim::InstanceSource {
  public:
    FixedSource(const cim::Schema& schema, std::vector<cim::Instance> instances)
        : schema_(schema), instances_(std::move(instances)) {}

    std::vector<cim::Instance> enumerate(const std::string& class_name) override {
        std::vector<cim::Instance> result;
        for (const cim::Instance& one : instances_) {
            if (one.class_name() == class_name) result.push_back(one);
        }
        return result;
    }
    std::optional<cim::Instance> get(const cim::ObjectPath& path) override {
        for (const cim::Instance& one : instances_) {
            if (schema_.path_of(one).same_object(path)) return one;
        }
        return std::nullopt;
    }

  private:
    const cim::Schema& schema_;
    const std::vector<cim::Instance> instances_;
};

class TestModel {
  public:
    static constexpr int things = 45;

    TestModel() : schema_(make_schema()), authorizer_(std::make_shared<cim::RoleAuthorizer>()) {
        authorizer_->grant("Service", "Start", cim::Role::operate);
        authorizer_->grant("Service", "Report", cim::Role::viewer);
        authorizer_->grant("Service", "Report", cim::Role::peer);
        cim::Registry registry(schema_);
        const auto source = std::make_shared<FixedSource>(*schema_, instances());
        for (const char* name : {"Base", "Thing", "Service", "Link"}) {
            registry.bind_class(name, source);
        }
        registry.bind_method("Service", "Start",
                             [this](const cim::Call& call) { return start(call); });
        registry.bind_method("Service", "Report", [](const cim::Call&) { return report(); });
        registry.bind_method("Service", "Wait", [this](const cim::Call&) {
            release_.wait();
            return cim::MethodResult{};
        });
        objects_ = std::make_shared<cim::ObjectManager>(authorizer_);
        objects_->add_namespace(std::move(registry));
    }

    std::shared_ptr<const cim::ObjectManager> objects() const { return objects_; }
    void release_waiting() { release_.count_down(); }

    // What the last call of Start was given.
    cim::Arguments last_arguments() const {
        const std::lock_guard lock(mutex_);
        return last_;
    }
    int started() const { return started_; }

  private:
    static std::shared_ptr<const cim::Schema> make_schema() {
        auto schema = std::make_shared<cim::Schema>("root/test");
        cim::read_mof(*schema, "test.mof", [](const std::string&) { return test_mof; });
        schema->resolve();
        return schema;
    }

    static std::vector<cim::Instance> instances() {
        std::vector<cim::Instance> result;
        for (int i = 0; i < things; ++i) {
            cim::Instance thing("Thing");
            thing.set("Id", fmt::format("thing-{:02}", i))
                .set("State", static_cast<std::uint16_t>(i));
            result.push_back(std::move(thing));
        }
        result[1].set("Name", "a&<\"'>\xc3\xa9\xf0\x9f\x98\x80\x01z").set("On", true);
        result[1].set("Big", ~std::uint64_t{0}).set("Small", INT64_MIN);
        result[1].set("Since", *cim::DateTime::parse("20250102030405.000001+000"));
        result[1].set("Lasted", *cim::DateTime::parse("00000001020304.000005:000"));
        result[1].set("Tags", std::vector<std::string>{"x", "y"});
        result[1].set("Next", cim::ObjectPath("Thing", {{"Id", "thing-02"}}));
        result[4].set("Tags", std::vector<std::string>{});
        result[2].set("Since", *cim::DateTime::parse("20250102******.******+000"));
        result[3].set("Name", std::string(9000, 'n'));
        result.push_back(cim::Instance("Base").set("Id", "base-0"));
        result.push_back(cim::Instance("Service").set("Name", "svc").set("SystemName", "here"));
        result.push_back(cim::Instance("Link")
                             .set("From", cim::ObjectPath("Thing", {{"Id", "thing-01"}}))
                             .set("To", cim::ObjectPath("Base", {{"Id", "base-0"}})));
        return result;
    }

    cim::MethodResult start(const cim::Call& call) {
        const std::lock_guard lock(mutex_);
        ++started_;
        last_ = call.in;
        if (call.argument("Target").is_null()) return {32773, {}};
        cim::MethodResult result{4096, {}};
        result.out["Job"] = cim::ObjectPath("Thing", {{"Id", "thing-07"}});
        const cim::Value& count = call.argument("Count");
        const bool none = !count.is_null() && count.as_unsigned() == 0;
        result.out["Notes"] =
            none ? std::vector<std::string>{} : std::vector<std::string>{"one", "two"};
        return result;
    }

    static cim::MethodResult report() {
        cim::Instance settings("Settings");
        settings.set("Interval", std::uint32_t{30})
            .set("Disks", std::vector<std::string>{"<a>", "b"});
        return {0, {{"Settings", settings}}};
    }

    std::shared_ptr<const cim::Schema> schema_;
    std::shared_ptr<cim::RoleAuthorizer> authorizer_;
    std::shared_ptr<cim::ObjectManager> objects_;
    mutable std::mutex mutex_;
    cim::Arguments last_;
    std::atomic<int> started_ = 0;
    std::latch release_{1};
};

}  // namespace reviver::server
