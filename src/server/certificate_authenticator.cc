#include "server/certificate_authenticator.h"

#include "base/log.h"

namespace reviver::server {

namespace {

constexpr std::string_view mutual_profile =
    "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual";

}  // namespace

Authentication CertificateAuthenticator::authenticate(const HttpRequest& header,
                                                      Connection& connection) {
    const std::string_view authorization = header.field("Authorization");
    const bool says_so = scheme_of(authorization) == mutual_profile;
    if (!says_so && !authorization.empty()) return {};
    if (!connection.certificate) {
        return says_so ? refused_login("?", "a certificate was announced and not sent")
                       : Authentication{};
    }
    const ClientCertificate& certificate = *connection.certificate;
    auto account = accounts_->find_by_proof(certificate_proof(certificate.fingerprint));
    if (!account && !certificate.common_name.empty()) {
        account = accounts_->find_by_proof(common_name_proof(certificate.common_name));
    }
    if (account) return accepted_login(cim::Principal(account->name, account->roles));
    log_warning("refused the certificate {} from {}: no account has it, or several",
                certificate.fingerprint, header.peer_address);
    return refused_login(certificate.common_name,
                         "no account, or several, for the certificate " + certificate.fingerprint);
}

}  // namespace reviver::server
