// Judges the disks of a witness group: do they show the group as it was at one moment?
//
// In: one image of every disk of every guest of the group, and of the disk that they share, in any
// order, as files that hold the raw contents. Out: a Verdict. With N the newest record found
// anywhere, the rule is exact, not a sample: every slot of every disk holds the very record that
// the layout says for N, all of one history, and nothing else. One slot may hold anything: that of
// record N+1, whose write may have been under way and was not acknowledged. And a disk that says
// that its guest is quiesced holds no record which that guest wrote later.
//
// Throws Error: a file that cannot be read, or a set of images that is no witness group at all. Bad
// contents are no error but faults. No threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace reviver::witness {

constexpr std::size_t kFaultsMax = 20;  // of a verdict; the rest is counted

struct Verdict {
    std::string group;
    std::uint64_t last_record = 0;        // 0: the group has not begun
    std::int64_t last_written_at_ns = 0;  // the guest's clock, since 1970
    std::uint64_t records = 0;            // that were found and are right
    bool write_under_way = false;  // the slot of the record after the last one holds half a write
    bool quiesced = false;         // every disk says that its guest was quiesced before the freeze
    std::uint64_t fault_count = 0;
    std::vector<std::string> faults;  // the first kFaultsMax, in words

    bool holds() const { return fault_count == 0; }
};

Verdict check(const std::vector<std::filesystem::path>& images);

}  // namespace reviver::witness
