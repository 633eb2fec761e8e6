#include "server/certificates.h"

#include "base/bytes.h"
#include "base/error.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>
#include <string_view>

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

[[noreturn]] void refuse_file(std::string_view what, const std::filesystem::path& file) {
    fail(Code::invalid_parameter, "{} {} cannot be used: it has to be PEM", what, file.string());
}

}  // namespace

// No session is taken up again: a certificate is looked at in every handshake.
void ask_for_certificates(SSL_CTX* tls, const std::filesystem::path& ca_file,
                          const std::filesystem::path& crl_file) {
    STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(ca_file.c_str());
    if (!names || SSL_CTX_load_verify_file(tls, ca_file.c_str()) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        refuse_file("the CA file", ca_file);
    }
    SSL_CTX_set_client_CA_list(tls, names);
    X509_STORE* store = SSL_CTX_get_cert_store(tls);
    if (!crl_file.empty()) {
        X509_LOOKUP* lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
        if (X509_load_crl_file(lookup, crl_file.c_str(), X509_FILETYPE_PEM) < 1) {
            refuse_file("the revocation list", crl_file);
        }
        X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
    }
    X509_STORE_set_purpose(store, X509_PURPOSE_SSL_CLIENT);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(tls, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(tls, 0);
}

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
