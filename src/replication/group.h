// A collection as the engine works with it: its document, its figures, and whose turn it is to act
// on it.
//
// Two rules keep it right. First, the document is changed by update() and advance() alone, which
// make the change durable before anyone sees it: whatever is done next stands on something a crash
// cannot take back. Second, whoever moves data or VMs of the collection (a cycle, a failover, a
// reverse) holds its turn; an operation that cannot wait for a cycle interrupts it first.
#pragma once

#include "replication/context.h"
#include "replication/documents.h"
#include "sys/exclusive.h"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace reviver::replication {

class Group {
  public:
    Group(Context& context, Collection collection, Statistics statistics);

    CollectionId id() const { return id_; }
    Collection snapshot();
    Statistics statistics();

    // Durable when it returns. `change` may throw to leave everything as it was.
    Collection update(const std::function<void(Collection&)>& change);
    // One step of the state machine, with what else belongs to it. Code::invalid_state when the
    // table has no such step.
    Collection advance(Event event, const std::function<void(Collection&)>& change = {});
    void update_statistics(const std::function<void(Statistics&)>& change);

    // The turn to move data or VMs. interrupt() makes the present holder's `interrupted` answer
    // true until it gives the turn back.
    sys::Exclusive::Turn take_turn();
    void interrupt();
    std::function<bool()> interrupted();

    // Wakes the background task of this collection.
    void wake() { wake_->raise(); }
    sys::Signal& wake_signal() { return *wake_; }

    // One asked-for operation at a time: Code::in_use while another is at work.
    void begin_operation(const std::string& what);
    void end_operation();

    // The job that waits for the background task to bring something to an end (initial replication,
    // reverse); null when none does.
    void set_waiting_job(std::shared_ptr<JobHandle> job);
    std::shared_ptr<JobHandle> waiting_job();
    // What the job waits for will not come any more: it fails with the reason.
    void give_up_waiting(const std::string& why);

    // Points come in one way at a time: over the network, or from a medium. The way is taken until
    // what is answered is destroyed; Code::in_use while another one is.
    std::shared_ptr<void> receive_over_network();
    std::shared_ptr<void> receive_from_medium();

    std::vector<VmId> vm_ids();
    HealthInput health_input();

    static std::string document_kind() { return "collection"; }
    static std::string statistics_kind() { return "statistics"; }

  private:
    Context& context_;
    const CollectionId id_;
    sys::Exclusive change_turn_;
    sys::Exclusive work_turn_;
    std::unique_ptr<sys::Signal> wake_;
    std::atomic<std::uint64_t> interruptions_{0};

    std::mutex mutex_;  // over what follows
    Collection collection_;
    Statistics statistics_;
    std::string operation_;
    std::shared_ptr<JobHandle> waiting_job_;
    std::weak_ptr<void> over_network_;
    std::weak_ptr<void> from_medium_;
};

}  // namespace reviver::replication
