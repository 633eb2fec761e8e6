#include "wire/client.h"

#include "wire/link.h"
#include "wire/messages.h"
#include "wire/remote_sink.h"

namespace reviver::wire {

PeerLink::PeerLink(sys::World& world, Transport& transport, const Site& self,
                   const sys::Endpoint& to, const Fingerprint& expected, sys::MonoTime deadline,
                   const LinkOptions& options)
    : link_(std::make_shared<Link>(world,
                                   transport.connect(to, expected, deadline, options.bandwidth),
                                   self, deadline, options)) {}

PeerLink::~PeerLink() {
    close();
}

std::string PeerLink::call(const std::string& method, const std::string& body,
                           sys::MonoTime deadline) {
    const std::string message = encode_call(method);
    const Frame answer = link_->ask({FrameType::call, bytes_of(message), bytes_of(body)},
                                    FrameType::answer, deadline);
    return std::string(text_of(answer.payload.view()));
}

std::unique_ptr<point::Sink> PeerLink::sink() {
    return std::make_unique<RemoteSink>(link_);
}

const Peer& PeerLink::peer() const {
    return link_->peer();
}

Traffic PeerLink::traffic() const {
    return link_->traffic();
}

void PeerLink::close() {
    link_->close();
}

}  // namespace reviver::wire
