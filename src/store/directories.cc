#include "store/directories.h"

#include "base/error.h"
#include "base/log.h"
#include "store/names.h"

#include <algorithm>
#include <set>

namespace reviver::store {
namespace {

// Names below a directory, none when it is a file or not there.
std::vector<std::string> names_in(Context& context, const sys::Path& path) {
    try {
        return context.world.files.list(path);
    } catch (const Error&) {
        return {};
    }
}

// Something else may lie in it, or another task may just use it: then it stays.
void remove_if_empty(Context& context, const sys::Path& directory) {
    try {
        if (names_in(context, directory).empty()) context.world.files.remove(directory);
    } catch (const Error& error) {
        log_debug("{} stays: {}", directory.string(), error.what());
    }
}

bool is_collection_directory(std::string_view name) {
    return CollectionId::parse(name.substr(0, name.find('.'))).has_value();
}

std::set<std::string> names_of(const DiskRow& disk) {
    std::set<std::string> names;
    if (!disk.adopted_path) names = {base_name(), sums_name()};
    for (const LayerRow& layer : disk.layers) names.insert(layer_name(layer.sequence));
    return names;
}

// Removes our files from a disk's directory, but those that are `kept`.
void clean_disk(Context& context, const sys::Path& directory, const std::set<std::string>& kept) {
    for (const std::string& name : names_in(context, directory)) {
        if (kept.contains(name)) continue;
        if (!parse_file_name(name)) {
            log_warning("{} is not of the store; it is left alone", (directory / name).string());
            continue;
        }
        log_info("removing {}, which belongs to no recovery point", (directory / name).string());
        context.world.files.remove(directory / name);
    }
    if (kept.empty()) remove_if_empty(context, directory);
}

void clean_collection(Context& context, const std::string& name, const CollectionRow* row) {
    std::map<std::string, std::set<std::string>> kept;
    if (row != nullptr)
        for (const DiskRow& disk : row->disks) kept[disk.directory] = names_of(disk);
    const sys::Path directory = context.root / name;
    for (const std::string& vm : names_in(context, directory)) {
        if (!VmId::parse(vm)) continue;
        for (const std::string& target : names_in(context, directory / vm))
            clean_disk(context, directory / vm / target, kept[vm + "/" + target]);
        remove_if_empty(context, directory / vm);
    }
    if (row == nullptr) remove_if_empty(context, directory);
}

}  // namespace

void make_directory(Context& context, const sys::Path& path) {
    context.world.files.make_directories(path);
    for (sys::Path at = path; at != context.root; at = at.parent_path())
        context.world.files.sync_directory(at.parent_path());
}

std::string free_collection_directory(Context& context, CollectionId collection) {
    const auto released = context.manifest.released();
    for (unsigned life = 1;; ++life) {
        const std::string name = life_name(collection.text(), life);
        const bool known = std::ranges::any_of(
            released, [&](const auto& directory) { return directory.first == name; });
        if (!known && !context.world.files.exists(context.root / name)) return name;
    }
}

std::string free_disk_directory(Context& context, const CollectionRow& collection,
                                const DiskKey& key) {
    for (unsigned life = 1;; ++life) {
        const std::string name = key.vm.text() + "/" + life_name(key.target, life);
        const bool known = std::ranges::any_of(
            collection.disks, [&](const DiskRow& disk) { return disk.directory == name; });
        if (!known && !context.world.files.exists(context.root / collection.directory / name))
            return name;
    }
}

void remove_orphans(Context& context) {
    std::set<std::string> left_alone;
    for (const auto& [name, collection] : context.manifest.released()) left_alone.insert(name);
    for (const CollectionId id : context.manifest.collections()) {
        const CollectionRow row = context.load(id);
        clean_collection(context, row.directory, &row);
        left_alone.insert(row.directory);
    }
    for (const std::string& name : names_in(context, context.root))
        if (is_collection_directory(name) && !left_alone.contains(name))
            clean_collection(context, name, nullptr);
}

void remove_collection_files(Context& context, const std::string& directory) {
    clean_collection(context, directory, nullptr);
}

void remove_disk_files(Context& context, const std::string& collection_directory,
                       const std::string& disk_directory) {
    const sys::Path directory = context.root / collection_directory / disk_directory;
    clean_disk(context, directory, {});
    remove_if_empty(context, directory.parent_path());
}

}  // namespace reviver::store
