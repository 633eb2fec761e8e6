// The two services: each method of the management interface bound to its operation of the engine.

#include "base/log.h"
#include "cim/embedded_text.h"
#include "provider/names.h"
#include "provider/return_codes.h"
#include "provider/settings.h"
#include "provider/sources.h"

namespace reviver::provider {

namespace {

using replication::Engine;

constexpr const char* replication_service = "Msvm_CollectionReplicationService";
constexpr const char* collection_service = "Msvm_CollectionManagementService";
constexpr const char* snapshot_service = "Msvm_CollectionSnapshotService";
constexpr const char* reference_point_service = "Msvm_CollectionReferencePointService";

struct ServiceName {
    const char* class_name;
    const char* name;
    const char* caption;
};
constexpr ServiceName services[] = {
    {collection_service, "collectionmgmtsvc", "Collection Management Service"},
    {replication_service, "collectionreplicasvc", "Collection Replication Service"},
    {snapshot_service, "collectionsnapshotsvc", "Collection Snapshot Service"},
    {reference_point_service, "collectionrefpointsvc", "Collection Reference Point Service"},
};

cim::Instance service_instance(const ServiceName& service, const Engine& engine) {
    cim::Instance instance(service.class_name);
    instance.set("SystemCreationClassName", "Msvm_ComputerSystem");
    instance.set("SystemName", engine.site().name);
    instance.set("CreationClassName", service.class_name);
    instance.set("Name", service.name);
    instance.set("ElementName", service.caption);
    instance.set("Caption", service.caption);
    instance.set("Started", true);
    instance.set("EnabledState", std::uint16_t{2});
    instance.set("EnabledDefault", std::uint16_t{2});
    instance.set("RequestedState", std::uint16_t{12});
    instance.set("HealthState", std::uint16_t{5});
    instance.set("OperationalStatus", std::vector<std::uint16_t>{2});
    instance.set("Status", "OK");
    return instance;
}

// The collection that a call is about, as far as one can be made out.
CollectionId collection_if_any(const cim::Call& call) {
    const cim::Value& value = call.argument("Collection");
    if (value.is_null()) return {};
    return CollectionId::parse(value.as_reference().key_text("CollectionID"))
        .value_or(CollectionId());
}

// Runs a method's body. An Error is answered by the return value that its code has in the ValueMap;
// its text has no place there, so the answer names a failed job that says it.
template <class Body>
cim::MethodHandler method(Engine& engine, Body body) {
    return [&engine, body](const cim::Call& call) {
        cim::MethodResult result;
        try {
            body(call, result);
        } catch (const Error& error) {
            log_warning("{} by {}: {}", call.method, call.who.name(), error.what());
            Job refused;
            refused.name = call.method;
            refused.owner = call.who.name();
            refused.collection = collection_if_any(call);
            result = {};
            result.return_value = return_value_of(error.code());
            result.out["Job"] = path_of_job(engine.jobs().note_refusal(refused, error));
        }
        return result;
    };
}

void answer_job(cim::MethodResult& result, JobId job) {
    result.return_value = job_started;
    result.out["Job"] = path_of_job(job);
}

CollectionId collection_argument(const cim::Call& call) {
    const cim::Value& value = call.argument("Collection");
    if (value.is_null()) fail(Code::invalid_parameter, "Collection is NULL");
    return collection_of(value.as_reference());
}

Settings settings_argument(Engine& engine, const cim::Call& call, CollectionId id) {
    const cim::Value& value = call.argument("CollectionReplicationSettingData");
    if (value.is_null()) fail(Code::invalid_parameter, "CollectionReplicationSettingData is NULL");
    const auto collection = engine.collection(id);
    if (!collection) fail(Code::invalid_parameter, "there is no collection {}", id.text());
    return settings_from(value.as_instance(), collection->settings);
}

// A method that takes the collection alone and answers a job.
using Operation = JobId (Engine::*)(CollectionId, const std::string&);
cim::MethodHandler operation(Engine& engine, Operation what) {
    return method(engine, [&engine, what](const cim::Call& call, cim::MethodResult& result) {
        answer_job(result, (engine.*what)(collection_argument(call), call.who.name()));
    });
}

// A method that takes the collection alone and is done at once.
using Action = void (Engine::*)(CollectionId);
cim::MethodHandler action(Engine& engine, Action what) {
    return method(engine, [&engine, what](const cim::Call& call, cim::MethodResult&) {
        (engine.*what)(collection_argument(call));
    });
}

void create_relationship(Engine& engine, const cim::Call& call, cim::MethodResult& result) {
    const CollectionId id = collection_argument(call);
    answer_job(result, engine.create_relationship(id, settings_argument(engine, call, id),
                                                  call.who.name()));
}

void start_replication(Engine& engine, const cim::Call& call, cim::MethodResult& result) {
    const CollectionId id = collection_argument(call);
    const cim::Value& type = call.argument("InitialReplicationType");
    const std::uint64_t number = type.is_null() ? 0 : type.as_unsigned();
    if (number < 1 || number > 3) {
        fail(Code::invalid_parameter, "InitialReplicationType is {}; 1, 2 and 3 are defined",
             number);
    }
    if (number != 1) {
        fail(Code::not_supported,
             "InitialReplicationType {} is not offered; use 1, over the network", number);
    }
    if (!call.argument("StartTime").is_null()) {
        fail(Code::not_supported, "a StartTime is not offered; leave it NULL to start now");
    }
    answer_job(result, engine.start_replication(id, call.who.name()));
}

void initiate_failover(Engine& engine, const cim::Call& call, cim::MethodResult& result) {
    const CollectionId id = collection_argument(call);
    std::optional<Sequence> point;
    if (const cim::Value& value = call.argument("CollectionRecoveryPoint"); !value.is_null()) {
        const PointName name = point_of(value.as_reference());
        if (name.collection != id) {
            fail(Code::invalid_parameter, "the recovery point belongs to collection {}",
                 name.collection.text());
        }
        point = name.sequence;
    }
    answer_job(result, engine.initiate_failover(id, point, call.who.name()));
}

void reverse(Engine& engine, const cim::Call& call, cim::MethodResult& result) {
    const CollectionId id = collection_argument(call);
    answer_job(result, engine.reverse(id, settings_argument(engine, call, id), call.who.name()));
}

cim::Instance statistics_instance(Engine& engine, CollectionId id, const replication::Statistics& s,
                                  HealthLevel health) {
    cim::Instance instance("Msvm_CollectionReplicationStatistics");
    instance.set("InstanceID", "Reviver:" + id.text() + "\\Statistics");
    instance.set("StartStatisticTime", datetime_of(s.start));
    instance.set("EndStatisticTime", datetime_of(engine.now()));
    instance.set("ReplicationWALSuccessCount", static_cast<std::uint32_t>(s.success_count));
    instance.set("ReplicationWALMissCount", static_cast<std::uint32_t>(s.miss_count));
    instance.set("ReplicationSize", s.size_bytes);
    instance.set("MaxReplicationSize", s.size_bytes_max);
    instance.set("PendingReplicationSize", s.pending_bytes);
    instance.set("NetworkFailureCount", s.network_failures);
    instance.set("ReplicationFailureCount", s.replication_failures);
    instance.set("ApplicationConsistentSnapshotFailureCount", s.application_failures);
    instance.set("ReplicationHealth", static_cast<std::uint32_t>(health));
    instance.set("MaxReplicationLatency",
                 static_cast<std::uint32_t>((s.latency_ms_max + 999) / 1000));
    instance.set("LastWALReplicationTime", datetime_of(s.last_success));
    instance.set("LastTestFailoverTime", datetime_of(s.last_test_failover));
    return instance;
}

void get_statistics(Engine& engine, const cim::Call& call, cim::MethodResult& result) {
    const CollectionId id = collection_argument(call);
    const auto collection = engine.collection(id);
    if (!collection) fail(Code::invalid_parameter, "there is no collection {}", id.text());
    if (collection->place.role == Role::none) {
        fail(Code::invalid_state, "'{}' does not replicate", collection->name);
    }
    const replication::Health health = engine.health(id);
    result.out["ReplicationStatistics"] =
        statistics_instance(engine, id, engine.statistics(id), health.level);
    result.out["ReplicationHealthIssues"] = health.issues;
}

std::string member_id(const cim::Call& call) {
    const cim::Value& value = call.argument("Member");
    if (value.is_null()) fail(Code::invalid_parameter, "Member is NULL");
    const cim::ObjectPath& path = value.as_reference();
    return path.key("CollectionID").is_null() ? vm_of(path).text() : collection_of(path).text();
}

void define_collection(Engine& engine, const cim::Call& call, cim::MethodResult& result) {
    const cim::Value& name = call.argument("Name");
    const cim::Value& id_text = call.argument("Id");
    const cim::Value& type = call.argument("Type");
    std::optional<CollectionId> id;
    if (!id_text.is_null() && !id_text.as_string().empty()) {
        id = CollectionId::parse(id_text.as_string());
        if (!id) fail(Code::invalid_parameter, "'{}' is no GUID", id_text.as_string());
    }
    const std::uint64_t kind = type.is_null() ? 0 : type.as_unsigned();
    if (kind > 1) fail(Code::invalid_parameter, "Type is {}; 0 and 1 are defined", kind);
    const CollectionId made =
        engine.define_collection(name.is_null() ? "" : name.as_string(), id, kind == 1);
    result.out["DefinedCollection"] = path_of_collection(
        kind == 1 ? "Msvm_ManagementCollection" : "Msvm_VirtualSystemCollection", made);
}

void remove_member_by_id(Engine& engine, const cim::Call& call) {
    const cim::Value& text = call.argument("CollectionId");
    const auto id = text.is_null() ? std::nullopt : CollectionId::parse(text.as_string());
    const std::string member = member_id(call);
    if (id && engine.collection(*id)) engine.remove_member(*id, member);
}

// Documented, and not offered yet: the code says so instead of a method that does not exist.
void refuse_methods(cim::Registry& registry, Engine& engine, const char* service,
                    std::initializer_list<const char*> names) {
    for (const char* name : names) {
        registry.bind_method(
            service, name, method(engine, [](const cim::Call& call, cim::MethodResult&) {
                fail(Code::not_supported, "{} is not offered by this version", call.method);
            }));
    }
}

void bind_collection_service(cim::Registry& registry, Engine& engine) {
    auto bind = [&](const char* name, auto body) {
        registry.bind_method(collection_service, name, method(engine, body));
    };
    bind("DefineCollection", [&engine](const cim::Call& call, cim::MethodResult& result) {
        define_collection(engine, call, result);
    });
    bind("DestroyCollection", [&engine](const cim::Call& call, cim::MethodResult&) {
        engine.destroy_collection(collection_argument(call));
    });
    bind("RenameCollection", [&engine](const cim::Call& call, cim::MethodResult&) {
        const cim::Value& name = call.argument("NewName");
        engine.rename_collection(collection_argument(call), name.is_null() ? "" : name.as_string());
    });
    bind("AddMember", [&engine](const cim::Call& call, cim::MethodResult&) {
        engine.add_member(collection_argument(call), member_id(call));
    });
    bind("RemoveMember", [&engine](const cim::Call& call, cim::MethodResult&) {
        engine.remove_member(collection_argument(call), member_id(call));
    });
    bind("RemoveMemberById", [&engine](const cim::Call& call, cim::MethodResult&) {
        remove_member_by_id(engine, call);
    });
}

void bind_replication_service(cim::Registry& registry, Engine& engine) {
    auto bind = [&](const char* name, cim::MethodHandler handler) {
        registry.bind_method(replication_service, name, std::move(handler));
    };
    using Body = void (*)(Engine&, const cim::Call&, cim::MethodResult&);
    auto with = [&engine](Body body) {
        return method(engine, [&engine, body](const cim::Call& call, cim::MethodResult& result) {
            body(engine, call, result);
        });
    };
    bind("CreateReplicationRelationship", with(create_relationship));
    bind("StartReplication", with(start_replication));
    bind("InitiateFailover", with(initiate_failover));
    bind("RevertFailover", operation(engine, &Engine::revert_failover));
    bind("CommitFailover", operation(engine, &Engine::commit_failover));
    bind("InitiatePlannedFailover", operation(engine, &Engine::initiate_planned_failover));
    bind("RevertPlannedFailover", operation(engine, &Engine::revert_planned_failover));
    bind("PrepareForReverseReplication", operation(engine, &Engine::prepare_reverse));
    bind("ReverseReplicationRelationship", with(reverse));
    bind("SuspendReplication", action(engine, &Engine::suspend));
    bind("ResumeReplication", action(engine, &Engine::resume));
    bind("RemoveReplicationRelationship", operation(engine, &Engine::remove_relationship));
    bind("GetReplicationStatistics", with(get_statistics));
    bind("ResetReplicationStatistics", action(engine, &Engine::reset_statistics));
    refuse_methods(registry, engine, replication_service,
                   {"ModifyReplicationSettings", "Resynchronize", "TestReplicaCollection",
                    "CancelInitialReplication", "CancelResynchronize",
                    "RevertTestReplicaCollection", "CancelUpdateDiskSet"});
}

// The services run as long as the site does.
void bind_service_instances(cim::Registry& registry, Engine& engine) {
    for (const ServiceName& service : services) {
        bind_list(registry, service.class_name,
                  [&engine, &service] { return std::vector{service_instance(service, engine)}; });
    }
    registry.bind_method("CIM_Service", "StartService", [](const cim::Call&) {
        return cim::MethodResult{completed, {}};
    });
}

std::vector<cim::Instance> managed_elements(Engine& engine) {
    std::vector<cim::Instance> result;
    constexpr std::uint16_t manages = 5;
    for (const replication::Collection& c : engine.collections()) {
        const char* class_name =
            c.of_collections ? "Msvm_ManagementCollection" : "Msvm_VirtualSystemCollection";
        for (const ServiceName& service : services) {
            if (c.of_collections && service.class_name != collection_service) continue;
            cim::Instance link("Msvm_ServiceAffectsElement");
            link.set("AffectedElement", path_of_collection(class_name, c.id));
            link.set("AffectingElement",
                     path_of_service(service.class_name, service.name, engine.site().name));
            link.set("ElementEffects", std::vector<std::uint16_t>{manages});
            result.push_back(std::move(link));
        }
    }
    return result;
}

}  // namespace

void bind_services(cim::Registry& registry, Engine& engine) {
    bind_service_instances(registry, engine);
    bind_list(registry, "Msvm_ServiceAffectsElement",
              [&engine] { return managed_elements(engine); });
    bind_collection_service(registry, engine);
    bind_replication_service(registry, engine);
    refuse_methods(registry, engine, snapshot_service,
                   {"CreateSnapshot", "DestroySnapshot", "ExportSnapshot", "ApplySnapshot",
                    "ConvertToReferencePoint"});
    refuse_methods(registry, engine, reference_point_service,
                   {"CreateReferencePoint", "DestroyReferencePoint", "RemoveAssociatedData",
                    "ExportReferencePoint"});
}

}  // namespace reviver::provider
