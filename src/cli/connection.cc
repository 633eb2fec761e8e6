#include "cli/connection.h"

#include "cli/https_transport.h"
#include "site/config.h"
#include "site/endpoint.h"
#include "site/layout.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>

namespace reviver::cli {
namespace {

namespace fs = std::filesystem;

constexpr unsigned answer_patience_s = 70;  // the server gives up after 60
constexpr unsigned status_unauthorized = 401;

const std::string& require_site(const std::string& directory) {
    std::error_code unseen;
    bool there = fs::exists(site::Layout{directory}.config(), unseen);
    if (there || unseen) return directory;
    fail(Code::not_found, "{} is no site: it has no reviver.toml; `reviver init {}` makes one",
         directory, directory);
}

Access access_to_url(const Arguments& arguments) {
    return {arguments.url, arguments.user, read_password(arguments.password_file),
            arguments.ca_file, arguments.url};
}

}  // namespace

std::string read_password(const fs::path& file) {
    std::ifstream stream(file);
    std::string password;
    if (!std::getline(stream, password) || password.empty()) {
        fail(Code::not_found,
             "cannot read a password from {}; run as who made the site, or name an account with "
             "--url, --user, --password-file and --ca",
             file.string());
    }
    return password;
}

fs::path site_directory(const Arguments& arguments) {
    if (!arguments.site.empty()) return require_site(arguments.site);
    if (fs::exists(site::Layout{default_site_directory}.config())) return default_site_directory;
    fail(Code::invalid_parameter,
         "which site? Name its directory with --site DIR or REVIVER_SITE, or its door with --url; "
         "`reviver init DIR` makes a new one");
}

Access access_to_directory(const fs::path& directory) {
    site::Layout layout{directory};
    site::Config config = site::load_config(layout.config());
    sys::Endpoint door = site::reached_locally(config.management.listen);
    return {"https://" + door.text() + "/wsman", site::first_administrator,
            read_password(layout.admin_password()), config.management.certificate,
            directory.string()};
}

Access access_of(const Arguments& arguments) {
    if (!arguments.url.empty()) return access_to_url(arguments);
    return access_to_directory(site_directory(arguments));
}

RemoteSite connect(const Access& access, const Arguments& arguments) {
    unsigned patience_s =
        std::min(arguments.timeout_s.value_or(answer_patience_s), answer_patience_s);
    auto https = std::make_shared<HttpsTransport>(access.url, access.user, access.password,
                                                  access.ca_file, std::chrono::seconds(patience_s));
    auto post = [https, access](const std::string& content_type, const std::string& body) {
        try {
            cim::TransportReply reply;
            reply.body = https->post(content_type, body, &reply.status);
            if (reply.status != status_unauthorized) return reply;
        } catch (Error& error) {
            if (error.code() != Code::unavailable) throw;
            fail(Code::unavailable, "{}; is reviverd running for {}?", error.what(),
                 access.described);
        }
        fail(
            Code::access_denied,
            "{} does not let in \"{}\" with this password; `reviver user passwd {}` on its machine "
            "sets another one",
            access.described, access.user, access.user);
    };
    return RemoteSite(post);
}

}  // namespace reviver::cli
