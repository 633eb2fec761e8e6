// Accounts by command, in the files of a real site.

#include "cli/commands.h"
#include "site/create.h"
#include "site/users.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace reviver::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class UserCommands : public testing::Test {
  protected:
    UserCommands() {
        std::string pattern = testing::TempDir() + "reviver-user-XXXXXX";
        parent_ = mkdtemp(pattern.data());
        site::NewSite wanted;
        wanted.directory = parent_ / "east";
        wanted.name = "east";
        layout_ = site::create_site(wanted).layout;
    }
    ~UserCommands() override { std::filesystem::remove_all(parent_); }

    int run(const std::string& line, const std::string& typed = "") {
        std::istringstream words("--site " + layout_.directory.string() + " " + line);
        Parsed parsed = parse_arguments({std::istream_iterator<std::string>(words), {}});
        EXPECT_TRUE(parsed.arguments) << parsed.text;
        std::istringstream in(typed);
        out_.str("");
        err_.str("");
        Console console{in, out_, err_};
        console.can_ask = !typed.empty();
        console.json = parsed.arguments->json;
        return run_command(*parsed.arguments, console);
    }
    bool lets_in(const std::string& name, const std::string& password) {
        for (const server::Account& account : site::Users(layout_).list()) {
            if (account.name == name)
                return account.password && account.password->matches(password);
        }
        return false;
    }

    std::filesystem::path parent_;
    site::Layout layout_;
    std::ostringstream out_;
    std::ostringstream err_;
};

TEST_F(UserCommands, APasswordIsTypedTwice) {
    EXPECT_EQ(run("user add eve --role operator", "secret\nsecret\n"), exit_ok);
    EXPECT_TRUE(lets_in("eve", "secret"));
    EXPECT_THAT(out_.str() + err_.str(), Not(HasSubstr("secret")));
    EXPECT_EQ(run("user passwd eve", "new\nother\n"), exit_failed);
    EXPECT_THAT(err_.str(), HasSubstr("differ"));
    EXPECT_TRUE(lets_in("eve", "secret"));
}

// The one ended the program with a core dump, the other was taken for done.
TEST_F(UserCommands, WhatCannotBeReadOrWrittenIsAFailureThatSaysSo) {
    EXPECT_EQ(run("init /dev/null/x --name east"), exit_failed);
    EXPECT_THAT(err_.str(), HasSubstr("/dev/null"));
    out_.setstate(std::ios::badbit);
    EXPECT_EQ(run("user list"), exit_failed);
    EXPECT_THAT(err_.str(), HasSubstr("cannot be written"));
}

TEST_F(UserCommands, APasswordIsReadFromAFileOrMadeUp) {
    std::ofstream(parent_ / "file") << "from-file\nnot this\n";
    EXPECT_EQ(run("user add eve --password-file " + (parent_ / "file").string()), exit_ok);
    EXPECT_TRUE(lets_in("eve", "from-file"));
    EXPECT_EQ(run("user passwd eve --generate"), exit_ok);
    std::string made = out_.str();
    made.pop_back();
    EXPECT_TRUE(lets_in("eve", made));
}

TEST_F(UserCommands, WithNobodyToAskItIsSaidWhatToGive) {
    EXPECT_EQ(run("user add eve"), exit_failed);
    EXPECT_THAT(err_.str(), HasSubstr("--password-file FILE, or --generate"));
    EXPECT_EQ(run("user list"), exit_ok);
    EXPECT_EQ(out_.str(), "NAME   ROLE           COMES IN BY\nadmin  administrator  password\n");
}

TEST_F(UserCommands, RemovingTellsWhatIsNotPossible) {
    EXPECT_EQ(run("user remove admin"), exit_failed);
    EXPECT_THAT(err_.str(), HasSubstr("--role administrator"));
    EXPECT_EQ(run("user add eve --role administrator --generate"), exit_ok);
    EXPECT_EQ(run("user remove admin"), exit_ok);
    EXPECT_EQ(run("user remove nobody"), exit_failed);
    EXPECT_THAT(err_.str(), HasSubstr("reviver user list"));
    EXPECT_EQ(run("--json user list"), exit_ok);
    EXPECT_EQ(out_.str().find("admin\""), std::string::npos);
}

}  // namespace
}  // namespace reviver::cli
