#include "medium/manifest.h"

#include "base/error.h"
#include "medium/limits.h"
#include "medium/names.h"
#include "point/point.h"

#include <boost/json.hpp>

#include <algorithm>
#include <set>

namespace reviver::medium {

namespace {

namespace json = boost::json;

constexpr const char* what_it_is = "initial copy of a replication";

[[noreturn]] void broken(std::string_view field) {
    fail(Code::corrupt, "{} has no proper '{}'; it was damaged, or changed by somebody",
         manifest_name, field);
}

const json::value& field(const json::object& from, std::string_view key) {
    const json::value* value = from.if_contains(json::string_view(key.data(), key.size()));
    if (value == nullptr) broken(key);
    return *value;
}

std::string text(const json::object& from, std::string_view key) {
    const json::string* value = field(from, key).if_string();
    if (value == nullptr) broken(key);
    return std::string(value->data(), value->size());
}

std::uint64_t number(const json::object& from, std::string_view key) {
    boost::system::error_code error;
    const auto value = field(from, key).to_number<std::uint64_t>(error);
    if (error) broken(key);
    return value;
}

sys::WallTime time(const json::object& from, std::string_view key) {
    const std::uint64_t value = number(from, key);
    if (value > static_cast<std::uint64_t>(INT64_MAX)) broken(key);
    return sys::WallTime(sys::Duration(static_cast<std::int64_t>(value)));
}

template <class T>
T id(const json::object& from, std::string_view key) {
    const auto value = T::parse(text(from, key));
    if (!value || value->is_none()) broken(key);
    return *value;
}

template <class E>
E enumeration(const json::object& from, std::string_view key, E largest) {
    const std::uint64_t value = number(from, key);
    if (value > static_cast<std::uint64_t>(largest)) broken(key);
    return static_cast<E>(value);
}

template <class F>
void each(const json::object& from, std::string_view key, std::size_t most, F&& use) {
    const json::array* list = field(from, key).if_array();
    if (list == nullptr || list->empty() || list->size() > most) broken(key);
    for (const json::value& value : *list) {
        if (!value.is_object()) broken(key);
        use(value.get_object());
    }
}

std::string hex_of(const Hash& hash) {
    return to_hex(ByteView(hash.data(), hash.size()));
}

Hash hash(const json::object& from, std::string_view key) {
    const std::string digits = text(from, key);
    const auto value = [&](char c) -> int {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        broken(key);
    };
    Hash result{};
    if (digits.size() != 2 * result.size()) broken(key);
    for (std::size_t i = 0; i < result.size(); ++i)
        result[i] = static_cast<std::byte>(value(digits[2 * i]) << 4 | value(digits[2 * i + 1]));
    return result;
}

std::uint64_t micros(sys::WallTime time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

json::object content_of(const Manifest& m) {
    json::array vms;
    for (const VmDefinition& vm : m.vms)
        vms.push_back(
            json::object{{"id", vm.id.text()}, {"name", vm.name}, {"domain_xml", vm.domain_xml}});
    json::array disks;
    for (const Manifest::Disk& disk : m.disks)
        disks.push_back(json::object{{"vm", disk.shape.key.vm.text()},
                                     {"target", disk.shape.key.target},
                                     {"directory", disk.directory},
                                     {"file", disk.file},
                                     {"image_format", "raw"},
                                     {"size_bytes", disk.shape.size_bytes},
                                     {"sha256", hex_of(disk.sha256)}});
    return {{"collection", m.collection.text()},
            {"name", m.name},
            {"primary", m.primary},
            {"recovery", m.recovery},
            {"epoch", m.epoch.value},
            {"sequence", m.sequence.value},
            {"cut", m.cut.text()},
            {"kind", static_cast<unsigned>(m.kind)},
            {"consistency", static_cast<unsigned>(m.consistency)},
            {"cut_us", micros(m.cut_time)},
            {"written_us", micros(m.written)},
            {"vms", vms},
            {"disks", disks}};
}

std::string sum_of(const json::object& content) {
    return hex_of(sha256(bytes_of(json::serialize(content))));
}

Manifest::Disk disk_of(const json::object& from) {
    Manifest::Disk disk;
    disk.shape.key = {id<VmId>(from, "vm"), text(from, "target")};
    if (!is_target(disk.shape.key.target)) broken("target");
    disk.shape.size_bytes = number(from, "size_bytes");
    if (disk.shape.size_bytes == 0 || disk.shape.size_bytes > point::disk_size_max)
        broken("size_bytes");
    disk.directory = text(from, "directory");
    if (!is_plain_name(disk.directory)) broken("directory");
    disk.file = text(from, "file");
    if (!is_plain_name(disk.file)) broken("file");
    if (text(from, "image_format") != "raw")
        fail(Code::not_supported, "disk {} is of the format '{}'; this version reads raw ones",
             disk.shape.key.text(), text(from, "image_format"));
    disk.sha256 = hash(from, "sha256");
    return disk;
}

// A disk that VMs share is of none of them, and in their definitions by its id.
bool is_shared(const Manifest& m, VmId disk) {
    return std::ranges::any_of(m.vms, [&](const VmDefinition& vm) {
        return vm.domain_xml.find(disk.text()) != std::string::npos;
    });
}

// Each VM once, each disk once and of one of the VMs or shared by them, and no file twice.
void check_whole(const Manifest& m) {
    std::set<VmId> vms;
    for (const VmDefinition& vm : m.vms)
        if (!vms.insert(vm.id).second) broken("vms");
    std::set<DiskKey> disks;
    std::set<std::pair<std::string, std::string>> files;
    for (const Manifest::Disk& disk : m.disks) {
        const VmId owner = disk.shape.key.vm;
        if (!vms.contains(owner) && !is_shared(m, owner)) broken("disks");
        if (!disks.insert(disk.shape.key).second) broken("disks");
        if (!files.insert({disk.directory, disk.file}).second) broken("disks");
    }
}

Manifest manifest_of(const json::object& from) {
    Manifest m;
    m.collection = id<CollectionId>(from, "collection");
    m.name = text(from, "name");
    m.primary = text(from, "primary");
    m.recovery = text(from, "recovery");
    m.epoch = {number(from, "epoch")};
    m.sequence = {number(from, "sequence")};
    if (m.sequence.value == 0) broken("sequence");
    m.cut = id<CutId>(from, "cut");
    m.kind = enumeration(from, "kind", PointKind::planned);
    m.consistency = enumeration(from, "consistency", Consistency::group_crash);
    m.cut_time = time(from, "cut_us");
    m.written = time(from, "written_us");
    each(from, "vms", vms_max, [&](const json::object& vm) {
        m.vms.push_back({id<VmId>(vm, "id"), text(vm, "name"), text(vm, "domain_xml")});
    });
    each(from, "disks", point::disks_max,
         [&](const json::object& disk) { m.disks.push_back(disk_of(disk)); });
    check_whole(m);
    return m;
}

json::object parse(std::string_view text, const char* file) {
    boost::system::error_code error;
    json::value value = json::parse(json::string_view(text.data(), text.size()), error);
    if (error || !value.is_object())
        fail(Code::corrupt, "{} is no JSON object: it was cut off or damaged", file);
    return std::move(value.get_object());
}

const json::object& object(const json::object& from, std::string_view key) {
    const json::object* value = field(from, key).if_object();
    if (value == nullptr) broken(key);
    return *value;
}

}  // namespace

std::string to_text(const Manifest& manifest) {
    const json::object content = content_of(manifest);
    return json::serialize(json::object{{"reviver", what_it_is},
                                        {"format", manifest_format},
                                        {"content", content},
                                        {"sha256", sum_of(content)}}) +
           "\n";
}

Manifest manifest_from_text(std::string_view text_of_file) {
    const json::object whole = parse(text_of_file, manifest_name);
    if (text(whole, "reviver") != what_it_is) broken("reviver");
    if (number(whole, "format") > manifest_format)
        fail(Code::not_supported,
             "{} is of format {}; this version reads format {}: use a newer one", manifest_name,
             number(whole, "format"), manifest_format);
    if (number(whole, "format") != manifest_format) broken("format");
    const json::object& content = object(whole, "content");
    if (text(whole, "sha256") != sum_of(content)) broken("sha256");
    return manifest_of(content);
}

std::string to_text(const Unfinished& unfinished) {
    const auto list = [](const std::vector<std::string>& names) {
        json::array array;
        for (const std::string& name : names) array.emplace_back(name);
        return array;
    };
    return json::serialize(json::object{{"reviver", "unfinished initial copy of a replication"},
                                        {"format", manifest_format},
                                        {"collection", unfinished.collection.text()},
                                        {"directories", list(unfinished.directories)},
                                        {"files", list(unfinished.files)}}) +
           "\n";
}

Unfinished unfinished_from_text(std::string_view text_of_file) {
    const json::object whole = parse(text_of_file, unfinished_name);
    Unfinished result;
    result.collection = id<CollectionId>(whole, "collection");
    const auto names = [&](std::string_view key) {
        const json::array* list = field(whole, key).if_array();
        if (list == nullptr || list->size() > point::disks_max) broken(key);
        std::vector<std::string> found;
        for (const json::value& value : *list) {
            if (!value.is_string()) broken(key);
            found.emplace_back(value.get_string().data(), value.get_string().size());
        }
        return found;
    };
    result.directories = names("directories");
    result.files = names("files");
    if (!std::ranges::all_of(result.directories, is_plain_name)) broken("directories");
    for (const std::string& file : result.files) {
        const std::size_t slash = file.find('/');
        if (slash == std::string::npos || !is_plain_name(file.substr(0, slash)) ||
            !is_plain_name(file.substr(slash + 1)))
            broken("files");
    }
    return result;
}

}  // namespace reviver::medium
