// The guest agent in a guest, and what its freeze finds there: a file system that is written to,
// and a hook that has the witness quiesced before the freeze and lets it go on after the thaw.
//
//   qemu-ga ── runs the hook (this program, other name) ── which asks the witness (process 1)
//
// The hook waits for the witness's answer, so the agent freezes only after the witness is quiet.
// The agent's way to switch the guest off, /sbin/shutdown, is such a hook as well.
#pragma once

#include "witness/guest/boot.h"

namespace reviver::witness {

enum class Wish : char { nothing = 0, quiesce = 'q', go_on = 'g', shut_down = 's' };

class AgentDoor {
  public:
    // With witness.agent=1: mounts the disk after those of the witness, which holds an ext4 file
    // system, writes to it all the time, and starts the agent.
    explicit AgentDoor(const Settings& settings);

    int file() const { return listening_; }  // to poll; -1 without an agent
    // What a hook asks for; it waits for answer().
    Wish take();
    void answer();

  private:
    int listening_ = -1;
    int asking_ = -1;
};

// The program under another name, as the agent starts it: asks the witness, and answers the exit
// code.
int run_hook(int count, char** arguments);

}  // namespace reviver::witness
