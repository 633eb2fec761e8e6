#include "wire/remote_sink.h"

#include "wire/messages.h"

namespace reviver::wire {

RemoteSink::RemoteSink(std::shared_ptr<Link> link)
    : link_(std::move(link)), compressor_(link_->compression_level()) {}

RemoteSink::~RemoteSink() = default;

point::ReceiveState RemoteSink::open(const point::ReceiveHeader& header) {
    receive_ = link_->take_over_receive();
    const std::string message = encode(header);
    const Frame answer = link_->ask({FrameType::open, bytes_of(message), {}}, FrameType::opened);
    link_->forget_chunks();
    compressed_ = header.compressed;
    return decode_opened(answer.message.view(), header.disks.size());
}

std::uint64_t RemoteSink::begin_cut(const point::CutHeader& cut) {
    link_->check_receive(receive_);
    const CutMessage encoded = encode(cut);
    const Frame answer = link_->ask(
        {FrameType::begin_cut, bytes_of(encoded.message), encoded.payload}, FrameType::cut_begun);
    link_->forget_chunks();
    return decode_cut_begun(answer.message.view());
}

void RemoteSink::write(const point::Chunk& chunk) {
    link_->check_receive(receive_);
    const ByteView packed = compressed_ ? compressor_.compress(chunk.payload) : ByteView();
    const bool is_packed = !packed.empty();
    const auto data_bytes = static_cast<std::uint32_t>(is_packed ? chunk.payload.size() : 0);
    const std::string message = encode(chunk, data_bytes);
    FrameHeader header{.type = FrameType::chunk};
    header.flags = is_packed ? flag_compressed : std::uint16_t{0};
    header.payload_checksum = point::checksum_of(chunk);
    link_->send_chunk(header, bytes_of(message), is_packed ? packed : chunk.payload);
}

point::CompareAnswer RemoteSink::compare(std::uint32_t disk, std::uint64_t first_group,
                                         const std::vector<Hash>& groups) {
    link_->check_receive(receive_);
    if (groups.empty() || groups.size() > compare_groups_max) {
        fail(Code::invalid_parameter, "{} groups cannot be compared at once: 1 to {} can",
             groups.size(), compare_groups_max);
    }
    const std::string message = encode(CompareQuestion{disk, first_group, groups});
    const Frame answer =
        link_->ask({FrameType::compare, bytes_of(message), {}}, FrameType::compared);
    return decode_compared(answer.message.view(), first_group, groups.size());
}

void RemoteSink::commit(const point::CutTrailer& trailer) {
    link_->check_receive(receive_);
    const std::string message = encode(trailer);
    link_->ask({FrameType::commit, bytes_of(message), {}}, FrameType::committed);
}

}  // namespace reviver::wire
