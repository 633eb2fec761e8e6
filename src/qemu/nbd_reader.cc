#include "qemu/nbd_reader.h"

#include "base/check.h"
#include "base/error.h"
#include "qemu/limits.h"

#include <libnbd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace reviver::qemu {

namespace {

constexpr unsigned state_zero = 2;   // NBD_STATE_ZERO
constexpr unsigned state_dirty = 1;  // of qemu:dirty-bitmap

Code code_of(int error_number) {
    switch (error_number) {
        case ENOTCONN:
        case EPIPE:
        case ECONNRESET:
        case ECONNREFUSED:
        case ENOENT:
        case ESHUTDOWN:
            return Code::unavailable;
        case ETIMEDOUT:
            return Code::timeout;
        default:
            return Code::failed;
    }
}

void append(std::vector<Extent>& extents, Extent extent) {
    if (extent.length == 0) return;
    if (!extents.empty() && extents.back().content == extent.content) {
        extents.back().length += extent.length;
    } else {
        extents.push_back(extent);
    }
}

}  // namespace

std::string bitmap_context(const std::string& bitmap) {
    return "qemu:dirty-bitmap:" + bitmap;
}

// One block status request and what has been learnt from its answer.
struct NbdReader::StatusQuestion {
    Range range;
    const std::string& context;
    const OnStatus& on_status;
    std::uint64_t answered_to = 0;

    void take(std::uint64_t offset, const std::uint32_t* entries, std::size_t count) {
        std::uint64_t at = offset;
        for (std::size_t i = 0; i + 1 < count && at < range.end(); i += 2) {
            // The last extent may reach beyond what was asked.
            const std::uint64_t length = std::min<std::uint64_t>(entries[i], range.end() - at);
            on_status(context, {at, length}, entries[i + 1]);
            at += length;
        }
        answered_to = at;
    }
};

// Libnbd calls these from inside poll(), on our thread; an exception must not pass through its C
// frames, and none of them throws but for lack of memory.
struct NbdCallbacks {
    static int completed(void* pending_pointer, int* error) {
        auto& pending = *static_cast<NbdReader::Pending*>(pending_pointer);
        --pending.requests;
        if (pending.error == 0) pending.error = *error;
        return 1;  // retire the command
    }
    static int extent(void* question_pointer, const char* context, std::uint64_t offset,
                      std::uint32_t* entries, std::size_t count, int*) {
        auto& question = *static_cast<NbdReader::StatusQuestion*>(question_pointer);
        if (question.context == context && offset == question.range.offset) {
            question.take(offset, entries, count);
        }
        return 0;
    }
};

NbdReader::NbdReader(const NbdAddress& address, const std::vector<std::string>& contexts) {
    try {
        connect(address, contexts);
    } catch (const Error&) {
        if (handle_ != nullptr) nbd_close(handle_);
        throw;
    }
}

NbdReader::~NbdReader() {
    if (handle_ == nullptr) return;
    nbd_aio_disconnect(handle_, 0);  // a word of farewell; QEMU logs an error for who just hangs up
    nbd_close(handle_);
}

void NbdReader::connect(const NbdAddress& address, const std::vector<std::string>& contexts) {
    handle_ = nbd_create();
    if (handle_ == nullptr) fail(Code::out_of_memory, "no memory for an NBD connection");
    nbd_set_export_name(handle_, address.export_name.c_str());
    // Every read is checked for its completion, so that the buffer need not be cleared first.
    nbd_set_pread_initialize(handle_, false);
    for (const std::string& context : contexts) nbd_add_meta_context(handle_, context.c_str());
    if (nbd_aio_connect_unix(handle_, address.socket.c_str()) != 0) {
        close_and_fail("connecting to the export");
    }
    while (nbd_aio_is_connecting(handle_) == 1) poll();
    if (nbd_aio_is_ready(handle_) != 1) close_and_fail("opening the export");
    const std::int64_t size = nbd_get_size(handle_);
    if (size < 0) close_and_fail("asking for the size of the export");
    size_bytes_ = static_cast<std::uint64_t>(size);
    for (const std::string& context : contexts) {
        if (nbd_can_meta_context(handle_, context.c_str()) != 1) {
            fail(Code::not_supported, "the NBD export of {} has no {}", address.socket, context);
        }
    }
}

