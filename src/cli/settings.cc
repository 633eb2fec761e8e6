#include "cli/settings.h"

#include "cli/values.h"

#include <algorithm>

namespace reviver::cli {
namespace {

constexpr const char* class_name = "Msvm_CollectionReplicationSettingData";
constexpr std::uint16_t by_certificate = 2;  // AuthenticationType

void set_pace(cim::Instance& settings, const Arguments& arguments) {
    auto number = [](unsigned value) {
        return cim::Value::unsigned_number(cim::Type::uint16, value);
    };
    if (arguments.interval_s) settings.set("ReplicationInterval", number(*arguments.interval_s));
    if (arguments.history) settings.set("RecoveryHistory", number(*arguments.history));
    if (arguments.application_interval_h) {
        settings.set("ApplicationConsistentSnapshotInterval",
                     number(*arguments.application_interval_h));
    }
}

}  // namespace

cim::Instance new_settings(const Arguments& arguments, const std::vector<std::string>& disks) {
    cim::Instance settings(class_name);
    settings.set("RecoveryConnectionPoint", arguments.to);
    settings.set("AuthenticationType", by_certificate);
    settings.set("CompressionEnabled", !arguments.no_compression);
    settings.set("AutoResynchronizeEnabled", !arguments.no_auto_resync);
    set_pace(settings, arguments);
    if (!disks.empty()) settings.set("IncludedDisks", disks);
    return settings;
}

cim::Instance changed_settings(const Arguments& arguments) {
    cim::Instance settings(class_name);
    set_pace(settings, arguments);
    if (arguments.compression) settings.set("CompressionEnabled", *arguments.compression);
    if (arguments.auto_resync) settings.set("AutoResynchronizeEnabled", *arguments.auto_resync);
    return settings;
}

std::vector<std::string> changed_disks(const std::vector<std::string>& present, bool named,
                                       const std::vector<std::string>& include,
                                       const std::vector<std::string>& exclude) {
    if (!named && exclude.empty() && !present.empty())
        fail(Code::invalid_parameter, "all disks are replicated: there is none to include");
    std::vector<std::string> disks = present;
    for (const std::string& disk : include)
        if (std::ranges::find(disks, disk) == disks.end()) disks.push_back(disk);
    for (const std::string& disk : exclude)
        if (std::erase(disks, disk) == 0)
            fail(Code::invalid_parameter,
                 "{} is not replicated: it cannot be excluded; a shared disk goes by its name",
                 disk);
    if (disks.empty())
        fail(Code::invalid_parameter,
             "no disk would be left; `reviver remove` ends the replication");
    return disks;
}

cim::Instance reversed_settings(const cim::Instance& present) {
    cim::Instance settings(class_name);
    for (const cim::NamedValue& property : present.properties()) {
        if (!property.value.is_null()) settings.set(property.name, property.value);
    }
    // One element looks like a scalar to a reader without a schema.
    for (const char* array :
         {"IncludedDisks", "RecoveryServerHosts", "PrimaryReplicationEntityIDs"}) {
        if (settings.find(array)) settings.set(array, texts_of(settings.get(array)));
    }
    std::string from = text_of(present.get("PrimaryConnectionPoint"));
    if (!from.empty()) settings.set("RecoveryConnectionPoint", from);
    return settings;
}

std::string disk_id(RemoteSite& site, const std::string& disk) {
    if (disk.find('/') == std::string::npos) {
        for (const SharedDisk& shared : site.shared_disks())
            if (shared.name == disk) return shared.id + "/" + shared.name;
    }
    const std::size_t slash = disk.rfind('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == disk.size()) {
        fail(Code::invalid_parameter,
             "\"{}\" is no disk; write VM/TARGET, for example web1/vda, or the name of a shared "
             "disk, as `reviver shared-disk list` shows it",
             disk);
    }
    return site.vm(disk.substr(0, slash)).id + disk.substr(slash);
}

}  // namespace reviver::cli
