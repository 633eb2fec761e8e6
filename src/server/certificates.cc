#include "server/certificates.h"

#include "base/bytes.h"
#include "base/error.h"

#include <openssl/evp.h>

#include <array>
#include <memory>

namespace reviver::server {

namespace {

std::string digest_of(const X509* certificate, const EVP_MD* hash) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    if (X509_digest(certificate, hash, digest.data(), &length) != 1) {
        fail(Code::failed, "a certificate cannot be hashed");
    }
    return {reinterpret_cast<const char*>(digest.data()), length};
}

// Empty when there are several, or when it could be read in two ways.
std::string common_name_of(const X509* certificate) {
    const X509_NAME* subject = X509_get_subject_name(certificate);
    const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0) return "";
    unsigned char* text = nullptr;
    const int length =
        ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    if (length < 0) return "";
    std::string name(reinterpret_cast<char*>(text), static_cast<std::size_t>(length));
    OPENSSL_free(text);
    return name.find('\0') == std::string::npos ? name : "";
}

}  // namespace

std::optional<ClientCertificate> client_certificate(SSL* session) {
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        SSL_get1_peer_certificate(session), X509_free);
    if (!certificate || SSL_get_verify_result(session) != X509_V_OK) return std::nullopt;
    return ClientCertificate{to_hex(bytes_of(digest_of(certificate.get(), EVP_sha256()))),
                             common_name_of(certificate.get())};
}

std::string refused_certificate(SSL* session) {
    const long result = SSL_get_verify_result(session);
    if (result == X509_V_OK) return "";
    return X509_verify_cert_error_string(result);
}

std::string end_point_digest(SSL_CTX* tls) {
    const X509* certificate = SSL_CTX_get0_certificate(tls);
    int hash = NID_undef;
    X509_get_signature_info(const_cast<X509*>(certificate), &hash, nullptr, nullptr, nullptr);
    const bool weak = hash == NID_undef || hash == NID_md5 || hash == NID_sha1;
    const EVP_MD* digest = weak ? EVP_sha256() : EVP_get_digestbynid(hash);
    return digest_of(certificate, digest ? digest : EVP_sha256());
}

}  // namespace reviver::server
