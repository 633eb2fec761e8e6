// qemu-img, for images that no VM has open for writing. Whatever only reads does not take QEMU's
// image lock, so that a VM which starts at the same moment is not kept from it.
//
// Formats: always said, never guessed; a guest could write a header into its raw disk that makes it
// look like another format. Errors: Code::not_found for a missing image, Code::corrupt for one that
// is not of the stated format, Code::no_space, Code::failed with qemu-img's text; Code::timeout and
// Code::stopped as in process.h.
#pragma once

#include "qemu/process.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace reviver::qemu {

using Path = std::filesystem::path;

struct SavedBitmap {
    std::string name;
    std::uint64_t granularity_bytes = 0;
    bool in_use = false;     // not saved by the last who had it open: inconsistent
    bool recording = false;  // records from the next open on
};

struct ImageInfo {
    std::string format;
    std::uint64_t size_bytes = 0;
    std::uint64_t disk_bytes = 0;  // what it takes on disk
    std::string backing_file;      // as the header says it; empty for none
    std::string backing_format;
    Path backing_path;     // the same, resolved
    bool corrupt = false;  // marked so by QEMU
    std::vector<SavedBitmap> bitmaps;
};

ImageInfo image_info(const Path& image, const std::string& format);
// From the top down, the formats of backing images as the headers state them.
std::vector<ImageInfo> chain_info(const Path& top, const std::string& format);

void create_qcow2(const Path& image, std::uint64_t size_bytes);
// A qcow2 image that reads as `backing` does and takes what is written. `size_bytes` may be larger
// than the backing image.
void create_overlay(const Path& image, const Path& backing, const std::string& backing_format,
                    std::uint64_t size_bytes);

// Makes the bitmap part of the image; it records from the moment the image is opened for writing.
void add_bitmap(const Path& image, const std::string& name, std::uint64_t granularity_bytes);
void remove_bitmap(const Path& image, const std::string& name);

struct CheckResult {
    std::uint64_t corruptions = 0;
    std::uint64_t leaked_clusters = 0;
    std::uint64_t errors = 0;  // of the check itself
    bool clean() const { return corruptions == 0 && leaked_clusters == 0 && errors == 0; }
};
CheckResult check_image(const Path& image, const std::string& format);

// Whether two images read the same; one that is longer must have zeros there.
bool same_content(const Path& a, const std::string& a_format, const Path& b,
                  const std::string& b_format);

}  // namespace reviver::qemu
