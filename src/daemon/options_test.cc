#include "daemon/options.h"

#include "base/error.h"

#include <gtest/gtest.h>

namespace reviver::daemon {
namespace {

TEST(Options, AreReadInBothForms) {
    Options options = parse_options({"--config", "a.toml", "--log-level=debug", "--check"});
    EXPECT_EQ(options.config, "a.toml");
    EXPECT_EQ(options.log_level, level_enum::debug);
    EXPECT_TRUE(options.check_only);
    EXPECT_EQ(parse_options({"--config=b.toml"}).config, "b.toml");
    EXPECT_FALSE(parse_options({"--config=b.toml"}).log_level);
}

TEST(Options, RefusesWhatItDoesNotKnow) {
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{},
                                                      {"--config"},
                                                      {"x"},
                                                      {"--config", "a", "--log-level", "loud"}}) {
        EXPECT_THROW(parse_options(arguments), Error);
    }
    EXPECT_TRUE(parse_options({"--help"}).help);
    EXPECT_TRUE(parse_options({"--version"}).version);
}

}  // namespace
}  // namespace reviver::daemon
