#include "cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace reviver::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Parsed parse(const std::string& line) {
    std::istringstream words(line);
    return parse_arguments({std::istream_iterator<std::string>(words), {}});
}

Arguments good(const std::string& line) {
    Parsed parsed = parse(line);
    EXPECT_TRUE(parsed.arguments) << line << ": " << parsed.text;
    return parsed.arguments.value_or(Arguments{});
}

TEST(Arguments, EveryCommandHasItsWords) {
    for (const char* command :
         {"vm list", "collection list", "status", "peers", "job list", "identify", "fingerprint"}) {
        EXPECT_EQ(good(command).command, command);
    }
    for (const char* command :
         {"start", "points", "failover", "test", "revert", "commit", "reverse", "planned-failover",
          "prepare-reverse", "suspend", "resume", "resync", "remove", "scrub", "statistics",
          "collection destroy"}) {
        Arguments arguments = good(std::string(command) + " shop");
        EXPECT_EQ(arguments.command, command);
        EXPECT_EQ(arguments.collection, "shop");
        EXPECT_EQ(parse(command).exit_code, exit_usage) << "it needs to know which collection";
    }
}

TEST(Arguments, OptionsOfTheSiteMayStandAnywhere) {
    EXPECT_EQ(good("--site /s status").site, "/s");
    Arguments arguments = good("status shop --json --site /s --timeout 7");
    EXPECT_EQ(arguments.site, "/s");
    EXPECT_TRUE(arguments.json);
    EXPECT_EQ(arguments.timeout_s, 7u);
}

TEST(Arguments, AUrlNeedsItsCredentials) {
    EXPECT_EQ(parse("status --url https://h:1/wsman").exit_code, exit_usage);
    Arguments arguments = good("status --url https://h:1/wsman --user u --password-file p --ca c");
    EXPECT_EQ(arguments.url, "https://h:1/wsman");
    EXPECT_EQ(arguments.ca_file, "c");
}

TEST(Arguments, CollectionsAndMembers) {
    EXPECT_THAT(good("collection add shop web1 db1").vms, ElementsAre("web1", "db1"));
    EXPECT_EQ(good("collection rename shop store").name, "store");
    EXPECT_EQ(good("collection create shop --id X").id, "X");
    EXPECT_EQ(parse("collection add shop").exit_code, exit_usage);
    EXPECT_EQ(parse("collection").exit_code, exit_usage);
}

TEST(Arguments, EnableSaysWhereToAndHow) {
    Arguments arguments = good(
        "enable shop --to west --interval 30 --history 5 --application-interval 4 "
        "--no-compression --disks web1/vda "
        "db1/vdb");
    EXPECT_EQ(arguments.to, "west");
    EXPECT_EQ(arguments.interval_s, 30u);
    EXPECT_EQ(arguments.history, 5u);
    EXPECT_EQ(arguments.application_interval_h, 4u);
    EXPECT_TRUE(arguments.no_compression);
    EXPECT_THAT(arguments.disks, ElementsAre("web1/vda", "db1/vdb"));
    EXPECT_FALSE(good("enable shop --to west").interval_s) << "the site has its own defaults";
    EXPECT_EQ(parse("enable shop").exit_code, exit_usage);
    EXPECT_EQ(parse("enable shop --to west --interval -1").exit_code, exit_usage);
}

TEST(Arguments, WaitingIsSaidOrLeftToTheTerminal) {
    EXPECT_FALSE(good("failover shop").wait);
    EXPECT_EQ(good("failover shop --wait").wait, true);
    EXPECT_EQ(good("failover shop --no-wait").wait, false);
    EXPECT_EQ(good("failover shop").point, latest_point);
    EXPECT_EQ(good("failover shop --point 12 --start").point, "12");
    EXPECT_TRUE(good("test shop --point 12 --start").start);
    EXPECT_TRUE(good("test shop --revert").revert);
    EXPECT_EQ(parse("test shop --revert --start").exit_code, exit_usage);
}

