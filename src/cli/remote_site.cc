#include "cli/remote_site.h"

#include "base/ids.h"
#include "cim/embedded_text.h"
#include "cim/names.h"
#include "cli/values.h"
#include "cli/words.h"

#include <fmt/format.h>

#include <algorithm>

namespace reviver::cli {
namespace {

constexpr const char* management_namespace = "root/HyperVCluster/v2";
constexpr const char* vm_namespace = "root/virtualization/v2";
constexpr std::uint32_t method_done = 0;
constexpr std::uint32_t job_started = 4096;
constexpr std::uint32_t invalid_state = 32775;

Code code_of(std::uint32_t return_value) {
    switch (return_value) {
        case 32769:
            return Code::access_denied;
        case 1:
        case 32770:
            return Code::not_supported;
        case 32772:
            return Code::timeout;
        case 32773:
            return Code::invalid_parameter;
        case 32774:
            return Code::in_use;
        case invalid_state:
            return Code::invalid_state;
        case 32776:
            return Code::wrong_type;
        case 32777:
            return Code::unavailable;
        case 32778:
            return Code::out_of_memory;
        case 32779:
            return Code::no_file;
        default:
            return Code::failed;
    }
}

bool is_id(const std::string& id, const std::string& text) {
    auto wanted = Uuid::parse(text);
    return wanted ? Uuid::parse(id) == wanted : cim::same_name(id, text);
}

// The one with this id, or the only one with this name.
template <class Object>
Object found(const std::vector<Object>& all, const std::string& name_or_id, const char* kind,
             const char* how_to_list) {
    std::vector<const Object*> named;
    for (const Object& object : all) {
        if (is_id(object.id, name_or_id)) return object;
        if (object.name == name_or_id) named.push_back(&object);
    }
    if (named.size() == 1) return *named.front();
    if (named.empty()) {
        fail(Code::not_found,
             "there is no {} \"{}\" at this site; `reviver {}` shows what there is", kind,
             name_or_id, how_to_list);
    }
    std::string ids;
    for (const Object* object : named) ids += "\n  " + object->id;
    fail(Code::invalid_parameter, "several {}s are called \"{}\"; give the id of one:{}", kind,
         name_or_id, ids);
}

template <class Read>
auto all_of(cim::WsmanClient& client, const char* class_name, Read read) {
    std::vector<decltype(read(std::declval<cim::Enumerated>()))> all;
    for (const cim::Enumerated& each : client.enumerate(class_name)) all.push_back(read(each));
    return all;
}

}  // namespace

const cim::Value& Accepted::get(std::string_view name) const {
    static const cim::Value null;
    for (const cim::NamedValue& each : out) {
        if (cim::same_name(each.name, name)) return each.value;
    }
    return null;
}

RemoteSite::RemoteSite(cim::Transport transport)
    : client_(transport, management_namespace),
      client_of_vms_(std::move(transport), vm_namespace) {}

std::vector<Vm> RemoteSite::vms() {
    std::vector<Vm> all = all_of(client_, "Msvm_ComputerSystem", read_vm);
    // The host is a computer system as well; only virtual ones are named by a UUID.
    std::erase_if(all, [](const Vm& vm) { return !Uuid::parse(vm.id); });
    return all;
}

Vm RemoteSite::vm(const std::string& name_or_id) {
    return found(vms(), name_or_id, "VM", "vm list");
}

std::vector<Collection> RemoteSite::collections() {
    return all_of(client_, "Msvm_VirtualSystemCollection", read_collection);
}

Collection RemoteSite::collection(const std::string& name_or_id) {
    return found(collections(), name_or_id, "collection", "collection list");
}

std::vector<Vm> RemoteSite::members(const Collection& collection) {
    std::vector<Vm> members;
    std::vector<Vm> all = vms();
    for (const auto& link : client_.enumerate("Msvm_CollectedVirtualSystems")) {
        if (!link.instance.get("Collection").as_reference().same_object(collection.path)) continue;
        std::string id = text_of(link.instance.get("Member").as_reference().key("Name"));
        auto member =
            std::find_if(all.begin(), all.end(), [&](const Vm& vm) { return is_id(vm.id, id); });
        if (member != all.end()) members.push_back(*member);
    }
    return members;
}

std::vector<Point> RemoteSite::points(const Collection& collection) {
    std::vector<Point> points = all_of(client_, "Msvm_CollectionRecoveryPoint", read_point);
    std::erase_if(points,
                  [&](const Point& point) { return !is_id(point.collection_id, collection.id); });
    std::sort(points.begin(), points.end(),
              [](const Point& a, const Point& b) { return a.sequence < b.sequence; });
    return points;
}

bool RemoteSite::say_why_kept(const Collection& collection, std::vector<Point>& points) {
    std::map<std::string, std::vector<std::string>> reasons;
    std::size_t others = 0;
    try {
        for (const cim::Enumerated& each : client_.enumerate("Reviver_KeptPoint")) {
            const std::string id = text_of(each.instance.get("InstanceID"));
            reasons[id] = texts_of(each.instance.get("KeptAs"));
            const auto is_it = [&](const Point& point) {
                return text_of(point.instance.get("InstanceID")) == id;
            };
            if (is_id(text_of(each.instance.get("CollectionID")), collection.id) &&
                std::none_of(points.begin(), points.end(), is_it))
                ++others;
        }
    } catch (const cim::WsmanFault& fault) {
        if (fault.subcode() != "DestinationUnreachable") throw;
    }
    for (Point& point : points) {
        point.kept_as = reasons[text_of(point.instance.get("InstanceID"))];
    }
    return others == 0;
}

// Two questions, and a point may come between them: then what was the newest is not, by the second
// answer, and the newest is in none of the first.
std::vector<Point> RemoteSite::points_and_why(const Collection& collection) {
    constexpr int attempts_max = 3;
    std::vector<Point> found;
    for (int attempt = 0; attempt < attempts_max; ++attempt) {
        found = points(collection);
        if (say_why_kept(collection, found)) break;
    }
    return found;
}

Point RemoteSite::point(const Collection& collection, const std::string& sequence) {
    for (const Point& point : points(collection)) {
        if (std::to_string(point.sequence) == sequence) return point;
    }
    fail(Code::not_found, "{} has no point \"{}\"; `reviver points` shows what there is",
         collection.name, sequence);
}

std::vector<Job> RemoteSite::jobs() {
    return all_of(client_, "Msvm_ConcreteJob",
                  [](const cim::Enumerated& each) { return read_job(each.path, each.instance); });
}

Job RemoteSite::job(const std::string& id) {
    for (const Job& job : jobs()) {
        if (is_id(job.id, id)) return job;
    }
    fail(Code::not_found,
         "there is no job \"{}\"; jobs are kept five minutes after their end, `reviver job list` "
         "shows them",
         id);
}

Job RemoteSite::job(const cim::ObjectPath& path) {
    return read_job(path, client_.get(path));
}

std::vector<Peer> RemoteSite::peers() {
    return all_of(client_, "Reviver_Peer",
                  [](const cim::Enumerated& each) { return read_peer(each.instance); });
}

std::vector<SharedDisk> RemoteSite::shared_disks() {
    return all_of(client_, "Reviver_SharedDisk",
                  [](const cim::Enumerated& each) { return read_shared_disk(each.instance); });
}

cim::Instance RemoteSite::settings(const Collection& collection) {
    cim::ObjectPath path("Msvm_CollectionReplicationSettingData");
    path.set_key("InstanceID", "Reviver:" + collection.id + "\\HVR");
    return client_.get(path);
}

std::optional<Statistics> RemoteSite::statistics(const Collection& collection) {
    if (!is_replicated(collection)) return std::nullopt;
    Accepted answer =
        call(replication_service, "GetReplicationStatistics", {{"Collection", collection.path}});
    const cim::Value& text = answer.get("ReplicationStatistics");
    if (text.is_null()) return std::nullopt;
    std::vector<std::string> issues = texts_of(answer.get("ReplicationHealthIssues"));
    if (text.type() == cim::Type::instance) return read_statistics(text.as_instance(), issues);
    return read_statistics(cim::read_embedded(text.as_string()), issues);
}

std::optional<Details> RemoteSite::details(const Collection& collection) {
    cim::ObjectPath path("Reviver_CollectionStatus");
    path.set_key("CollectionID", collection.id);
    try {
        return read_details(client_.get(path));
    } catch (const cim::WsmanFault& fault) {
        if (fault.subcode() != "DestinationUnreachable") throw;
        return std::nullopt;
    }
}

SiteInfo RemoteSite::info() {
    Accepted answer = call(site_service, "GetSiteInfo", {});
    return {.name = text_of(answer.get("Name")),
            .site_id = text_of(answer.get("SiteId")),
            .fingerprint = text_of(answer.get("Fingerprint")),
            .peer_host = text_of(answer.get("PeerHost")),
            .peer_port = number_of(answer.get("PeerPort"))};
}

// A return value has no room for a text. Reviver names a failed job beside it, which has one.
void RemoteSite::refuse(const std::string& method, const cim::Invoked& answer) {
    Code code = code_of(answer.return_value);
    const cim::Value& job = answer.get("Job");
    if (!job.is_null()) {
        std::string reason = this->job(job.as_reference()).error;
        if (!reason.empty()) fail(code, "{}", reason);
    }
    fail(code, "{}: {} ({})", method, refusal_words(answer.return_value), answer.return_value);
}

const cim::ObjectPath& RemoteSite::path_of_service(const std::string& service) {
    auto known = services_.find(service);
    if (known != services_.end()) return known->second;
    std::vector<cim::Enumerated> instances = client_.enumerate(service);
    if (instances.empty()) fail(Code::not_supported, "this server has no {}", service);
    return services_.emplace(service, instances.front().path).first->second;
}

Accepted RemoteSite::call(const std::string& service, const std::string& method,
                          const std::vector<cim::NamedValue>& in) {
    return call(path_of_service(service), method, in);
}

Accepted RemoteSite::call(const cim::ObjectPath& object, const std::string& method,
                          const std::vector<cim::NamedValue>& in) {
    return call(client_, object, method, in);
}

Accepted RemoteSite::call_of_vms(const std::string& service, const std::string& method,
                                 const std::vector<cim::NamedValue>& in) {
    const std::vector<cim::Enumerated> instances = client_of_vms_.enumerate(service);
    if (instances.empty()) fail(Code::not_supported, "this server has no {}", service);
    return call(client_of_vms_, instances.front().path, method, in);
}

cim::Invoked RemoteSite::invoke(cim::WsmanClient& client, const cim::ObjectPath& object,
                                const std::string& method, const std::vector<cim::NamedValue>& in) {
    try {
        return client.invoke(object, method, in);
    } catch (const cim::WsmanFault& fault) {
        if (fault.code() != Code::access_denied) throw;
        fail(Code::access_denied,
             "{}: `reviver user list` at the site shows which account has the role for it",
             fault.what());
    }
}

Accepted RemoteSite::call(cim::WsmanClient& client, const cim::ObjectPath& object,
                          const std::string& method, const std::vector<cim::NamedValue>& in) {
    cim::Invoked answer = invoke(client, object, method, in);
    if (answer.return_value != method_done && answer.return_value != job_started) {
        refuse(method, answer);
    }
    Accepted accepted{std::move(answer.out), std::nullopt};
    const cim::Value& job = accepted.get("Job");
    if (answer.return_value == job_started && !job.is_null()) accepted.job = job.as_reference();
    return accepted;
}

}  // namespace reviver::cli
