// The HTTPS server: TLS 1.2 and 1.3 (or none, where that is wanted), HTTP/1.1, connections
// asynchronous on a thread of its own, requests on a bounded set of workers. It knows nothing of
// what the doors say.
//
// Every wait on a client has a deadline, every size and count a limit (server/limits.h). A request
// that no public door admits reaches its door only with a Principal; its body is read and thrown
// away before the 401, since clients send it along with the first try.
#pragma once

#include "cim/audit_trail.h"
#include "server/authenticator.h"
#include "server/door.h"
#include "server/limits.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace reviver::server {

struct HttpsOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 5986;               // 0: any that is free
    std::filesystem::path certificate_file;  // PEM, the chain after it
    std::filesystem::path key_file;          // PEM
    // Client certificates of these CAs are asked for, and those on the list refused, as it is when
    // they come; empty: none is asked for.
    std::filesystem::path client_ca_file;
    std::filesystem::path client_crl_file;
    // False: plain HTTP. Then only messages that Kerberos encrypted are served, unless the second
    // says otherwise.
    bool tls = true;
    bool allow_unencrypted = false;
    std::shared_ptr<cim::AuditTrail> trail;  // hears of who was turned away; null: nobody does

    // Shorter in tests only.
    std::chrono::milliseconds handshake_time_max = limits::handshake_time_max;
    std::chrono::milliseconds header_time_max = limits::header_time_max;
    std::chrono::milliseconds body_time_max = limits::body_time_max;
    std::chrono::milliseconds idle_time_max = limits::idle_time_max;
    std::chrono::milliseconds write_time_max = limits::write_time_max;
    std::chrono::milliseconds stream_silence_max = limits::stream_silence_max;
    std::chrono::milliseconds stream_time_max = limits::stream_time_max;
    std::size_t connections_max = limits::connections_max;
    std::size_t workers = limits::workers;
};

class HttpsServer {
  public:
    // Binds and starts. Error when the certificate cannot be used or the address is taken.
    HttpsServer(const HttpsOptions& options, Router router,
                std::shared_ptr<Authenticator> authenticator);
    ~HttpsServer();  // stop()

    std::uint16_t port() const;
    // Closes all connections and returns when no request runs any more.
    void stop();

  private:
    class State;
    std::unique_ptr<State> state_;
};

}  // namespace reviver::server
