// Work of a running QEMU on a disk's chain of images, by way of libvirt, which keeps account of the
// chain.
//
// Errors: as in hypervisor.h; Code::in_use when the disk has a job already, Code::not_found when
// `base` is not in its chain.
#pragma once

#include "model/names.h"

#include <cstdint>
#include <optional>
#include <string>

namespace reviver::hypervisor {

struct BlockJob {
    std::uint64_t done = 0;  // in the unit of `total`; both may grow
    std::uint64_t total = 0;
};

class BlockJobs {
  public:
    virtual ~BlockJobs() = default;
    // Begins to copy into the top image of a disk what the images between it and `base` hold; at
    // the end the top image builds on `base` alone. An end of QEMU ends the job; beginning again
    // goes on where it was.
    virtual void start_pull(const DiskKey& disk, const std::string& base) = 0;
    virtual std::optional<BlockJob> block_job(const DiskKey& disk) = 0;
    virtual void cancel_block_job(const DiskKey& disk) = 0;
};

}  // namespace reviver::hypervisor
