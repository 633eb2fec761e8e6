// The object manager and the trail together: what is in the log of which call.
#include "audit/trail.h"

#include "audit/audit_door.h"
#include "audit/files.h"
#include "audit/verify.h"
#include "base/error.h"
#include "cim/mof_parser.h"
#include "cim/object_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace reviver::audit {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class OneService : public cim::InstanceSource {
  public:
    std::vector<cim::Instance> enumerate(const std::string&) override {
        return {cim::Instance("Service").set("Name", "svc")};
    }
    std::optional<cim::Instance> get(const cim::ObjectPath&) override { return enumerate("")[0]; }
};

class TrailTest : public testing::Test {
  protected:
    TrailTest() {
        std::string pattern = testing::TempDir() + "reviver-trail-XXXXXX";
        directory_ = fs::path(mkdtemp(pattern.data())) / "audit";
        trail_ = std::make_shared<Trail>(std::make_shared<AuditLog>(directory_), "1.2.3");
        auto roles = std::make_shared<cim::RoleAuthorizer>();
        roles->grant("Service", "Change", cim::Role::operate);
        roles->grant("Service", "Fail", cim::Role::operate);
        roles->grant("Service", "Look", cim::Role::viewer);
        auto schema = std::make_shared<cim::Schema>("root/test");
        cim::read_mof(*schema, "test.mof", [](const std::string&) {
            return "class Service { [Key] string Name; uint32 Change([In] string Secret, "
                   "[In(false), Out] Service REF Job); uint32 Look(); uint32 Fail(); };";
        });
        schema->resolve();
        cim::Registry registry(schema);
        registry.bind_class("Service", std::make_shared<OneService>());
        registry.bind_method("Service", "Change", [this](const cim::Call& call) {
            EXPECT_THAT(lines().back(), HasSubstr("\"event\":\"call\"")) << "not kept before";
            cim::MethodResult result{4096, {}};
            result.out["Job"] = call.object;
            return result;
        });
        registry.bind_method("Service", "Look",
                             [](const cim::Call&) { return cim::MethodResult{}; });
        registry.bind_method("Service", "Fail", [](const cim::Call&) -> cim::MethodResult {
            fail(Code::not_found, "as asked");
        });
        objects_ = std::make_unique<cim::ObjectManager>(roles, trail_);
        objects_->add_namespace(std::move(registry));
    }
    ~TrailTest() override { fs::remove_all(directory_.parent_path()); }

    cim::MethodResult invoke(const char* method, cim::Role role, const cim::Arguments& in = {}) {
        const cim::Principal who("eve", {role}, {"192.0.2.7", "/wsman"});
        return objects_->invoke(who, cim::ObjectPath("Service", {{"Name", "svc"}}), method, in);
    }
    std::vector<std::string> lines() const {
        std::vector<std::string> result;
        std::ifstream in(current_file(directory_));
        for (std::string line; std::getline(in, line);) result.push_back(line);
        return result;
    }

    fs::path directory_;
    std::shared_ptr<Trail> trail_;
    std::unique_ptr<cim::ObjectManager> objects_;
};

TEST_F(TrailTest, AChangeIsKeptWithItsEndingAndWithoutItsArguments) {
    invoke("Change", cim::Role::operate, {{"Secret", "password"}});
    const auto all = lines();
    ASSERT_EQ(all.size(), 3u);
    EXPECT_THAT(all[0], HasSubstr("\"event\":\"started\",\"version\":\"1.2.3\""));
    EXPECT_THAT(all[1], HasSubstr("\"who\":\"eve\",\"from\":\"192.0.2.7\",\"door\":\"/wsman\""));
    EXPECT_THAT(all[1], HasSubstr("\"class\":\"Service\",\"method\":\"Change\""));
    EXPECT_THAT(all[2], HasSubstr("\"call\":2,\"return\":4096,\"job\":\""));
    for (const auto& line : all) EXPECT_THAT(line, Not(HasSubstr("password")));
    EXPECT_EQ(verify(files_of(directory_)).lines, 3u);
}

