#include "server/body_stream.h"

#include <utility>

namespace reviver::server {

BodyStream::~BodyStream() {
    close();
}

bool BodyStream::push(std::string_view piece) {
    const std::lock_guard lock(mutex_);
    if (closed_ || ended_ || overrun_) return false;
    overrun_ = waiting_.size() + piece.size() > waiting_bytes_max_;
    if (!overrun_) waiting_ += piece;
    tell_reader();
    return !overrun_;
}

void BodyStream::end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    tell_reader();
}

BodyStream::Taken BodyStream::take() {
    const std::lock_guard lock(mutex_);
    return {std::exchange(waiting_, {}), ended_};
}

bool BodyStream::overrun() {
    const std::lock_guard lock(mutex_);
    return overrun_;
}

void BodyStream::attach(std::function<void()> on_news) {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    on_news_ = std::move(on_news);
    tell_reader();
}

void BodyStream::close() {
    {
        const std::lock_guard lock(mutex_);
        if (closed_) return;
        closed_ = true;
        on_news_ = nullptr;
        waiting_.clear();
    }
    if (on_close_) on_close_();
}

void BodyStream::tell_reader() const {
    if (on_news_) on_news_();
}

}  // namespace reviver::server
