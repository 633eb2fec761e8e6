// For the tests of the HTTPS server: a certificate made on the spot, and a client that sends any
// bytes over TLS, also wrong ones.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace reviver::server {

class TestDirectory {
  public:
    TestDirectory() {
        std::string name = (std::filesystem::temp_directory_path() / "reviver-XXXXXX").string();
        if (!::mkdtemp(name.data())) throw std::runtime_error("cannot make a directory");
        path_ = name;
    }
    ~TestDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TestDirectory(const TestDirectory&) = delete;
    TestDirectory& operator=(const TestDirectory&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(const char* name) const { return path_ / name; }

  private:
    std::filesystem::path path_;
};

// Writes a self-signed certificate for `subject_name` ("DNS:localhost,IP:127.0.0.1") and its key.
inline void write_certificate(const std::filesystem::path& certificate_file,
                              const std::filesystem::path& key_file,
                              const std::string& subject_name) {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"),
                                                                  EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86400);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    X509_EXTENSION* extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, subject_name.c_str());
    X509_add_ext(certificate.get(), extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    const auto write = [](const std::filesystem::path& file, auto writer) {
        const std::unique_ptr<FILE, decltype(&std::fclose)> out(std::fopen(file.c_str(), "w"),
                                                                std::fclose);
        if (!out || writer(out.get()) != 1)
            throw std::runtime_error("cannot write " + file.string());
    };
    write(certificate_file, [&](FILE* out) { return PEM_write_X509(out, certificate.get()); });
    write(key_file, [&](FILE* out) {
        return PEM_write_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
}

// A TCP connection to 127.0.0.1; every wait ends after ten seconds.
class TestSocket {
  public:
    explicit TestSocket(std::uint16_t port) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
        const timeval patience{10, 0};
        ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
            throw std::runtime_error("cannot connect");
        }
    }
    ~TestSocket() { ::close(descriptor_); }
    TestSocket(const TestSocket&) = delete;
    TestSocket& operator=(const TestSocket&) = delete;

    int descriptor() const { return descriptor_; }
    bool closed_by_server() const {
        char byte;
        return ::recv(descriptor_, &byte, 1, 0) <= 0 && errno != EAGAIN;
    }

  private:
    int descriptor_;
};

class TestTlsClient {
  public:
    struct Reply {
        int status = 0;
        std::string header;
        std::string body;
    };

    explicit TestTlsClient(std::uint16_t port, int most_version = TLS1_3_VERSION,
                           const std::string& certificate = {}, const std::string& key = {})
        : socket_(port), context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
        if (!certificate.empty()) {
            SSL_CTX_use_certificate_file(context_.get(), certificate.c_str(), SSL_FILETYPE_PEM);
            SSL_CTX_use_PrivateKey_file(context_.get(), key.c_str(), SSL_FILETYPE_PEM);
        }
        SSL_CTX_set_security_level(context_.get(), 0);
        SSL_CTX_set_max_proto_version(context_.get(), most_version);
        SSL_CTX_set_mode(context_.get(), SSL_MODE_AUTO_RETRY);
        static constexpr unsigned char offered[] = "\x02h2\x08http/1.1";
        SSL_CTX_set_alpn_protos(context_.get(), offered, sizeof(offered) - 1);
        session_.reset(SSL_new(context_.get()));
        SSL_set_fd(session_.get(), socket_.descriptor());
        connected_ = SSL_connect(session_.get()) == 1;
    }

    bool connected() const { return connected_; }
    std::string protocol() const {
        const unsigned char* name = nullptr;
        unsigned length = 0;
        SSL_get0_alpn_selected(session_.get(), &name, &length);
        return {reinterpret_cast<const char*>(name), length};
    }

    // False: the server has closed the connection.
    bool send(const std::string& bytes) {
        return SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
    }

    // Status 0: the connection ended before a reply.
    Reply receive() {
        Reply reply;
        while (received_.find("\r\n\r\n") == std::string::npos) {
            if (!receive_more()) return reply;
        }
        const auto end = received_.find("\r\n\r\n");
        reply.header = received_.substr(0, end);
        received_.erase(0, end + 4);
        reply.status = std::atoi(reply.header.c_str() + 9);
        const auto length = reply.header.find("Content-Length: ");
        const std::size_t size =
            length == std::string::npos
                ? 0
                : std::strtoul(reply.header.c_str() + length + 16, nullptr, 10);
        while (received_.size() < size && receive_more()) {
        }
        reply.body = received_.substr(0, size);
        received_.erase(0, size);
        return reply;
    }

    Reply ask(const std::string& bytes) {
        send(bytes);
        return receive();
    }
    // What comes up to and with `end`, as it is; less when the connection ends before.
    std::string receive_until(const std::string& end) {
        while (received_.find(end) == std::string::npos && receive_more()) {
        }
        const auto at = received_.find(end);
        const std::size_t size = at == std::string::npos ? received_.size() : at + end.size();
        const std::string result = received_.substr(0, size);
        received_.erase(0, size);
        return result;
    }
    bool closed_by_server() { return received_.empty() && !receive_more() && errno != EAGAIN; }

  private:
    bool receive_more() {
        char block[16384];
        errno = 0;
        const int count = SSL_read(session_.get(), block, sizeof(block));
        if (count > 0) received_.append(block, static_cast<std::size_t>(count));
        return count > 0;
    }

    TestSocket socket_;
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
    std::unique_ptr<SSL, decltype(&SSL_free)> session_{nullptr, SSL_free};
    std::string received_;
    bool connected_ = false;
};

}  // namespace reviver::server
