#include "site/certificate.h"

#include "base/bytes.h"
#include "base/error.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>

namespace reviver::site {
namespace {

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Memory = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;
using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using OpenFile = std::unique_ptr<FILE, Freed<std::fclose>>;

constexpr long day_s = 24 * 60 * 60;
constexpr long valid_days = 3650;
constexpr int serial_bits = 127;  // positive in 16 bytes

void require(bool good, const char* doing_what) {
    if (good) return;
    std::array<char, 256> text{};
    ERR_error_string_n(ERR_get_error(), text.data(), text.size());
    ERR_clear_error();
    fail(Code::failed, "OpenSSL cannot {}: {}", doing_what, text.data());
}

void set_serial(X509* certificate) {
    Number number(BN_new());
    require(number && BN_rand(number.get(), serial_bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
                BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)),
            "choose a serial number");
}

void set_names(X509* certificate, const std::string& common_name) {
    X509_NAME* name = X509_get_subject_name(certificate);
    const auto* text = reinterpret_cast<const unsigned char*>(common_name.data());
    require(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text,
                                       static_cast<int>(common_name.size()), -1, 0) &&
                X509_set_issuer_name(certificate, name),
            "name the certificate");
}

void add_extension(X509* certificate, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    require(extension && X509_add_ext(certificate, extension.get(), -1), "extend the certificate");
}

std::string alternative_names(const CertificateSubject& subject) {
    std::string all;
    auto add = [&](const char* kind, const std::string& name) {
        if (!all.empty()) all += ",";
        all += kind + name;
    };
    for (const auto& name : subject.dns_names) add("DNS:", name);
    for (const auto& address : subject.ip_addresses) add("IP:", address);
    return all;
}

Certificate make_certificate(const CertificateSubject& subject, EVP_PKEY* key) {
    Certificate certificate(X509_new());
    X509* x509 = certificate.get();
    require(certificate && X509_set_version(x509, X509_VERSION_3), "make a certificate");
    set_serial(x509);
    set_names(x509, subject.common_name);
    X509_gmtime_adj(X509_getm_notBefore(x509), -day_s);
    X509_gmtime_adj(X509_getm_notAfter(x509), valid_days * day_s);
    require(X509_set_pubkey(x509, key), "put the key into the certificate");
    add_extension(x509, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(x509, NID_key_usage, "critical,digitalSignature");
    add_extension(x509, NID_ext_key_usage, "serverAuth,clientAuth");
    add_extension(x509, NID_subject_key_identifier, "hash");
    std::string names = alternative_names(subject);
    if (!names.empty()) add_extension(x509, NID_subject_alt_name, names);
    require(X509_sign(x509, key, EVP_sha256()) > 0, "sign the certificate");
    return certificate;
}

template <class Write>
std::string written(Write write) {
    Memory memory(BIO_new(BIO_s_mem()));
    require(memory && write(memory.get()), "write PEM");
    char* text = nullptr;
    long length = BIO_get_mem_data(memory.get(), &text);
    return {text, static_cast<std::size_t>(length)};
}

OpenFile open_to_read(const std::filesystem::path& path) {
    OpenFile file(std::fopen(path.c_str(), "re"));
    if (!file) fail_errno(errno, "cannot read " + path.string());
    return file;
}

Certificate read_certificate(const std::filesystem::path& pem_file) {
    OpenFile file = open_to_read(pem_file);
    Certificate certificate(PEM_read_X509(file.get(), nullptr, nullptr, nullptr));
    ERR_clear_error();
    if (!certificate) fail(Code::corrupt, "{} holds no certificate in PEM", pem_file.string());
    return certificate;
}

}  // namespace

KeyAndCertificate make_self_signed(const CertificateSubject& subject) {
    Key key(EVP_EC_gen("P-256"));
    require(key != nullptr, "make a key");
    Certificate certificate = make_certificate(subject, key.get());
    auto write_key = [&](BIO* to) {
        return PEM_write_bio_PKCS8PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    };
    auto write_certificate = [&](BIO* to) { return PEM_write_bio_X509(to, certificate.get()); };
    return {written(write_key), written(write_certificate)};
}

std::string fingerprint_of_certificate(const std::filesystem::path& pem_file) {
    Certificate certificate = read_certificate(pem_file);
    std::array<std::byte, 32> digest{};
    unsigned length = 0;
    require(X509_digest(certificate.get(), EVP_sha256(),
                        reinterpret_cast<unsigned char*>(digest.data()), &length) &&
                length == digest.size(),
            "hash the certificate");
    return to_hex(digest);
}

void check_key_pair(const std::filesystem::path& certificate_file,
                    const std::filesystem::path& key_file) {
    Certificate certificate = read_certificate(certificate_file);
    OpenFile file = open_to_read(key_file);
    Key key(PEM_read_PrivateKey(file.get(), nullptr, nullptr, nullptr));
    bool fit = key && X509_check_private_key(certificate.get(), key.get()) == 1;
    ERR_clear_error();
    if (!key) fail(Code::corrupt, "{} holds no private key in PEM", key_file.string());
    if (!fit) {
        fail(Code::corrupt, "the key {} does not belong to the certificate {}", key_file.string(),
             certificate_file.string());
    }
}

}  // namespace reviver::site
