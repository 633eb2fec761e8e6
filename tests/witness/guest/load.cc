#include "witness/guest/load.h"

#include "witness/layout.h"
#include "witness/record.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstring>

namespace reviver::witness {
namespace {

struct Target {
    int file = -1;
    std::uint64_t first = 0;  // block of the guest's part
    std::uint64_t blocks = 0;
};

Target open_target(const Settings& settings, std::uint32_t disk) {
    char path[] = "/dev/vda";
    path[7] = static_cast<char>('a' + disk);
    Target target;
    target.file = open(path, O_WRONLY | O_DIRECT | O_CLOEXEC);
    std::uint64_t size_bytes = 0;
    if (target.file < 0 || ioctl(target.file, BLKGETSIZE64, &size_bytes) != 0)
        die("load: no %s", path);
    if (settings.shared != 0 && disk + 1 == settings.disks) {
        size_bytes = part_bytes(size_bytes, settings.guests);
        target.first = settings.vm * (size_bytes / kBlockBytes);
    }
    target.blocks = size_bytes / kBlockBytes;
    return target;
}

void write_somewhere(const Target& target, std::uint64_t random) {
    alignas(kBlockBytes) static std::byte block[kBlockBytes];
    for (std::size_t at = 0; at < kBlockBytes; at += sizeof(random)) {
        const std::uint64_t word = mix(random + at);
        std::memcpy(block + at, &word, sizeof(word));
    }
    const std::uint64_t upper = target.blocks - target.blocks / 2;
    const std::uint64_t at = target.first + target.blocks / 2 + random % upper;
    if (pwrite(target.file, block, kBlockBytes, static_cast<off_t>(at * kBlockBytes)) < 0) {
        die("load: cannot write");
    }
}

[[noreturn]] void write_for_ever(const Settings& settings) {
    Target targets[kDisksMax];
    for (std::uint32_t disk = 0; disk < settings.disks; ++disk)
        targets[disk] = open_target(settings, disk);
    std::uint64_t random = mix(static_cast<std::uint64_t>(wall_ns()) + settings.vm);
    const std::int64_t began = monotonic_ms();
    for (std::uint64_t written = 0;; ++written) {
        const auto due =
            began + static_cast<std::int64_t>(written * 1000 / settings.load_per_second);
        while (monotonic_ms() < due) usleep(2000);
        random = mix(random);
        write_somewhere(targets[written % settings.disks], random);
    }
}

}  // namespace

void start_load(const Settings& settings) {
    if (settings.load_per_second == 0) return;
    const pid_t child = fork();
    if (child < 0) die("load: cannot fork");
    if (child == 0) write_for_ever(settings);
}

}  // namespace reviver::witness
