// What this site answers to its paired sites: the recovery side of relationships, and the old
// primary's side of a reverse.
//
// Nothing a peer sends is believed before its epoch is looked at, and the relationship belongs to
// the peer that made it: another paired site that names the same collection is told that it does
// not exist.
#pragma once

#include "replication/group.h"
#include "replication/keeper.h"
#include "replication/recovery_server.h"
#include "wire/server.h"

#include <functional>
#include <memory>
#include <string>

namespace reviver::replication {

// The collections of the site, as the desk needs them.
class Directory {
  public:
    virtual ~Directory() = default;
    virtual std::shared_ptr<Group> find(CollectionId id) = 0;
    virtual std::shared_ptr<Group> add(Collection collection) = 0;
    virtual GroupDisks& disks(CollectionId id) = 0;
    virtual void forget_disks(CollectionId id) = 0;
};

class ReplicaDesk : public wire::PeerHandler {
  public:
    ReplicaDesk(Context& context, Directory& directory, RecoveryServer& recovery_server);

    std::string call(const wire::Peer& peer, const std::string& method,
                     const std::string& body) override;
    std::unique_ptr<point::Sink> receive(const wire::Peer& peer,
                                         const point::ReceiveHeader& header) override;

  private:
    std::string create(const std::string& peer, const std::string& body);
    std::string seed(const std::string& peer, const std::string& body);
    std::string hello(const std::string& peer, const std::string& body);
    std::string take_settings(const std::string& peer, const std::string& body);
    std::string planned_reverted(const std::string& peer, const std::string& body);
    std::string reverse(const std::string& peer, const std::string& body);
    std::string peer_name(const wire::Peer& peer);
    std::shared_ptr<Group> group_of(const std::string& peer, CollectionId id);

    Context& context_;
    Directory& directory_;
    RecoveryServer& recovery_server_;
};

}  // namespace reviver::replication
