#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/json_view.h"
#include "cli/text_format.h"
#include "site/certificate.h"
#include "site/users.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace reviver::cli {
namespace {

site::Users users_of(const Arguments& arguments) {
    if (!arguments.url.empty()) {
        fail(Code::not_supported,
             "accounts are changed on the machine of their site; name its directory with --site");
    }
    return site::Users(site::Layout{site_directory(arguments)});
}

// From the file, made up, or asked for twice.
std::string new_password(const Arguments& arguments, const Console& console) {
    if (arguments.generate) return server::random_password();
    if (!arguments.password_file.empty()) return read_password(arguments.password_file);
    const char* without_asking = "give --password-file FILE, or --generate to have one made up";
    const std::string password =
        console.secret(fmt::format("New password of {}: ", arguments.name), without_asking);
    if (console.secret("Once more: ", without_asking) != password) {
        fail(Code::invalid_parameter, "the passwords differ; nothing was changed");
    }
    return password;
}

// A password that nobody knows yet is the result; otherwise that it is done.
void show_result(const Arguments& arguments, const Console& console, const std::string& password,
                 const std::string& done) {
    if (console.json) {
        boost::json::object answer{{"name", arguments.name}};
        if (arguments.generate) answer["password"] = password;
        return print_json(console, answer);
    }
    if (!arguments.generate) return console.print(done);
    console.tell(done + "; the password is");
    console.print(password);
}

std::string roles_text(const std::set<cim::Role>& roles) {
    std::string text;
    for (const cim::Role role : roles) {
        text += (text.empty() ? "" : ", ") + std::string(cim::name_of(role));
    }
    return text;
}

std::set<cim::Role> roles_in(const Arguments& arguments) {
    std::set<cim::Role> roles;
    for (const std::string& name : arguments.roles) roles.insert(*cim::role_named(name));
    if (roles.empty()) roles.insert(cim::Role::viewer);
    return roles;
}

std::string comes_in_by(const server::Account& account) {
    std::vector<std::string> ways = account.proofs;
    if (account.password) ways.insert(ways.begin(), "password");
    if (account.name.find('@') != std::string::npos) ways.insert(ways.begin(), "Kerberos");
    return fmt::format("{}", fmt::join(ways, ", "));
}

}  // namespace

void list_users(const Arguments& arguments, const Console& console) {
    const auto accounts = users_of(arguments).list();
    if (console.json) {
        boost::json::array all;
        for (const server::Account& account : accounts) {
            all.push_back({{"name", account.name},
                           {"role", roles_text(account.roles)},
                           {"proof", comes_in_by(account)}});
        }
        return print_json(console, all);
    }
    std::vector<std::vector<std::string>> rows{{"NAME", "ROLE", "COMES IN BY"}};
    for (const server::Account& account : accounts) {
        rows.push_back(
            {printable(account.name), roles_text(account.roles), printable(comes_in_by(account))});
    }
    console.out << table_text(rows);
}

void add_user(const Arguments& arguments, const Console& console) {
    site::Users users = users_of(arguments);
    const auto roles = roles_in(arguments);
    const std::string done = arguments.name + " may come in as " + roles_text(roles);
    if (arguments.no_password) {
        users.add(arguments.name, std::nullopt, roles);
        return show_result(arguments, console, "", done);
    }
    const std::string password = new_password(arguments, console);
    users.add(arguments.name, password, roles);
    show_result(arguments, console, password, done);
}

void change_roles(const Arguments& arguments, const Console& console) {
    const auto roles = roles_in(arguments);
    users_of(arguments).set_roles(arguments.name, roles);
    show_result(arguments, console, "", arguments.name + " comes in as " + roles_text(roles));
}

void change_certificates(const Arguments& arguments, const Console& console) {
    site::Users users = users_of(arguments);
    if (arguments.none) {
        users.remove_proofs(arguments.name);
        return show_result(arguments, console, "", arguments.name + " has no certificates now");
    }
    const std::string proof =
        arguments.file.empty()
            ? server::common_name_proof(arguments.common_name)
            : server::certificate_proof(site::fingerprint_of_certificate(arguments.file));
    users.add_proof(arguments.name, proof);
    show_result(arguments, console, "", arguments.name + " may come in by " + proof);
}

void change_password(const Arguments& arguments, const Console& console) {
    site::Users users = users_of(arguments);
    const std::string password = new_password(arguments, console);
    users.set_password(arguments.name, password);
    show_result(arguments, console, password, arguments.name + " has a new password");
}

void remove_user(const Arguments& arguments, const Console& console) {
    users_of(arguments).remove(arguments.name);
    if (console.json) return print_json(console, {{"name", arguments.name}});
    console.print(arguments.name + " may not come in any more");
}

}  // namespace reviver::cli
