#include "sim/disk.h"

#include "base/error.h"

#include <algorithm>
#include <set>

namespace reviver::sim {

namespace {

std::string key_of(const sys::Path& path) {
    std::string text = ("/" / path).lexically_normal().string();
    if (text.size() > 1 && text.back() == '/') text.pop_back();
    return text;
}

std::string parent_of(const std::string& path) {
    return sys::Path(path).parent_path().string();
}

bool lies_under(const std::string& path, const std::string& directory) {
    return path.size() > directory.size() && path.starts_with(directory) &&
           path[directory.size()] == '/';
}

[[noreturn]] void fail_not_found(const std::string& path) {
    fail(Code::not_found, "{}: no such file or directory", path);
}

}  // namespace

Disk::Disk() {
    durable_["/"] = seen_["/"] = nullptr;
}

std::shared_ptr<Inode> Disk::open(const Path& path, sys::OpenMode mode) {
    const std::string key = key_of(path);
    const auto found = seen_.find(key);
    const bool there = found != seen_.end();
    if (there && !found->second) fail(Code::failed, "{}: is a directory", key);
    if (there && mode == sys::OpenMode::create_new) fail(Code::exists, "{}: exists", key);
    if (there) return found->second;
    if (mode == sys::OpenMode::read || mode == sys::OpenMode::write) fail_not_found(key);
    require_parent(key);
    auto inode = std::make_shared<Inode>();
    inodes_.push_back(inode);
    make({key, {}, inode, false});
    return inode;
}

bool Disk::exists(const Path& path) const {
    return seen_.contains(key_of(path));
}

void Disk::rename(const Path& from, const Path& to) {
    const std::string old_key = key_of(from);
    const std::string new_key = key_of(to);
    const auto found = seen_.find(old_key);
    if (found == seen_.end()) fail_not_found(old_key);
    require_parent(new_key);
    if (is_directory(new_key) && has_entries(new_key)) {
        fail(Code::failed, "{}: directory not empty", new_key);
    }
    if (old_key != new_key) make({old_key, new_key, found->second, false});
}

void Disk::remove(const Path& path) {
    const std::string key = key_of(path);
    if (!seen_.contains(key)) return;
    if (has_entries(key)) fail(Code::failed, "{}: directory not empty", key);
    make({key, {}, nullptr, true});
}

void Disk::make_directories(const Path& path) {
    const std::string key = key_of(path);
    if (is_directory(key)) return;
    if (seen_.contains(key)) fail(Code::exists, "{}: is a file", key);
    make_directories(parent_of(key));
    make({key, {}, nullptr, false});
}

void Disk::sync_directory(const Path& path) {
    const std::string key = key_of(path);
    if (!is_directory(key)) fail_not_found(key);
    if (forgets_syncs_) return;
    for (std::size_t i = 0; i < pending_.size();) {
        const Change& change = pending_[i];
        const bool inside = parent_of(change.path) == key ||
                            (!change.new_path.empty() && parent_of(change.new_path) == key);
        if (inside || rules_ == NameRules::journalled) {
            make_durable(i);
            i = 0;
        } else {
            ++i;
        }
    }
}

std::vector<std::string> Disk::list(const Path& directory) const {
    const std::string key = key_of(directory);
    if (!is_directory(key)) fail_not_found(key);
    std::vector<std::string> names;
    for (const auto& [path, inode] : seen_) {
        if (path != "/" && parent_of(path) == key) names.push_back(Path(path).filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

sys::Space Disk::space() const {
    std::uint64_t used = 0;
    for (const auto& weak : inodes_) {
        if (const auto inode = weak.lock()) used += inode->content().allocated();
    }
    const std::uint64_t total = capacity_ == 0 ? std::uint64_t{1} << 50 : capacity_;
    return {total - std::min(used, total), total};
}

void Disk::claim(const Inode& inode, Range range) const {
    if (capacity_ == 0) return;
    if (inode.content().missing_pages(range) * page_bytes > space().free_bytes) {
        fail(Code::no_space, "no space left on the simulated device");
    }
}

void Disk::sync(Inode& inode) const {
    if (!forgets_syncs_) inode.sync();
}

void Disk::lose_power(Prng& prng) {
    const std::size_t prefix = prng.below(pending_.size() + 1);
    for (std::size_t i = 0; i < pending_.size(); ++i) {
        const bool kept = rules_ == NameRules::journalled ? i < prefix : prng.one_in(2);
        if (kept) apply(durable_, pending_[i]);
    }
    pending_.clear();
    seen_ = durable_;
    for (const auto& weak : inodes_) {
        if (const auto inode = weak.lock()) inode->lose_power(prng);
    }
    std::erase_if(inodes_, [](const auto& weak) { return weak.expired(); });
}

std::shared_ptr<Inode> Disk::find(const Path& path) const {
    const auto found = seen_.find(key_of(path));
    return found == seen_.end() ? nullptr : found->second;
}

void Disk::make(Change change) {
    apply(seen_, change);
    pending_.push_back(std::move(change));
}

void Disk::apply(Names& names, const Change& change) {
    if (change.removes) {
        names.erase(change.path);
        return;
    }
    const std::string& place = change.new_path.empty() ? change.path : change.new_path;
    for (std::string parent = parent_of(place); parent != "/"; parent = parent_of(parent)) {
        names.emplace(parent, nullptr);
    }
    names[place] = change.inode;
    if (change.new_path.empty()) return;
    names.erase(change.path);
    if (change.inode) return;
    // A directory takes along what is in it.
    Names moved;
    std::erase_if(names, [&](const auto& entry) {
        if (!lies_under(entry.first, change.path)) return false;
        moved[place + entry.first.substr(change.path.size())] = entry.second;
        return true;
    });
    names.merge(moved);
}

// A file that is durable under a later name has no earlier name that could still come back.
void Disk::make_durable(std::size_t index) {
    const auto self = pending_.begin() + static_cast<std::ptrdiff_t>(index);
    const Change change = std::move(*self);
    apply(durable_, change);
    const auto kept_end = std::remove_if(pending_.begin(), self, [&](const Change& earlier) {
        return change.inode && earlier.inode == change.inode;
    });
    pending_.erase(kept_end, self + 1);
}

bool Disk::is_directory(const std::string& path) const {
    const auto found = seen_.find(path);
    return found != seen_.end() && !found->second;
}

void Disk::require_parent(const std::string& path) const {
    if (!is_directory(parent_of(path))) fail_not_found(parent_of(path));
}

bool Disk::has_entries(const std::string& path) const {
    return std::any_of(seen_.begin(), seen_.end(),
                       [&](const auto& entry) { return lies_under(entry.first, path); });
}

}  // namespace reviver::sim
