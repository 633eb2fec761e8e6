// The services about collections: each method of the management interface bound to its operation of
// the engine.

#include "base/error.h"
#include "provider/methods.h"
#include "provider/names.h"
#include "provider/return_codes.h"
#include "provider/service_instances.h"
#include "provider/settings.h"
#include "provider/sources.h"

namespace reviver::provider {

namespace {

using replication::Engine;

CollectionId collection_argument(const cim::Call& call) {
    return collection_of(required_argument(call, "Collection").as_reference());
}

Settings settings_argument(Engine& engine, const cim::Call& call, CollectionId id) {
    const cim::Value& value = required_argument(call, "CollectionReplicationSettingData");
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

// A timestamp, or an interval from now on. Nothing: at once.
std::optional<sys::WallTime> start_time(Engine& engine, const cim::Call& call) {
    const cim::Value& value = call.argument("StartTime");
    if (value.is_null()) return std::nullopt;
    const cim::DateTime& time = value.as_datetime();
    const std::chrono::microseconds count(time.microseconds());
    const sys::WallTime at =
        time.is_interval() ? engine.now() + count : sys::WallTime(sys::Duration(count));
    return at > engine.now() ? std::optional(at) : std::nullopt;
}

void modify_settings(Engine& engine, const cim::Call& call, cim::MethodResult& result) {
    const CollectionId id = collection_argument(call);
    answer_job(result,
               engine.modify_settings(id, settings_argument(engine, call, id), call.who.name()));
}

void start_export(Engine& engine, const cim::Call& call, cim::MethodResult& result) {
    const CollectionId id = collection_argument(call);
    if (!engine.collection(id)) {
        fail(Code::invalid_parameter, "there is no collection {}", id.text());
    }
    const std::string directory =
        required_argument(call, "InitialReplicationExportLocation").as_string();
    answer_job(result, engine.start_replication(id, {InitialReplication::medium, directory},
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
    const auto how = static_cast<InitialReplication>(number);
    // StartTime does not count for an export.
    if (how == InitialReplication::medium) return start_export(engine, call, result);
    if (const auto at = start_time(engine, call)) return engine.schedule_replication(id, how, *at);
    answer_job(result, engine.start_replication(id, {how}, call.who.name()));
}

void resynchronize(Engine& engine, const cim::Call& call, cim::MethodResult& result) {
    const CollectionId id = collection_argument(call);
    const cim::Value& suspended = call.argument("IncludeSuspended");
    const bool include_suspended = !suspended.is_null() && suspended.as_bool();
    if (const auto at = start_time(engine, call)) {
        return engine.schedule_resync(id, include_suspended, *at);
    }
    answer_job(result, engine.resynchronize(id, include_suspended, call.who.name()));
}

// Nothing: the newest.
std::optional<Sequence> point_argument(const cim::Call& call, CollectionId id) {
    const cim::Value& value = call.argument("CollectionRecoveryPoint");
    if (value.is_null()) return std::nullopt;
    const PointName name = point_of(value.as_reference());
    if (name.collection != id) {
        fail(Code::invalid_parameter, "the recovery point belongs to collection {}",
             name.collection.text());
    }
    return name.sequence;
}

void initiate_failover(Engine& engine, const cim::Call& call, cim::MethodResult& result) {
    const CollectionId id = collection_argument(call);
    answer_job(result, engine.initiate_failover(id, point_argument(call, id), call.who.name()));
}

void test_replica(Engine& engine, const cim::Call& call, cim::MethodResult& result) {
    const CollectionId id = collection_argument(call);
    const auto begun = engine.test_replica(id, point_argument(call, id), call.who.name());
    answer_job(result, begun.job);
    result.out["ResultingCollection"] =
        path_of_collection("Msvm_VirtualSystemCollection", begun.collection);
}

void reverse(Engine& engine, const cim::Call& call, cim::MethodResult& result) {
    const CollectionId id = collection_argument(call);
    answer_job(result, engine.reverse(id, settings_argument(engine, call, id), call.who.name()));
}

cim::Instance statistics_instance(Engine& engine, CollectionId id, const replication::Statistics& s,
                                  HealthLevel health) {
    cim::Instance instance("Msvm_CollectionReplicationStatistics");
    instance.set("InstanceID", "Reviver:" + id.text() + "\\Statistics");
    show_statistics(instance, s, engine.now(), health);
    instance.set("ReplicationWALSuccessCount", static_cast<std::uint32_t>(s.success_count));
    instance.set("ReplicationWALMissCount", static_cast<std::uint32_t>(s.miss_count));
    instance.set("LastWALReplicationTime", datetime_of(s.last_success));
    return instance;
}

void get_statistics(Engine& engine, const cim::Call& call, cim::MethodResult& result) {
    const CollectionId id = collection_argument(call);
    const auto collection = engine.collection(id);
    if (!collection) fail(Code::invalid_parameter, "there is no collection {}", id.text());
    if (!is_in_relationship(collection->place.role)) {
        fail(Code::invalid_state, "'{}' does not replicate", collection->name);
    }
    const replication::Health health = engine.health(id);
    result.out["ReplicationStatistics"] =
        statistics_instance(engine, id, engine.statistics(id), health.level);
    result.out["ReplicationHealthIssues"] = health.issues;
}

std::string member_id(const cim::Call& call) {
    const cim::ObjectPath& path = required_argument(call, "Member").as_reference();
    return path.key("CollectionID").is_null() ? vm_of(path).text() : collection_of(path).text();
}

// A document that is set out for people has white space around it.
std::string name_argument(const cim::Call& call, const char* argument) {
    const cim::Value& name = call.argument(argument);
    return name.is_null() ? "" : std::string(cim::trim(name.as_string()));
}

void define_collection(Engine& engine, const cim::Call& call, cim::MethodResult& result) {
    const cim::Value& id_text = call.argument("Id");
    const cim::Value& type = call.argument("Type");
    std::optional<CollectionId> id;
    if (!id_text.is_null() && !id_text.as_string().empty()) {
        id = CollectionId::parse(id_text.as_string());
        if (!id) fail(Code::invalid_parameter, "'{}' is no GUID", id_text.as_string());
    }
    const std::uint64_t kind = type.is_null() ? 0 : type.as_unsigned();
    if (kind > 1) fail(Code::invalid_parameter, "Type is {}; 0 and 1 are defined", kind);
    const CollectionId made = engine.define_collection(name_argument(call, "Name"), id, kind == 1);
    result.out["DefinedCollection"] = path_of_collection(
        kind == 1 ? "Msvm_ManagementCollection" : "Msvm_VirtualSystemCollection", made);
}

void remove_member_by_id(Engine& engine, const cim::Call& call) {
    const cim::Value& text = call.argument("CollectionId");
    const auto id = text.is_null() ? std::nullopt : CollectionId::parse(text.as_string());
    const std::string member = member_id(call);
    if (id && engine.collection(*id)) engine.remove_member(*id, member);
}

void bind_collection_service(cim::Registry& registry, Engine& engine) {
    auto bind = [&](const char* name, auto body) {
        registry.bind_method(collection_service.class_name, name, method(engine, body));
    };
    bind("DefineCollection", [&engine](const cim::Call& call, cim::MethodResult& result) {
        define_collection(engine, call, result);
    });
    bind("DestroyCollection", [&engine](const cim::Call& call, cim::MethodResult&) {
        engine.destroy_collection(collection_argument(call));
    });
    bind("RenameCollection", [&engine](const cim::Call& call, cim::MethodResult&) {
        engine.rename_collection(collection_argument(call), name_argument(call, "NewName"));
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
        registry.bind_method(replication_service.class_name, name, std::move(handler));
    };
    using Call = void (*)(Engine&, const cim::Call&, cim::MethodResult&);
    auto with = [&engine](Call body) {
        return method(engine, [&engine, body](const cim::Call& call, cim::MethodResult& result) {
            body(engine, call, result);
        });
    };
    bind("CreateReplicationRelationship", with(create_relationship));
    bind("ModifyReplicationSettings", with(modify_settings));
    bind("CancelUpdateDiskSet", operation(engine, &Engine::cancel_disk_update));
    bind("StartReplication", with(start_replication));
    bind("CancelInitialReplication", action(engine, &Engine::cancel_initial_replication));
    bind("Resynchronize", with(resynchronize));
    bind("CancelResynchronize", action(engine, &Engine::cancel_resync));
    bind("InitiateFailover", with(initiate_failover));
    bind("RevertFailover", operation(engine, &Engine::revert_failover));
    bind("TestReplicaCollection", with(test_replica));
    bind("RevertTestReplicaCollection", operation(engine, &Engine::revert_test));
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
}

}  // namespace

void show_statistics(cim::Instance& instance, const replication::Statistics& s, sys::WallTime now,
                     HealthLevel health) {
    instance.set("StartStatisticTime", datetime_of(s.start));
    instance.set("EndStatisticTime", datetime_of(now));
    instance.set("ReplicationSize", s.size_bytes);
    instance.set("MaxReplicationSize", s.size_bytes_max);
    instance.set("PendingReplicationSize", s.pending_bytes);
    instance.set("NetworkFailureCount", s.network_failures);
    instance.set("ReplicationFailureCount", s.replication_failures);
    instance.set("ApplicationConsistentSnapshotFailureCount", s.application_failures);
    instance.set("ReplicationHealth", static_cast<std::uint32_t>(health));
    instance.set("MaxReplicationLatency",
                 static_cast<std::uint32_t>((s.latency_ms_max + 999) / 1000));
    instance.set("LastTestFailoverTime", datetime_of(s.last_test_failover));
}

void bind_services(cim::Registry& registry, Engine& engine) {
    bind_service_instances(registry, engine);
    bind_collection_service(registry, engine);
    if (registry.schema().find(replication_service.class_name) != nullptr) {
        bind_replication_service(registry, engine);
    }
    const std::string why =
        "the engine keeps recovery points on the recovery side (Msvm_CollectionRecoveryPoint), and "
        "no snapshots or reference points beside them";
    refuse_methods(registry, engine, snapshot_service.class_name,
                   {"CreateSnapshot", "DestroySnapshot", "ExportSnapshot", "ApplySnapshot",
                    "ConvertToReferencePoint"},
                   why);
    refuse_methods(registry, engine, reference_point_service.class_name,
                   {"CreateReferencePoint", "DestroyReferencePoint", "RemoveAssociatedData",
                    "ExportReferencePoint"},
                   why);
}

}  // namespace reviver::provider
