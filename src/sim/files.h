// sys::Files on a simulated disk. Every call is a step of the site; changes count as
// Step::file_change. SQLite keeps its databases here too, through the VFS that sqlite_vfs() names.
#pragma once

#include "sim/disk.h"
#include "sim/gate.h"
#include "sim/sqlite_vfs.h"
#include "sys/clock.h"

namespace reviver::sim {

class SimFiles : public sys::Files {
  public:
    SimFiles(Disk& disk, Gate& gate, sys::Clock& clock, Prng prng)
        : disk_(disk), gate_(gate), vfs_(disk, gate, clock, prng) {}

    std::unique_ptr<sys::File> open(const sys::Path& path, sys::OpenMode mode) override;
    bool exists(const sys::Path& path) override;
    void rename(const sys::Path& from, const sys::Path& to) override;
    void remove(const sys::Path& path) override;
    void make_directories(const sys::Path& path) override;
    void sync_directory(const sys::Path& path) override;
    std::vector<std::string> list(const sys::Path& directory) override;
    sys::Space space(const sys::Path& path) override;
    const char* sqlite_vfs() const override { return vfs_.name(); }

  private:
    Disk& disk_;
    Gate& gate_;
    SqliteVfs vfs_;
};

}  // namespace reviver::sim
