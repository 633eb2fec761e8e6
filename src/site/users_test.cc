#include "site/users.h"

#include "base/error.h"
#include "site/create.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <thread>

namespace reviver::site {
namespace {

namespace fs = std::filesystem;

class UsersTest : public testing::Test {
  protected:
    UsersTest() {
        std::string pattern = testing::TempDir() + "reviver-users-XXXXXX";
        parent_ = mkdtemp(pattern.data());
        NewSite wanted;
        wanted.directory = parent_ / "east";
        wanted.name = "east";
        layout_ = create_site(wanted).layout;
    }
    ~UsersTest() override { fs::remove_all(parent_); }

    static Code refusal_of(const std::function<void()>& work) {
        try {
            work();
        } catch (const Error& error) {
            return error.code();
        }
        ADD_FAILURE() << "was not refused";
        return Code::failed;
    }
    bool lets_in(const std::string& name, const std::string& password) {
        for (const server::Account& account : Users(layout_).list()) {
            if (account.name == name) return account.password->matches(password);
        }
        return false;
    }
    std::string admin_password() {
        std::ifstream file(layout_.admin_password());
        std::string password;
        std::getline(file, password);
        return password;
    }

    fs::path parent_;
    Layout layout_;
};

TEST_F(UsersTest, AnAccountFromItsMakingToItsEnd) {
    Users users(layout_);
    users.add("eve", "first", {cim::Role::viewer});
    EXPECT_TRUE(lets_in("eve", "first"));
    EXPECT_EQ(users.list().back().roles, std::set{cim::Role::viewer});
    EXPECT_EQ(refusal_of([&] { users.add("eve", "x", {cim::Role::administrator}); }), Code::exists);
    users.set_password("eve", "second");
    EXPECT_FALSE(lets_in("eve", "first"));
    EXPECT_TRUE(lets_in("eve", "second"));
    struct stat status {};
    ASSERT_EQ(::stat(layout_.accounts().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777u, 0600u);
    users.remove("eve");
    EXPECT_EQ(users.list().size(), 1u);
    EXPECT_EQ(refusal_of([&] { users.remove("eve"); }), Code::not_found);
    EXPECT_EQ(refusal_of([&] { users.set_password("eve", "x"); }), Code::not_found);
}

TEST_F(UsersTest, NamesAndPasswordsThatCannotBeAreRefusedAndChangeNothing) {
    Users users(layout_);
    EXPECT_EQ(refusal_of([&] { users.add("a:b", "x", {cim::Role::viewer}); }),
              Code::invalid_parameter);
    EXPECT_EQ(refusal_of([&] { users.add("eve", "", {cim::Role::viewer}); }),
              Code::invalid_parameter);
    EXPECT_EQ(users.list().size(), 1u);
}

TEST_F(UsersTest, TheFirstAdministratorsPasswordFileFollowsTheAccount) {
    Users users(layout_);
    users.set_password(first_administrator, "changed");
    EXPECT_EQ(admin_password(), "changed");
    EXPECT_TRUE(lets_in(first_administrator, "changed"));
    users.add("eve", "x", {cim::Role::administrator});
    users.remove(first_administrator);
    EXPECT_FALSE(fs::exists(layout_.admin_password()));
}

TEST_F(UsersTest, OneAdministratorStays) {
    Users users(layout_);
    users.add("eve", "x", {cim::Role::operate});
    EXPECT_EQ(refusal_of([&] { users.remove(first_administrator); }), Code::invalid_state);
    EXPECT_TRUE(fs::exists(layout_.admin_password()));
}

TEST_F(UsersTest, RolesChangeAndAnAdministratorStays) {
    Users users(layout_);
    users.add("ann", std::nullopt, {cim::Role::auditor, cim::Role::operate});
    EXPECT_FALSE(users.list().back().password);
    EXPECT_EQ(refusal_of([&] { users.set_roles(first_administrator, {cim::Role::auditor}); }),
              Code::invalid_state);
    EXPECT_EQ(refusal_of([&] { users.set_roles("ann", {}); }), Code::invalid_parameter);
    users.set_roles("ann", {cim::Role::administrator});
    users.set_roles(first_administrator, {cim::Role::auditor});
    EXPECT_EQ(users.list().front().roles, std::set{cim::Role::auditor});
    EXPECT_EQ(refusal_of([&] { users.set_roles("nobody", {cim::Role::viewer}); }), Code::not_found);
}

TEST_F(UsersTest, AProofBelongsToOneAccount) {
    Users users(layout_);
    users.add("ann", std::nullopt, {cim::Role::viewer});
    users.add("eve", std::nullopt, {cim::Role::viewer});
    const std::string proof = server::certificate_proof(std::string(64, 'A'));
    users.add_proof("ann", proof);
    users.add_proof("ann", server::common_name_proof("Ann of the night shift"));
    EXPECT_EQ(refusal_of([&] { users.add_proof("eve", proof); }), Code::exists);
    EXPECT_EQ(refusal_of([&] { users.add_proof("eve", "certificate=12"); }),
              Code::invalid_parameter);
    EXPECT_EQ(users.list()[1].proofs.size(), 2u);
    users.remove_proofs("ann");
    users.add_proof("eve", proof);
    EXPECT_EQ(users.list()[1].proofs.size(), 0u);
}

TEST_F(UsersTest, TwoChangesAtATimeAreBothMade) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back(
            [this, i] { Users(layout_).add("u" + std::to_string(i), "x", {cim::Role::viewer}); });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(Users(layout_).list().size(), 5u);
}

}  // namespace
}  // namespace reviver::site
