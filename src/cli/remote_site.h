// A site as its management door shows it: what there is, found by name or id, and methods called.
// It decides nothing; what a method refuses becomes an Error with the words of its return value.
//
// Errors: those of cim::WsmanClient; not_found for a name that nothing has, invalid_parameter (with
// the ids) for one that several have. Not thread-safe.
#pragma once

#include "cim/wsman_client.h"
#include "cli/objects.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace reviver::cli {

// A method that was accepted: done already, or a job is at it.
struct Accepted {
    std::vector<cim::NamedValue> out;
    std::optional<cim::ObjectPath> job;

    const cim::Value& get(std::string_view name) const;  // null when it is not there
};

// The singleton classes whose methods are called.
inline constexpr const char* replication_service = "Msvm_CollectionReplicationService";
inline constexpr const char* collection_service = "Msvm_CollectionManagementService";
inline constexpr const char* site_service = "Reviver_SiteService";
inline constexpr const char* vm_replication_service = "Msvm_ReplicationService";

class RemoteSite {
  public:
    explicit RemoteSite(cim::Transport transport);

    std::vector<Vm> vms();
    Vm vm(const std::string& name_or_id);
    std::vector<Collection> collections();
    Collection collection(const std::string& name_or_id);
    std::vector<Vm> members(const Collection& collection);
    std::vector<Point> points(const Collection& collection);  // ascending
    // With why each stays; without that from a server that does not have the class.
    std::vector<Point> points_and_why(const Collection& collection);  // ascending
    Point point(const Collection& collection, const std::string& sequence);
    std::vector<Job> jobs();
    Job job(const std::string& id);
    Job job(const cim::ObjectPath& path);
    std::vector<Peer> peers();
    std::vector<SharedDisk> shared_disks();
    // Also before replication is enabled; the instance is for handing back changed.
    cim::Instance settings(const Collection& collection);
    std::optional<Statistics> statistics(const Collection& collection);  // nothing: not replicating
    // What Reviver itself has to say of it; nothing from a server that does not have the class.
    std::optional<Details> details(const Collection& collection);
    SiteInfo info();

    Accepted call(const std::string& service, const std::string& method,
                  const std::vector<cim::NamedValue>& in);
    Accepted call(const cim::ObjectPath& object, const std::string& method,
                  const std::vector<cim::NamedValue>& in);
    // Of a service in the namespace of single VMs.
    Accepted call_of_vms(const std::string& service, const std::string& method,
                         const std::vector<cim::NamedValue>& in);
    cim::WsmanClient& client() { return client_; }

  private:
    // False when the site has others by now.
    bool say_why_kept(const Collection& collection, std::vector<Point>& points);

    Accepted call(cim::WsmanClient& client, const cim::ObjectPath& object,
                  const std::string& method, const std::vector<cim::NamedValue>& in);
    cim::Invoked invoke(cim::WsmanClient& client, const cim::ObjectPath& object,
                        const std::string& method, const std::vector<cim::NamedValue>& in);
    [[noreturn]] void refuse(const std::string& method, const cim::Invoked& answer);
    const cim::ObjectPath& path_of_service(const std::string& service);

    cim::WsmanClient client_;
    cim::WsmanClient client_of_vms_;
    std::map<std::string, cim::ObjectPath> services_;
};

}  // namespace reviver::cli
