// Exports an image (with its backing chain) read-only by a qemu-nbd of our own, for as long as the
// object lives.
//
// The image is opened without QEMU's lock on it ("force-share"): a VM that starts meanwhile is not
// kept from its disk. What is read from then on may be a mixture; whoever reads must notice the
// start and drop what was read.
//
// Errors: Code::not_found for a missing image, Code::failed with qemu-nbd's text. Any thread; one
// object in one thread at a time.
#pragma once

#include "point/image.h"
#include "qemu/nbd_reader.h"
#include "qemu/process.h"
#include "qemu/scratch_directory.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace reviver::qemu {

struct OfflineImage {
    std::filesystem::path path;
    std::string format;
    std::string bitmap;  // a persistent bitmap to expose; "" for none
};

class OfflineExport {
  public:
    explicit OfflineExport(const OfflineImage& image);
    // Takes any number of connections.
    NbdAddress address() const;
    bool running() { return process_->running(); }

  private:
    void wait_until_serving();

    ScratchDirectory directory_;
    std::unique_ptr<Process> process_;
    // Qemu-nbd ends with its last connection. This one holds it.
    std::unique_ptr<NbdReader> keeper_;
};

class OfflineImageOpener : public point::ImageOpener {
  public:
    std::unique_ptr<point::Image> open(const sys::Path& path, const std::string& format) override;
};

}  // namespace reviver::qemu
