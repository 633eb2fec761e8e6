#include "qemu/nbd_image.h"

#include <algorithm>
#include <vector>

namespace reviver::qemu {

namespace {
constexpr std::size_t piece_bytes = 256 << 10;
}

// In pieces, because QEMU works on several requests at once but on each from front to back.
void NbdImage::read(std::uint64_t offset, ByteSpan to) {
    std::vector<NbdReader::Ticket> tickets;
    while (!to.empty()) {
        const ByteSpan piece = to.first(std::min(to.size(), piece_bytes));
        tickets.push_back(reader_.begin(offset, piece));
        offset += piece.size();
        to = to.subspan(piece.size());
    }
    for (const NbdReader::Ticket ticket : tickets) reader_.finish(ticket);
}

}  // namespace reviver::qemu
