// GSSAPI with destructors and Errors. Only what an acceptor of Kerberos needs.
#pragma once

#include "server/security_context.h"

#include <gssapi/gssapi.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace reviver::server {

// What proves who we are: the keys of a keytab, for Kerberos alone or within SPNEGO.
class GssCredentials {
  public:
    // Error(invalid_parameter) with GSSAPI's own text.
    explicit GssCredentials(const std::filesystem::path& keytab);
    ~GssCredentials();
    GssCredentials(const GssCredentials&) = delete;
    GssCredentials& operator=(const GssCredentials&) = delete;

    gss_cred_id_t get() const { return credentials_; }

  private:
    gss_cred_id_t credentials_ = GSS_C_NO_CREDENTIAL;
};

// One handshake, and what it ended with.
class GssContext : public SecurityContext {
  public:
    // `protocol` is what protocol() answers; `end_point_digest` empty: no channel binding.
    GssContext(std::string protocol, std::string_view end_point_digest);
    ~GssContext() override;
    GssContext(const GssContext&) = delete;
    GssContext& operator=(const GssContext&) = delete;

    // The answer to the client's token; empty: nothing to say. Error(access_denied) when the
    // handshake has failed; the context is of no use then.
    std::string accept(const GssCredentials& credentials, std::string_view token);

    const std::string& principal() const { return principal_; }  // "user@REALM", once established
    bool is_channel_bound() const;
    bool is_alive() const;  // the ticket has not ended

    bool established() const override { return established_; }
    std::string protocol() const override { return protocol_; }
    Sealed seal(std::string_view plain) override;
    std::string open(std::string_view sealed) override;

  private:
    void check_order(std::string_view sealed);
    void check_what_was_agreed(gss_OID mechanism, gss_name_t client);

    std::string protocol_;
    std::string binding_;
    gss_ctx_id_t context_ = GSS_C_NO_CONTEXT;
    OM_uint32 flags_ = 0;
    int steps_ = 0;
    bool established_ = false;
    std::optional<std::uint64_t> last_opened_;  // its number
    std::string principal_;
};

}  // namespace reviver::server
