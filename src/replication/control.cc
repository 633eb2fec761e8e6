#include "replication/control.h"

#include "point/point.h"
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

std::vector<DiskShape> disks_of(const Reader& in, std::string_view key) {
    auto disks = shapes_of(in, key);
    if (disks.size() > point::disks_max) {
        fail(Code::invalid_parameter, "{} disks in a collection; {} are allowed", disks.size(),
             point::disks_max);
    }
    return disks;
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
                                        {"cut", m.cut.text()},
                                        {"seed", shapes_json(m.seed)},
                                        {"keeps_copies", m.keeps_copies}});
}

std::string to_text(const CreateAnswer& m) {
    return json::serialize(json::object{{"used", m.used.value}});
}

std::string to_text(const Seed& m) {
    return json::serialize(json::object{{"collection", m.collection.text()},
                                        {"epoch", m.epoch.value},
                                        {"disks", shapes_json(m.disks)}});
}

std::string to_text(const SeedAnswer& m) {
    json::array missing;
    for (const auto& [key, why] : m.missing) {
        missing.push_back(
            json::object{{"vm", key.vm.text()}, {"target", key.target}, {"why", why}});
    }
    return json::serialize(json::object{{"found", shapes_json(m.found)}, {"missing", missing}});
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
    const json::value value = parse_message(text);
    const Reader in(value.get_object());
    return {in.id<CollectionId>("collection"),
            {in.number("epoch")},
            in.text("name"),
            settings_of(in.inner("settings")),
            vms_of(in)};
}

Hello hello_from_text(std::string_view text) {
    const json::value value = parse_message(text);
    const Reader in(value.get_object());
    Hello hello{in.id<CollectionId>("collection"), {in.number("epoch")}};
    if (in.has("copies")) hello.copies = keys_of(in, "copies");
    return hello;
}

HelloAnswer hello_answer_from_text(std::string_view text) {
    const json::value value = parse_message(text);
    const Reader in(value.get_object());
    HelloAnswer answer{{in.number("epoch")},
                       {in.enumeration("role", Role::test_replica),
                        in.enumeration("state", State::partially_recovered)},
                       {in.number("newest")}};
    if (in.has("cut")) answer.cut = in.id<CutId>("cut");
    if (in.has("seed")) answer.seed = disks_of(in, "seed");
    answer.keeps_copies = in.has("keeps_copies") && in.flag("keeps_copies");
    return answer;
}

CreateAnswer create_answer_from_text(std::string_view text) {
    const json::value value = parse_message(text);
    const Reader in(value.get_object());
    return {{in.has("used") ? in.number("used") : 0}};
}

Seed seed_from_text(std::string_view text) {
    const json::value value = parse_message(text);
    const Reader in(value.get_object());
    return {in.id<CollectionId>("collection"), {in.number("epoch")}, disks_of(in, "disks")};
}

SeedAnswer seed_answer_from_text(std::string_view text) {
    const json::value value = parse_message(text);
    const Reader in(value.get_object());
    SeedAnswer answer{disks_of(in, "found"), {}};
    in.each("missing", [&](const Reader& disk) {
        answer.missing.push_back({{disk.id<VmId>("vm"), disk.text("target")}, disk.text("why")});
    });
    return answer;
}

NewSettings new_settings_from_text(std::string_view text) {
    const json::value value = parse_message(text);
    const Reader in(value.get_object());
    return {
        in.id<CollectionId>("collection"), {in.number("epoch")}, settings_of(in.inner("settings"))};
}

Reverse reverse_from_text(std::string_view text) {
    const json::value value = parse_message(text);
    const Reader in(value.get_object());
    return {in.id<CollectionId>("collection"),
            {in.number("epoch")},
            {in.number("shared")},
            in.text("name"),
            settings_of(in.inner("settings"))};
}

ReverseAnswer reverse_answer_from_text(std::string_view text) {
    const json::value value = parse_message(text);
    const Reader in(value.get_object());
    return {{in.number("newest")}, changes_of(in)};
}

}  // namespace reviver::replication::control
