// The HTTPS server: TLS 1.2 and 1.3, HTTP/1.1, connections asynchronous on threads of its own,
// requests on a bounded set of workers. It knows nothing of what the doors say.
//
// Every wait on a client has a deadline, every size and count a limit (server/limits.h). A request
// that no public door admits reaches its door only with a Principal; its body is read and thrown
// away before the 401, since clients send it along with the first try.
#pragma once

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

    // Shorter in tests only.
    std::chrono::milliseconds handshake_time_max = limits::handshake_time_max;
    std::chrono::milliseconds header_time_max = limits::header_time_max;
    std::chrono::milliseconds body_time_max = limits::body_time_max;
    std::chrono::milliseconds idle_time_max = limits::idle_time_max;
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
