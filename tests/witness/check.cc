#include "witness/check.h"

#include "base/error.h"
#include "witness/image.h"
#include "witness/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <string_view>

namespace reviver::witness {
namespace {

std::string group_of(const DiskHeader& header) {
    return {header.group, strnlen(header.group, sizeof(header.group))};
}

std::string place_text(const Place& place) {
    return fmt::format("disk {} of guest {}", place.disk, place.vm);
}

// One pass over the images of a group; each step narrows what the next may rely on.
class Examination {
  public:
    explicit Examination(const std::vector<std::filesystem::path>& paths) {
        for (const auto& path : paths)
            for (auto& image : read_images(path)) images_.push_back(std::move(image));
    }

    Verdict run() {
        if (!find_layout()) return verdict_;
        assign_places();
        find_last();
        for (const auto& [place, image] : by_place_) check_disk(place.first, place.second, *image);
        check_missing_disks();
        check_history();
        check_marks();
        return verdict_;
    }

  private:
    template <class... Args>
    void fault(fmt::format_string<Args...> format, Args&&... args) {
        ++verdict_.fault_count;
        if (verdict_.faults.size() < kFaultsMax) {
            verdict_.faults.push_back(fmt::format(format, std::forward<Args>(args)...));
        }
    }

    // The shape of the group from any disk that has one. False: all disks are blank, the group has
    // not begun.
    bool find_layout() {
        for (const auto& image : images_) {
            if (image.header_found == Found::garbage) {
                fault("{}: the first block is neither blank nor a witness header",
                      image.path.filename().string());
            }
            if (image.header_found == Found::record && !known_) {
                layout_ = {image.header.place.guests, image.header.place.disks, image.header.slots};
                verdict_.group = group_of(image.header);
                known_ = true;
            }
        }
        const std::size_t wanted = std::size_t{layout_.guests} * layout_.disks;
        if (known_ && images_.size() != wanted) {
            fail(Code::invalid_parameter,
                 "group {} has {} disks, but {} images are given: name every disk of every guest "
                 "once",
                 verdict_.group, wanted, images_.size());
        }
        return known_;
    }

    void assign_places() {
        for (const auto& image : images_) {
            if (image.header_found != Found::record) continue;
            const auto& header = image.header;
            const Layout its{header.place.guests, header.place.disks, header.slots};
            if (group_of(header) != verdict_.group || its.guests != layout_.guests ||
                its.disks != layout_.disks || its.slots != layout_.slots) {
                fail(Code::invalid_parameter, "{} is not of group {}",
                     image.path.filename().string(), verdict_.group);
            }
            if (!by_place_.try_emplace({header.place.vm, header.place.disk}, &image).second) {
                fail(Code::invalid_parameter, "{} is {} a second time",
                     image.path.filename().string(), place_text(header.place));
            }
        }
    }

    void find_last() {
        for (const auto& [place, image] : by_place_) {
            for (const auto& slot : image->slots) {
                if (slot.found != Found::record || slot.record.number <= verdict_.last_record)
                    continue;
                verdict_.last_record = slot.record.number;
                verdict_.last_written_at_ns = slot.record.written_at_ns;
            }
        }
    }

    void check_disk(std::uint32_t vm, std::uint32_t disk, const Image& image) {
        for (std::uint32_t slot = 0; slot < image.slots.size(); ++slot) {
            const auto expected = layout_.expected(vm, disk, slot, verdict_.last_record);
            check_slot(image, slot, expected);
        }
    }

