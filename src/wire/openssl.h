// OpenSSL objects with owners, and its errors as Error.
#pragma once

#include "base/error.h"
#include "wire/identity.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

namespace reviver::wire {

template <auto free_function>
struct FreeWith {
    template <class T>
    void operator()(T* object) const {
        free_function(object);
    }
};
using OwnedBio = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using OwnedKey = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using OwnedCertificate = std::unique_ptr<X509, FreeWith<X509_free>>;
using OwnedContext = std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>>;
using OwnedSsl = std::unique_ptr<SSL, FreeWith<SSL_free>>;

// What OpenSSL has queued up as the reason, which is cleared.
std::string openssl_reason();
[[noreturn]] void fail_openssl(Code code, std::string_view doing_what);

// Error invalid_parameter for text that is not PEM of that kind.
OwnedCertificate certificate_of(const std::string& pem);
OwnedKey key_of(const std::string& pem);
Fingerprint fingerprint_of(const X509& certificate);

}  // namespace reviver::wire