TEST_F(TrailTest, WhatWasRefusedOrFailedIsKeptToo) {
    const auto refused = [&](const char* status) {
        return AllOf(HasSubstr("\"event\":\"refused\",\"who\":\"eve\""), HasSubstr(status));
    };
    EXPECT_THROW(invoke("Change", cim::Role::viewer), cim::CimError);
    EXPECT_THAT(lines().back(), refused("CIM_ERR_ACCESS_DENIED"));
    EXPECT_THROW(invoke("Fail", cim::Role::operate), cim::CimError);
    EXPECT_THAT(lines().back(), HasSubstr("\"event\":\"result\""));
    EXPECT_THAT(lines().back(), HasSubstr("CIM_ERR_NOT_FOUND"));
    EXPECT_THROW(invoke("Nonsense", cim::Role::operate), cim::CimError);
    EXPECT_THAT(lines().back(), refused("CIM_ERR_METHOD_NOT_FOUND"));
    EXPECT_THROW(invoke("Look", cim::Role::peer), cim::CimError);
    EXPECT_THAT(lines().back(), refused("CIM_ERR_ACCESS_DENIED"));
    EXPECT_EQ(lines().size(), 6u);
    // A door that has not read the arguments yet asks first. It left no trace there.
    const cim::ObjectPath service("Service", {{"Name", "svc"}});
    EXPECT_THROW(objects_->callee(cim::Principal("eve", {cim::Role::viewer}), service, "Change"),
                 cim::CimError);
    EXPECT_EQ(lines().size(), 7u);
    EXPECT_THAT(lines().back(), refused("CIM_ERR_ACCESS_DENIED"));
    objects_->callee(cim::Principal("eve", {cim::Role::operate}), service, "Change");
    EXPECT_EQ(lines().size(), 7u);
}

