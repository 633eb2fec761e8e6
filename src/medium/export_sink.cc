#include "medium/export_sink.h"

#include "base/error.h"
#include "base/log.h"
#include "medium/limits.h"
#include "medium/look_for.h"
#include "medium/names.h"
#include "medium/running_sha256.h"

#include <algorithm>

namespace reviver::medium {

namespace {

Manifest read_manifest(sys::Files& files, const sys::Path& directory) {
    const Bytes content = sys::read_file(files, directory / manifest_name, manifest_bytes_max);
    return manifest_from_text({reinterpret_cast<const char*>(content.data()), content.size()});
}

Unfinished read_unfinished(sys::Files& files, const sys::Path& directory) {
    const Bytes content = sys::read_file(files, directory / unfinished_name, manifest_bytes_max);
    return unfinished_from_text({reinterpret_cast<const char*>(content.data()), content.size()});
}

// Something of somebody else may lie in it: then it stays.
void remove_if_empty(sys::Files& files, const sys::Path& directory) {
    try {
        if (files.exists(directory) && files.list(directory).empty()) files.remove(directory);
    } catch (const Error& error) {
        log_info("{} stays: {}", directory.string(), error.what());
    }
}

void remove_all(sys::Files& files, const sys::Path& directory, const Unfinished& made) {
    for (const std::string& file : made.files)
        if (files.exists(directory / file)) files.remove(directory / file);
    for (const std::string& name : made.directories) remove_if_empty(files, directory / name);
    files.sync_directory(directory);
}

Unfinished made_by(const Manifest& manifest) {
    Unfinished made{manifest.collection, {}, {}};
    for (const Manifest::Disk& disk : manifest.disks) {
        made.files.push_back(disk.directory + "/" + disk.file);
        if (std::ranges::find(made.directories, disk.directory) == made.directories.end())
            made.directories.push_back(disk.directory);
    }
    return made;
}

}  // namespace

void require_free(sys::Files& files, const sys::Path& directory, CollectionId collection) {
    if (!directory.is_absolute())
        fail(Code::invalid_parameter,
             "'{}' is no absolute path; the directory is one of the machine that the site runs on",
             directory.string());
    try {
        look_for([&] { return files.list(directory); });
    } catch (Error& error) {
        error.add_context("the directory to export to has to be there");
        throw;
    }
    if (files.exists(directory / manifest_name))
        fail(Code::exists, "{} holds an exported initial copy already: choose an empty directory",
             directory.string());
    if (!files.exists(directory / unfinished_name)) return;
    const Unfinished before = read_unfinished(files, directory);
    if (before.collection != collection)
        fail(Code::exists, "{} holds the unfinished export of another collection, {}",
             directory.string(), before.collection.text());
}

// The manifest goes first, and durably: what loses its files must not look whole.
void discard(sys::Files& files, const sys::Path& directory, CollectionId collection,
             bool complete_too) {
    if (complete_too && files.exists(directory / manifest_name)) {
        const Manifest manifest = read_manifest(files, directory);
        if (manifest.collection != collection) return;
        sys::replace_file(files, directory / unfinished_name, bytes_of(to_text(made_by(manifest))));
        files.remove(directory / manifest_name);
        files.sync_directory(directory);
    }
    if (!files.exists(directory / unfinished_name)) return;
    const Unfinished made = read_unfinished(files, directory);
    if (made.collection != collection) return;
    if (files.exists(directory / manifest_name)) {
        // Complete: only the mark was left over.
        files.remove(directory / unfinished_name);
        return files.sync_directory(directory);
    }
    remove_all(files, directory, made);
    files.remove(directory / unfinished_name);
    files.sync_directory(directory);
}

ExportSink::ExportSink(sys::World& world, sys::Path directory, Title title, ReadBack read_back)
    : world_(world),
      directory_(std::move(directory)),
      title_(std::move(title)),
      read_back_(std::move(read_back)) {}

void ExportSink::lay_out() {
    disks_.clear();
    directories_.clear();
    for (const auto& disk : header_.disks) {
        const DiskKey& key = disk.shape.key;
        // One that VMs share is of none of them, and has a directory of its own.
        const auto vm = std::ranges::find(title_.vms, key.vm, &VmDefinition::id);
        const std::string& name = vm == title_.vms.end() ? key.target : vm->name;
        if (!is_target(key.target))
            fail(Code::invalid_parameter, "disk {} cannot be exported", key.text());
        Manifest::Disk entry;
        entry.shape = disk.shape;
        entry.directory = directory_of(key.vm, name);
        entry.file = key.target + ".raw";
        if (std::ranges::find(directories_, entry.directory) == directories_.end())
            directories_.push_back(entry.directory);
        disks_.push_back({std::move(entry), nullptr});
    }
}

void ExportSink::mark_unfinished() {
    Unfinished mark{header_.collection, directories_, {}};
    for (const Disk& disk : disks_)
        mark.files.push_back(disk.entry.directory + "/" + disk.entry.file);
    sys::replace_file(world_.files, directory_ / unfinished_name, bytes_of(to_text(mark)));
}

void ExportSink::make_files() {
    for (const std::string& name : directories_) {
        if (world_.files.exists(directory_ / name) && !world_.files.list(directory_ / name).empty())
            fail(Code::exists, "{} is there already: choose an empty directory",
                 (directory_ / name).string());
    }
    mark_unfinished();
    for (const std::string& name : directories_) world_.files.make_directories(directory_ / name);
    for (Disk& disk : disks_) {
        disk.file = world_.files.open(directory_ / disk.entry.directory / disk.entry.file,
                                      sys::OpenMode::create_new);
        disk.file->resize(disk.entry.shape.size_bytes);
    }
}

point::ReceiveState ExportSink::open(const point::ReceiveHeader& header) {
    header_ = header;
    for (const auto& disk : header.disks)
        if (disk.bulk != point::Bulk::full)
            fail(Code::invalid_parameter, "a medium takes whole disks");
    lay_out();
    require_free(world_.files, directory_, header.collection);
    look_for([&] {
        discard(world_.files, directory_, header.collection, false);
        make_files();
    });
    return {true, false, std::vector<std::uint64_t>(disks_.size(), 0)};
}

std::uint64_t ExportSink::begin_cut(const point::CutHeader& cut) {
    cut_ = cut;
    return 0;
}

void ExportSink::write(const point::Chunk& chunk) {
    if (chunk.disk >= disks_.size())
        fail(Code::corrupt, "a chunk is for disk {} of {}", chunk.disk, disks_.size());
    Disk& disk = disks_[chunk.disk];
    point::validate(chunk, disk.entry.shape.size_bytes);
    ByteView payload = chunk.payload;
    for (const Extent& extent : chunk.extents) {
        if (extent.content == Content::zero) {
            // Before the cut the file is new and reads as zeros.
            if (!cut_.id.is_none()) disk.file->punch({extent.offset, extent.length});
            continue;
        }
        disk.file->write_at(extent.offset, payload.first(extent.length));
        payload = payload.subspan(extent.length);
    }
    unsynced_bytes_ += chunk.payload.size();
    if (unsynced_bytes_ < sync_every_bytes) return;
    sync();
    if (world_.files.space(directory_).free_bytes < free_bytes_min)
        fail(Code::no_space, "{} is full: the export needs a larger medium", directory_.string());
}

point::CompareAnswer ExportSink::compare(std::uint32_t, std::uint64_t, const std::vector<Hash>&) {
    fail(Code::not_supported, "a medium is written whole");
}

void ExportSink::sync() {
    for (Disk& disk : disks_) disk.file->sync();
    unsynced_bytes_ = 0;
}

Hash ExportSink::read_back(sys::File& file, std::uint64_t size_bytes) {
    RunningSha256 sum;
    Bytes buffer(read_bytes);
    for (std::uint64_t at = 0; at < size_bytes; at += buffer.size()) {
        if (read_back_.stopped && read_back_.stopped())
            fail(Code::stopped, "the export was stopped");
        const ByteSpan part =
            ByteSpan(buffer).first(std::min<std::uint64_t>(buffer.size(), size_bytes - at));
        file.read_exactly(at, part);
        sum.add(part);
        read_bytes_ += part.size();
        if (read_back_.progress) read_back_.progress(read_bytes_);
    }
    return sum.take();
}

Manifest ExportSink::describe() const {
    Manifest manifest;
    manifest.collection = header_.collection;
    manifest.name = title_.collection_name;
    manifest.primary = title_.primary;
    manifest.recovery = title_.recovery;
    manifest.epoch = header_.epoch;
    manifest.sequence = header_.sequence;
    manifest.cut = cut_.id;
    manifest.kind = cut_.kind;
    manifest.consistency = cut_.consistency;
    manifest.cut_time = cut_.time;
    manifest.written = world_.clock.wall();
    manifest.vms = cut_.vms;
    for (const Disk& disk : disks_) manifest.disks.push_back(disk.entry);
    return manifest;
}

void ExportSink::commit(const point::CutTrailer&) {
    if (cut_.id.is_none()) fail(Code::invalid_state, "a commit without a cut");
    // Somebody may have taken the medium away.
    look_for([&] { complete(); });
}

void ExportSink::complete() {
    sync();
    for (const std::string& name : directories_) world_.files.sync_directory(directory_ / name);
    world_.files.sync_directory(directory_);
    for (Disk& disk : disks_)
        disk.entry.sha256 = read_back(*disk.file, disk.entry.shape.size_bytes);
    sys::replace_file(world_.files, directory_ / manifest_name, bytes_of(to_text(describe())));
    world_.files.remove(directory_ / unfinished_name);
    world_.files.sync_directory(directory_);
}

}  // namespace reviver::medium
