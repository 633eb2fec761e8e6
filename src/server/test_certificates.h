// A CA for tests, with certificates of clients, good ones and others, and what it revoked.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace reviver::server {

class TestCa {
  public:
    using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
    using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

    // The files of a client: FILE.pem and FILE.key.
    struct Client {
        std::filesystem::path certificate;
        std::filesystem::path key;
        long serial;
    };

    TestCa(std::filesystem::path directory, const std::string& name)
        : directory_(std::move(directory)), name_(name), key_(EVP_EC_gen("P-256"), EVP_PKEY_free) {
        certificate_ = make(name, key_.get(), nullptr, {-172'800, 86'400});
        write(file(), [&](FILE* out) { return PEM_write_X509(out, certificate_.get()); });
    }

    std::filesystem::path file() const { return directory_ / (name_ + ".pem"); }

    // Good from `since_s` to `until_s`, counted from now.
    Client issue(const std::string& common_name, long until_s = 86'400, long since_s = -172'800) {
        const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
        const Certificate certificate =
            make(common_name, key.get(), certificate_.get(), {since_s, until_s});
        const std::string stem = name_ + "-" + std::to_string(serial_);
        const Client client{directory_ / (stem + ".pem"), directory_ / (stem + ".key"), serial_};
        write(client.certificate,
              [&](FILE* out) { return PEM_write_X509(out, certificate.get()); });
        write(client.key, [&](FILE* out) {
            return PEM_write_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        });
        return client;
    }

    // The list of what is revoked, in a file that replaces the one before; good until `until_s`.
    std::filesystem::path revoke(long serial, long until_s = 86'400) {
        const std::unique_ptr<X509_CRL, decltype(&X509_CRL_free)> list(X509_CRL_new(),
                                                                       X509_CRL_free);
        X509_CRL_set_version(list.get(), 1);
        X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(certificate_.get()));
        const std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> now(
            X509_gmtime_adj(nullptr, -7200), ASN1_TIME_free);
        const std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> next(
            X509_gmtime_adj(nullptr, until_s), ASN1_TIME_free);
        X509_CRL_set1_lastUpdate(list.get(), now.get());
        X509_CRL_set1_nextUpdate(list.get(), next.get());
        X509_REVOKED* revoked = X509_REVOKED_new();
        const std::unique_ptr<ASN1_INTEGER, decltype(&ASN1_INTEGER_free)> number(ASN1_INTEGER_new(),
                                                                                 ASN1_INTEGER_free);
        ASN1_INTEGER_set(number.get(), serial);
        X509_REVOKED_set_serialNumber(revoked, number.get());
        X509_REVOKED_set_revocationDate(revoked, now.get());
        X509_CRL_add0_revoked(list.get(), revoked);
        X509_CRL_sign(list.get(), key_.get(), EVP_sha256());
        const auto path = directory_ / (name_ + ".crl");
        const auto beside = directory_ / "new.crl";
        write(beside, [&](FILE* out) { return PEM_write_X509_CRL(out, list.get()); });
        std::filesystem::rename(beside, path);
        return path;
    }

  private:
    struct Time {
        long since_s;
        long until_s;
    };

    // Without an issuer: of a CA, signed by itself.
    Certificate make(const std::string& common_name, EVP_PKEY* key, X509* issuer, Time valid) {
        Certificate made(X509_new(), X509_free);
        X509_set_version(made.get(), 2);
        ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial_);
        X509_gmtime_adj(X509_getm_notBefore(made.get()), valid.since_s);
        X509_gmtime_adj(X509_getm_notAfter(made.get()), valid.until_s);
        X509_set_pubkey(made.get(), key);
        X509_NAME* name = X509_get_subject_name(made.get());
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(common_name.c_str()), -1,
                                   -1, 0);
        X509_set_issuer_name(made.get(), issuer ? X509_get_subject_name(issuer) : name);
        const char* constraint = issuer ? "CA:FALSE" : "critical,CA:TRUE";
        X509_EXTENSION* extension =
            X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, constraint);
        X509_add_ext(made.get(), extension, -1);
        X509_EXTENSION_free(extension);
        X509_sign(made.get(), issuer ? key_.get() : key, EVP_sha256());
        return made;
    }

    template <class Writer>
    static void write(const std::filesystem::path& file, Writer writer) {
        const std::unique_ptr<FILE, decltype(&std::fclose)> out(std::fopen(file.c_str(), "w"),
                                                                std::fclose);
        if (!out || writer(out.get()) != 1)
            throw std::runtime_error("cannot write " + file.string());
    }

    std::filesystem::path directory_;
    std::string name_;
    long serial_ = 0;
    Key key_;
    Certificate certificate_{nullptr, X509_free};
};

}  // namespace reviver::server
