// Reviver's own classes: the site, its peers, and what the published classes have no place for.

#include "provider/names.h"
#include "provider/return_codes.h"
#include "provider/sources.h"
#include "replication/disk_set.h"

namespace reviver::provider {

namespace {

using replication::Collection;
using replication::Engine;

constexpr const char* site_service = "Reviver_SiteService";

cim::Instance service_instance(const Engine& engine) {
    cim::Instance instance(site_service);
    instance.set("SystemCreationClassName", "Msvm_ComputerSystem");
    instance.set("SystemName", engine.site().name);
    instance.set("CreationClassName", site_service);
    instance.set("Name", "sitesvc");
    instance.set("ElementName", "Site Service");
    instance.set("Started", true);
    return instance;
}

std::vector<cim::Instance> peers(Engine& engine) {
    std::vector<cim::Instance> result;
    for (const replication::Peer& peer : engine.peers().list()) {
        cim::Instance instance("Reviver_Peer");
        instance.set("Name", peer.name);
        instance.set("ElementName", peer.name);
        instance.set("Host", peer.endpoint.host);
        instance.set("Port", peer.endpoint.port);
        instance.set("Fingerprint", peer.fingerprint);
        result.push_back(std::move(instance));
    }
    return result;
}

std::vector<std::string> texts_of(const std::vector<DiskKey>& keys) {
    std::vector<std::string> texts;
    for (const DiskKey& key : keys) texts.push_back(key.text());
    return texts;
}

// Of a primary: which disks points have, and which are on their way into one.
void show_disk_set(cim::Instance& instance, const Collection& c) {
    if (c.place.role != Role::primary) return;
    instance.set("Disks", texts_of(replication::keys_of(c.shapes)));
    instance.set("DiskUpdate", c.disk_update.has_value());
    if (!c.disk_update) return;
    instance.set("ComingDisks", texts_of(c.disk_update->coming));
    instance.set("CopiedBytes", c.disk_update->bytes_done);
    instance.set("CopyBytes", c.disk_update->bytes_due);
}

cim::Instance status_instance(Engine& engine, const Collection& c) {
    const replication::Statistics statistics = engine.statistics(c.id);
    cim::Instance instance("Reviver_CollectionStatus");
    instance.set("CollectionID", c.id.text());
    instance.set("ElementName", c.name);
    if (!c.peer.empty()) instance.set("Peer", c.peer);
    instance.set("Epoch", c.epoch.value);
    std::uint64_t newest = c.last_sequence.value;
    if (c.place.role == Role::replica) {
        const auto points = engine.points(c.id);
        newest = points.empty() ? 0 : points.back().sequence.value;
    }
    instance.set("NewestPoint", newest);
    if (c.failover_point.value != 0) instance.set("FailoverPoint", c.failover_point.value);
    if (c.trial) instance.set("TestPoint", c.trial->point.value);
    if (!c.trouble.empty()) instance.set("Trouble", c.trouble);
    if (const auto rate = engine.policy().rate_of(c.id, c.name)) {
        instance.set("BandwidthLimit", rate);
    }
    if (const auto rate = engine.policy().site_rate()) {
        instance.set("SiteBandwidthLimit", rate);
    }
    instance.set("Fenced", c.fenced);
    instance.set("Merged", c.failover_point.value == 0 || c.flattened);
    instance.set("HoldMedian", hold_us_percentile(statistics, 50));
    instance.set("HoldPercentile99", hold_us_percentile(statistics, 99));
    instance.set("ReverseBitmapDisks", c.reverse_report.bitmap_disks);
    instance.set("ReverseComparedDisks", c.reverse_report.compared_disks);
    instance.set("ReverseDifferingBytes", c.reverse_report.differing_bytes);
    instance.set("ReverseSentBytes", c.reverse_report.sent_bytes);
    show_disk_set(instance, c);
    return instance;
}

std::string reason_text(const store::KeptPoint& point, store::KeptAs reason) {
    std::string text(name_of(reason));
    if (reason != store::KeptAs::pinned) return text;
    std::string pins;
    for (const std::string& pin : point.pins) pins += (pins.empty() ? "" : ", ") + pin;
    return fmt::format("{}: {}", text, pins);
}

std::vector<cim::Instance> kept_points(Engine& engine) {
    std::vector<cim::Instance> result;
    for (const Collection& c : engine.collections()) {
        if (c.place.role != Role::replica) continue;
        for (const store::KeptPoint& point : engine.kept_points(c.id)) {
            cim::Instance instance("Reviver_KeptPoint");
            instance.set("InstanceID", point_instance_id(c.id, point.sequence));
            instance.set("CollectionID", c.id.text());
            std::vector<std::string> reasons;
            for (const auto reason : point.reasons) reasons.push_back(reason_text(point, reason));
            instance.set("KeptAs", reasons);
            result.push_back(std::move(instance));
        }
    }
    return result;
}

std::string text_argument(const cim::Call& call, const char* name) {
    const cim::Value& value = call.argument(name);
    if (value.is_null()) fail(Code::invalid_parameter, "{} is NULL", name);
    return value.as_string();
}

sys::Endpoint endpoint_argument(const cim::Call& call) {
    const cim::Value& port = call.argument("Port");
    return {text_argument(call, "Host"),
            static_cast<std::uint16_t>(port.is_null() ? 0 : port.as_unsigned())};
}

CollectionId collection_argument(const cim::Call& call) {
    const cim::Value& value = call.argument("Collection");
    if (value.is_null()) fail(Code::invalid_parameter, "Collection is NULL");
    return collection_of(value.as_reference());
}

}  // namespace

// These methods have no published list of return values: an Error is passed on with its text.
void bind_site(cim::Registry& registry, Engine& engine) {
    bind_list(registry, site_service, [&engine] { return std::vector{service_instance(engine)}; });
    bind_list(registry, "Reviver_Peer", [&engine] { return peers(engine); });
    bind_list(registry, "Reviver_KeptPoint", [&engine] { return kept_points(engine); });
    bind_list(registry, "Reviver_CollectionStatus", [&engine] {
        std::vector<cim::Instance> result;
        for (const Collection& c : engine.collections()) {
            if (!c.of_collections) result.push_back(status_instance(engine, c));
        }
        return result;
    });
    auto bind = [&](const char* name, cim::MethodHandler handler) {
        registry.bind_method(site_service, name, std::move(handler));
    };
    bind("AddPeer", [&engine](const cim::Call& call) {
        engine.peers().put({text_argument(call, "Name"), "", text_argument(call, "Fingerprint"),
                            endpoint_argument(call)});
        return cim::MethodResult{};
    });
    bind("RemovePeer", [&engine](const cim::Call& call) {
        engine.peers().remove(text_argument(call, "Name"));
        return cim::MethodResult{};
    });
    bind("FetchPeerFingerprint", [&engine](const cim::Call& call) {
        cim::MethodResult result;
        result.out["Fingerprint"] = engine.fetch_fingerprint(endpoint_argument(call));
        return result;
    });
    bind("GetSiteInfo", [&engine](const cim::Call&) {
        cim::MethodResult result;
        const replication::SiteIdentity& site = engine.site();
        result.out["Name"] = site.name;
        result.out["SiteId"] = site.id;
        result.out["Fingerprint"] = site.fingerprint;
        result.out["PeerHost"] = site.endpoint.host;
        result.out["PeerPort"] = site.endpoint.port;
        return result;
    });
    bind("Scrub", [&engine](const cim::Call& call) {
        cim::MethodResult result;
        result.return_value = job_started;
        result.out["Job"] = path_of_job(engine.scrub(collection_argument(call), call.who.name()));
        return result;
    });
    bind("StartMembers", [&engine](const cim::Call& call) {
        engine.start_members(collection_argument(call));
        return cim::MethodResult{};
    });
    bind("RemovePoint", [&engine](const cim::Call& call) {
        const cim::Value& value = call.argument("CollectionRecoveryPoint");
        if (value.is_null()) fail(Code::invalid_parameter, "CollectionRecoveryPoint is NULL");
        const PointName name = point_of(value.as_reference());
        engine.remove_point(name.collection, name.sequence);
        return cim::MethodResult{};
    });
}

}  // namespace reviver::provider
