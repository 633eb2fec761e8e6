#include "server/encrypted_body.h"

#include "base/error.h"
#include "server/limits.h"

#include <gtest/gtest.h>

namespace reviver::server {
namespace {

constexpr const char* protocol = "application/HTTP-SPNEGO-session-encrypted";

EncryptedBody sample() {
    return {"application/soap+xml;charset=UTF-8", 11, std::string("\0head\xff", 6),
            std::string("da--\r\nta\0", 9), true};
}

TEST(EncryptedBody, ComesBackAsItWasWritten) {
    for (const bool with_tabs : {true, false}) {
        EncryptedBody body = sample();
        body.with_tabs = with_tabs;
        const auto back =
            parse_encrypted(encrypted_content_type(protocol), write_encrypted(body, protocol));
        EXPECT_EQ(back.content_type, body.content_type);
        EXPECT_EQ(back.length, 11u);
        EXPECT_EQ(back.header, body.header);
        EXPECT_EQ(back.data, body.data);
        EXPECT_EQ(back.with_tabs, with_tabs);
    }
}

TEST(EncryptedBody, HasTheFormThatClientsLookFor) {
    EXPECT_EQ(encrypted_content_type(protocol),
              "multipart/encrypted;protocol=\"application/HTTP-SPNEGO-session-encrypted\";"
              "boundary=\"Encrypted Boundary\"");
    EXPECT_EQ(write_encrypted({"application/soap+xml;charset=UTF-8", 5, "H", "D", true}, "p"),
              std::string("--Encrypted Boundary\r\n\tContent-Type: p\r\n\tOriginalContent: "
                          "type=application/soap+xml;charset=UTF-8;Length=5\r\n--Encrypted "
                          "Boundary\r\n\tContent-Type: application/octet-stream\r\n\x01\0\0\0HD",
                          177) +
                  "--Encrypted Boundary--\r\n");
}

TEST(EncryptedBody, OtherSpellingsAreRead) {
    std::string text = write_encrypted(sample(), protocol);
    for (auto at = text.find("--Encrypted"); at != text.npos;
         at = text.find("--Encrypted", at + 3)) {
        text.insert(at + 2, " ");
    }
    EXPECT_EQ(parse_encrypted(encrypted_content_type(protocol), text).data, sample().data);
}

TEST(EncryptedBody, EveryCutAndEveryLieIsRefused) {
    const std::string type = encrypted_content_type(protocol);
    const std::string good = write_encrypted(sample(), protocol);
    for (std::size_t size = 0; size + 2 < good.size(); ++size) {
        EXPECT_THROW(parse_encrypted(type, good.substr(0, size)), Error) << size;
    }
    const auto with = [&](const std::string& what, const std::string& instead) {
        std::string text = good;
        return text.replace(text.find(what), what.size(), instead);
    };
    for (const std::string& bad :
         {with("Length=11", "Length="), with("Length=11", "Length=-1"),
          with("Length=11", "Length=99999999999999999999"), with("Length=11", "Length=11x"),
          with("Length=11", "Length=" + std::to_string(limits::body_bytes_max + 1)),
          with("type=application", "kind=application"), with("OriginalContent", "Original"),
          with("application/octet-stream", "text/plain"),
          with(protocol, "application/HTTP-Kerberos-session-encrypted"),
          with(std::string("\x06\0\0\0", 4), std::string("\xff\xff\xff\xff", 4)),
          with(std::string("\x06\0\0\0", 4), std::string("\x10\0\0\0", 4)),
          with(std::string("\x06\0\0\0", 4), std::string("\0\0\0\0", 4)),
          with("\tContent", std::string(limits::encrypted_line_chars_max, 'x') + "\tContent"),
          good + "x"}) {
        EXPECT_THROW(parse_encrypted(type, bad), Error) << bad;
    }
    EXPECT_THROW(parse_encrypted("multipart/encrypted", good), Error);
    EXPECT_THROW(parse_encrypted("application/soap+xml", good), Error);
    EXPECT_THROW(parse_encrypted("multipart/encrypted;boundary=other", good), Error);
}

}  // namespace
}  // namespace reviver::server
