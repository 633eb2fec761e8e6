// Reads an NBD export of QEMU (block-export-add, or qemu-nbd) with many requests in flight.
//
// The protocol: doc/proto.md of the NBD project, with structured replies; contexts
// "base:allocation" and, from QEMU, "qemu:dirty-bitmap:NAME" (docs/interop/nbd.txt of QEMU).
//
// Errors: Code::unavailable when the server went away (its VM was stopped), Code::timeout when it
// says nothing for nbd_silence_max while it owes an answer, Code::failed when it cannot read the
// disk, Code::not_supported when it lacks a context that was asked for. After any error the
// connection is closed: what was in flight no longer arrives, and every later call fails. One
// thread at a time.
#pragma once

#include "base/bytes.h"
#include "base/extents.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

struct nbd_handle;

namespace reviver::qemu {

struct NbdAddress {
    std::string socket;       // path of a UNIX socket
    std::string export_name;  // "" is the default export
};

inline constexpr const char* allocation_context = "base:allocation";
std::string bitmap_context(const std::string& bitmap);

// While tickets are open, do nothing that can take long but to finish them: with a reply that
// nobody reads QEMU cannot quiesce its disks, and its main loop, and so the guest and its monitor,
// wait for us whenever it has to.
class NbdReader {
  public:
    // `contexts`: which of the two kinds of questions, extents() and dirty(), are going to be
    // asked. Ask for no more than that: each question makes the server work out all of them.
    NbdReader(const NbdAddress& address, const std::vector<std::string>& contexts);
    ~NbdReader();
    NbdReader(const NbdReader&) = delete;
    NbdReader& operator=(const NbdReader&) = delete;

    std::uint64_t size_bytes() const { return size_bytes_; }

    // A read in two halves. `to` must stay where it is until finish() of the ticket, or until an
    // error, or until the reader is gone. begin() waits while nbd_in_flight_max requests are under
    // way. Tickets may be finished in any order, each once.
    using Ticket = std::uint64_t;
    Ticket begin(std::uint64_t offset, ByteSpan to);
    void finish(Ticket ticket);
    // Both halves at once.
    void read(std::uint64_t offset, ByteSpan to) { finish(begin(offset, to)); }

    // What of `range` reads as zeros for certain. Ascending, adjacent, covering the range.
    std::vector<Extent> extents(Range range);
    // What of `range` the bitmap has marked.
    RangeSet dirty(const std::string& bitmap, Range range);

  private:
    struct Pending {
        unsigned requests = 0;  // under way
        int error = 0;          // errno of the first that failed
    };
    using OnStatus = std::function<void(const std::string& context, Range range, unsigned flags)>;
    struct StatusQuestion;

    nbd_handle* connection();
    void connect(const NbdAddress& address, const std::vector<std::string>& contexts);
    void poll();
    void wait_for(const Pending& pending, const char* doing_what);
    void ask_status(Range range, const std::string& context, const OnStatus& on_status);
    [[noreturn]] void close_and_fail(const char* doing_what);

    nbd_handle* handle_ = nullptr;
    std::uint64_t size_bytes_ = 0;
    unsigned in_flight_ = 0;
    Ticket last_ticket_ = 0;
    std::map<Ticket, std::unique_ptr<Pending>> pending_;
    friend struct NbdCallbacks;
};

}  // namespace reviver::qemu
