#include "daemon/site_id.h"

#include "base/bytes.h"
#include "base/error.h"

#include <string>

namespace reviver::daemon {
namespace {

constexpr std::uint64_t file_bytes_max = 64;

SiteId read_site_id(sys::Files& files, const std::filesystem::path& path) {
    Bytes content = sys::read_file(files, path, file_bytes_max);
    std::string text(text_of(content));
    text.erase(text.find_last_not_of(" \n") + 1);
    auto id = SiteId::parse(text);
    if (!id || id->is_none()) {
        fail(Code::corrupt,
             "{} does not hold the id of this site; put back the one that its peers know",
             path.string());
    }
    return *id;
}

}  // namespace

SiteId load_or_make_site_id(sys::World& world, const std::filesystem::path& data_directory) {
    std::filesystem::path path = data_directory / "site-id";
    if (world.files.exists(path)) return read_site_id(world.files, path);
    SiteId made(world.random.uuid());
    sys::replace_file(world.files, path, bytes_of(made.text() + "\n"));
    return made;
}

}  // namespace reviver::daemon
