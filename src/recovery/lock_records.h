// What a VM was before it was locked, kept in a file each until it is unlocked:
// DATA/locks/<vm-id>.json.
#pragma once

#include "model/names.h"
#include "sys/files.h"

#include <optional>
#include <string>

namespace reviver::recovery {

struct LockRecord {
    std::string definition;  // before the lock; of a replica made here, what it was made from
    std::string locked;      // as libvirt shows it since; "" when a crash came between
    bool autostart = false;  // before the lock
    bool made_here = false;  // a replica that we defined: nobody had it before
    // The run (Domain::process_id) that the lock found, and that goes on; 0 for none.
    std::int64_t run = 0;
    std::string saved;  // the definition beside its saved state before the lock; "" without one
};

class LockRecords {
  public:
    LockRecords(sys::Files& files, const sys::Path& data)
        : files_(files), directory_(data / "locks") {}

    const sys::Path& directory() const { return directory_; }
    std::optional<LockRecord> find(VmId vm);
    void save(VmId vm, const LockRecord& record);
    void remove(VmId vm);

  private:
    sys::Path path_of(VmId vm) const { return directory_ / (vm.text() + ".json"); }

    sys::Files& files_;
    sys::Path directory_;
};

}  // namespace reviver::recovery