// A viewer wrote 6 KiB a call, as many times as he liked.
TEST_F(TrailTest, WhoTriesWhatHeMayNotDoesNotFillTheDisk) {
    const cim::Principal eve("eve", {cim::Role::viewer});
    const std::string name(10'000, '"');
    for (std::size_t i = 0; i < limits::turned_away_max + 20; ++i) {
        EXPECT_THROW(objects_->invoke(eve, cim::ObjectPath(name, {{name, name}}), name, {}),
                     cim::CimError);
    }
    EXPECT_EQ(lines().size(), 1 + limits::turned_away_max);
    EXPECT_LT(lines().back().size(), 8 * limits::text_bytes_max);
    // What is allowed is kept all the same.
    invoke("Change", cim::Role::operate);
    EXPECT_EQ(lines().size(), 3 + limits::turned_away_max);
    trail_->turned_away({}, "mallory", "no such account");
    EXPECT_EQ(lines().size(), 3 + limits::turned_away_max);
}

TEST_F(TrailTest, LookingIsNotKeptAndGoesOnWithoutTheLog) {
    invoke("Look", cim::Role::auditor);
    EXPECT_EQ(lines().size(), 1u);
    // Nothing can be made below a file.
    const fs::path broken = current_file(directory_);
    auto trail = std::make_shared<Trail>(std::make_shared<AuditLog>(broken), "1");
    EXPECT_THROW(trail->asked(cim::Principal("eve", {cim::Role::operate}),
                              cim::ObjectPath("Service", {}), "Change"),
                 Error);
    fs::remove_all(directory_);
    std::ofstream(directory_) << "in the way";
    invoke("Look", cim::Role::auditor);
}

TEST_F(TrailTest, NothingIsDoneThatCannotBeKept) {
    const auto log = std::make_shared<AuditLog>(directory_ / "audit.log");
    const auto broken = std::make_shared<Trail>(log, "1");
    auto roles = std::make_shared<cim::RoleAuthorizer>();
    cim::ObjectManager objects(roles, broken);
    auto schema = std::make_shared<cim::Schema>("root/test");
    cim::read_mof(*schema, "test.mof", [](const std::string&) {
        return "class Service { [Key] string Name; uint32 Change(); };";
    });
    schema->resolve();
    cim::Registry registry(schema);
    registry.bind_class("Service", std::make_shared<OneService>());
    bool done = false;
    registry.bind_method("Service", "Change", [&](const cim::Call&) {
        done = true;
        return cim::MethodResult{};
    });
    objects.add_namespace(std::move(registry));
    const cim::Principal who("admin", {cim::Role::administrator});
    EXPECT_THROW(objects.invoke(who, cim::ObjectPath("Service", {{"Name", "svc"}}), "Change", {}),
                 cim::CimError);
    EXPECT_FALSE(done);
}

TEST_F(TrailTest, AnEmergencyWaitsForNoLogAndIsToldOfLater) {
    const cim::Principal eve("eve", {cim::Role::operate});
    const cim::ObjectPath object("Service", {});
    const fs::path second = directory_ / "second";
    std::ofstream(second) << "in the way";
    Trail trail(std::make_shared<AuditLog>(second), "1", {"Rescue"});
    EXPECT_THROW(trail.asked(eve, object, "Change"), Error);
    trail.answered(trail.asked(eve, object, "rescue"), {});
    trail.answered(trail.asked(eve, object, "Rescue"), {});
    fs::remove(second);
    trail.answered(trail.asked(eve, object, "Change"), {});
    trail.asked(eve, object, "Change");
    const std::string text = read_file(current_file(second));
    EXPECT_THAT(text, HasSubstr("\"unkept_before\":2"));
    EXPECT_EQ(text.find("unkept_before"), text.rfind("unkept_before"));
    EXPECT_EQ(verify(files_of(second)).lines, 3u);
}

TEST_F(TrailTest, AccountsAreKeptAndWhatBecomesOfThem) {
    std::vector<server::Account> all(65, {"ann", std::nullopt, {cim::Role::auditor}});
    for (std::size_t i = 0; i < all.size(); ++i) all[i].name += std::to_string(i);
    all[1].name = std::string(64, '"');
    trail_->accounts(all);
    EXPECT_EQ(lines().size(), 3u) << "64 in one line";
    EXPECT_THAT(lines()[1], HasSubstr("\"ann0\":\"auditor\""));
    EXPECT_THAT(lines()[2], HasSubstr("\"accounts\":{\"ann64\":\"auditor\"}"));
    trail_->account_changed({"eve", "added", "viewer", "cn=E\xff"});
    EXPECT_THAT(lines().back(), HasSubstr("\"event\":\"account\",\"change\":\"added\","
                                          "\"account\":\"eve\",\"roles\":\"viewer\","
                                          "\"proofs\":\"cn=E?\""));
    trail_->account_changed({"", "unreadable"});
    EXPECT_THAT(lines().back(), Not(HasSubstr("\"account\":")));
    EXPECT_EQ(verify(files_of(directory_)).lines, 5u);
}

TEST_F(TrailTest, AChangeOfAccountsWaitsForNoLog) {
    const fs::path second = directory_ / "second";
    std::ofstream(second) << "in the way";
    Trail trail(std::make_shared<AuditLog>(second), "1");
    trail.account_changed({"eve", "removed", "viewer"});
    fs::remove(second);
    trail.asked(cim::Principal("ann", {cim::Role::operate}), cim::ObjectPath("Service", {}), "Do");
    EXPECT_THAT(read_file(current_file(second)), HasSubstr("\"unkept_before\":1"));
}

TEST_F(TrailTest, GuessersDoNotFillTheDisk) {
    for (std::size_t i = 0; i < limits::turned_away_max + 90; ++i) {
        trail_->turned_away({"192.0.2.7", "/wsman"}, "x\n\"y\xff", "wrong password");
    }
    EXPECT_EQ(lines().size(), 1 + limits::turned_away_max);
    EXPECT_THAT(lines().back(), HasSubstr("\"as\":\"x?\\\"y?\""));
    EXPECT_EQ(verify(files_of(directory_)).lines, lines().size());
    trail_->turned_away({}, std::string(100'000, 'x'), "");
}

TEST_F(TrailTest, OnlyAnAuditorReadsIt) {
    AuditDoor door(directory_);
    for (int i = 0; i < 3; ++i) invoke("Change", cim::Role::operate);
    server::HttpRequest request;
    request.method = "GET";
    EXPECT_EQ(door.refuse_before_body(request), 0u);
    for (const cim::Role role : {cim::Role::viewer, cim::Role::administrator, cim::Role::peer}) {
        EXPECT_EQ(door.handle(request, cim::Principal("eve", {role})).status, 403u);
    }
    const cim::Principal auditor("ann", {cim::Role::auditor});
    const auto all = door.handle(request, auditor);
    EXPECT_EQ(all.status, 200u);
    EXPECT_EQ(all.body, read_file(current_file(directory_)));
    request.query = "after=5";
    const auto some = door.handle(request, auditor).body;
    EXPECT_EQ(std::count(some.begin(), some.end(), '\n'), 2);
    request.query = "before=5";
    EXPECT_EQ(door.handle(request, auditor).status, 400u);
    EXPECT_THROW(invoke("Change", cim::Role::auditor), cim::CimError);
}

}  // namespace
}  // namespace reviver::audit
