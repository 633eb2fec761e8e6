#include "cli/commands.h"
#include "cli/json_view.h"
#include "cli/text_format.h"
#include "cli/words.h"

namespace reviver::cli {
namespace {

// RequestedState of CIM_EnabledLogicalElement.RequestStateChange.
enum class Request : std::uint16_t { run = 2, off = 3, shut_down = 4 };

void request_of_each(const Session& session, Request request, const std::string& title,
                     const std::string& done) {
    for (const std::string& name : session.arguments.vms) {
        Vm vm = session.site.vm(name);
        Accepted accepted =
            session.site.call(vm.path, "RequestStateChange",
                              {{"RequestedState", static_cast<std::uint16_t>(request)}});
        finish(session, accepted, title + " " + vm.name, vm.name + ": " + done);
    }
}

}  // namespace

void list_vms(const Session& session) {
    std::vector<Vm> vms = session.site.vms();
    if (session.console.json) return print_json(session.console, json_of_all(vms));
    std::vector<std::vector<std::string>> rows{{"NAME", "POWER", "REPLICATION", "ID"}};
    for (const Vm& vm : vms) {
        std::string role = vm.replication_mode == 0 ? "-" : mode_words(vm.replication_mode);
        rows.push_back({printable(vm.name), power_words(vm.power), role, vm.id});
    }
    session.console.out << table_text(rows);
}

void start_vms(const Session& session) {
    request_of_each(session, Request::run, "start", "started");
}

void stop_vms(const Session& session) {
    request_of_each(session, Request::shut_down, "shutdown", "asked to shut down");
}

void kill_vms(const Session& session) {
    request_of_each(session, Request::off, "power off", "switched off");
}

}  // namespace reviver::cli
