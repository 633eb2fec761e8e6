// Posts to one HTTPS URL with a user name and a password, and trusts only what the caller named: a
// CA (or the server's own) certificate in a PEM file. One request at a time; the connection is kept
// for the next one.
//
// Errors: unavailable when nobody answers, access_denied when the certificate is not the trusted
// one, timeout, protocol.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

namespace reviver::cli {

class HttpsTransport {
  public:
    // `url` is "https://host:port/wsman". Does not connect yet. Error(invalid_parameter) for
    // another kind of URL.
    HttpsTransport(const std::string& url, std::string user, std::string password,
                   const std::filesystem::path& ca_file,
                   std::chrono::seconds time_max = std::chrono::seconds(70));
    ~HttpsTransport();
    HttpsTransport(HttpsTransport&&) noexcept;
    HttpsTransport& operator=(HttpsTransport&&) noexcept;

    // The body of the reply; its HTTP status goes to `status`.
    std::string post(const std::string& content_type, const std::string& body, unsigned* status);

  private:
    class State;
    std::unique_ptr<State> state_;
};

}  // namespace reviver::cli
