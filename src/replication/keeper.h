// The background task of a collection: on the primary it runs the cycles, on the recovery side the
// upkeep of the store. It also brings to an end what a call only began: the initial replication,
// and a reverse whose old primary does not answer yet.
#pragma once

#include "replication/cycle.h"
#include "replication/cycle_gate.h"
#include "replication/group.h"
#include "replication/quiesce_plan.h"
#include "replication/recovery_server.h"

#include <atomic>
#include <memory>

namespace reviver::replication {

class Keeper {
  public:
    Keeper(Context& context, Group& group, RecoveryServer& recovery_server, CycleGate& gate);
    ~Keeper();  // stops and joins

    // A cycle now, for a planned failover; the caller holds the group's turn.
    CycleResult cycle(PointKind kind, std::function<void(unsigned, const std::string&)> progress,
                      std::function<bool()> stopped);
    // Has the other side take a seed for the first point; the caller holds the group's turn.
    // Answers what to tell people.
    std::string ask_for_seed();
    // The group's disks at this site, made when first asked for and again after forget_disks().
    GroupDisks& disks();
    void forget_disks();

  private:
    void run();
    sys::Duration step();
    void watch_lag();
    sys::Duration primary_step();
    sys::Duration cycle_or_pause();
    sys::Duration replica_step();
    void scheduled_start(const Collection& collection);
    void scheduled_cycle();
    bool wants_copy(const Collection& collection) const;
    sys::Duration copy_or_pause();
    void copy_slice(sys::MonoTime until);
    void copy_failed(const Error& error);
    void hold_back();
    void ask_who_is_primary(const Collection& collection);
    void cancel_update_if_asked();
    std::shared_ptr<JobHandle> update_job();
    void do_what_is_due(const Collection& collection, const CycleRequest& request);
    void export_copy(const CycleRequest& request);
    void export_failed(const Collection& collection, const Error& error);
    void still_waits_for_import();
    void cycle_failed(const Collection& collection, const Error& error, sys::Duration took);
    void succeeded(const CycleResult& result);
    void failed(const Error& error);
    void fence(const Error& error);
    bool wants_cycle(const Collection& collection) const;
    void before_cycle(const Collection& collection);
    bool begin_quiesce();
    void note_quiesce(const Cut& cut);
    void note_application_point(const CycleResult& result);
    void count_outcome(const CycleOutcome& outcome);
    void end_waiting_job(const Error* error, const std::string& report = "");
    std::string initial_text(const CycleResult& result);

    Context& context_;
    Group& group_;
    RecoveryServer& recovery_server_;
    CycleGate& gate_;
    std::atomic<bool> stopping_{false};
    std::unique_ptr<GroupDisks> disks_;
    sys::MonoTime next_cycle_{};
    unsigned failures_ = 0;
    sys::MonoTime next_copy_{};
    unsigned copy_failures_ = 0;
    QuiescePlan quiesce_plan_;
    sys::MonoTime next_question_{};  // to the other side: who is primary?
    bool late_ = false;              // the newest point is too old, and that was told
    std::unique_ptr<sys::Task> task_;
};

}  // namespace reviver::replication
