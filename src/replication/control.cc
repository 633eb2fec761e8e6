#include "replication/control.h"

#include "replication/json_text.h"

namespace reviver::replication::control {

namespace {

json::array vms_json(const std::vector<VmDefinition>& vms) {
    json::array result;
    for (const VmDefinition& vm : vms) {
        result.push_back(
            json::object{{"id", vm.id.text()}, {"name", vm.name}, {"domain_xml", vm.domain_xml}});
    }
    return result;
}

std::vector<VmDefinition> vms_of(const Reader& in) {
    std::vector<VmDefinition> result;
    in.each("vms", [&](const Reader& vm) {
        result.push_back({vm.id<VmId>("id"), vm.text("name"), vm.text("domain_xml")});
    });
    if (result.size() > reviver::limits::members_max) {
        fail(Code::invalid_parameter, "{} VMs in a collection; {} are allowed", result.size(),
             reviver::limits::members_max);
    }
    return result;
}

}  // namespace

std::string to_text(const Create& m) {
    return json::serialize(json::object{{"collection", m.collection.text()},
                                        {"epoch", m.epoch.value},
                                        {"name", m.name},
                                        {"settings", settings_json(m.settings)},
                                        {"vms", vms_json(m.vms)}});
}

std::string to_text(const Hello& m) {
    return json::serialize(json::object{{"collection", m.collection.text()},
                                        {"epoch", m.epoch.value},
                                        {"copies", keys_json(m.copies)}});
}

std::string to_text(const HelloAnswer& m) {
    return json::serialize(json::object{{"epoch", m.epoch.value},
                                        {"role", static_cast<int>(m.place.role)},
                                        {"state", static_cast<int>(m.place.state)},
                                        {"newest", m.newest.value},
                                        {"keeps_copies", m.keeps_copies}});
}

std::string to_text(const NewSettings& m) {
    return json::serialize(json::object{{"collection", m.collection.text()},
                                        {"epoch", m.epoch.value},
                                        {"settings", settings_json(m.settings)}});
}

std::string to_text(const Reverse& m) {
    return json::serialize(json::object{{"collection", m.collection.text()},
                                        {"epoch", m.epoch.value},
                                        {"shared", m.shared.value},
                                        {"name", m.name},
                                        {"settings", settings_json(m.settings)}});
}

std::string to_text(const ReverseAnswer& m) {
    return json::serialize(
        json::object{{"newest", m.newest.value}, {"changes", changes_json(m.changes)}});
}

Create create_from_text(std::string_view text) {
    const json::value value = parse_object(text);
    const Reader in(value.get_object());
    return {in.id<CollectionId>("collection"),
            {in.number("epoch")},
            in.text("name"),
            settings_of(in.inner("settings")),
            vms_of(in)};
}

Hello hello_from_text(std::string_view text) {
    const json::value value = parse_object(text);
    const Reader in(value.get_object());
    Hello hello{in.id<CollectionId>("collection"), {in.number("epoch")}};
    if (in.has("copies")) hello.copies = keys_of(in, "copies");
    return hello;
}

HelloAnswer hello_answer_from_text(std::string_view text) {
    const json::value value = parse_object(text);
    const Reader in(value.get_object());
    return {{in.number("epoch")},
            {in.enumeration("role", Role::test_replica),
             in.enumeration("state", State::partially_recovered)},
            {in.number("newest")},
            in.has("keeps_copies") && in.flag("keeps_copies")};
}

NewSettings new_settings_from_text(std::string_view text) {
    const json::value value = parse_object(text);
    const Reader in(value.get_object());
    return {
        in.id<CollectionId>("collection"), {in.number("epoch")}, settings_of(in.inner("settings"))};
}

Reverse reverse_from_text(std::string_view text) {
    const json::value value = parse_object(text);
    const Reader in(value.get_object());
    return {in.id<CollectionId>("collection"),
            {in.number("epoch")},
            {in.number("shared")},
            in.text("name"),
            settings_of(in.inner("settings"))};
}

ReverseAnswer reverse_answer_from_text(std::string_view text) {
    const json::value value = parse_object(text);
    const Reader in(value.get_object());
    return {{in.number("newest")}, changes_of(in)};
}

}  // namespace reviver::replication::control
