#include "wire/frame.h"
#include "wire/openssl.h"
#include "wire/test_sites.h"

#include <gmock/gmock.h>
#include <openssl/ssl.h>

#include <thread>

namespace reviver::wire {
namespace {

class Tls : public testing::Test {
  protected:
    TestSites sites{Way::tls_loopback};
};

TEST_F(Tls, fingerprint_is_fetched_without_trust) {
    TlsTransport stranger(sites.world, make_credentials("stranger"));
    EXPECT_EQ(stranger.fetch_fingerprint(sites.at(), soon()), sites.fingerprint_of_site("east"));
    EXPECT_TRUE(sites.handler.received.steps.empty());
}

TEST_F(Tls, plain_text_gets_nothing) {
    const auto stream = sites.world.network.connect(sites.at(), soon());
    stream->set_deadline(soon());
    stream->write_all(bytes_of("GET / HTTP/1.1\r\n\r\n"));
    Bytes bytes(1000);
    std::size_t got = 0;
    error_of([&] {
        while (const std::size_t more = stream->read_some(bytes)) got += more;
    });
    EXPECT_LE(got, 7u);  // an alert
}

TEST_F(Tls, a_server_that_does_not_speak_tls_is_refused) {
    TestSites plain(Way::plain_loopback);
    TlsTransport tls(sites.world, credentials_of("west"));
    EXPECT_FAILS(Code::protocol, "TLS failed", tls.fetch_fingerprint(plain.at(), soon()));
}

// A client that is not ours, to offer what ours never would.
class OtherClient {
  public:
    OtherClient(int version, const Credentials* credentials)
        : context_(SSL_CTX_new(TLS_client_method())) {
        SSL_CTX_set_min_proto_version(context_.get(), version);
        SSL_CTX_set_max_proto_version(context_.get(), version);
        if (credentials != nullptr) {
            SSL_CTX_use_certificate(context_.get(), certificate_of(credentials->certificate).get());
            SSL_CTX_use_PrivateKey(context_.get(), key_of(credentials->key).get());
        }
    }
    // Sends something that is no frame, and answers what went wrong; empty when the server
    // answered.
    std::string talk(std::uint16_t port) {
        BIO* bio = BIO_new_ssl_connect(context_.get());
        const std::unique_ptr<BIO, FreeWith<BIO_free_all>> owner(bio);  // and the socket below
        BIO_set_conn_hostname(bio, ("127.0.0.1:" + std::to_string(port)).c_str());
        char byte = 0;
        if (BIO_do_connect(bio) != 1 || BIO_do_handshake(bio) != 1) return openssl_reason();
        BIO_write(bio, std::string(frame_header_bytes, 'x').data(), frame_header_bytes);
        if (BIO_read(bio, &byte, 1) == 1) return "";
        return openssl_reason();
    }

  private:
    OwnedContext context_;
};

TEST_F(Tls, older_versions_are_refused) {
    EXPECT_THAT(OtherClient(TLS1_2_VERSION, &credentials_of("west")).talk(sites.at().port),
                testing::HasSubstr("version"));
    EXPECT_EQ(OtherClient(TLS1_3_VERSION, &credentials_of("west")).talk(sites.at().port), "");
}

TEST_F(Tls, nobody_comes_without_a_certificate) {
    EXPECT_THAT(OtherClient(TLS1_3_VERSION, nullptr).talk(sites.at().port),
                testing::HasSubstr("certificate required"));
}

// Both ends of one TLS connection.
class Pair {
  public:
    explicit Pair(std::uint64_t key_bytes, const Credentials& west = credentials_of("west"),
                  const Credentials& east = credentials_of("east"))
        : west_(world_, west, nullptr, key_bytes), east_(world_, east, nullptr, key_bytes) {
        const auto listener = world_.network.listen({"127.0.0.1", 0});
        std::thread accepting([&] { served = east_.accept(listener->accept(), soon()); });
        asking = west_.connect({"127.0.0.1", listener->port()}, east_.self(), soon());
        accepting.join();
    }
    // Sends `data` both ways at once; true when it arrives.
    bool exchange(const Bytes& data) {
        bool right = false;
        std::thread writer_one([&] { write(*asking, data); });
        std::thread writer_two([&] { write(*served, data); });
        std::thread reader([&] { right = read(*served, data.size()) == data; });
        const bool also_right = read(*asking, data.size()) == data;
        writer_one.join();
        writer_two.join();
        reader.join();
        return right && also_right;
    }
    std::unique_ptr<Channel> asking;
    std::unique_ptr<Channel> served;

  private:
    static void write(Channel& channel, ByteView data) {
        const ByteView parts[] = {data.first(1000), data.subspan(1000)};
        channel.write_all(parts);
    }
    static Bytes read(Channel& channel, std::size_t size) {
        Bytes got(size);
        for (std::size_t at = 0; at < size;) at += channel.read_some(ByteSpan(got).subspan(at));
        return got;
    }

    sys::World& world_ = sys::linux_world();
    TlsTransport west_;
    TlsTransport east_;
};

// The same key in a certificate of another time.
Credentials good_from(long since_s, long until_s) {
    const Credentials& now = credentials_of("west");
    const OwnedCertificate certificate = certificate_of(now.certificate);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), since_s);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), until_s);
    X509_sign(certificate.get(), key_of(now.key).get(), EVP_sha256());
    const OwnedBio out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(out.get(), certificate.get());
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {{text, static_cast<std::size_t>(size)}, now.key};
}

// The fingerprint is the trust: no date ends a replication, on whichever side of it the clock is.
TEST(TlsCertificates, count_by_their_fingerprint_whatever_their_dates) {
    constexpr long day_s = 86'400;
    const Bytes data = random_bytes(2000);
    for (const Credentials& other : {good_from(-2 * day_s, -day_s), good_from(day_s, 2 * day_s)}) {
        Pair asking(key_bytes_max, other, credentials_of("east"));
        EXPECT_EQ(asking.served->peer(), fingerprint_of(other.certificate));
        EXPECT_TRUE(asking.exchange(data));
        Pair asked(key_bytes_max, credentials_of("east"), other);
        EXPECT_TRUE(asked.exchange(data));
    }
}

TEST(TlsKeys, are_renewed_under_way_in_both_directions) {
    const Bytes data = random_bytes(3 << 20);
    Pair one_key(1ull << 40);
    Pair many_keys(100'000);
    EXPECT_TRUE(one_key.exchange(data));
    EXPECT_TRUE(many_keys.exchange(data));
    // A new key shows from outside only as a record more.
    EXPECT_GT(many_keys.asking->traffic().sent_bytes, one_key.asking->traffic().sent_bytes + 100);
    EXPECT_GT(many_keys.served->traffic().sent_bytes, one_key.served->traffic().sent_bytes + 100);
}

TEST(TlsChannels, end_where_the_other_end_closes) {
    Pair pair(key_bytes_max);
    pair.served->close();
    Bytes rest(10);
    EXPECT_EQ(pair.asking->read_some(rest), 0u);
    EXPECT_FAILS(Code::stopped, "", pair.served->read_some(rest));
}

}  // namespace
}  // namespace reviver::wire
