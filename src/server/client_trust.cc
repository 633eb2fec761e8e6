#include "server/client_trust.h"

#include "base/error.h"
#include "base/log.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <string_view>
#include <utility>

namespace reviver::server {

namespace {

[[noreturn]] void refuse_file(std::string_view what, const std::filesystem::path& file) {
    ERR_clear_error();
    fail(Code::invalid_parameter, "{} {} cannot be used: it has to be PEM", what, file.string());
}

}  // namespace

// No session is taken up again: a certificate is looked at in every handshake.
ClientTrust::ClientTrust(SSL_CTX* tls, const std::filesystem::path& ca_file,
                         std::filesystem::path crl_file)
    : tls_(tls), crl_file_(std::move(crl_file)) {
    STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(ca_file.c_str());
    if (!names || SSL_CTX_load_verify_file(tls, ca_file.c_str()) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        refuse_file("the CA file", ca_file);
    }
    SSL_CTX_set_client_CA_list(tls, names);
    X509_STORE_set_purpose(SSL_CTX_get_cert_store(tls), X509_PURPOSE_SSL_CLIENT);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(tls, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(tls, 0);
    if (crl_file_.empty()) return;
    stamp_ = stamp_of(crl_file_);
    store_ = with_list();
}

void ClientTrust::hold_to(SSL* session) {
    if (crl_file_.empty()) return;
    refresh();
    SSL_set1_verify_cert_store(session, store_.get());
}

void ClientTrust::refresh() {
    const FileStamp now = stamp_of(crl_file_);
    if (now == stamp_) return;
    stamp_ = now;
    try {
        store_ = with_list();
        log_info("read the revocation list {}", crl_file_.string());
    } catch (const Error& error) {
        // One that trusts no CA takes no certificate.
        store_.reset(X509_STORE_new());
        log_error("no client certificate is taken: {}", error.what());
    }
}

ClientTrust::Store ClientTrust::with_list() const {
    Store store(X509_STORE_new(), X509_STORE_free);
    const STACK_OF(X509_OBJECT)* trusted = X509_STORE_get0_objects(SSL_CTX_get_cert_store(tls_));
    for (int i = 0; i < sk_X509_OBJECT_num(trusted); ++i) {
        X509* ca = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(trusted, i));
        if (ca) X509_STORE_add_cert(store.get(), ca);
    }
    X509_LOOKUP* lookup = X509_STORE_add_lookup(store.get(), X509_LOOKUP_file());
    if (X509_load_crl_file(lookup, crl_file_.c_str(), X509_FILETYPE_PEM) < 1) {
        refuse_file("the revocation list", crl_file_);
    }
    X509_STORE_set_purpose(store.get(), X509_PURPOSE_SSL_CLIENT);
    X509_STORE_set_flags(store.get(), X509_V_FLAG_CRL_CHECK);
    return store;
}

}  // namespace reviver::server
