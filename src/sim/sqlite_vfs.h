// An SQLite VFS whose files lie on a simulated disk. SQLite can neither be put aside in the middle
// of a call (all tasks are one thread, so its mutexes protect nothing) nor be thrown through; its
// calls therefore never yield, and when the site dies they fail.
//
// There is no shared memory: WAL databases need `PRAGMA locking_mode=EXCLUSIVE` before the first
// access.
#pragma once

#include "sim/disk.h"
#include "sim/gate.h"
#include "sys/clock.h"

#include <sqlite3.h>

#include <map>
#include <set>
#include <string>

namespace reviver::sim {

class SqliteVfs {
  public:
    SqliteVfs(Disk& disk, Gate& gate, sys::Clock& clock, Prng prng);
    ~SqliteVfs();
    SqliteVfs(const SqliteVfs&) = delete;
    SqliteVfs& operator=(const SqliteVfs&) = delete;
    const char* name() const { return name_.c_str(); }

  private:
    friend struct VfsCalls;
    struct Locks {
        std::set<const void*> shared;
        const void* reserved = nullptr;
        const void* exclusive = nullptr;
    };

    Disk& disk_;
    Gate& gate_;
    sys::Clock& clock_;
    Prng prng_;
    std::map<const Inode*, Locks> locks_;
    std::string name_;
    sqlite3_vfs vfs_{};
};

// SQLite's own generator, which it seeds once a process, gives the same numbers from here on.
void seed_sqlite(std::uint64_t seed);

}  // namespace reviver::sim
