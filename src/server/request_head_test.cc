#include "server/request_head.h"

#include "server/limits.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <gtest/gtest.h>

namespace reviver::server {
namespace {

namespace http = boost::beast::http;

class RequestHeadTest : public testing::Test {
  protected:
    // Parsed as the server parses it; `fields` with their line ends.
    RequestHead head(const std::string& fields, const std::string& line = "POST /a?b=1 HTTP/1.1") {
        http::request_parser<http::string_body> parser;
        parser.header_limit(limits::header_bytes_max);
        parser.put(boost::asio::buffer(line + "\r\n" + fields + "\r\n"), error_);
        return parser.get().base();
    }

    boost::beast::error_code error_;
};

TEST_F(RequestHeadTest, IsWhatTheDoorsSee) {
    const HttpRequest request = request_of(head("Host: h\r\nX-A: 1\r\nx-a: 2\r\n"), "10.0.0.1");
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/a");
    EXPECT_EQ(request.query, "b=1");
    EXPECT_EQ(request.field("X-A"), "1, 2");
    EXPECT_EQ(request.peer_address, "10.0.0.1");
}

TEST_F(RequestHeadTest, WhatCouldBeReadInTwoWaysIsNotSound) {
    EXPECT_TRUE(is_sound(head("Host: h\r\nContent-Length: 5\r\n")));
    EXPECT_TRUE(is_sound(head("Host: h\r\nTransfer-Encoding: Chunked\r\n")));
    EXPECT_TRUE(is_sound(head("", "GET / HTTP/1.0")));
    for (const char* fields :
         {"", "Host: h\r\nHost: i\r\n", "Host: h\r\nAuthorization: a\r\nAuthorization: b\r\n",
          "Host: h\r\nTransfer-Encoding: identity\r\n"}) {
        EXPECT_FALSE(is_sound(head(fields))) << fields;
    }
}

TEST_F(RequestHeadTest, FieldsAreCounted) {
    std::string fields = "Host: h\r\n";
    for (std::size_t i = 1; i < limits::header_fields_max; ++i) fields += "X: 1\r\n";
    EXPECT_TRUE(is_sound(head(fields)));
    EXPECT_FALSE(is_sound(head(fields + "X: 1\r\n")));
}

TEST_F(RequestHeadTest, WhatIsWrongHasItsStatus) {
    head("Host: h\r\nX: " + std::string(limits::header_bytes_max, 'x') + "\r\n");
    EXPECT_TRUE(is_bad_http(error_));
    EXPECT_EQ(status_for(error_), 431u);
    EXPECT_EQ(status_for(make_error_code(http::error::body_limit)), 413u);
    EXPECT_FALSE(is_bad_http(make_error_code(http::error::end_of_stream)));
    head("no field\r\n");
    EXPECT_EQ(status_for(error_), 400u);
}

}  // namespace
}  // namespace reviver::server
