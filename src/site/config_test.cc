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
    EXPECT_EQ(config.policy.bandwidth.site.bytes_per_second, 0u);
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
    EXPECT_EQ(config.policy.bandwidth.site.bytes_per_second, 2048u << 10);
    EXPECT_EQ(config.log_level, level_enum::debug);
}

TEST(Config, HasABandwidthOfTheSiteAndOfCollectionsByTheHour) {
    const Config config = parse(std::string(smallest) + R"(
[replication]
bandwidth_kib_per_s_max = 8192
[[replication.calendar]]
days = ["mon", "fri"]
from = "08:00"
to = "18:30"
bandwidth_kib_per_s_max = 1024
[[replication.calendar]]
from = "22:00"
to = "06:00"
bandwidth_kib_per_s_max = 0
[[replication.collection]]
name = "shop"
bandwidth_kib_per_s_max = 512
[[replication.collection.calendar]]
days = ["sun"]
from = "00:00"
to = "24:00"
bandwidth_kib_per_s_max = 256
[[replication.collection]]
name = "11111111-2222-4333-8444-555555555555"
)");
    const BandwidthPlans& plans = config.policy.bandwidth;
    EXPECT_EQ(plans.site, (BandwidthPlan{8192 << 10,
                                         {{0b0010001, 8 * 3600, 18 * 3600 + 1800, 1024 << 10},
                                          {0b1111111, 22 * 3600, 6 * 3600, 0}}}));
    ASSERT_EQ(plans.collections.size(), 2u);
    EXPECT_EQ(plans.collections[0].first, "shop");
    EXPECT_EQ(plans.collections[0].second,
              (BandwidthPlan{512 << 10, {{0b1000000, 0, 86400, 256 << 10}}}));
    EXPECT_EQ(plans.collections[1].second, BandwidthPlan());
}

TEST(Config, RefusesACalendarThatMakesNoSense) {
    const std::string start = std::string(smallest) + "[[replication.calendar]]\n";
    const auto entry = [&](const char* days, const char* from, const char* to) {
        return start + days + "\nfrom = \"" + from + "\"\nto = \"" + to +
               "\"\nbandwidth_kib_per_s_max = 64\n";
    };
    EXPECT_EQ(refusal_of(entry("", "08:00", "18:00")), "accepted");
    EXPECT_THAT(refusal_of(entry("days = [\"monday\"]", "08:00", "18:00")),
                AllOf(HasSubstr("toml:7: replication.calendar.days"), HasSubstr("write mon, tue")));
    EXPECT_THAT(refusal_of(entry("days = [1]", "08:00", "18:00")), HasSubstr("list of texts"));
    EXPECT_THAT(refusal_of(entry("days = \"mon\"", "08:00", "18:00")), HasSubstr("list of texts"));
    EXPECT_THAT(refusal_of(entry("days = []", "08:00", "18:00")), HasSubstr("names no day"));
    for (const char* time : {"8:00", "08:60", "24:01", "ab:cd", "", "08.00", "0800 ", "-1:00"}) {
        EXPECT_THAT(refusal_of(entry("", time, "18:00")), HasSubstr("is no time of day")) << time;
    }
    EXPECT_THAT(refusal_of(entry("", "08:00", "08:00")), HasSubstr("from 00:00 to 24:00"));
    EXPECT_THAT(refusal_of(entry("", "24:00", "08:00")), HasSubstr("write 00:00"));
    EXPECT_THAT(refusal_of(entry("", "08:00", "00:00")), HasSubstr("write 24:00"));
    EXPECT_THAT(refusal_of(start + "from = \"08:00\"\nto = \"09:00\"\n"),
                HasSubstr("bandwidth_kib_per_s_max: is missing"));
    EXPECT_THAT(refusal_of(std::string(smallest) + "[replication.calendar]\n"),
                HasSubstr("written as [[replication.calendar]]"));
    EXPECT_THAT(refusal_of(std::string(smallest) + "[[replication.collection]]\n"),
                HasSubstr("replication.collection.name: must be"));
    const std::string shop = "[[replication.collection]]\nname = \"shop\"\n";
    EXPECT_THAT(refusal_of(std::string(smallest) + shop + shop), HasSubstr("has a limit already"));
}

TEST(Config, HasARetention) {
    const RetentionSettings defaults = parse(smallest).policy.retention;
    EXPECT_EQ(defaults, (RetentionSettings{10, 0, 0}));
    const std::string start = std::string(smallest) + "[retention]\n";
    EXPECT_EQ(parse(start + "all_minutes = 90\ndaily = 7\nweekly = 4\n").policy.retention,
              (RetentionSettings{90, 7, 4}));
    EXPECT_EQ(parse(start + "all_minutes = 1440\ndaily = 60\nweekly = 60\n").policy.retention,
              (RetentionSettings{1440, 60, 60}));
    EXPECT_THAT(refusal_of(start + "all_minutes = 1441\n"), HasSubstr("from 0 to 1440"));
    EXPECT_THAT(refusal_of(start + "daily = 61\n"), HasSubstr("from 0 to 60"));
    EXPECT_THAT(refusal_of(start + "weekly = 61\n"), HasSubstr("from 0 to 60"));
    EXPECT_THAT(refusal_of(start + "hourly = 24\n"), HasSubstr("unknown key"));
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
    std::string calendar = good;
    const std::string entry =
        "[[replication.calendar]]\nfrom = \"08:00\"\nto = \"09:00\"\nbandwidth_kib_per_s_max = 0\n";
    for (std::size_t i = 0; i < limits::calendar_entries_max; ++i) calendar += entry;
    EXPECT_EQ(refusal_of(calendar), "accepted");
    EXPECT_THAT(refusal_of(calendar + entry), HasSubstr("may be there 64 times"));
    std::string collections = good;
    for (std::size_t i = 0; i <= limits::limited_collections_max; ++i) {
        collections += "[[replication.collection]]\nname = \"c" + std::to_string(i) + "\"\n";
    }
    EXPECT_THAT(refusal_of(collections), HasSubstr("may be there 1024 times"));
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
    EXPECT_EQ(with_keys.policy.bandwidth.site, defaults.policy.bandwidth.site);
    EXPECT_EQ(with_keys.policy.retention, defaults.policy.retention);
    EXPECT_EQ(with_keys.log_level, defaults.log_level);
}

}  // namespace
}  // namespace reviver::site
