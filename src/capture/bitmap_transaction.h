// Changes to dirty bitmaps of one QEMU that happen together or not at all, and between two guest
// writes. QMP "transaction" with block-dirty-bitmap-* actions; QEMU 7.2, docs/interop/bitmaps.rst.
#pragma once

#include "qemu/qmp.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace reviver::capture {

struct NewBitmap {
    std::string name;
    std::uint64_t granularity_bytes = 0;
    bool persistent = false;
    bool recording = true;
};

class BitmapTransaction {
  public:
    BitmapTransaction();
    ~BitmapTransaction();

    void add(const std::string& node, const NewBitmap& bitmap);
    void enable(const std::string& node, const std::string& bitmap);
    void disable(const std::string& node, const std::string& bitmap);
    void merge(const std::string& node, const std::string& target,
               const std::vector<std::string>& sources);
    void remove(const std::string& node, const std::string& bitmap);

    // Does nothing when nothing was added.
    void run(const qemu::Qmp& qmp);

  private:
    struct Actions;
    std::unique_ptr<Actions> actions_;
};

}  // namespace reviver::capture
