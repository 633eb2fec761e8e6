#include "sim/sparse_bytes.h"

#include <algorithm>

namespace reviver::sim {

namespace {

// Calls work(page number, offset in the page, offset in the range, length) for each page that the
// range touches.
template <class Work>
void for_pages(Range range, Work work) {
    for (std::uint64_t at = range.offset; at < range.end();) {
        const std::uint64_t inside = at % page_bytes;
        const std::uint64_t length = std::min(page_bytes - inside, range.end() - at);
        work(at / page_bytes, inside, at - range.offset, length);
        at += length;
    }
}

}  // namespace

std::size_t SparseBytes::read(std::uint64_t offset, ByteSpan to) const {
    if (offset >= size_) return 0;
    const std::uint64_t length = std::min<std::uint64_t>(to.size(), size_ - offset);
    for_pages({offset, length}, [&](auto number, auto inside, auto done, auto part) {
        const auto page = pages_.find(number);
        if (page == pages_.end()) {
            std::fill_n(to.data() + done, part, std::byte{0});
        } else {
            std::copy_n(page->second.data() + inside, part, to.data() + done);
        }
    });
    return length;
}

void SparseBytes::write(std::uint64_t offset, ByteView from) {
    for_pages({offset, from.size()}, [&](auto number, auto inside, auto done, auto part) {
        std::copy_n(from.data() + done, part, pages_[number].data() + inside);
    });
    size_ = std::max(size_, offset + from.size());
}

void SparseBytes::resize(std::uint64_t size) {
    if (size < size_) clear({size, align_up(size_, page_bytes) - size});
    size_ = size;
}

void SparseBytes::clear(Range range) {
    for_pages(range, [&](auto number, auto inside, auto, auto part) {
        const auto page = pages_.find(number);
        if (page == pages_.end()) return;
        if (part == page_bytes) {
            pages_.erase(page);
        } else {
            std::fill_n(page->second.data() + inside, part, std::byte{0});
        }
    });
}

std::vector<Extent> SparseBytes::extents(Range range) const {
    std::vector<Extent> result;
    if (range.offset >= size_) return result;
    range.length = std::min(range.length, size_ - range.offset);
    for_pages(range, [&](auto number, auto, auto done, auto part) {
        const Content content = pages_.contains(number) ? Content::data : Content::zero;
        if (!result.empty() && result.back().content == content) {
            result.back().length += part;
        } else {
            result.push_back({range.offset + done, part, content});
        }
    });
    return result;
}

std::uint64_t SparseBytes::missing_pages(Range range) const {
    std::uint64_t missing = 0;
    for_pages(range, [&](auto number, auto, auto, auto) { missing += !pages_.contains(number); });
    return missing;
}

}  // namespace reviver::sim
