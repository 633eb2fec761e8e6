// A Channel of TLS records over a MeteredStream.
//
// OpenSSL works here on memory alone: records that came in lie in `incoming_`, records to be sent
// collect in `outgoing_`, and this class moves both. So no callback of OpenSSL ever blocks or
// throws, and the mutex around OpenSSL, which reading and writing share, is held for computing
// only.
#pragma once

#include "wire/metered_stream.h"
#include "wire/openssl.h"
#include "wire/transport.h"

#include <memory>
#include <mutex>
#include <optional>

namespace reviver::wire {

class TlsChannel : public Channel {
  public:
    TlsChannel(std::shared_ptr<sys::Stream> stream, sys::Clock& clock, BandwidthLimits limits,
               SSL_CTX* context, std::uint64_t key_bytes);

    // Errors: access_denied when the other end presents no certificate, protocol when it does not
    // speak TLS 1.3, and those of the stream.
    void handshake(bool serving);

    std::size_t read_some(ByteSpan to) override;
    void write_all(std::span<const ByteView> parts) override;
    void limit_waits(sys::MonoTime deadline, sys::Duration silence) override {
        stream_.limit_waits(deadline, silence);
    }
    void close() override { stream_.close(); }
    const Fingerprint& peer() const override { return peer_; }
    Traffic traffic() const override { return stream_.traffic(); }

  private:
    // The memory that OpenSSL reads records from and writes them to.
    struct Records {
        Bytes incoming;
        std::size_t taken = 0;   // of `incoming`
        std::size_t filled = 0;  // of `incoming`
        bool ended = false;      // nothing will follow
        Bytes outgoing;
    };
    static BIO_METHOD* bio_method();
    static int bio_read(BIO* bio, char* to, int size);
    static int bio_write(BIO* bio, const char* from, int size);
    static long bio_control(BIO* bio, int command, long number, void* pointer);

    bool advance_handshake();
    std::optional<std::size_t> try_read(ByteSpan to);
    std::size_t encrypt(ByteView piece);
    void renew_key(std::size_t bytes);
    void fetch();
    void flush();
    void flush_alert();
    [[noreturn]] void fail_tls();
    void learn_peer();

    MeteredStream stream_;
    const std::uint64_t key_bytes_;
    std::mutex mutex_;  // around ssl_ and records_
    Records records_;
    OwnedSsl ssl_;
    std::uint64_t sent_under_key_ = 0;
    Bytes arriving_;   // of the reading task
    Bytes departing_;  // of the writing task
    Fingerprint peer_;
};

}  // namespace reviver::wire
