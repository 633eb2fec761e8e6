// Which VMs are about to be held, or frozen, written before: if the daemon dies in the middle of
// it, the next one knows whom it must resume, or thaw. A VM that its user paused is not in it. One
// thread at a time.
#pragma once

#include "model/names.h"
#include "sys/files.h"

#include <cstdint>
#include <vector>

namespace reviver::capture {

struct RecordedVm {
    VmId id;
    std::int64_t process_id =
        0;  // hypervisor::Domain::process_id: another QEMU since then is nobody we stopped
    bool operator==(const RecordedVm&) const = default;
};

class HoldRecord {
  public:
    HoldRecord(sys::Files& files, const sys::Path& directory, const char* name = "held.json");

    void write(const std::vector<RecordedVm>& vms);
    void clear();
    std::vector<RecordedVm> read();  // empty when there is none

  private:
    sys::Files& files_;
    sys::Path file_;
};

}  // namespace reviver::capture
