// The wire of a guest in the ring: what it sends arrives at the next guest, what it receives comes
// from the one before. Frames may be lost, doubled or come from a stranger; the token's contents
// decide what is taken.
#pragma once

#include "witness/record.h"

#include <optional>

namespace reviver::witness {

class Ring {
  public:
    Ring();  // opens eth0; dies when there is none

    int file() const { return file_; }  // readable when a frame waits
    void send(const Token& token);
    // The next token that is whole and of this group; nothing when no frame waits.
    std::optional<Token> receive(const char* group);

  private:
    int file_ = -1;
    int interface_ = 0;
};

}  // namespace reviver::witness
