// Keys and certificates of a site. All are elliptic curve keys on P-256 with certificates that sign
// themselves: the other site pins the peer certificate by its fingerprint, and clients of the
// management door are given its certificate as their CA.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace reviver::site {

struct CertificateSubject {
    std::string common_name;
    std::vector<std::string> dns_names;     // subject alternative names
    std::vector<std::string> ip_addresses;  // likewise
};

struct KeyAndCertificate {
    std::string key_pem;  // PKCS #8, not encrypted: the file's mode protects it
    std::string certificate_pem;
};

// Valid from yesterday (clocks differ) for ten years, as server and as client.
KeyAndCertificate make_self_signed(const CertificateSubject& subject);

// SHA-256 of the certificate as DER, 64 hex digits in lower case. Error(corrupt) when the file
// holds no certificate.
std::string fingerprint_of_certificate(const std::filesystem::path& pem_file);

// Error when certificate and key cannot be read, or do not belong together.
void check_key_pair(const std::filesystem::path& certificate_file,
                    const std::filesystem::path& key_file);

}  // namespace reviver::site
