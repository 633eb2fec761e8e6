#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/json_view.h"
#include "cli/text_format.h"
#include "site/users.h"

#include <fmt/format.h>

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

std::string roles_text(const server::Account& account) {
    std::string text;
    for (const cim::Role role : account.roles) {
        text += (text.empty() ? "" : ", ") + std::string(cim::name_of(role));
    }
    return text;
}

}  // namespace

void list_users(const Arguments& arguments, const Console& console) {
    const auto accounts = users_of(arguments).list();
    if (console.json) {
        boost::json::array all;
        for (const server::Account& account : accounts) {
            all.push_back({{"name", account.name}, {"role", roles_text(account)}});
        }
        return print_json(console, all);
    }
    std::vector<std::vector<std::string>> rows{{"NAME", "ROLE"}};
    for (const server::Account& account : accounts) {
        rows.push_back({printable(account.name), roles_text(account)});
    }
    console.out << table_text(rows);
}

void add_user(const Arguments& arguments, const Console& console) {
    site::Users users = users_of(arguments);
    const std::string password = new_password(arguments, console);
    users.add(arguments.name, password, *cim::role_named(arguments.role));
    show_result(arguments, console, password, arguments.name + " may come in as " + arguments.role);
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
