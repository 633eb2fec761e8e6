#include "site/create.h"

#include "base/error.h"
#include "server/accounts.h"
#include "site/certificate.h"
#include "site/config.h"
#include "site/limits.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace reviver::site {
namespace {

namespace fs = std::filesystem;

class CreateSite : public testing::Test {
  protected:
    CreateSite() {
        std::string pattern = testing::TempDir() + "reviver-site-XXXXXX";
        parent_ = mkdtemp(pattern.data());
        wanted_.directory = parent_ / "a" / "east";
        wanted_.name = "east";
        wanted_.management_listen = {"192.0.2.7", 5986};
    }
    ~CreateSite() override { fs::remove_all(parent_); }

    static unsigned mode_of(const fs::path& path) {
        struct stat status {};
        EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
        return status.st_mode & 0777;
    }
    static std::string content_of(const fs::path& path) {
        std::ifstream stream(path);
        return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    }
    static bool openssl(const std::string& arguments) {
        return std::system(("openssl " + arguments + " >/dev/null 2>&1").c_str()) == 0;
    }
    Code refused() {
        try {
            create_site(wanted_);
        } catch (const Error& error) {
            return error.code();
        }
        ADD_FAILURE() << "was not refused";
        return Code::failed;
    }

    fs::path parent_;
    NewSite wanted_;
};

TEST_F(CreateSite, MakesASiteWithItsSecretsProtected) {
    CreatedSite made = create_site(wanted_);
    Config config = load_config(made.layout.config());
    EXPECT_EQ(config.name, "east");
    EXPECT_EQ(config.peer.advertise, made.peer_advertise);
    EXPECT_EQ(config.data_dir, made.layout.data());
    for (const auto& path : {made.layout.peer_key(), made.layout.management_key(),
                             made.layout.accounts(), made.layout.admin_password()}) {
        EXPECT_EQ(mode_of(path), 0600u) << path;
    }
    for (const auto& path :
         {made.layout.directory, made.layout.keys(), made.layout.data(), made.layout.libvirt()}) {
        EXPECT_EQ(mode_of(path), 0700u) << path;
    }
}

TEST_F(CreateSite, TheAdministratorsPasswordIsTheOneInTheFile) {
    CreatedSite made = create_site(wanted_);
    auto accounts = server::read_accounts(made.layout.accounts());
    ASSERT_EQ(accounts.size(), 1u);
    EXPECT_EQ(accounts[0].name, first_administrator);
    EXPECT_TRUE(accounts[0].roles.contains(cim::Role::administrator));
    std::string password = content_of(made.layout.admin_password());
    ASSERT_EQ(password.back(), '\n');
    password.pop_back();
    EXPECT_TRUE(accounts[0].password->matches(password));
    EXPECT_FALSE(accounts[0].password->matches(password + "x"));
}

TEST_F(CreateSite, OpensslTrustsTheCertificatesForTheNamesOfThisMachine) {
    Layout layout = create_site(wanted_).layout;
    std::string file = layout.management_certificate().string();
    std::string verify = "verify -x509_strict -purpose sslserver -CAfile " + file + " ";
    EXPECT_TRUE(openssl(verify + "-verify_hostname localhost " + file));
    EXPECT_TRUE(openssl(verify + "-verify_ip 127.0.0.1 " + file));
    EXPECT_TRUE(openssl(verify + "-verify_ip 192.0.2.7 " + file));
    EXPECT_FALSE(openssl(verify + "-verify_hostname elsewhere.example.org " + file));
    std::string peer = layout.peer_certificate().string();
    EXPECT_TRUE(openssl("verify -purpose sslclient -CAfile " + peer + " " + peer));
    EXPECT_FALSE(openssl("verify -CAfile " + peer + " " + file));
}

TEST_F(CreateSite, EverySiteHasKeysOfItsOwn) {
    CreatedSite first = create_site(wanted_);
    wanted_.directory += "2";
    CreatedSite second = create_site(wanted_);
    EXPECT_EQ(first.peer_fingerprint.size(), 64u);
    EXPECT_EQ(first.peer_fingerprint, fingerprint_of_certificate(first.layout.peer_certificate()));
    EXPECT_NE(first.peer_fingerprint, second.peer_fingerprint);
    EXPECT_NO_THROW(check_key_pair(first.layout.peer_certificate(), first.layout.peer_key()));
    EXPECT_THROW(check_key_pair(first.layout.peer_certificate(), second.layout.peer_key()), Error);
    EXPECT_THROW(check_key_pair(first.layout.peer_key(), first.layout.peer_key()), Error);
}

TEST_F(CreateSite, NeverOverwrites) {
    CreatedSite made = create_site(wanted_);
    std::string before = content_of(made.layout.peer_key());
    EXPECT_EQ(refused(), Code::exists);
    EXPECT_EQ(content_of(made.layout.peer_key()), before);

    wanted_.directory = parent_ / "full";
    fs::create_directory(wanted_.directory);
    std::ofstream(wanted_.directory / "somebody's") << "work";
    EXPECT_EQ(refused(), Code::exists);
    EXPECT_EQ(std::distance(fs::directory_iterator(wanted_.directory), {}), 1);
}

TEST_F(CreateSite, TakesAnEmptyDirectoryAndATrailingSlash) {
    fs::create_directories(wanted_.directory);
    wanted_.directory += "/";
    EXPECT_NO_THROW(create_site(wanted_));
    EXPECT_TRUE(fs::exists(parent_ / "a" / "east" / "reviver.toml"));
}

TEST_F(CreateSite, RefusesADirectoryInWhichSocketsWouldNotFit) {
    const std::size_t most = limits::data_directory_bytes_max - std::string("/data").size();
    wanted_.directory = parent_ / std::string(most - parent_.native().size() - 1, 'x');
    EXPECT_NO_THROW(create_site(wanted_));
    wanted_.directory += "y";
    EXPECT_EQ(refused(), Code::invalid_parameter);
    EXPECT_FALSE(fs::exists(wanted_.directory));
}

TEST_F(CreateSite, LeavesNothingBehindWhenItFails) {
    wanted_.libvirt_uri = "xen:///system";
    EXPECT_EQ(refused(), Code::invalid_parameter);
    EXPECT_TRUE(fs::is_empty(parent_));
    wanted_.name = "no/name";
    EXPECT_EQ(refused(), Code::invalid_parameter);
}

}  // namespace
}  // namespace reviver::site
