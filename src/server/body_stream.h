// The body of a reply that goes on after the reply began. Whoever writes it pushes pieces from any
// thread; the connection sends them as they come, and no worker waits for either.
//
//   writer ── push ─▶ waiting pieces (bounded) ── take ─▶ connection
//          ◀─ on_close ──────────────────────── close ─
//
// A reader that is too slow loses the connection instead of growing the queue: what waits has a
// limit, and beyond it the stream is closed. The reader is expected to come again and say what it
// saw last.
#pragma once

#include "server/limits.h"

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>

namespace reviver::server {

class BodyStream {
  public:
    // `on_close` is called once, by any thread, when nobody reads any more; never from within
    // push() or end(), so it may take the locks of the writer.
    explicit BodyStream(std::function<void()> on_close,
                        std::size_t waiting_bytes_max = limits::stream_waiting_bytes_max)
        : on_close_(std::move(on_close)), waiting_bytes_max_(waiting_bytes_max) {}
    ~BodyStream();  // close()
    BodyStream(const BodyStream&) = delete;
    BodyStream& operator=(const BodyStream&) = delete;

    // --- for the writer
    bool push(std::string_view piece);  // false: closed, by the reader or for being too slow
    void end();                         // after what was pushed

    // --- for the connection
    struct Taken {
        std::string bytes;  // all that waited
        bool ended = false;
    };
    Taken take();
    bool overrun();  // more was pushed than may wait
    // `on_news` is called, by any thread, when take() has something new to give, and never again
    // once close() returned. It only hands on that there is something: the stream is locked.
    void attach(std::function<void()> on_news);
    void close();

  private:
    void tell_reader() const;  // locked

    std::function<void()> on_close_;
    const std::size_t waiting_bytes_max_;
    std::mutex mutex_;  // over what follows
    std::function<void()> on_news_;
    std::string waiting_;
    bool ended_ = false;
    bool overrun_ = false;
    bool closed_ = false;
};

}  // namespace reviver::server
