#include "replication/json_text.h"

namespace reviver::replication {

namespace {

json::value object_in(std::string_view text, const json::parse_options& options,
                      std::string_view what) {
    boost::system::error_code error;
    json::value value =
        json::parse(json::string_view(text.data(), text.size()), error, {}, options);
    if (error || !value.is_object()) fail(Code::corrupt, "{} is not a JSON object", what);
    return value;
}

}  // namespace

json::value parse_message(std::string_view text) {
    return object_in(text, {}, "a message");
}

json::value parse_document(std::string_view text) {
    json::parse_options lenient;
    lenient.allow_invalid_utf8 = true;
    return object_in(text, lenient, "a state document");
}

json::array texts_json(const std::vector<std::string>& texts) {
    json::array result;
    for (const std::string& text : texts) result.emplace_back(text);
    return result;
}

namespace {

json::object key_json(const DiskKey& key) {
    return {{"vm", key.vm.text()}, {"target", key.target}};
}
DiskKey key_of(const Reader& in) {
    return {in.id<VmId>("vm"), in.text("target")};
}

}  // namespace

json::object settings_json(const Settings& s) {
    return {{"recovery_connection_point", s.recovery_connection_point},
            {"recovery_port", s.recovery_port},
            {"primary_connection_point", s.primary_connection_point},
            {"authentication", static_cast<int>(s.authentication)},
            {"certificate_thumbprint", s.certificate_thumbprint},
            {"root_certificate_thumbprint", s.root_certificate_thumbprint},
            {"compression", s.compression},
            {"bypass_proxy", s.bypass_proxy},
            {"replicate_host_kvp", s.replicate_host_kvp},
            {"interval_s", s.interval_s},
            {"recovery_history", s.recovery_history},
            {"application_interval_h", s.application_interval_h},
            {"auto_resync", s.auto_resync},
            {"auto_resync_start_s", s.auto_resync_start_s},
            {"auto_resync_end_s", s.auto_resync_end_s},
            {"included_disks", texts_json(s.included_disks)},
            {"primary_entity_ids", texts_json(s.primary_entity_ids)},
            {"recovery_hosts", texts_json(s.recovery_hosts)}};
}

Settings settings_of(const Reader& in) {
    Settings s;
    s.recovery_connection_point = in.text("recovery_connection_point");
    s.recovery_port = in.number<std::uint16_t>("recovery_port");
    s.primary_connection_point = in.text("primary_connection_point");
    s.authentication = in.enumeration("authentication", Authentication::certificate);
    s.certificate_thumbprint = in.text("certificate_thumbprint");
    s.root_certificate_thumbprint = in.text("root_certificate_thumbprint");
    s.compression = in.flag("compression");
    s.bypass_proxy = in.flag("bypass_proxy");
    s.replicate_host_kvp = in.flag("replicate_host_kvp");
    s.interval_s = in.number<std::uint32_t>("interval_s");
    s.recovery_history = in.number<std::uint16_t>("recovery_history");
    s.application_interval_h = in.number<std::uint16_t>("application_interval_h");
    s.auto_resync = in.flag("auto_resync");
    s.auto_resync_start_s = in.number<std::uint32_t>("auto_resync_start_s");
    s.auto_resync_end_s = in.number<std::uint32_t>("auto_resync_end_s");
    s.included_disks = in.texts("included_disks");
    s.primary_entity_ids = in.texts("primary_entity_ids");
    s.recovery_hosts = in.texts("recovery_hosts");
    return s;
}

json::array shapes_json(const std::vector<DiskShape>& shapes) {
    json::array result;
    for (const DiskShape& shape : shapes) {
        json::object object = key_json(shape.key);
        object["size_bytes"] = shape.size_bytes;
        result.push_back(std::move(object));
    }
    return result;
}

std::vector<DiskShape> shapes_of(const Reader& in, std::string_view key) {
    std::vector<DiskShape> result;
    in.each(key, [&](const Reader& shape) {
        result.push_back({key_of(shape), shape.number("size_bytes")});
    });
    return result;
}

json::array keys_json(const std::vector<DiskKey>& keys) {
    json::array result;
    for (const DiskKey& key : keys) result.push_back(key_json(key));
    return result;
}

std::vector<DiskKey> keys_of(const Reader& in, std::string_view key) {
    std::vector<DiskKey> result;
    in.each(key, [&](const Reader& disk) { result.push_back(key_of(disk)); });
    return result;
}

json::array changes_json(const std::vector<DiskChanges>& changes) {
    json::array result;
    for (const DiskChanges& change : changes) {
        json::array ranges;
        for (const Range& range : change.ranges) {
            ranges.emplace_back(range.offset);
            ranges.emplace_back(range.length);
        }
        json::object object = key_json(change.key);
        object["known"] = change.known;
        object["ranges"] = std::move(ranges);
        result.push_back(std::move(object));
    }
    return result;
}

static std::vector<Range> ranges_of(const Reader& in) {
    const json::array& numbers = in.list("ranges");
    if (numbers.size() % 2 != 0) fail(Code::corrupt, "a list of ranges has an odd length");
    std::vector<Range> result;
    for (std::size_t i = 0; i < numbers.size(); i += 2) {
        boost::system::error_code first, second;
        const Range range{numbers[i].to_number<std::uint64_t>(first),
                          numbers[i + 1].to_number<std::uint64_t>(second)};
        if (first || second) fail(Code::corrupt, "a list of ranges has something else in it");
        result.push_back(range);
    }
    return result;
}

std::vector<DiskChanges> changes_of(const Reader& in) {
    std::vector<DiskChanges> result;
    in.each("changes", [&](const Reader& change) {
        result.push_back({key_of(change), change.flag("known"), ranges_of(change)});
    });
    return result;
}

}  // namespace reviver::replication
