#include "wire/requests.h"

#include "wire/messages.h"

namespace reviver::wire {

namespace {

struct Answer {
    std::string message;
    std::string payload;
};

}  // namespace

Requests::Requests(Connection& connection, const Peer& peer, PeerHandler& handler,
                   std::size_t window_bytes)
    : connection_(connection),
      peer_(peer),
      handler_(handler),
      acknowledge_every_bytes_(window_bytes / 8) {}

void Requests::handle(const Frame& frame) {
    switch (frame.header.type) {
        case FrameType::call:
            return call(frame);
        case FrameType::open:
            return open(frame);
        case FrameType::begin_cut:
            return begin_cut(frame);
        case FrameType::chunk:
            return chunk(frame);
        case FrameType::compare:
            return compare(frame);
        case FrameType::commit:
            return commit(frame);
        default:
            fail(Code::protocol, "a request of an unknown kind");
    }
}

template <class Work>
void Requests::answer(const Frame& frame, FrameType type, Work work) {
    const std::uint64_t number = frame.header.number;
    Answer answer;
    try {
        answer = work();
        if (answer.payload.size() > body_bytes_max) {
            fail(Code::out_of_memory, "the answer is larger than {} bytes", body_bytes_max);
        }
    } catch (const Error& e) {
        return send_failure(number, e);
    } catch (const std::exception& e) {
        return send_failure(number, Error(Code::failed, e.what()));
    }
    connection_.send({.type = type, .number = number}, bytes_of(answer.message),
                     bytes_of(answer.payload));
}

void Requests::send_failure(std::uint64_t number, const Error& error) {
    connection_.send({.type = FrameType::failure, .number = number}, bytes_of(encode(error)));
}

void Requests::call(const Frame& frame) {
    const std::string method = decode_call(frame.message.view());
    const std::string body(text_of(frame.payload.view()));
    answer(frame, FrameType::answer, [&] {
        return Answer{{}, handler_.call(peer_, method, body)};
    });
}

void Requests::open(const Frame& frame) {
    const point::ReceiveHeader header = decode_open(frame.message.view());
    sink_.reset();
    disk_sizes_.clear();
    for (const auto& disk : header.disks) disk_sizes_.push_back(disk.shape.size_bytes);
    cut_begun_ = false;
    chunk_error_.reset();
    answer(frame, FrameType::opened, [&] {
        auto sink = handler_.receive(peer_, header);
        const point::ReceiveState state = sink->open(header);
        sink_ = std::move(sink);
        return Answer{encode(state), {}};
    });
}

void Requests::require_open() const {
    if (!sink_) fail(Code::protocol, "nothing can be received before a receive is open");
}

void Requests::throw_chunk_error() const {
    if (chunk_error_) throw *chunk_error_;
}

void Requests::begin_cut(const Frame& frame) {
    const point::CutHeader cut = decode_cut(frame.message.view(), frame.payload.view());
    require_open();
    answer(frame, FrameType::cut_begun, [&] {
        // A chunk of a cut that failed comes again with the cut. One of the bulk does not: a cut on
        // top of what it left out would be no point of the group.
        if (!cut_begun_) throw_chunk_error();
        chunk_error_.reset();
        cut_begun_ = true;
        return Answer{encode_cut_begun(sink_->begin_cut(cut)), {}};
    });
}

void Requests::chunk(const Frame& frame) {
    require_open();
    if (chunk_error_) return;
    try {
        write(frame);
    } catch (const Error& e) {
        chunk_error_ = e;
    } catch (const std::exception& e) {
        chunk_error_ = Error(Code::failed, e.what());
    }
    if (chunk_error_) return send_failure(frame.header.number, *chunk_error_);
    written_ = frame.header.number;
    unacknowledged_bytes_ += frame.cost();
    if (unacknowledged_bytes_ >= acknowledge_every_bytes_) acknowledge();
}

void Requests::write(const Frame& frame) {
    ChunkMessage message = decode_chunk(frame.message.view());
    if (message.disk >= disk_sizes_.size()) {
        fail(Code::corrupt, "a chunk is for disk {} of {}", message.disk, disk_sizes_.size());
    }
    point::Chunk chunk{message.disk, std::move(message.extents), frame.payload.view()};
    if ((frame.header.flags & flag_compressed) != 0) {
        chunk.payload = decompressor_.decompress(frame.payload.view(), message.data_bytes);
    }
    point::validate(chunk, disk_sizes_[chunk.disk]);
    if (point::checksum_of(chunk) != frame.header.payload_checksum) {
        fail(Code::corrupt, "a chunk has a wrong checksum");
    }
    sink_->write(chunk);
}

void Requests::idle() {
    if (unacknowledged_bytes_ > 0) acknowledge();
}

void Requests::acknowledge() {
    unacknowledged_bytes_ = 0;
    connection_.send({.type = FrameType::written, .number = written_});
}

void Requests::compare(const Frame& frame) {
    const CompareQuestion question = decode_compare(frame.message.view());
    require_open();
    answer(frame, FrameType::compared, [&] {
        throw_chunk_error();
        return Answer{encode(sink_->compare(question.disk, question.first_group, question.groups)),
                      {}};
    });
}

void Requests::commit(const Frame& frame) {
    const point::CutTrailer trailer = decode_commit(frame.message.view());
    require_open();
    if (!cut_begun_) fail(Code::protocol, "nothing can be committed before a cut has begun");
    answer(frame, FrameType::committed, [&] {
        throw_chunk_error();
        sink_->commit(trailer);
        return Answer{};
    });
}

}  // namespace reviver::wire
