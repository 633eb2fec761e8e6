// The guest agent of a VM (qemu-guest-agent, Debian's package of that name) does from inside what
// nobody can do from outside: it freezes the guest's file systems, with hooks that let databases
// put their files in order first, and it shuts the guest down as its own users would. It answers on
// the channel org.qemu.guest_agent.0 of the VM's definition.
//
//   <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
//
// A guest may do what it likes with a question: answer late, never, or with nonsense. So every call
// is bounded in time, and a freeze whose call ended with an Error may yet come about: thaw it.
//
// Errors: Code::not_supported for a VM without the channel, Code::timeout when no agent answers,
// Code::invalid_state for a VM that does not run, Code::failed with what the agent says; else as in
// hypervisor.h. Any thread may call; calls about one VM wait for each other.
#pragma once

#include "model/names.h"

#include <chrono>

namespace reviver::hypervisor {

class GuestAgents {
  public:
    virtual ~GuestAgents() = default;

    // Whether an agent has the guest's end of the channel open. It may be deaf all the same.
    virtual bool connected(VmId id) = 0;

    // Both answer how many file systems; `patience` is for the agent's work, and a few seconds come
    // on top in which it is found out whether it listens at all.
    virtual unsigned freeze(VmId id, std::chrono::seconds patience) = 0;
    virtual unsigned thaw(VmId id, std::chrono::seconds patience) = 0;

    // Returns when the agent has taken it, or the guest is off: within some ten seconds. The guest
    // then takes its time.
    virtual void ask_to_shut_down(VmId id) = 0;
};

}  // namespace reviver::hypervisor
