#include "provider/snapshots.h"

#include <algorithm>

namespace reviver::provider {

namespace {

bool always_differs(const std::string& property) {
    return property == "ElapsedTime";
}

std::vector<std::string> changed_properties(const cim::Instance& before, const cim::Instance& now) {
    std::vector<std::string> result;
    for (const cim::NamedValue& property : now.properties()) {
        if (always_differs(property.name)) continue;
        if (!(before.get(property.name) == property.value)) result.push_back(property.name);
    }
    for (const cim::NamedValue& property : before.properties()) {
        if (!now.find(property.name) && !property.value.is_null()) result.push_back(property.name);
    }
    return result;
}

}  // namespace

std::vector<cim::Event> Snapshots::differences(const std::string& topic, std::vector<Seen> now,
                                               cim::DateTime time) {
    auto& before = seen_[topic];
    std::map<std::string, Seen> after;
    for (Seen& one : now) after.emplace(one.path.text(), std::move(one));
    std::vector<cim::Event> events;
    for (const auto& [name, one] : after) {
        const auto found = before.find(name);
        if (found == before.end()) {
            events.push_back({cim::Happening::created, one.path, one.instance, {}, time});
            continue;
        }
        auto changed = changed_properties(found->second.instance, one.instance);
        if (changed.empty()) continue;
        events.push_back(
            {cim::Happening::modified, one.path, one.instance, std::move(changed), time});
    }
    for (const auto& [name, one] : before) {
        if (after.contains(name)) continue;
        events.push_back({cim::Happening::deleted, one.path, one.instance, {}, time});
    }
    before = std::move(after);
    if (before.empty()) seen_.erase(topic);
    return events;
}

std::vector<std::string> Snapshots::topics() const {
    std::vector<std::string> result;
    for (const auto& [topic, seen] : seen_) result.push_back(topic);
    return result;
}

}  // namespace reviver::provider