nbd_handle* NbdReader::connection() {
    if (handle_ == nullptr) fail(Code::unavailable, "the NBD connection was closed by an error");
    return handle_;
}

void NbdReader::close_and_fail(const char* doing_what) {
    const int error = nbd_get_errno();
    const char* text = nbd_get_error();
    const std::string said = text != nullptr ? text : "the connection was lost";
    nbd_close(handle_);
    handle_ = nullptr;
    fail(error == 0 ? Code::unavailable : code_of(error), "{}: {}", doing_what, said);
}

void NbdReader::poll() {
    const auto silence = std::chrono::duration_cast<std::chrono::milliseconds>(nbd_silence_max);
    const int progress = nbd_poll(connection(), static_cast<int>(silence.count()));
    if (progress > 0) return;
    if (progress < 0) close_and_fail("reading from QEMU");
    nbd_close(handle_);
    handle_ = nullptr;
    fail(Code::timeout, "QEMU did not answer a read for {} s", nbd_silence_max.count());
}

void NbdReader::wait_for(const Pending& pending, const char* doing_what) {
    while (pending.requests > 0) poll();
    if (pending.error == 0) return;
    const int error = pending.error;
    nbd_close(connection());
    handle_ = nullptr;
    fail(code_of(error), "{}: {}", doing_what, std::strerror(error));
}

NbdReader::Ticket NbdReader::begin(std::uint64_t offset, ByteSpan to) {
    REVIVER_CHECK(offset <= size_bytes_ && to.size() <= size_bytes_ - offset);
    const auto entry = pending_.emplace(++last_ticket_, std::make_unique<Pending>()).first;
    Pending& pending = *entry->second;
    while (!to.empty()) {
        while (nbd_aio_in_flight(connection()) >= static_cast<int>(nbd_in_flight_max)) poll();
        const ByteSpan part = to.first(std::min<std::size_t>(to.size(), nbd_request_max));
        ++pending.requests;
        const nbd_completion_callback done{NbdCallbacks::completed, &pending, nullptr};
        if (nbd_aio_pread(handle_, part.data(), part.size(), offset, done, 0) < 0) {
            close_and_fail("reading from QEMU");
        }
        offset += part.size();
        to = to.subspan(part.size());
    }
    return last_ticket_;
}

void NbdReader::finish(Ticket ticket) {
    const auto entry = pending_.find(ticket);
    REVIVER_CHECK(entry != pending_.end());
    wait_for(*entry->second, "reading the disk");
    pending_.erase(entry);
}

void NbdReader::ask_status(Range range, const std::string& context, const OnStatus& on_status) {
    REVIVER_CHECK(range.end() <= size_bytes_);
    while (range.length > 0) {
        const std::uint64_t length = std::min(range.length, nbd_status_max);
        StatusQuestion question{{range.offset, length}, context, on_status};
        Pending pending{1, 0};
        const nbd_extent_callback extent{NbdCallbacks::extent, &question, nullptr};
        const nbd_completion_callback done{NbdCallbacks::completed, &pending, nullptr};
        if (nbd_aio_block_status(connection(), length, range.offset, extent, done, 0) < 0) {
            close_and_fail("asking QEMU for block status");
        }
        wait_for(pending, "asking for block status");
        if (question.answered_to <= range.offset) {
            fail(Code::protocol, "QEMU answered a block status request without {}", context);
        }
        range = {question.answered_to, range.end() - question.answered_to};
    }
}

std::vector<Extent> NbdReader::extents(Range range) {
    std::vector<Extent> result;
    ask_status(range, allocation_context, [&](const std::string&, Range part, unsigned flags) {
        append(result,
               {part.offset, part.length, flags & state_zero ? Content::zero : Content::data});
    });
    return result;
}

RangeSet NbdReader::dirty(const std::string& bitmap, Range range) {
    RangeSet result;
    ask_status(range, bitmap_context(bitmap), [&](const std::string&, Range part, unsigned flags) {
        if (flags & state_dirty) result.add(part);
    });
    return result;
}

}  // namespace reviver::qemu
