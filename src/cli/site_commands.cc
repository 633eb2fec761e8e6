#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/json_view.h"
#include "cli/text_format.h"
#include "site/certificate.h"
#include "site/config.h"
#include "site/create.h"
#include "site/endpoint.h"

#include <fmt/format.h>

namespace reviver::cli {
namespace {

site::NewSite wanted_site(const Arguments& arguments) {
    site::NewSite wanted;
    wanted.directory = arguments.directory;
    wanted.name = arguments.name.empty() ? site::default_site_name() : arguments.name;
    wanted.libvirt_uri = arguments.libvirt_uri;
    if (!arguments.peer_listen.empty()) {
        wanted.peer_listen = site::parse_endpoint(arguments.peer_listen);
    }
    if (!arguments.management_listen.empty()) {
        wanted.management_listen = site::parse_endpoint(arguments.management_listen);
    }
    return wanted;
}

constexpr const char* what_to_do_next = R"(Made the site {name} in {dir}.

  configuration      {config}
  administrator      {user}, password in {password}
  peers connect to   {advertise}
  its fingerprint    {fingerprint}

Next: look at the configuration, then
  reviverd --config {config}
  reviver --site {dir} status
  reviver --site {dir} pair --name NAME --peer HOST:PORT   and the same there
)";

}  // namespace

void init_site(const Arguments& arguments, const Console& console) {
    site::NewSite wanted = wanted_site(arguments);
    site::CreatedSite made = site::create_site(wanted);
    const site::Layout& layout = made.layout;
    if (console.json) {
        return print_json(console, {{"name", wanted.name},
                                    {"config", layout.config().string()},
                                    {"user", site::first_administrator},
                                    {"password_file", layout.admin_password().string()},
                                    {"ca_file", layout.management_certificate().string()},
                                    {"fingerprint", fingerprint_text(made.peer_fingerprint)}});
    }
    console.out << fmt::format(
        what_to_do_next, fmt::arg("name", wanted.name), fmt::arg("dir", layout.directory.string()),
        fmt::arg("config", layout.config().string()), fmt::arg("user", site::first_administrator),
        fmt::arg("password", layout.admin_password().string()),
        fmt::arg("advertise", made.peer_advertise.text()),
        fmt::arg("fingerprint", fingerprint_text(made.peer_fingerprint)));
}

void show_fingerprint(const Arguments& arguments, const Console& console) {
    std::string fingerprint;
    if (arguments.url.empty()) {
        site::Layout layout{site_directory(arguments)};
        fingerprint =
            site::fingerprint_of_certificate(site::load_config(layout.config()).peer.certificate);
    } else {
        fingerprint = connect(access_of(arguments), arguments).info().fingerprint;
    }
    if (console.json) return print_json(console, {{"fingerprint", fingerprint_text(fingerprint)}});
    console.print(fingerprint_text(fingerprint));
}

void identify(const Session& session) {
    cim::Identity identity = session.site.client().identify();
    if (session.console.json) {
        return print_json(session.console, {{"protocol", identity.protocol_version},
                                            {"vendor", identity.vendor},
                                            {"version", identity.version}});
    }
    session.console.out << table_text({{"Vendor", printable(identity.vendor)},
                                       {"Version", printable(identity.version)},
                                       {"Protocol", printable(identity.protocol_version)}});
}

}  // namespace reviver::cli
