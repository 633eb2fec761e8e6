#include "server/accounts.h"

#include "base/error.h"
#include "server/account_file.h"
#include "server/test_tls.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

namespace reviver::server {
namespace {

class AccountsTest : public testing::Test {
  protected:
    // Cheap on purpose: what is tested is the file, not the cost.
    static PasswordHash hash() {
        return PasswordHash::parse("scrypt$2$8$1$00112233$00112233445566778899aabbccddeeff");
    }
    void write(const std::string& text) { std::ofstream(file_) << text; }

    TestDirectory directory_;
    const std::filesystem::path file_ = directory_ / "accounts";
};

TEST_F(AccountsTest, APasswordMatchesItsHashOnly) {
    const PasswordHash hash = PasswordHash::parse(PasswordHash::of("secret").text());
    EXPECT_TRUE(hash.matches("secret"));
    EXPECT_FALSE(hash.matches("Secret"));
    EXPECT_FALSE(hash.matches(""));
    EXPECT_NE(PasswordHash::of("secret").text(), hash.text());
}

// RFC 7914 12, third vector with a shorter hash: what others wrote can be read.
TEST_F(AccountsTest, IsScryptAsTheStandardSaysIt) {
    const auto hash = PasswordHash::parse(
        "scrypt$16384$8$1$536f6469756d43686c6f72696465$7023bdcb3afd7348461c06cd81fd38eb");
    EXPECT_TRUE(hash.matches("pleaseletmein"));
}

TEST_F(AccountsTest, WritesAndReadsAccounts) {
    put_account(file_, {"admin", hash(), {cim::Role::administrator}});
    put_account(file_, {"eve", hash(), {cim::Role::viewer, cim::Role::operate}});
    put_account(file_, {"admin", hash(), {cim::Role::viewer}});
    const auto accounts = read_accounts(file_);
    ASSERT_EQ(accounts.size(), 2u);
    EXPECT_EQ(accounts[0].name, "eve");
    EXPECT_EQ(accounts[0].roles, (std::set<cim::Role>{cim::Role::viewer, cim::Role::operate}));
    EXPECT_EQ(accounts[1].roles, std::set<cim::Role>{cim::Role::viewer});
    remove_account(file_, "eve");
    EXPECT_EQ(read_accounts(file_).size(), 1u);
    EXPECT_THROW(remove_account(file_, "eve"), Error);
}

TEST_F(AccountsTest, APasswordIsNotTheOnlyProof) {
    const std::vector<std::string> proofs = {certificate_proof(std::string(64, 'A')),
                                             common_name_proof("Ann = of the night shift")};
    put_account(file_, {"ann@EXAMPLE.ORG", std::nullopt, {cim::Role::auditor}, proofs});
    const auto account = read_accounts(file_).at(0);
    EXPECT_FALSE(account.password);
    EXPECT_EQ(account.proofs, proofs);
    EXPECT_EQ(account.proofs[0], "certificate=" + std::string(64, 'a'));
    for (const char* proof : {"", "certificate=", "certificate=12", "cn=", "cn=a,b", "cn=a:b",
                              "cn=a\nb", "password=x"}) {
        EXPECT_THROW(write_accounts(file_, {{"a", hash(), {cim::Role::viewer}, {proof}}}), Error)
            << proof;
        write("a:-:viewer:" + std::string(proof) + "\n");
        EXPECT_THROW(read_accounts(file_), Error) << proof;
    }
}

TEST_F(AccountsTest, TheFileIsForItsOwnerOnly) {
    put_account(file_, {"admin", hash(), {cim::Role::viewer}});
    struct stat status {};
    ASSERT_EQ(::stat(file_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(AccountsTest, NamesTheBadLine) {
    const std::string good = "a:" + hash().text() + ":viewer\n";
    for (const std::string& bad :
         {std::string("nonsense"), std::string("a:b:c"), "a:" + hash().text(),
          "a:" + hash().text() + ":king", ":" + hash().text() + ":viewer",
          std::string("a:scrypt$3$8$1$00$00112233445566778899aabbccddeeff:viewer"),
          std::string("a:scrypt$99999999999$8$1$00$00112233445566778899aabbccddeeff:viewer"),
          std::string("a:scrypt$16384$8$1$zz$00112233445566778899aabbccddeeff:viewer"),
          std::string("a:scrypt$16384$8$1$00$00:viewer")}) {
        write("# comment\n\n" + good + bad + "\n");
        try {
            read_accounts(file_);
            ADD_FAILURE() << bad;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::corrupt);
            EXPECT_NE(std::string(error.what()).find("accounts:4:"), std::string::npos)
                << error.what();
        }
    }
}

TEST_F(AccountsTest, RefusesNamesThatWouldNotComeBack) {
    for (const char* name : {"", "a:b", "a b", "a\nb", "#a"}) {
        EXPECT_THROW(write_accounts(file_, {{name, hash(), {cim::Role::viewer}}}), Error) << name;
    }
    EXPECT_THROW(write_accounts(file_, {{std::string(65, 'x'), hash(), {cim::Role::viewer}}}),
                 Error);
    EXPECT_THROW(write_accounts(file_, {{"a", hash(), {}}}), Error);
    EXPECT_THROW(PasswordHash::of(""), Error);
    EXPECT_THROW(PasswordHash::of(std::string(257, 'x')), Error);
}

// What is told of a change, as text.
std::vector<std::string> told(const std::vector<AccountChange>& changes) {
    std::vector<std::string> result;
    for (const AccountChange& one : changes) {
        result.push_back(one.account + " " + one.change + " " + one.roles + " " + one.proofs);
    }
    return result;
}

TEST_F(AccountsTest, SaysWhatDiffersAndNoPassword) {
    const std::set<cim::Role> looks{cim::Role::viewer};
    const Account ann{"ann", hash(), looks}, bob{"bob", std::nullopt, looks, {"cn=Bob"}};
    Account changed = ann;
    changed.password = PasswordHash::of("other");
    changed.roles = {cim::Role::viewer, cim::Role::auditor};
    changed.proofs = {"cn=Ann"};
    using Lines = std::vector<std::string>;
    EXPECT_EQ(told(changes_between({ann, bob}, {bob, ann})), Lines{});
    EXPECT_EQ(told(changes_between({ann}, {bob})),
              (Lines{"ann removed viewer ", "bob added viewer cn=Bob"}));
    EXPECT_EQ(told(changes_between({ann}, {changed})),
              (Lines{"ann roles viewer,auditor cn=Ann", "ann password viewer,auditor cn=Ann",
                     "ann certificates viewer,auditor cn=Ann"}));
    changed = ann;
    changed.password.reset();
    EXPECT_EQ(told(changes_between({ann}, {changed})), Lines{"ann password viewer "});
}

TEST_F(AccountsTest, AChangeIsToldBeforeItCounts) {
    put_account(file_, {"ann", hash(), {cim::Role::viewer}});
    std::vector<AccountChange> changes;
    AccountFile accounts(file_, [&](const AccountChange& one) { changes.push_back(one); });
    EXPECT_TRUE(accounts.find("ann"));
    EXPECT_TRUE(changes.empty());
    put_account(file_, {"bob", hash(), {cim::Role::viewer}});
    EXPECT_TRUE(accounts.find("bob"));
    EXPECT_EQ(told(changes), std::vector<std::string>{"bob added viewer "});
    changes.clear();
    const auto kept = read_accounts(file_);
    write("nonsense\n");
    EXPECT_FALSE(accounts.find("bob"));
    EXPECT_EQ(told(changes), std::vector<std::string>{" unreadable  "});
    changes.clear();
    write_accounts(file_, {kept[1]});
    EXPECT_EQ(accounts.all().size(), 1u);
    EXPECT_EQ(told(changes), std::vector<std::string>{"ann removed viewer "});
}

TEST_F(AccountsTest, ChosenPasswordsDiffer) {
    const std::string one = random_password();
    EXPECT_EQ(one.size(), 24u);
    EXPECT_NE(one, random_password());
}

}  // namespace
}  // namespace reviver::server
