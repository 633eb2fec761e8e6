// What the store's tests share: a directory that goes away, bytes from a seed, and a chain's
// content.
#pragma once

#include "base/bytes.h"
#include "model/names.h"
#include "point/image.h"
#include "sys/world.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>

namespace reviver::store {

class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        std::string name = parent() + "reviver-store-XXXXXX";
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        path_ = name;
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    const sys::Path& path() const { return path_; }

  private:
    // In memory where there is room: the tests sync a lot, and what a sync is worth is not their
    // question.
    static std::string parent() {
        std::error_code error;
        const auto room = std::filesystem::space("/dev/shm", error);
        return !error && room.available > (1ull << 30) ? "/dev/shm/" : testing::TempDir();
    }

    sys::Path path_;
};

inline CollectionId test_collection() {
    return *CollectionId::parse("11111111-2222-4333-8444-555555555555");
}
inline VmId test_vm() {
    return *VmId::parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee");
}

// Never all zeros in a block, so that data is told from holes.
inline Bytes random_bytes(std::uint64_t seed, std::size_t length) {
    std::mt19937_64 random(seed + 1);
    Bytes bytes(length);
    for (std::size_t at = 0; at < length; at += 8) {
        std::byte word[8];
        store_le<std::uint64_t>(word, random());
        std::memcpy(&bytes[at], word, std::min<std::size_t>(8, length - at));
    }
    return bytes;
}

inline Bytes content_of(point::Image& image) {
    Bytes content(image.size_bytes());
    image.read(0, content);
    return content;
}

// The exit status of a command of the shell.
inline int run(const std::string& command) {
    return std::system(command.c_str());
}

}  // namespace reviver::store
