#include "site/endpoint.h"

#include "base/error.h"

#include <gtest/gtest.h>

namespace reviver::site {
namespace {

TEST(Endpoint, ReadsNamesAndAddresses) {
    EXPECT_EQ(parse_endpoint("host.example.org:7443"), (sys::Endpoint{"host.example.org", 7443}));
    EXPECT_EQ(parse_endpoint("192.0.2.1:1"), (sys::Endpoint{"192.0.2.1", 1}));
    EXPECT_EQ(parse_endpoint("[2001:db8::1]:65535"), (sys::Endpoint{"2001:db8::1", 65535}));
}

TEST(Endpoint, RefusesWhatIsNone) {
    for (const char* text :
         {"", "host", ":1", "host:", "host:0", "host:65536", "host:+1", "host:1x", "2001:db8::1:80",
          "ho st:1", "[]:1", "host\"x:1", "[::1]"}) {
        EXPECT_THROW(parse_endpoint(text), Error) << text;
    }
}

TEST(Endpoint, AWildcardIsReachedOnThisMachine) {
    EXPECT_EQ(reached_locally({"0.0.0.0", 5986}).text(), "127.0.0.1:5986");
    EXPECT_EQ(reached_locally({"::", 5986}).text(), "[::1]:5986");
    EXPECT_EQ(reached_locally({"192.0.2.1", 5986}).text(), "192.0.2.1:5986");
}

}  // namespace
}  // namespace reviver::site
