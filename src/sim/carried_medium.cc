#include "sim/carried_medium.h"

namespace reviver::sim {

namespace {

void copy_file(const Inode& from, Disk& to, const sys::Path& path) {
    Bytes bytes(from.content().size());
    from.content().read(0, bytes);
    const auto made = to.open(path, sys::OpenMode::create);
    to.claim(*made, {0, bytes.size()});
    made->write(0, bytes);
    to.sync(*made);
}

void copy_tree(Disk& from, Disk& to, const sys::Path& at) {
    to.make_directories(at);
    for (const std::string& name : from.list(at)) {
        if (const auto file = from.find(at / name))
            copy_file(*file, to, at / name);
        else
            copy_tree(from, to, at / name);
    }
    to.sync_directory(at);
}

void remove_below(Disk& disk, const sys::Path& at) {
    for (const std::string& name : disk.list(at)) {
        if (!disk.find(at / name)) remove_below(disk, at / name);
        disk.remove(at / name);
    }
    disk.sync_directory(at);
}

}  // namespace

void wipe_medium(Disk& disk) {
    disk.make_directories(medium_directory);
    disk.sync_directory("/");
    remove_below(disk, medium_directory);
}

void carry_medium(Disk& from, Disk& to) {
    wipe_medium(to);
    copy_tree(from, to, medium_directory);
}

}  // namespace reviver::sim
