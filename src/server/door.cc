#include "server/door.h"

namespace reviver::server {

HttpReply Door::refusal(unsigned status, const HttpRequest&) const {
    switch (status) {
        case 405: {
            HttpReply reply = plain_reply(405, "Only POST is served here.");
            reply.fields["Allow"] = "POST";
            return reply;
        }
        case 415:
            return plain_reply(415, "This kind of content is not served here.");
        default:
            return plain_reply(status, "This request is not served here.");
    }
}

Door* Router::door_to(const std::string& path) const {
    auto found = doors_.find(path);
    // Some clients end every path with a slash.
    if (found == doors_.end() && path.size() > 1 && path.ends_with('/')) {
        found = doors_.find(path.substr(0, path.size() - 1));
    }
    if (found != doors_.end()) return found->second.get();
    for (const auto& [above, door] : doors_below_) {
        if (path.starts_with(above)) return door.get();
    }
    return nullptr;
}

PublicDoor* Router::public_door_to(const HttpRequest& header) const {
    for (const auto& door : public_doors_) {
        if (door->admits(header)) return door.get();
    }
    return nullptr;
}

}  // namespace reviver::server
