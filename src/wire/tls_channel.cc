#include "wire/tls_channel.h"

#include "base/check.h"

#include <openssl/err.h>

#include <algorithm>
#include <optional>

namespace reviver::wire {

namespace {

constexpr std::size_t arriving_bytes = 128 << 10;
constexpr std::size_t departing_bytes = 256 << 10;  // gathered before they are written

}  // namespace

TlsChannel::TlsChannel(std::shared_ptr<sys::Stream> stream, sys::Clock& clock,
                       BandwidthLimits limits, SSL_CTX* context, std::uint64_t key_bytes)
    : stream_(std::move(stream), clock, std::move(limits)),
      key_bytes_(key_bytes),
      ssl_(SSL_new(context)),
      arriving_(arriving_bytes) {
    BIO* bio = BIO_new(bio_method());
    REVIVER_CHECK(ssl_ != nullptr && bio != nullptr);
    BIO_set_data(bio, &records_);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
}

BIO_METHOD* TlsChannel::bio_method() {
    static BIO_METHOD* method = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "records");
        BIO_meth_set_read(made, bio_read);
        BIO_meth_set_write(made, bio_write);
        BIO_meth_set_ctrl(made, bio_control);
        return made;
    }();
    return method;
}

int TlsChannel::bio_read(BIO* bio, char* to, int size) {
    auto& records = *static_cast<Records*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const std::size_t there = records.filled - records.taken;
    if (there == 0 && records.ended) return 0;
    if (there == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    const std::size_t count = std::min(there, static_cast<std::size_t>(size));
    std::memcpy(to, &records.incoming[records.taken], count);
    records.taken += count;
    return static_cast<int>(count);
}

int TlsChannel::bio_write(BIO* bio, const char* from, int size) {
    auto& records = *static_cast<Records*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const auto* bytes = reinterpret_cast<const std::byte*>(from);
    records.outgoing.insert(records.outgoing.end(), bytes, bytes + size);
    return size;
}

long TlsChannel::bio_control(BIO* bio, int command, long, void*) {
    const auto& records = *static_cast<Records*>(BIO_get_data(bio));
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command == BIO_CTRL_EOF) return records.ended && records.taken == records.filled ? 1 : 0;
    return 0;
}

void TlsChannel::handshake(bool serving) {
    if (serving) {
        SSL_set_accept_state(ssl_.get());
    } else {
        SSL_set_connect_state(ssl_.get());
    }
    for (bool done = false; !done;) {
        try {
            done = advance_handshake();
        } catch (const Error&) {
            flush_alert();
            throw;
        }
        flush();
        if (!done) fetch();
    }
    learn_peer();
}

// Tells the other end what OpenSSL has against it.
void TlsChannel::flush_alert() {
    try {
        flush();
    } catch (const Error&) {
        // The trouble that the alert is about is the one to report.
    }
}

bool TlsChannel::advance_handshake() {
    const std::lock_guard lock(mutex_);
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) return true;
    if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) fail_tls();
    return false;
}

void TlsChannel::learn_peer() {
    const OwnedCertificate certificate(SSL_get1_peer_certificate(ssl_.get()));
    if (!certificate) fail(Code::access_denied, "the other end presents no certificate");
    peer_ = fingerprint_of(*certificate);
}

void TlsChannel::fail_tls() {
    if (records_.ended) {
        ERR_clear_error();
        fail(Code::unavailable, "the other end closed the connection");
    }
    fail_openssl(Code::protocol, "TLS failed");
}

// Waits for records with no lock held, then hands them over.
void TlsChannel::fetch() {
    const std::size_t got = stream_.read_some(arriving_);
    const std::lock_guard lock(mutex_);
    REVIVER_CHECK(records_.taken == records_.filled);
    records_.ended = got == 0;
    records_.taken = 0;
    records_.filled = got;
    records_.incoming.swap(arriving_);
    arriving_.resize(arriving_bytes);
}

std::size_t TlsChannel::read_some(ByteSpan to) {
    for (;;) {
        if (const auto got = try_read(to)) return *got;
        fetch();
    }
}

// Nothing: more records are needed. 0: the other end has finished.
std::optional<std::size_t> TlsChannel::try_read(ByteSpan to) {
    const std::lock_guard lock(mutex_);
    ERR_clear_error();
    std::size_t total = 0;
    while (total < to.size()) {
        std::size_t got = 0;
        const int result = SSL_read_ex(ssl_.get(), &to[total], to.size() - total, &got);
        if (result == 1) {
            total += got;
            continue;
        }
        if (total > 0) return total;
        const int reason = SSL_get_error(ssl_.get(), result);
        if (reason == SSL_ERROR_WANT_READ) return std::nullopt;
        // A connection that ends without close_notify hides nothing: frames say themselves how long
        // they are.
        if (reason == SSL_ERROR_ZERO_RETURN || records_.ended) return 0;
        fail_tls();
    }
    return total;
}

void TlsChannel::write_all(std::span<const ByteView> parts) {
    for (ByteView part : parts) {
        while (!part.empty()) {
            const ByteView piece = part.first(std::min(part.size(), departing_bytes));
            part = part.subspan(piece.size());
            if (encrypt(piece) >= departing_bytes) flush();
        }
    }
    flush();
}

// Answers how much waits to be written.
std::size_t TlsChannel::encrypt(ByteView piece) {
    const std::lock_guard lock(mutex_);
    ERR_clear_error();
    renew_key(piece.size());
    std::size_t put = 0;
    if (SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &put) != 1) fail_tls();
    REVIVER_CHECK(put == piece.size());
    return records_.outgoing.size();
}

void TlsChannel::renew_key(std::size_t bytes) {
    if (sent_under_key_ >= key_bytes_) {
        if (SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_NOT_REQUESTED) != 1) fail_tls();
        sent_under_key_ = 0;
    }
    sent_under_key_ += bytes;
}

void TlsChannel::flush() {
    departing_.clear();
    {
        const std::lock_guard lock(mutex_);
        departing_.swap(records_.outgoing);
    }
    stream_.write_all(departing_);
}

}  // namespace reviver::wire