TEST(Arguments, APairIsOneOfTwoKinds) {
    EXPECT_EQ(good("pair --with /b --yes").with, "/b");
    EXPECT_EQ(good("pair --peer h:7443 --name west --fingerprint AB").fingerprint, "AB");
    EXPECT_EQ(parse("pair").exit_code, exit_usage);
    EXPECT_EQ(parse("pair --peer h:7443").exit_code, exit_usage) << "the peer needs a name";
    EXPECT_EQ(parse("pair --with /b --peer h:1 --name w").exit_code, exit_usage);
}

TEST(Arguments, InitTakesItsChoices) {
    Arguments arguments = good(
        "init /s --name east --peer-listen 0.0.0.0:1 --management-listen [::1]:2 --libvirt "
        "qemu:///system");
    EXPECT_EQ(arguments.directory, "/s");
    EXPECT_EQ(arguments.peer_listen, "0.0.0.0:1");
    EXPECT_EQ(arguments.management_listen, "[::1]:2");
    EXPECT_EQ(arguments.libvirt_uri, "qemu:///system");
}

TEST(Arguments, AccountsHaveANameARoleAndAPassword) {
    EXPECT_EQ(good("user list").command, "user list");
    EXPECT_TRUE(good("user add eve").roles.empty()) << "a viewer";
    Arguments arguments = good("user add eve --role operator --password-file p");
    EXPECT_EQ(arguments.name, "eve");
    EXPECT_EQ(arguments.roles, std::vector<std::string>{"operator"});
    EXPECT_EQ(arguments.password_file, "p");
    EXPECT_TRUE(good("user passwd eve --generate").generate);
    EXPECT_EQ(good("user remove eve").command, "user remove");
    EXPECT_EQ(parse("user add").exit_code, exit_usage);
    EXPECT_EQ(parse("user add eve --role king").exit_code, exit_usage);
    EXPECT_EQ(good("user role eve auditor,operator").roles,
              (std::vector<std::string>{"auditor", "operator"}));
    EXPECT_EQ(good("user certificate eve eve.pem").file, "eve.pem");
    EXPECT_EQ(good("user certificate eve --common-name Eve").common_name, "Eve");
    EXPECT_TRUE(good("user certificate eve --none").none);
    EXPECT_EQ(parse("user certificate eve").exit_code, exit_usage);
    EXPECT_EQ(parse("user certificate eve eve.pem --none").exit_code, exit_usage);
    EXPECT_TRUE(good("user add eve@EXAMPLE.ORG --no-password").no_password);
}

TEST(Arguments, AnAuditLogIsCheckedAndShown) {
    EXPECT_EQ(good("audit verify").command, "audit verify");
    EXPECT_EQ(good("audit verify a b --contains 12").files, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(good("audit show --after 7").after, 7u);
    EXPECT_EQ(parse("audit show --after x").exit_code, exit_usage);
}

TEST(Arguments, HelpIsEverywhereAndNoFailure) {
    for (const char* line : {"--help", "vm --help", "vm start --help", "failover --help"}) {
        Parsed parsed = parse(line);
        EXPECT_FALSE(parsed.arguments);
        EXPECT_EQ(parsed.exit_code, exit_ok);
        EXPECT_THAT(parsed.text, HasSubstr("Usage:")) << line;
    }
    EXPECT_EQ(parse("--version").exit_code, exit_ok);
}

TEST(Arguments, WhatIsWrongIsSaid) {
    Parsed parsed = parse("fialover shop");
    EXPECT_EQ(parsed.exit_code, exit_usage);
    EXPECT_THAT(parsed.text, HasSubstr("fialover"));
    EXPECT_EQ(parse("").exit_code, exit_usage);
    EXPECT_EQ(parse("status --timeout 0").exit_code, exit_usage);
}

}  // namespace
}  // namespace reviver::cli
