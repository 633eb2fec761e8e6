// The names of things: identities and counters that every other folder speaks of.
#pragma once

#include "base/ids.h"

#include <string>

namespace reviver {

using CollectionId = Id<struct CollectionTag>;  // a group of VMs; the same on both sites
using VmId = Id<struct VmTag>;                  // a VM: its libvirt UUID, the same on both sites
using ReceiveId = Id<struct ReceiveTag>;        // one attempt to bring one point across, resumable
using SiteId = Id<struct SiteTag>;              // a daemon with its store and its machines
using CutId = Id<struct CutTag>;                // one cut of a group: two cuts never share an id
using JobId = Id<struct JobTag>;

// Counts the changes of role of a relationship. A message with a smaller epoch than the receiver's
// comes from somebody whose role was taken away, and is refused.
using Epoch = Number<struct EpochTag>;

// Numbers the recovery points of a collection; grows for ever, through reversals too. 0: no point.
using Sequence = Number<struct SequenceTag>;

// A disk of a VM by its target ("vda"), or a shared one by its id: hypervisor/shared_socket.h.
struct DiskKey {
    VmId vm;
    std::string target;
    auto operator<=>(const DiskKey&) const = default;
    std::string text() const { return vm.text() + "/" + target; }
};

}  // namespace reviver
