// SHA-256 over what is added bit by bit: of a file that is too large to be in memory.
#pragma once

#include "base/bytes.h"
#include "base/checksum.h"

#include <memory>

namespace reviver::medium {

class RunningSha256 {
  public:
    RunningSha256();
    ~RunningSha256();
    RunningSha256(const RunningSha256&) = delete;
    RunningSha256& operator=(const RunningSha256&) = delete;
    void add(ByteView bytes);
    Hash take();  // of all; nothing more may be added

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace reviver::medium
