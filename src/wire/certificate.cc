#include "wire/certificate.h"

#include "base/check.h"
#include "wire/openssl.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <algorithm>

namespace reviver::wire {

std::string openssl_reason() {
    const unsigned long first = ERR_get_error();
    ERR_clear_error();
    const char* reason = ERR_reason_error_string(first);
    return reason != nullptr ? reason : "no reason given";
}

void fail_openssl(Code code, std::string_view doing_what) {
    fail(code, "{}: {}", doing_what, openssl_reason());
}

namespace {

OwnedBio memory_of(const std::string& text) {
    OwnedBio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    REVIVER_CHECK(bio != nullptr);
    return bio;
}

std::string text_in(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

// Without this OpenSSL would ask for the passphrase of an encrypted key on the terminal.
int no_passphrase(char*, int, int, void*) {
    return -1;
}

constexpr long lifetime_seconds = 20L * 365 * 24 * 3600;
constexpr long clock_skew_seconds = 24L * 3600;

void sign_certificate(X509* certificate, EVP_PKEY* key, const std::string& site_name) {
    std::uint64_t serial = 0;
    REVIVER_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
    bool done = X509_set_version(certificate, X509_VERSION_3) == 1;
    done &= ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) == 1;
    done &= X509_gmtime_adj(X509_getm_notBefore(certificate), -clock_skew_seconds) != nullptr;
    done &= X509_gmtime_adj(X509_getm_notAfter(certificate), lifetime_seconds) != nullptr;
    done &= X509_set_pubkey(certificate, key) == 1;
    X509_NAME* name = X509_get_subject_name(certificate);
    const auto* text = reinterpret_cast<const unsigned char*>(site_name.data());
    const std::size_t name_size = std::min<std::size_t>(site_name.size(), ub_common_name);
    done &= X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, static_cast<int>(name_size),
                                       -1, 0) == 1;
    done &= X509_set_issuer_name(certificate, name) == 1;
    done &= X509_sign(certificate, key, EVP_sha256()) > 0;
    if (!done) fail_openssl(Code::failed, "cannot make a certificate for " + site_name);
}

}  // namespace

OwnedCertificate certificate_of(const std::string& pem) {
    const OwnedBio bio = memory_of(pem);
    OwnedCertificate certificate(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
    if (!certificate) fail_openssl(Code::invalid_parameter, "this is not a PEM certificate");
    return certificate;
}

OwnedKey key_of(const std::string& pem) {
    const OwnedBio bio = memory_of(pem);
    OwnedKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
    if (!key) fail_openssl(Code::invalid_parameter, "this is not an unencrypted PEM private key");
    return key;
}

Fingerprint fingerprint_of(const X509& certificate) {
    Hash hash;
    unsigned size = 0;
    const int done = X509_digest(&certificate, EVP_sha256(),
                                 reinterpret_cast<unsigned char*>(hash.data()), &size);
    REVIVER_CHECK(done == 1 && size == hash.size());
    return Fingerprint(hash);
}

Fingerprint fingerprint_of(const std::string& certificate_pem) {
    return fingerprint_of(*certificate_of(certificate_pem));
}

Credentials make_credentials(const std::string& site_name) {
    const OwnedKey key(EVP_EC_gen("P-256"));
    const OwnedCertificate certificate(X509_new());
    if (!key || !certificate) fail_openssl(Code::failed, "cannot make a key");
    sign_certificate(certificate.get(), key.get(), site_name);
    const OwnedBio certificate_out(BIO_new(BIO_s_mem()));
    const OwnedBio key_out(BIO_new(BIO_s_mem()));
    REVIVER_CHECK(PEM_write_bio_X509(certificate_out.get(), certificate.get()) == 1);
    REVIVER_CHECK(PEM_write_bio_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                           nullptr) == 1);
    return {text_in(certificate_out.get()), text_in(key_out.get())};
}

}  // namespace reviver::wire
