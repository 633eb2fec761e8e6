#include "server/kerberos_authenticator.h"

#include "base/error.h"
#include "base/log.h"
#include "server/gss.h"
#include "server/limits.h"

namespace reviver::server {

namespace {

struct Scheme {
    const char* name;
    const char* in_lower_case;
    const char* protocol;
};

constexpr Scheme schemes[] = {
    {"Negotiate", "negotiate", "application/HTTP-SPNEGO-session-encrypted"},
    {"Kerberos", "kerberos", "application/HTTP-Kerberos-session-encrypted"},
};

const Scheme* scheme_in(std::string_view authorization) {
    const std::string name = scheme_of(authorization);
    for (const Scheme& scheme : schemes) {
        if (name == scheme.in_lower_case) return &scheme;
    }
    return nullptr;
}

std::string_view after_scheme(std::string_view authorization) {
    const auto space = std::min(authorization.find(' '), authorization.size());
    return cim::trim(authorization.substr(space));
}

bool came_through_a_proxy(const HttpRequest& header) {
    return !header.field("Via").empty() || !header.field("X-Forwarded-For").empty() ||
           !header.field("Forwarded").empty();
}

}  // namespace

class KerberosAuthenticator::State {
  public:
    State(std::shared_ptr<AccountFile> accounts, const KerberosOptions& options)
        : accounts_(std::move(accounts)),
          credentials_(options.keytab),
          require_channel_binding_(options.require_channel_binding) {}

    // Of a connection whose handshake has ended, as often as it asks: an account that is gone is
    // gone for those too who are in.
    Authentication known(Connection& connection) {
        const auto context = std::dynamic_pointer_cast<GssContext>(connection.context);
        if (!context || !context->established()) return {};
        if (!context->is_alive()) {
            connection.context.reset();
            return refused_login(context->principal(), "his ticket has ended");
        }
        return account_of(context->principal());
    }

    Authentication step(const Scheme& scheme, std::string_view token, Connection& connection) {
        auto context = std::dynamic_pointer_cast<GssContext>(connection.context);
        if (!context || context->established() || context->protocol() != scheme.protocol) {
            context = std::make_shared<GssContext>(scheme.protocol, connection.end_point_digest);
        }
        connection.context.reset();
        const std::string answer = context->accept(credentials_, token);
        const std::string field =
            answer.empty() ? "" : std::string(scheme.name) + " " + encode_base64(answer);
        Authentication result;
        if (context->established()) {
            const bool unbound = connection.tls && !context->is_channel_bound();
            if (unbound && require_channel_binding_) {
                return refused_login(context->principal(), "no channel binding");
            }
            result = account_of(context->principal());
            if (!result.who) return result;
        }
        connection.context = context;
        result.token = field;
        return result;
    }

  private:
    Authentication account_of(const std::string& principal) {
        const auto account = accounts_->find(principal);
        if (account) return accepted_login(cim::Principal(account->name, account->roles));
        return refused_login(principal, "no account of this name");
    }

    std::shared_ptr<AccountFile> accounts_;
    GssCredentials credentials_;
    const bool require_channel_binding_;
};

KerberosAuthenticator::KerberosAuthenticator(std::shared_ptr<AccountFile> accounts,
                                             const KerberosOptions& options)
    : state_(std::make_unique<State>(std::move(accounts), options)) {}

KerberosAuthenticator::~KerberosAuthenticator() = default;

Authentication KerberosAuthenticator::authenticate(const HttpRequest& header,
                                                   Connection& connection) {
    const std::string_view authorization = header.field("Authorization");
    if (authorization.empty()) return state_->known(connection);
    const Scheme* scheme = scheme_in(authorization);
    if (!scheme) return {};
    if (came_through_a_proxy(header)) {
        return refused_login("?", "a handshake through a proxy, whose connections are shared");
    }
    const auto token = decode_base64(after_scheme(authorization), limits::header_bytes_max);
    if (!token) return refused_login("?", "a token that cannot be read");
    try {
        Authentication result = state_->step(*scheme, *token, connection);
        if (!result.refused_as.empty()) {
            log_warning("refused {} from {}: {}", result.refused_as, header.peer_address,
                        result.why);
        }
        return result;
    } catch (const Error& error) {
        log_warning("refused a handshake from {}: {}", header.peer_address, error.what());
        return refused_login("?", error.what());
    }
}

std::string KerberosAuthenticator::challenge(const Connection&) const {
    return schemes[0].name;
}

std::vector<std::string> KerberosAuthenticator::challenges(const Connection&) const {
    return {schemes[0].name, schemes[1].name};
}

}  // namespace reviver::server
