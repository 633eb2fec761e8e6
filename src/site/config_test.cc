#include "site/config.h"

#include "base/error.h"
#include "site/config_template.h"
#include "site/limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace reviver::site {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr const char* smallest = R"(
[site]
name = "east"
[peer]
advertise = "192.0.2.1:7443"
)";

Config parse(const std::string& text) {
    return parse_config(text, "/sites/east/reviver.toml");
}

std::string refusal_of(const std::string& text) {
    try {
        parse(text);
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::invalid_parameter);
        return error.what();
    }
    return "accepted";
}

TEST(Config, HasDefaultsRelativeToItsDirectory) {
    Config config = parse(smallest);
    EXPECT_EQ(config.name, "east");
    EXPECT_EQ(config.data_dir, "/sites/east/data");
    EXPECT_EQ(config.libvirt_uri, "qemu:///embed?root=/sites/east/libvirt");
    EXPECT_EQ(config.peer.listen.text(), "0.0.0.0:7443");
    EXPECT_EQ(config.peer.certificate, "/sites/east/keys/peer.crt");
    EXPECT_EQ(config.management.listen.text(), "127.0.0.1:5986");
    EXPECT_EQ(config.management.accounts, "/sites/east/accounts");
    EXPECT_FALSE(config.management.anonymous_identify);
    EXPECT_TRUE(config.management.client_ca.empty());
    EXPECT_TRUE(config.management.keytab.empty());
    EXPECT_FALSE(config.management.http);
    EXPECT_EQ(config.store_reserve_share, 0.03);
    EXPECT_EQ(config.upkeep_bytes_per_second_max, 0u);
    EXPECT_EQ(config.bandwidth_bytes_per_second_max, 0u);
    EXPECT_EQ(config.log_level, level_enum::info);
}

TEST(Config, SaysWhoComesInAndHow) {
    const std::string start = std::string(smallest) + "[management]\n";
    Config config = parse(start + R"(
client_ca = "keys/ca.pem"
client_crl = "/crl.pem"
keytab = "keys/http.keytab"
require_channel_binding = true
http = "0.0.0.0:5985"
)");
    EXPECT_EQ(config.management.client_ca, "/sites/east/keys/ca.pem");
    EXPECT_EQ(config.management.client_crl, "/crl.pem");
    EXPECT_EQ(config.management.keytab, "/sites/east/keys/http.keytab");
    EXPECT_TRUE(config.management.require_channel_binding);
    EXPECT_EQ(config.management.http->text(), "0.0.0.0:5985");
    EXPECT_FALSE(config.management.allow_unencrypted);
    EXPECT_THAT(refusal_of(start + "client_crl = \"crl.pem\""), HasSubstr("without client_ca"));
    EXPECT_THAT(refusal_of(start + "http = \"0.0.0.0:5985\""), HasSubstr("keytab is not set"));
    EXPECT_THAT(refusal_of(start + "http = \"5985\""), HasSubstr("http"));
    config = parse(start + "http = \"127.0.0.1:5985\"\nallow_unencrypted = true");
    EXPECT_TRUE(config.management.allow_unencrypted);
}

TEST(Config, TakesEveryKey) {
    Config config = parse(R"(
[site]
name = "w.2"
data_dir = "/srv/reviver"
[hypervisor]
uri = "qemu:///system"
[peer]
listen = "[::1]:1234"
advertise = "west.example.org:4321"
certificate = "/etc/p.crt"
key = "../p.key"
[management]
listen = "0.0.0.0:15986"
certificate = "m.crt"
key = "m.key"
accounts = "who"
anonymous_identify = true
[store]
reserve_percent = 0
[replication]
bandwidth_kib_per_s_max = 2048
[log]
level = "debug"
)");
    EXPECT_EQ(config.data_dir, "/srv/reviver");
    EXPECT_EQ(config.libvirt_uri, "qemu:///system");
    EXPECT_EQ(config.peer.listen.text(), "[::1]:1234");
    EXPECT_EQ(config.peer.advertise.text(), "west.example.org:4321");
    EXPECT_EQ(config.peer.key, "/sites/p.key");
    EXPECT_EQ(config.management.listen.port, 15986);
    EXPECT_EQ(config.management.key, "/sites/east/m.key");
    EXPECT_EQ(config.management.accounts, "/sites/east/who");
    EXPECT_TRUE(config.management.anonymous_identify);
    EXPECT_EQ(config.store_reserve_share, 0);
    EXPECT_EQ(config.bandwidth_bytes_per_second_max, 2048u << 10);
    EXPECT_EQ(config.log_level, level_enum::debug);
}

TEST(Config, NamesFileLineKeyAndWhatIsAllowed) {
    std::string good = smallest;  // five lines
    EXPECT_THAT(refusal_of(good + "[store]\nreserve_percent = -1\n"),
                AllOf(HasSubstr("/sites/east/reviver.toml:7: store.reserve_percent:"),
                      HasSubstr("from 0 to 90")));
    EXPECT_THAT(refusal_of(good + "lisen = \"1.2.3.4:5\"\n"),
                AllOf(HasSubstr("toml:6: peer.lisen: unknown key"),
                      HasSubstr("advertise, certificate, key, listen")));
    EXPECT_THAT(refusal_of("[site]\nname = 3\n"), HasSubstr("toml:2: site.name: must be a text"));
    EXPECT_THAT(refusal_of("[site]\nname = \n"), HasSubstr("toml:2: "));
}

