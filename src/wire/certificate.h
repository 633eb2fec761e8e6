// Certificates and keys of sites. A site's certificate is signed by nobody but itself: trust comes
// from comparing fingerprints.
#pragma once

#include "wire/identity.h"

#include <string>

namespace reviver::wire {

// Both PEM. The key must not be readable by others; keeping it so is the business of whoever stores
// it.
struct Credentials {
    std::string certificate;
    std::string key;
};

// A new ECDSA P-256 key with a certificate for it that does not run out (20 years). Randomness from
// OpenSSL's own generator.
Credentials make_credentials(const std::string& site_name);

// SHA-256 of the certificate's DER form, what `openssl x509 -fingerprint -sha256` prints. Error
// invalid_parameter unless the text holds a PEM certificate; of several the first, the leaf.
Fingerprint fingerprint_of(const std::string& certificate_pem);

}  // namespace reviver::wire
