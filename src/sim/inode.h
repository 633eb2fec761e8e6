// The content of one file: what programs see, and what the medium has. Changes wait in between, in
// the order in which they were made, until a sync. When the power goes, each of them has by chance
// reached the medium, or not, or some of its sectors have.
#pragma once

#include "sim/prng.h"
#include "sim/sparse_bytes.h"

namespace reviver::sim {

class Inode {
  public:
    const SparseBytes& content() const { return seen_; }
    void write(std::uint64_t offset, ByteView from);
    void resize(std::uint64_t size);
    void punch(Range range);
    void sync();
    void lose_power(Prng& prng);
    // A bit of the medium turns, unnoticed.
    void flip_bit(std::uint64_t offset, unsigned bit);

  private:
    enum class Kind : std::uint8_t { write, resize, punch };
    struct Change {
        Kind kind;
        Range range;  // of a resize: the length is the new size
        Bytes data;   // of a write
    };
    void make(Change change);
    static void apply(SparseBytes& to, const Change& change);
    static void tear(SparseBytes& to, const Change& change, Prng& prng);

    SparseBytes seen_;
    SparseBytes durable_;
    std::vector<Change> pending_;
};

}  // namespace reviver::sim