TEST(Config, OnlyAListenerOnEveryAddressNeedsToSayWhereItIsReached) {
    EXPECT_THAT(refusal_of("[site]\nname = \"e\"\n"),
                HasSubstr("reviver.toml: peer.advertise: must be the HOST:PORT"));
    Config config = parse("[site]\nname = \"e\"\n[peer]\nlisten = \"192.0.2.1:7443\"\n");
    EXPECT_EQ(config.peer.advertise.text(), "192.0.2.1:7443");
}

TEST(Config, RefusesWhatCannotWork) {
    std::string good = smallest;
    EXPECT_THAT(refusal_of(""), HasSubstr("site.name"));
    EXPECT_THAT(refusal_of(good + "[management]\nanonymous_identify = 1\n"),
                HasSubstr("must be true or false"));
    EXPECT_THAT(refusal_of(good + "[management]\nlisten = \"5986\"\n"), HasSubstr("HOST:PORT"));
    EXPECT_THAT(refusal_of(good + "[management]\nkey = \"\"\n"), HasSubstr("must name a file"));
    EXPECT_THAT(refusal_of(good + "[hypervisor]\nuri = \"xen:///\"\n"), HasSubstr("libvirt URI"));
    EXPECT_THAT(refusal_of(good + "[log]\nlevel = \"loud\"\n"), HasSubstr("log.level"));
    EXPECT_THAT(refusal_of("log = 3\n" + good), HasSubstr("must be a section"));
    EXPECT_THAT(refusal_of(good + "[logs]\n"), HasSubstr("logs: unknown key"));
}

TEST(Config, HasLimits) {
    std::string good = smallest;
    EXPECT_EQ(parse(good + "[store]\nreserve_percent = 90\n").store_reserve_share, 0.9);
    EXPECT_THAT(refusal_of(good + "[store]\nreserve_percent = 91\n"), HasSubstr("from 0 to 90"));
    EXPECT_THAT(refusal_of(good + "[replication]\nbandwidth_kib_per_s_max = 15\n"),
                HasSubstr("at least 16"));
    EXPECT_THAT(refusal_of(good + "[replication]\nbandwidth_kib_per_s_max = 1073741825\n"),
                HasSubstr("1073741824"));
    EXPECT_NO_THROW(check_site_name(std::string(limits::site_name_chars_max, 'x')));
    EXPECT_THROW(check_site_name(std::string(limits::site_name_chars_max + 1, 'x')), Error);
    for (const char* name : {"", "-x", "a/b", "a b", "a\nb", "é"}) {
        EXPECT_THROW(check_site_name(name), Error) << name;
    }
}

TEST(Config, AFileThatIsMissingOrTooLongIsRefused) {
    try {
        load_config("/nonexistent/reviver.toml");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::not_found);
    }
    auto file = std::filesystem::path(testing::TempDir()) / "reviver_long.toml";
    std::ofstream(file) << smallest << std::string(limits::config_bytes_max, '#');
    EXPECT_THROW(load_config(file), Error);
    std::ofstream(file) << smallest;
    EXPECT_EQ(load_config(file).name, "east");
    std::filesystem::remove(file);
}

TEST(ConfigTemplate, IsAConfigurationThatSaysWhatWasChosen) {
    Config config = parse(config_text({"east",
                                       {"0.0.0.0", 7443},
                                       {"east.example.org", 7443},
                                       {"::1", 5986},
                                       "qemu:///embed?root=/with \"quotes\"\\"}));
    EXPECT_EQ(config.name, "east");
    EXPECT_EQ(config.peer.advertise.text(), "east.example.org:7443");
    EXPECT_EQ(config.management.listen.text(), "[::1]:5986");
    EXPECT_EQ(config.libvirt_uri, "qemu:///embed?root=/with \"quotes\"\\");
}

TEST(ConfigTemplate, ItsCommentedKeysAreTheDefaults) {
    std::string text =
        config_text({"east", {"1.2.3.4", 5}, {"1.2.3.4", 5}, {"127.0.0.1", 5986}, ""});
    std::string uncommented = text;
    for (std::size_t at; (at = uncommented.find("\n# ")) != std::string::npos;) {
        bool is_key = uncommented.find(" = ", at) < uncommented.find('\n', at + 1);
        uncommented.replace(at, 3, is_key ? "\n" : "\n#");
    }
    Config with_keys = parse(uncommented);
    Config defaults = parse(text);
    EXPECT_EQ(with_keys.data_dir, defaults.data_dir);
    EXPECT_EQ(with_keys.peer.key, defaults.peer.key);
    EXPECT_EQ(with_keys.management.accounts, defaults.management.accounts);
    EXPECT_EQ(with_keys.store_reserve_share, defaults.store_reserve_share);
    EXPECT_EQ(with_keys.log_level, defaults.log_level);
}

}  // namespace
}  // namespace reviver::site
