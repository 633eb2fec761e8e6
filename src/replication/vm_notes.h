// What was noticed about single VMs and belongs into the health of their collection: each text
// stays for limits::vm_note_kept, a newer one about the same VM takes its place. Any thread may
// call.
#pragma once

#include "model/names.h"
#include "sys/clock.h"

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace reviver::replication {

class VmNotes {
  public:
    // Beyond limits::vm_notes_max the oldest one goes.
    void add(VmId vm, std::string text, sys::WallTime now);
    // Those about `vms`, in their order.
    std::vector<std::string> about(const std::vector<VmId>& vms, sys::WallTime now);

  private:
    struct Note {
        std::string text;
        sys::WallTime at;
    };

    std::mutex mutex_;
    std::map<VmId, Note> notes_;
};

}  // namespace reviver::replication