    void check_slot(const Image& image, std::uint32_t number, std::uint64_t expected) {
        const Slot& slot = image.slots[number];
        const std::uint64_t found = slot.found == Found::record ? slot.record.number : 0;
        if (slot.found == Found::record && !belongs(slot.record, image.header)) {
            fault("{} slot {}: holds a block of another disk (record {} of {})",
                  place_text(image.header.place), number, found, place_text(slot.record.place));
        } else if (slot.found != Found::garbage && found == expected) {
            if (found != 0) keep(slot.record);
        } else if (slot.found == Found::garbage && under_way(image.header.place, number)) {
            verdict_.write_under_way = true;
        } else if (slot.found == Found::garbage) {
            fault("{} slot {}: record {} is damaged", place_text(image.header.place), number,
                  expected);
        } else if (expected == 0) {
            fault("{} slot {}: holds record {}, which has no place there",
                  place_text(image.header.place), number, found);
        } else {
            fault(
                "{} slot {}: record {} is not there (but {}), while record {} was written after it",
                place_text(image.header.place), number, expected, found, verdict_.last_record);
        }
    }

    static bool belongs(const Record& record, const DiskHeader& header) {
        return std::memcmp(&record.place, &header.place, sizeof(Place)) == 0 &&
               std::memcmp(record.group, header.group, sizeof(header.group)) == 0;
    }

    bool under_way(const Place& place, std::uint32_t slot) const {
        const std::uint64_t next = verdict_.last_record + 1;
        return layout_.vm_of(next) == place.vm && layout_.disk_of(next) == place.disk &&
               layout_.slot_of(next) == slot;
    }

    void keep(const Record& record) {
        ++verdict_.records;
        auto& links = history_[record.number];
        links = {record.chain[0], record.chain[1]};
    }

    // A disk without a header has no records, which is right only as long as none is due on it.
    void check_missing_disks() {
        for (std::uint32_t vm = 0; vm < layout_.guests; ++vm) {
            for (std::uint32_t disk = 0; disk < layout_.disks; ++disk) {
                if (by_place_.contains({vm, disk}) || !due(vm, disk)) continue;
                fault("disk {} of guest {} has no header, while record {} was written after it",
                      disk, vm, verdict_.last_record);
            }
        }
    }

    bool due(std::uint32_t vm, std::uint32_t disk) const {
        for (std::uint32_t slot = 0; slot < layout_.slots; ++slot) {
            if (layout_.expected(vm, disk, slot, verdict_.last_record) != 0) return true;
        }
        return false;
    }

    void check_history() {
        const Links* previous = nullptr;
        std::uint64_t previous_number = 0;
        for (const auto& [number, links] : history_) {
            if (previous && previous_number + 1 == number && links.previous != previous->own) {
                fault("record {} does not follow record {}: they are of different histories",
                      number, previous_number);
            }
            previous = &links;
            previous_number = number;
        }
    }

    void check_marks() {
        std::size_t quiesced = 0;
        for (const auto& [place, image] : by_place_) {
            if (!image->marked || image->mark.quiesced == 0) continue;
            ++quiesced;
            const std::uint64_t newest = newest_of_guest(place.first);
            if (newest != image->mark.last_record)
                fault("{}: its guest was quiesced at record {}, and record {} is there",
                      place_text(image->header.place), image->mark.last_record, newest);
        }
        verdict_.quiesced = quiesced == by_place_.size();
    }

    std::uint64_t newest_of_guest(std::uint32_t vm) const {
        std::uint64_t newest = 0;
        for (const auto& [place, image] : by_place_) {
            if (place.first != vm) continue;
            for (const auto& slot : image->slots)
                if (slot.found == Found::record) newest = std::max(newest, slot.record.number);
        }
        return newest;
    }

    struct Links {
        std::uint64_t own = 0;
        std::uint64_t previous = 0;
    };

    std::vector<Image> images_;
    Layout layout_;
    bool known_ = false;
    std::map<std::pair<std::uint32_t, std::uint32_t>, const Image*> by_place_;
    std::map<std::uint64_t, Links> history_;
    Verdict verdict_;
};

}  // namespace

Verdict check(const std::vector<std::filesystem::path>& images) {
    return Examination(images).run();
}

}  // namespace reviver::witness
