#include "wire/identity.h"

#include "wire/certificate.h"
#include "wire/test_sites.h"

#include <gmock/gmock.h>

namespace reviver::wire {
namespace {

TEST(Fingerprint, text_comes_back_in_every_form) {
    const Fingerprint fingerprint(sha256(bytes_of("abc")));
    const std::string text =
        "BA:78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:B0:03:61:A3:96:17:7A:9C:B4:10:FF:61:F2:00:"
        "15:AD";
    EXPECT_EQ(fingerprint.text(), text);
    EXPECT_EQ(Fingerprint::parse(text), fingerprint);
    EXPECT_EQ(Fingerprint::parse(" \t" + text + "\n"), fingerprint);
    std::string bare = text;
    std::erase(bare, ':');
    EXPECT_EQ(Fingerprint::parse(bare), fingerprint);
    std::ranges::transform(bare, bare.begin(), [](char c) { return char(std::tolower(c)); });
    EXPECT_EQ(Fingerprint::parse(bare), fingerprint);
}

TEST(Fingerprint, other_text_is_none) {
    const std::string text = Fingerprint(sha256({})).text();
    for (std::string wrong : {std::string(), std::string("AB"), text.substr(1), text + "0"}) {
        EXPECT_EQ(Fingerprint::parse(wrong), std::nullopt) << wrong;
    }
    for (const std::size_t at : {std::size_t{0}, std::size_t{1}, std::size_t{2}, text.size() - 1}) {
        std::string wrong = text;
        wrong[at] = '/';
        EXPECT_EQ(Fingerprint::parse(wrong), std::nullopt) << wrong;
    }
}

// Made with `openssl req -x509`; its fingerprint as `openssl x509 -fingerprint -sha256` prints it.
TEST(Certificate, fingerprint_is_what_openssl_prints) {
    const std::string pem = R"(-----BEGIN CERTIFICATE-----
MIIBeDCCAR+gAwIBAgIUBNbJ3vAP8/Cs3SHu67ZwoMBjHlIwCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHZXhhbXBsZTAeFw0yNjExMjIxNjEyMTFaFw0zNjExMTkxNjEy
MTFaMBIxEDAOBgNVBAMMB2V4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AAS8gTycaUvR7Fxka+lFEU3zY1jTowWeaT9ZUevYkQUBRatOBvLpiBjNEdh3xRNy
OxP6+FplDLfaHLLjBhCPuMfDo1MwUTAdBgNVHQ4EFgQUT+SFGrsw8jbXkXAljj4k
hcE5yYwwHwYDVR0jBBgwFoAUT+SFGrsw8jbXkXAljj4khcE5yYwwDwYDVR0TAQH/
BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiBHZWbpmAtXBxP50M/ZfVsT1d+VmIm3
CO2mUwMbjIQr3QIgYU7K2gJBXGh5hpn2v+K01WcTuTRiB3KM9PyCViBhSWU=
-----END CERTIFICATE-----
)";
    EXPECT_EQ(fingerprint_of(pem).text(),
              "19:2D:5D:26:B6:42:F8:AE:CA:ED:5B:9C:99:0B:17:5D:"
              "9A:7D:C2:18:49:7A:2C:A9:41:EB:BE:D6:C3:5A:C4:9C");
}

TEST(Certificate, each_site_gets_its_own) {
    const Credentials one = make_credentials("site");
    const Credentials other = make_credentials("site");
    EXPECT_NE(fingerprint_of(one.certificate), fingerprint_of(other.certificate));
    EXPECT_THAT(one.key, testing::StartsWith("-----BEGIN PRIVATE KEY-----"));
    EXPECT_NO_THROW(make_credentials(std::string(300, 'x')));
}

TEST(Certificate, what_is_none_is_refused) {
    EXPECT_FAILS(Code::invalid_parameter, "not a PEM certificate", fingerprint_of(std::string()));
    EXPECT_FAILS(Code::invalid_parameter, "not a PEM certificate",
                 fingerprint_of(make_credentials("x").key));
}

TEST(Certificate, a_key_of_another_certificate_is_refused) {
    const Credentials mixed{credentials_of("west").certificate, credentials_of("east").key};
    EXPECT_FAILS(Code::invalid_parameter, "cannot be used",
                 TlsTransport(sys::linux_world(), mixed));
    EXPECT_FAILS(Code::invalid_parameter, "private key",
                 TlsTransport(sys::linux_world(), {credentials_of("west").certificate, "x"}));
}

}  // namespace
}  // namespace reviver::wire
