// What a site knows of each disk that several VMs share, kept in DATA/shared/<id>/disk.json; the
// format is docs/formats/shared_disks.md. A record is replaced as a whole and durable when save()
// returns.
//
// Errors: Code::corrupt for a record that cannot be understood. One thread at a time per disk.
#pragma once

#include "model/names.h"
#include "sys/files.h"

#include <optional>
#include <string>
#include <vector>

namespace reviver::sharing {

struct Image {
    sys::Path path;
    std::string format;  // "qcow2", "raw"
    bool operator==(const Image&) const = default;
};

struct SharedDisk {
    VmId id;
    std::string name;
    Image image;
    std::string lock;  // why it is not to be served; empty: it is
    // Of a disk that a failover or a test set up: what it was here before; nothing for one that
    // came with it.
    struct Before {
        Image image;
        std::string lock;
    };
    bool set_up_by_failover = false;
    std::optional<Before> before;
};

class Records {
  public:
    Records(sys::Files& files, sys::Path data) : files_(files), data_(std::move(data)) {}

    std::vector<SharedDisk> load();
    void save(const SharedDisk& disk);
    void remove(VmId disk);

  private:
    sys::Path path_of(VmId disk) const;

    sys::Files& files_;
    sys::Path data_;
};

}  // namespace reviver::sharing
