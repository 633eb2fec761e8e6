#include "server/door.h"

namespace reviver::server {

Door* Router::door_to(const std::string& path) const {
    auto found = doors_.find(path);
    // Some clients end every path with a slash.
    if (found == doors_.end() && path.size() > 1 && path.ends_with('/')) {
        found = doors_.find(path.substr(0, path.size() - 1));
    }
    return found == doors_.end() ? nullptr : found->second.get();
}

PublicDoor* Router::public_door_to(const HttpRequest& header) const {
    for (const auto& door : public_doors_) {
        if (door->admits(header)) return door.get();
    }
    return nullptr;
}

}  // namespace reviver::server
