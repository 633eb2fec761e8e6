// The file system of one site. It outlives the site's process and its power; see Inode for what a
// power cut leaves of a file's content. Names are pending too, until their directory is synced:
//   journalled  as on ext4 or XFS: a power cut leaves the names as they were after the first so
//   many changes, and syncing any
//               directory makes all changes so far durable
//   loose       what POSIX alone promises: each change is kept or lost on its own, and syncing a
//   directory covers its entries
// A rename happens or does not, in both.
#pragma once

#include "sim/inode.h"
#include "sys/files.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace reviver::sim {

enum class NameRules : std::uint8_t { journalled, loose };

class Disk {
  public:
    using Path = sys::Path;
    Disk();

    std::shared_ptr<Inode> open(const Path& path, sys::OpenMode mode);
    bool exists(const Path& path) const;
    void rename(const Path& from, const Path& to);
    void remove(const Path& path);
    void make_directories(const Path& path);
    void sync_directory(const Path& path);
    std::vector<std::string> list(const Path& directory) const;

    // `bytes` may be 0: no limit.
    void set_capacity(std::uint64_t bytes) { capacity_ = bytes; }
    sys::Space space() const;
    // Throws Code::no_space when these bytes of the file cannot be allocated.
    void claim(const Inode& inode, Range range) const;

    void sync(Inode& inode) const;
    // A medium that lies: syncing does nothing.
    void set_forgets_syncs(bool forgets) { forgets_syncs_ = forgets; }

    void set_name_rules(NameRules rules) { rules_ = rules; }
    void lose_power(Prng& prng);
    // The file for a test that looks at the medium or harms it; null when there is none.
    std::shared_ptr<Inode> find(const Path& path) const;

  private:
    // A file, or a directory where `inode` is null.
    using Names = std::map<std::string, std::shared_ptr<Inode>>;
    struct Change {
        std::string path;
        std::string new_path;  // of a rename
        std::shared_ptr<Inode> inode;
        bool removes = false;
    };
    void make(Change change);
    static void apply(Names& names, const Change& change);
    void make_durable(std::size_t index);
    bool is_directory(const std::string& path) const;
    void require_parent(const std::string& path) const;
    bool has_entries(const std::string& path) const;

    Names seen_;
    Names durable_;
    std::vector<Change> pending_;
    std::vector<std::weak_ptr<Inode>> inodes_;
    std::uint64_t capacity_ = 0;
    bool forgets_syncs_ = false;
    NameRules rules_ = NameRules::journalled;
};

}  // namespace reviver::sim
