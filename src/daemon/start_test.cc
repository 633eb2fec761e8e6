// What happens around a site: locks, identity, checks, signals, the service manager.

#include "base/error.h"
#include "daemon/instance_lock.h"
#include "daemon/preflight.h"
#include "daemon/service_manager.h"
#include "daemon/signals.h"
#include "daemon/site_id.h"
#include "site/create.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace reviver::daemon {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class StartTest : public testing::Test {
  protected:
    StartTest() {
        std::string pattern = testing::TempDir() + "reviver-start-XXXXXX";
        directory_ = mkdtemp(pattern.data());
    }
    ~StartTest() override { fs::remove_all(directory_); }

    template <class Work>
    std::pair<Code, std::string> refusal_of(Work work) {
        try {
            work();
        } catch (const Error& error) {
            return {error.code(), error.what()};
        }
        ADD_FAILURE() << "was not refused";
        return {};
    }

    fs::path directory_;
};

TEST_F(StartTest, OnlyOneDaemonHasADataDirectory) {
    {
        InstanceLock first(directory_);
        auto [code, text] = refusal_of([&] { InstanceLock second(directory_); });
        EXPECT_EQ(code, Code::in_use);
        EXPECT_THAT(text, HasSubstr(std::to_string(getpid())));
    }
    EXPECT_NO_THROW(InstanceLock third{directory_})
        << "it is free again when the first one has ended";
}

TEST_F(StartTest, ASiteKeepsItsId) {
    SiteId made = load_or_make_site_id(sys::linux_world(), directory_);
    EXPECT_FALSE(made.is_none());
    EXPECT_EQ(load_or_make_site_id(sys::linux_world(), directory_), made);
    for (const char* damage : {"", "something else", "00000000-0000-0000-0000-000000000000"}) {
        std::ofstream(directory_ / "site-id") << damage;
        auto [code, text] =
            refusal_of([&] { load_or_make_site_id(sys::linux_world(), directory_); });
        EXPECT_EQ(code, Code::corrupt) << damage;
    }
}

TEST_F(StartTest, WhatAConfigurationNamesIsChecked) {
    site::NewSite wanted;
    wanted.directory = directory_ / "east";
    wanted.name = "east";
    site::Layout layout = site::create_site(wanted).layout;
    site::Config good = site::load_config(layout.config());
    EXPECT_NO_THROW(check_what_it_names(good));

    site::Config config = good;
    config.peer.key = layout.management_key();
    EXPECT_THAT(refusal_of([&] { check_what_it_names(config); }).second,
                HasSubstr("does not belong to"));
    config = good;
    config.management.certificate = "/nonexistent.crt";
    EXPECT_EQ(refusal_of([&] { check_what_it_names(config); }).first, Code::not_found);
    config = good;
    config.management.accounts = directory_ / "nobody";
    std::ofstream(config.management.accounts) << "# nobody\n";
    EXPECT_THAT(refusal_of([&] { check_what_it_names(config); }).second,
                HasSubstr("nobody could administer"));
}

TEST_F(StartTest, TheServiceManagerIsTold) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::string path = directory_ / "notify";
    std::memcpy(address.sun_path, path.c_str(), path.size());
    sys::Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0));
    ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
    tell_service_manager("READY=1");
    std::array<char, 32> text{};
    EXPECT_EQ(::recv(socket.get(), text.data(), text.size(), 0), 7);
    EXPECT_STREQ(text.data(), "READY=1");
    unsetenv("NOTIFY_SOCKET");
    tell_service_manager("STOPPING=1");
    EXPECT_EQ(::recv(socket.get(), text.data(), text.size(), 0), -1);
}

TEST_F(StartTest, TheJournalIsKnownByItsStream) {
    struct stat status {};
    ASSERT_EQ(::fstat(STDERR_FILENO, &status), 0);
    std::string device = std::to_string(status.st_dev) + ":";
    setenv("JOURNAL_STREAM", (device + std::to_string(status.st_ino)).c_str(), 1);
    EXPECT_TRUE(logs_to_journal());
    setenv("JOURNAL_STREAM", (device + std::to_string(status.st_ino + 1)).c_str(), 1);
    EXPECT_FALSE(logs_to_journal());
    unsetenv("JOURNAL_STREAM");
    EXPECT_FALSE(logs_to_journal());
}

TEST_F(StartTest, SignalsWaitUntilTheyAreTaken) {
    Signals signals;
    raise(SIGHUP);
    EXPECT_EQ(signals.next(), Steer::reload);
    raise(SIGINT);
    EXPECT_EQ(signals.next(), Steer::stop);
    raise(SIGTERM);
    EXPECT_EQ(signals.next(), Steer::stop);
}

}  // namespace
}  // namespace reviver::daemon
