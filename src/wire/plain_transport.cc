#include "wire/plain_transport.h"

#include "base/error.h"
#include "wire/metered_stream.h"

#include <algorithm>
#include <array>

namespace reviver::wire {

namespace {

constexpr std::string_view magic = "RVPLAIN1";
constexpr std::size_t preamble_bytes = magic.size() + sizeof(Hash);
constexpr std::size_t gather_bytes_max = 64 << 10;  // parts smaller together are sent as one

class PlainChannel : public Channel {
  public:
    PlainChannel(std::shared_ptr<sys::Stream> stream, sys::Clock& clock, BandwidthLimits limits)
        : stream_(std::move(stream), clock, std::move(limits)) {}

    void exchange_identities(const Fingerprint& self) {
        std::array<std::byte, preamble_bytes> bytes;
        std::ranges::copy(bytes_of(magic), bytes.begin());
        std::ranges::copy(self.hash(), bytes.begin() + magic.size());
        stream_.write_all(bytes);
        read_preamble(bytes);
        if (text_of(ByteView(bytes).first(magic.size())) != magic) {
            fail(Code::protocol, "the other end does not speak the plain transport");
        }
        Hash hash;
        std::copy(bytes.begin() + magic.size(), bytes.end(), hash.begin());
        peer_ = Fingerprint(hash);
    }

    std::size_t read_some(ByteSpan to) override { return stream_.read_some(to); }

    void write_all(std::span<const ByteView> parts) override {
        Bytes gathered;
        for (const ByteView part : parts) {
            if (part.size() >= gather_bytes_max) {
                stream_.write_all(gathered);
                gathered.clear();
                stream_.write_all(part);
            } else {
                gathered.insert(gathered.end(), part.begin(), part.end());
            }
        }
        stream_.write_all(gathered);
    }

    void limit_waits(sys::MonoTime deadline, sys::Duration silence) override {
        stream_.limit_waits(deadline, silence);
    }
    void close() override { stream_.close(); }
    const Fingerprint& peer() const override { return peer_; }
    Traffic traffic() const override { return stream_.traffic(); }

  private:
    void read_preamble(ByteSpan to) {
        while (!to.empty()) {
            const std::size_t got = stream_.read_some(to);
            if (got == 0) fail(Code::unavailable, "the other end closed the connection");
            to = to.subspan(got);
        }
    }

    MeteredStream stream_;
    Fingerprint peer_;
};

}  // namespace

PlainTransport::PlainTransport(sys::World& world, const Fingerprint& self,
                               std::shared_ptr<BandwidthLimit> limit)
    : world_(world), self_(self) {
    if (limit) limits_.push_back(std::move(limit));
}

std::unique_ptr<Channel> PlainTransport::connect(const sys::Endpoint& to,
                                                 const Fingerprint& expected,
                                                 sys::MonoTime deadline,
                                                 std::shared_ptr<BandwidthLimit> own) {
    BandwidthLimits limits = limits_;
    if (own) limits.push_back(std::move(own));
    auto channel = exchange(world_.network.connect(to, deadline), std::move(limits), deadline);
    if (channel->peer() != expected) {
        fail(Code::access_denied, "{} is another site than expected: its fingerprint is {}",
             to.text(), channel->peer().text());
    }
    return channel;
}

std::unique_ptr<Channel> PlainTransport::accept(std::shared_ptr<sys::Stream> stream,
                                                sys::MonoTime deadline) {
    return exchange(std::move(stream), limits_, deadline);
}

std::unique_ptr<Channel> PlainTransport::exchange(std::shared_ptr<sys::Stream> stream,
                                                  BandwidthLimits limits, sys::MonoTime deadline) {
    auto channel =
        std::make_unique<PlainChannel>(std::move(stream), world_.clock, std::move(limits));
    channel->limit_waits(deadline, sys::Duration::max());
    channel->exchange_identities(self_);
    return channel;
}

}  // namespace reviver::wire
