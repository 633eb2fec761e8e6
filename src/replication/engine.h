// The replication engine of a site: the one object that the faces (CIM, command, web) call, and
// that a paired site talks to through its desk. A method of the management interface is a method
// here.
//
// What can be known before the return is answered by an Error at once: Code::invalid_parameter,
// invalid_state, in_use, not_found. Long work answers a job; its failure is in the job alone. Any
// thread may call.
#pragma once

#include "replication/connection_check.h"
#include "replication/context.h"
#include "replication/failover_network.h"
#include "replication/group.h"
#include "replication/keeper.h"
#include "replication/recovery_server.h"
#include "replication/replica_desk.h"
#include "replication/vm_notes.h"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace reviver::replication {

struct InitialStart {
    InitialReplication type = InitialReplication::network;
    std::string directory{};  // of a medium to write
};

class Engine : private Directory {
  public:
    // Takes up where the site was: cycles go on, interrupted jobs are continued or failed with the
    // reason.
    explicit Engine(Context context);
    ~Engine();  // stops all background work; VMs run on

    wire::PeerHandler& peer_handler() { return desk_; }
    const SiteIdentity& site() const { return context_.site; }
    const Policy& policy() const { return *context_.policy; }
    sys::WallTime now() { return context_.world.clock.wall(); }

    // --- what is there
    std::vector<Collection> collections();
    std::optional<Collection> collection(CollectionId id);
    std::vector<PointInfo> points(CollectionId id);
    std::vector<store::KeptPoint> kept_points(CollectionId id);
    Statistics statistics(CollectionId id);
    Health health(CollectionId id);
    // How old the newest durable point is, while points should be coming.
    std::optional<Lag> lag(CollectionId id);
    // Something about a VM that a person should know; warns in the health of its collection.
    void note(VmId vm, const std::string& text);
    Jobs& jobs() { return context_.jobs; }
    Peers& peers() { return context_.peers; }
    RecoveryServer& recovery_server() { return recovery_server_; }
    FailoverNetwork& failover_network() { return failover_network_; }

    std::string fetch_fingerprint(const sys::Endpoint& at) {
        return context_.fetch_fingerprint(at);
    }
    void check_connection(const std::string& point, std::uint16_t port) {
        replication::check_connection(context_, point, port);
    }

    // --- collections
    CollectionId define_collection(const std::string& name, std::optional<CollectionId> id,
                                   bool of_collections);
    void destroy_collection(CollectionId id);
    void rename_collection(CollectionId id, const std::string& name);
    void add_member(CollectionId id, const std::string& member);
    void remove_member(CollectionId id, const std::string& member);

    // --- replication; `owner` is who asks
    JobId create_relationship(CollectionId id, Settings settings, const std::string& owner);
    // On the primary; both sides have the settings when the job ends. Another site is refused with
    // Code::not_supported. When the disks are others, the job ends with the first point that has
    // the new set: replication/disk_set.h.
    JobId modify_settings(CollectionId id, const Settings& settings, const std::string& owner);
    // Back to the set of before; Code::invalid_state when no update of the disk set is under way.
    JobId cancel_disk_update(CollectionId id, const std::string& owner);
    JobId start_replication(CollectionId id, const InitialStart& how, const std::string& owner);
    // On the recovery side: takes in what start_replication() wrote to a medium, all of the group.
    // `vm`: one that has to be in it.
    JobId import_replica(const std::string& directory, std::optional<VmId> vm,
                         const std::string& owner);
    // Within seven days; over the network or seeded.
    void schedule_replication(CollectionId id, InitialReplication how, sys::WallTime at);
    void cancel_initial_replication(CollectionId id);  // under way, or scheduled
    JobId resynchronize(CollectionId id, bool include_suspended, const std::string& owner);
    void schedule_resync(CollectionId id, bool include_suspended, sys::WallTime at);
    void cancel_resync(CollectionId id);
    JobId initiate_failover(CollectionId id, std::optional<Sequence> point,
                            const std::string& owner);
    JobId revert_failover(CollectionId id, const std::string& owner);
    JobId commit_failover(CollectionId id, const std::string& owner);
    // Makes VMs of their own on a point, beside the replica, which replicates on: a collection
    // besides it, whose id is known at once and which is there when the job has ended. One at a
    // time.
    struct TrialBegun {
        JobId job;
        CollectionId collection;
    };
    TrialBegun test_replica(CollectionId replica, std::optional<Sequence> point,
                            const std::string& owner);
    JobId revert_test(CollectionId replica, const std::string& owner);
    JobId initiate_planned_failover(CollectionId id, const std::string& owner);
    JobId revert_planned_failover(CollectionId id, const std::string& owner);
    JobId prepare_reverse(CollectionId id, const std::string& owner);
    JobId reverse(CollectionId id, Settings settings, const std::string& owner);
    void suspend(CollectionId id);
    void resume(CollectionId id);
    JobId remove_relationship(CollectionId id, const std::string& owner);
    void reset_statistics(CollectionId id);
    JobId scrub(CollectionId id, const std::string& owner);
    void start_members(CollectionId id);  // of a collection that is failed over or primary
    // Removes a recovery point that a person no longer needs (the tail of an old primary).
    void remove_point(CollectionId id, Sequence point);

