#include "cli/commands.h"
#include "cli/json_view.h"
#include "cli/text_format.h"
#include "cli/words.h"

#include <fmt/format.h>

namespace reviver::cli {
namespace {

constexpr std::uint16_t collection_of_vms = 0;

// Members are looked up all before the first one is changed, so that a misspelt name changes
// nothing.
void call_for_members(const Session& session, const char* method, const char* done) {
    Collection collection = session.site.collection(session.arguments.collection);
    std::vector<Vm> vms;
    for (const std::string& name : session.arguments.vms) vms.push_back(session.site.vm(name));
    for (const Vm& vm : vms) {
        Accepted accepted = session.site.call(
            collection_service, method, {{"Member", vm.path}, {"Collection", collection.path}});
        finish(session, accepted, method, fmt::format("{}: {} {}", collection.name, vm.name, done));
    }
}

}  // namespace

void list_collections(const Session& session) {
    std::vector<Collection> collections = session.site.collections();
    if (session.console.json) {
        boost::json::array all;
        for (const Collection& collection : collections) {
            boost::json::object each = json_of(collection.instance);
            each["Members"] = json_of_all(session.site.members(collection));
            all.push_back(each);
        }
        return print_json(session.console, all);
    }
    std::vector<std::vector<std::string>> rows{{"NAME", "MEMBERS", "REPLICATION", "ID"}};
    for (const Collection& collection : collections) {
        std::string members;
        for (const Vm& vm : session.site.members(collection)) {
            members += (members.empty() ? "" : ", ") + printable(vm.name);
        }
        rows.push_back({printable(collection.name), members.empty() ? "-" : members,
                        state_words(collection.state, collection.mode), collection.id});
    }
    session.console.out << table_text(rows);
}

void create_collection(const Session& session) {
    std::vector<cim::NamedValue> in{{"Name", session.arguments.name}, {"Type", collection_of_vms}};
    if (!session.arguments.id.empty()) in.push_back({"Id", session.arguments.id});
    Accepted accepted = session.site.call(collection_service, "DefineCollection", in);
    wait_for(session, accepted, "define " + session.arguments.name);
    const cim::Value& defined = accepted.get("DefinedCollection");
    std::string id = defined.is_null() ? session.site.collection(session.arguments.name).id
                                       : defined.as_reference().key_text("CollectionID");
    if (session.console.json) return print_json(session.console, {{"CollectionID", id}});
    session.console.print(id);
}

void add_members(const Session& session) {
    call_for_members(session, "AddMember", "added");
}

void remove_members(const Session& session) {
    call_for_members(session, "RemoveMember", "taken out");
}

void rename_collection(const Session& session) {
    Collection collection = session.site.collection(session.arguments.collection);
    Accepted accepted =
        session.site.call(collection_service, "RenameCollection",
                          {{"Collection", collection.path}, {"NewName", session.arguments.name}});
    finish(session, accepted, "rename", collection.name + " is now " + session.arguments.name);
}

void destroy_collection(const Session& session) {
    Collection collection = session.site.collection(session.arguments.collection);
    Accepted accepted = session.site.call(collection_service, "DestroyCollection",
                                          {{"Collection", collection.path}});
    finish(session, accepted, "destroy " + collection.name, collection.name + ": destroyed");
}

}  // namespace reviver::cli
