#include "cli/commands.h"
#include "cli/json_view.h"
#include "cli/text_format.h"
#include "cli/values.h"

#include <fmt/format.h>

#include <map>

namespace reviver::cli {
namespace {

std::string names_of(const std::vector<std::string>& ids,
                     const std::map<std::string, std::string>& names) {
    std::string text;
    for (const std::string& id : ids) {
        const auto name = names.find(id);
        text += (text.empty() ? "" : ", ") + (name == names.end() ? id : printable(name->second));
    }
    return text.empty() ? "-" : text;
}

std::string state_of(const SharedDisk& disk) {
    if (disk.trouble.empty()) return disk.served ? "served" : "starting";
    return (disk.served ? "served; " : "not served: ") + printable(disk.trouble);
}

void done(const Session& session, const std::string& text) {
    if (session.console.json) return print_json(session.console, {{"done", true}});
    session.console.print(text);
}

}  // namespace

void list_shared_disks(const Session& session) {
    const auto disks = session.site.shared_disks();
    if (session.console.json) return print_json(session.console, json_of_all(disks));
    if (disks.empty()) {
        return session.console.print("no shared disks; `reviver shared-disk add` serves one");
    }
    std::map<std::string, std::string> names;
    for (const Vm& vm : session.site.vms()) names[vm.id] = vm.name;
    std::vector<std::vector<std::string>> rows{{"NAME", "VMS", "FORMAT", "FILE", "STATE"}};
    for (const SharedDisk& disk : disks) {
        rows.push_back({printable(disk.name), names_of(disk.vms, names), disk.format,
                        printable(disk.file), state_of(disk)});
    }
    session.console.out << table_text(rows);
}

void add_shared_disk(const Session& session) {
    const Arguments& arguments = session.arguments;
    std::vector<cim::NamedValue> in{
        {"Name", arguments.name}, {"File", arguments.file}, {"Format", arguments.format}};
    if (arguments.create_bytes != 0) in.push_back({"CreateSize", arguments.create_bytes});
    session.site.call(site_service, "AddSharedDisk", in);
    done(session, fmt::format("{0} is served; `reviver shared-disk show {0} --vm VM` prints how a "
                              "VM gets it",
                              arguments.name));
}

void remove_shared_disk(const Session& session) {
    session.site.call(site_service, "RemoveSharedDisk", {{"Name", session.arguments.name}});
    done(session, session.arguments.name + " is served no more");
}

void show_shared_disk(const Session& session) {
    const Vm vm = session.site.vm(session.arguments.vms.front());
    std::vector<cim::NamedValue> in{{"Name", session.arguments.name}, {"VirtualMachineId", vm.id}};
    if (!session.arguments.target.empty()) in.push_back({"Target", session.arguments.target});
    const Accepted answer = session.site.call(site_service, "GetSharedDiskDefinition", in);
    const std::string definition = text_of(answer.get("Definition"));
    if (session.console.json) return print_json(session.console, {{"definition", definition}});
    session.console.print(definition);
}

}  // namespace reviver::cli