  private:
    struct Live {
        std::shared_ptr<Group> group;
        std::unique_ptr<Keeper> keeper;
    };
    using Work = std::function<void(Group&, JobHandle&)>;
    struct Operation {
        JobType type;
        std::string name;    // "Fail over"
        std::string method;  // for going on after a restart; "" when the work cannot go on
        std::string argument;
        bool cancellable = false;
        bool ends_elsewhere = false;  // the keeper ends the job
        CollectionId result{};        // what the job makes
    };

    // Directory
    std::shared_ptr<Group> find(CollectionId id) override;
    std::shared_ptr<Group> add(Collection collection) override;
    GroupDisks& disks(CollectionId id) override;
    void forget_disks(CollectionId id) override;

    std::shared_ptr<Group> group_of(CollectionId id);
    Keeper& keeper_of(CollectionId id);
    std::shared_ptr<Group> require(CollectionId id, Event event);
    void go_live(Collection collection);
    void drop(CollectionId id);
    void go_on();
    void go_on_with(const Job& job);
    void go_on_with_update(Group& group, JobId job);

    JobId launch(std::shared_ptr<Group> group, const Operation& operation, const std::string& owner,
                 Work work);
    void run_in_task(std::shared_ptr<Group> group, std::shared_ptr<JobHandle> job, Work work,
                     bool ends_elsewhere);
    void start_task(const std::string& name, std::function<void()> work);
    void take_over_settings(Group& group, const Settings& settings, JobHandle& job);
    void require_a_disk(const Collection& collection, const Settings& settings);
    void put_resync_on_agenda(Group& group, bool include_suspended, sys::WallTime at);
    void flatten_behind(std::shared_ptr<Group> group, std::shared_ptr<JobHandle> job);
    void flatten_until_done(Group& group, JobHandle& job);
    std::optional<std::string> flatten_once(Group& group, JobHandle& job);
    bool is_flattening(CollectionId id);

    // What the jobs do; each may be begun again after a crash in the middle.
    void fail_over(Group& group, std::optional<Sequence> point);
    void take_back_failover(Group& group);
    void commit(Group& group);
    void plan_failover(Group& group, JobHandle& job);
    void hand_over(Group& group, JobHandle& job);
    std::string run_again(const Collection& collection);
    void step_aside(Group& group);
    void become_primary(Group& group, const Settings& settings);
    void remove(Group& group, Role role_before);
    void make_trial(Group& group, CollectionId trial, std::optional<Sequence> point);
    Collection begin_trial(Group& group, CollectionId trial, std::optional<Sequence> point);
    void set_up_trial(const Collection& replica);
    void show_trial(const Collection& replica, const TrialPlan& plan);
    void end_trial(Group& group);
    bool is_of_a_trial(const std::string& vm);
    void require_no_trial(const Collection& collection, const char* what);
    std::optional<FailoverPlan> leave_recovery_side(const Collection& collection);
    bool has_point(CollectionId id, Sequence sequence);
    FailoverPlan plan_of(const Collection& collection, Sequence point);
    void require_peer(const Settings& settings);

    Context context_;
    VmNotes notes_;
    RecoveryServer recovery_server_;
    CycleGate gate_;
    FailoverNetwork failover_network_;
    ReplicaDesk desk_;
    std::mutex mutex_;
    std::map<CollectionId, Live> live_;
    struct RunningTask {
        std::unique_ptr<sys::Task> task;
        std::shared_ptr<std::atomic<bool>> ended;
    };
    std::vector<RunningTask> tasks_;
    std::atomic<bool> stopping_{false};
};

}  // namespace reviver::replication
