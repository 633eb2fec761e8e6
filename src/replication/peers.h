// The paired sites. A pair is made by a person who compared fingerprints; nobody else is let in.
#pragma once

#include "replication/documents.h"
#include "state/repository.h"

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace reviver::replication {

// Any task may call.
class Peers {
  public:
    explicit Peers(state::Repository& repository);

    // Adds a site or changes how it is known and reached; what it may do stays.
    // Code::invalid_parameter for an empty name, a port 0 or a fingerprint that is not 64 hex
    // digits; Code::exists when the fingerprint belongs to another name.
    void put(Peer peer);
    void remove(const std::string& name);  // Code::not_found
    // What a paired site may do. `change` may throw to leave it as it was. Code::not_found.
    void change(const std::string& name, const std::function<void(Peer&)>& change);

    std::vector<Peer> list();
    std::optional<Peer> find(const std::string& name);
    std::optional<Peer> find_by_fingerprint(const std::string& fingerprint);

  private:
    void keep(const Peer& peer);

    state::Repository& repository_;
    std::mutex mutex_;
    std::map<std::string, Peer> peers_;
};

}  // namespace reviver::replication
