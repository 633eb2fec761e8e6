#include "replication/vm_notes.h"

#include "replication/limits.h"

#include <algorithm>

namespace reviver::replication {

void VmNotes::add(VmId vm, std::string text, sys::WallTime now) {
    const std::lock_guard lock(mutex_);
    notes_[vm] = {std::move(text), now};
    if (notes_.size() <= limits::vm_notes_max) return;
    notes_.erase(std::min_element(notes_.begin(), notes_.end(), [](const auto& a, const auto& b) {
        return a.second.at < b.second.at;
    }));
}

std::vector<std::string> VmNotes::about(const std::vector<VmId>& vms, sys::WallTime now) {
    const std::lock_guard lock(mutex_);
    std::erase_if(notes_,
                  [&](const auto& entry) { return now - entry.second.at > limits::vm_note_kept; });
    std::vector<std::string> texts;
    for (const VmId vm : vms) {
        const auto found = notes_.find(vm);
        if (found != notes_.end()) texts.push_back(found->second.text);
    }
    return texts;
}

}  // namespace reviver::replication
