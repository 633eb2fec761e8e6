// The hypervisor by libvirt's C API.
//
// libvirt's objects are counted references: a domain is looked up by UUID for each call, which
// costs nothing in the embedded driver and one round trip else, and never goes stale.
#include "base/error.h"
#include "base/log.h"
#include "hypervisor/block_jobs.h"
#include "hypervisor/domain_xml.h"
#include "hypervisor/driver_place.h"
#include "hypervisor/event_loop.h"
#include "hypervisor/event_queue.h"
#include "hypervisor/hypervisor.h"
#include "hypervisor/libvirt_agents.h"
#include "hypervisor/libvirt_error.h"
#include "hypervisor/libvirt_networks.h"
#include "hypervisor/saved_states.h"

#include <boost/json.hpp>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <map>
#include <mutex>

namespace reviver::hypervisor {

namespace {

namespace json = boost::json;

struct FreeDomain {
    void operator()(virDomainPtr domain) const { virDomainFree(domain); }
};
using DomainHandle = std::unique_ptr<virDomain, FreeDomain>;

struct CloseConnection {
    void operator()(virConnectPtr connection) const { virConnectClose(connection); }
};
using Connection = std::shared_ptr<virConnect>;

std::string take_string(char* text) {
    std::string result = text;
    free(text);
    return result;
}

VmId id_of(virDomainPtr domain) {
    std::array<unsigned char, VIR_UUID_BUFLEN> bytes{};
    if (virDomainGetUUID(domain, bytes.data()) < 0) fail_libvirt("asking for a UUID");
    return VmId(Uuid(bytes));
}

Power power_of(virDomainPtr domain) {
    int state = 0;
    int reason = 0;
    if (virDomainGetState(domain, &state, &reason, 0) < 0) fail_libvirt("asking for a state");
    switch (state) {
        case VIR_DOMAIN_RUNNING:
        case VIR_DOMAIN_BLOCKED:
        case VIR_DOMAIN_SHUTDOWN:
            return Power::running;
        case VIR_DOMAIN_PAUSED:
        case VIR_DOMAIN_PMSUSPENDED:
            return Power::held;
        case VIR_DOMAIN_CRASHED:
            return Power::crashed;
        case VIR_DOMAIN_SHUTOFF:
            return reason == VIR_DOMAIN_SHUTOFF_CRASHED ? Power::crashed : Power::off;
        default:
            return Power::off;
    }
}

std::string xml_of(virDomainPtr domain, unsigned flags) {
    char* xml = virDomainGetXMLDesc(domain, flags | VIR_DOMAIN_XML_SECURE);
    if (xml == nullptr) fail_libvirt("reading a definition");
    return take_string(xml);
}

std::optional<DomainEvent::Kind> kind_of(int event, int detail) {
    using Kind = DomainEvent::Kind;
    switch (event) {
        case VIR_DOMAIN_EVENT_DEFINED:
            return Kind::defined;
        case VIR_DOMAIN_EVENT_UNDEFINED:
            return Kind::undefined;
        case VIR_DOMAIN_EVENT_STARTED:
            return Kind::started;
        case VIR_DOMAIN_EVENT_SUSPENDED:
            return Kind::held;
        case VIR_DOMAIN_EVENT_RESUMED:
            return Kind::resumed;
        case VIR_DOMAIN_EVENT_CRASHED:
            return Kind::crashed;
        case VIR_DOMAIN_EVENT_STOPPED:
            // "Failed": the monitor closed without a word, so QEMU died.
            return detail == VIR_DOMAIN_EVENT_STOPPED_CRASHED ||
                           detail == VIR_DOMAIN_EVENT_STOPPED_FAILED
                       ? Kind::crashed
                       : Kind::stopped;
        default:
            return std::nullopt;
    }
}

// The answer's "return", or QEMU's refusal as an Error.
std::string return_of(const std::string& answer, const std::string& command) {
    boost::system::error_code error;
    json::value parsed = json::parse(answer, error);
    if (error || !parsed.is_object()) fail(Code::protocol, "QEMU's answer is no JSON object");
    const json::object& object = parsed.get_object();
    if (const json::value* value = object.if_contains("return")) return json::serialize(*value);
    std::string kind = "GenericError";
    std::string text = "no reason given";
    if (const json::value* refusal = object.if_contains("error"); refusal && refusal->is_object()) {
        const json::object& said = refusal->get_object();
        if (auto v = said.if_contains("class"); v && v->is_string()) kind = v->get_string();
        if (auto v = said.if_contains("desc"); v && v->is_string()) text = v->get_string();
    }
    fail(Code::failed, "QEMU refused {}: {}: {}", command, kind, text);
}

class Libvirt : public Hypervisor, public BlockJobs, public SavedStates {
  public:
    explicit Libvirt(const std::string& uri) : uri_(uri), place_(uri) {
        place_.prepare();
        loop_ = EventLoop::shared();
        connection();
        // The embedded driver has no networks beside it.
        if (!place_.embedded()) networks_ = libvirt_networks([this] { return connection(); });
    }
    ~Libvirt() override {
        disconnect();
        events_->stop();
    }

    std::vector<Domain> domains() override;
    Domain domain(VmId id) override { return describe(find(id).get()); }
    VmId define(const std::string& xml) override;
    void undefine(VmId id) override;
    void start(VmId id) override;
    void ask_to_shut_down(VmId id) override;
    void power_off(VmId id) override;
    void set_autostart(VmId id, bool on) override;
    std::string qmp(VmId id, const std::string& command, const std::string& arguments) override;
    std::shared_ptr<void> subscribe(std::function<void(const DomainEvent&)> listener) override {
        return events_->subscribe(std::move(listener));
    }

    BlockJobs* block_jobs() override { return this; }

    void start_pull(const DiskKey& disk, const std::string& base) override;
    std::optional<BlockJob> block_job(const DiskKey& disk) override;
    void cancel_block_job(const DiskKey& disk) override;

    GuestAgents* guest_agents() override { return &agents_; }

    SavedStates* saved_states() override { return this; }

    std::optional<std::string> saved_definition(VmId id) override;
    void redefine_saved(VmId id, const std::string& xml) override;
    void discard_saved(VmId id) override;

    Networks* networks() override { return networks_.get(); }

  private:
    // libvirt does not wait for a callback that runs while it is deregistered, so it has a share of
    // its own in the queue, until it says that it is done.
    using SharedQueue = std::shared_ptr<EventQueue>;
    static int on_event(virConnectPtr, virDomainPtr domain, int event, int detail, void* queue);
    static void let_go(void* queue) { delete static_cast<SharedQueue*>(queue); }

    Connection connection();
    void disconnect();
    DomainHandle find(VmId id);
    void act(VmId id, const char* doing_what, const std::function<int(virDomainPtr)>& action);
    Domain describe(virDomainPtr domain);

    const std::string uri_;
    const DriverPlace place_;
    std::shared_ptr<EventLoop> loop_;
    const SharedQueue events_ = std::make_shared<EventQueue>();
    std::unique_ptr<Networks> networks_;
    std::mutex mutex_;
    Connection connection_;  // guarded by mutex_
    int event_callback_ = -1;
    LibvirtAgents agents_{[this](VmId id) { return std::shared_ptr<virDomain>(find(id)); }};
};

// Opens anew when the last connection broke: libvirtd may be restarted under us.
Connection Libvirt::connection() {
    const std::lock_guard lock(mutex_);
    if (connection_ != nullptr && virConnectIsAlive(connection_.get()) == 1) return connection_;
    virConnectPtr opened = virConnectOpen(uri_.c_str());
    if (opened == nullptr) fail_libvirt("connecting to " + uri_);
    connection_ = Connection(opened, CloseConnection());
    if (!place_.embedded()) virConnectSetKeepAlive(opened, 5, 3);
    // The type of a callback depends on the event; by way of void (*)() the compiler lets it pass.
    const auto callback = reinterpret_cast<virConnectDomainEventGenericCallback>(
        reinterpret_cast<void (*)()>(&Libvirt::on_event));
    auto share = std::make_unique<SharedQueue>(events_);
    event_callback_ = virConnectDomainEventRegisterAny(
        opened, nullptr, VIR_DOMAIN_EVENT_ID_LIFECYCLE, callback, share.get(), &Libvirt::let_go);
    if (event_callback_ < 0) fail_libvirt("listening to the events of " + uri_);
    share.release();
    return connection_;
}

void Libvirt::disconnect() {
    const std::lock_guard lock(mutex_);
    if (connection_ == nullptr) return;
    virConnectDomainEventDeregisterAny(connection_.get(), event_callback_);
    connection_.reset();
}

int Libvirt::on_event(virConnectPtr, virDomainPtr domain, int event, int detail, void* queue) {
    std::array<unsigned char, VIR_UUID_BUFLEN> bytes{};
    const auto kind = kind_of(event, detail);
    if (kind && virDomainGetUUID(domain, bytes.data()) == 0) {
        (*static_cast<SharedQueue*>(queue))->push({VmId(Uuid(bytes)), *kind});
    }
    return 0;
}

DomainHandle Libvirt::find(VmId id) {
    DomainHandle domain(virDomainLookupByUUID(connection().get(), id.uuid().bytes().data()));
    if (domain == nullptr) fail_libvirt("looking for the virtual machine " + id.text());
    return domain;
}

Domain Libvirt::describe(virDomainPtr from) {
    Domain domain;
    domain.id = id_of(from);
    domain.name = virDomainGetName(from);
    domain.power = power_of(from);
    domain.xml = xml_of(from, VIR_DOMAIN_XML_INACTIVE);
    int autostart = 0;
    domain.autostart = virDomainGetAutostart(from, &autostart) == 0 && autostart == 1;
    const bool active = domain.power == Power::running || domain.power == Power::held;
    domain.disks = DomainXml(active ? xml_of(from, 0) : domain.xml).disks();
    if (active) {
        domain.process_id = place_.start_time(domain.name);
        if (domain.process_id == 0) domain.process_id = virDomainGetID(from);
    }
    return domain;
}

std::vector<Domain> Libvirt::domains() {
    virDomainPtr* listed = nullptr;
    const Connection connected = connection();
    const int count = virConnectListAllDomains(connected.get(), &listed, 0);
    if (count < 0) fail_libvirt("listing the virtual machines");
    std::vector<DomainHandle> handles(listed, listed + count);
    free(listed);
    std::vector<Domain> result;
    for (const DomainHandle& handle : handles) {
        try {
            result.push_back(describe(handle.get()));
        } catch (const Error& e) {
            // Undefined since it was listed.
            if (e.code() != Code::not_found) throw;
        }
    }
    return result;
}

VmId Libvirt::define(const std::string& xml) {
    const DomainHandle defined(virDomainDefineXMLFlags(connection().get(), xml.c_str(), 0));
    if (defined == nullptr) fail_libvirt("defining a virtual machine");
    return id_of(defined.get());
}

// The handle is freed after the error has been read: freeing it forgets the error.
void Libvirt::act(VmId id, const char* doing_what, const std::function<int(virDomainPtr)>& action) {
    const DomainHandle domain = find(id);
    if (action(domain.get()) < 0) fail_libvirt(doing_what);
}

void Libvirt::undefine(VmId id) {
    constexpr unsigned flags =
        VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA |
        VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA | VIR_DOMAIN_UNDEFINE_KEEP_NVRAM;
    act(id, "undefining a virtual machine",
        [](virDomainPtr domain) { return virDomainUndefineFlags(domain, flags); });
}

void Libvirt::start(VmId id) {
    act(id, "starting a virtual machine", virDomainCreate);
}

// Left to choose, libvirt would wait a minute for a guest agent where there is one.
void Libvirt::ask_to_shut_down(VmId id) {
    act(id, "shutting a virtual machine down", [](virDomainPtr domain) {
        return virDomainShutdownFlags(domain, VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN);
    });
}

void Libvirt::set_autostart(VmId id, bool on) {
    act(id, "setting the automatic start of a virtual machine",
        [on](virDomainPtr domain) { return virDomainSetAutostart(domain, on ? 1 : 0); });
}

void Libvirt::power_off(VmId id) {
    const DomainHandle domain = find(id);
    // Without VIR_DOMAIN_DESTROY_GRACEFUL's refusal to kill, but SIGTERM first: QEMU then closes
    // its images cleanly, dirty bitmaps included.
    if (virDomainDestroyFlags(domain.get(), 0) == 0) return;
    if (virGetLastErrorCode() == VIR_ERR_OPERATION_INVALID) return;  // it is off
    fail_libvirt("powering a virtual machine off");
}

std::string Libvirt::qmp(VmId id, const std::string& command, const std::string& arguments) {
    std::string request = "{\"execute\":" + json::serialize(json::string(command));
    if (!arguments.empty()) request += ",\"arguments\":" + arguments;
    request += "}";
    const DomainHandle domain = find(id);
    char* answer = nullptr;
    if (virDomainQemuMonitorCommand(domain.get(), request.c_str(), &answer, 0) == 0) {
        return return_of(take_string(answer), command);
    }
    const virError* error = virGetLastError();
    const std::string text = error != nullptr && error->message != nullptr ? error->message : "";
    const bool timeout = error != nullptr && error->code == VIR_ERR_OPERATION_TIMEOUT;
    if (virDomainIsActive(domain.get()) != 1) {
        fail(Code::unavailable, "QMP {}: the virtual machine is not running ({})", command, text);
    }
    fail(timeout ? Code::timeout : Code::failed, "QMP {}: {}", command, text);
}

void Libvirt::start_pull(const DiskKey& disk, const std::string& base) {
    if (block_job(disk)) fail(Code::in_use, "the disk {} has a block job already", disk.text());
    act(disk.vm, "flattening a disk", [&](virDomainPtr domain) {
        return virDomainBlockRebase(domain, disk.target.c_str(), base.c_str(), 0, 0);
    });
}

std::optional<BlockJob> Libvirt::block_job(const DiskKey& disk) {
    virDomainBlockJobInfo info{};
    int found = 0;
    act(disk.vm, "asking for a block job", [&](virDomainPtr domain) {
        return found = virDomainGetBlockJobInfo(domain, disk.target.c_str(), &info, 0);
    });
    if (found == 0) return std::nullopt;
    return BlockJob{info.cur, info.end};
}

void Libvirt::cancel_block_job(const DiskKey& disk) {
    act(disk.vm, "cancelling a block job", [&](virDomainPtr domain) {
        return virDomainBlockJobAbort(domain, disk.target.c_str(), 0);
    });
}

std::optional<std::string> Libvirt::saved_definition(VmId id) {
    const DomainHandle domain = find(id);
    const int there = virDomainHasManagedSaveImage(domain.get(), 0);
    if (there < 0) fail_libvirt("asking for a saved state");
    if (there == 0) return std::nullopt;
    char* xml = virDomainManagedSaveGetXMLDesc(domain.get(), VIR_DOMAIN_SAVE_IMAGE_XML_SECURE);
    if (xml == nullptr) fail_libvirt("reading the definition of a saved state");
    return take_string(xml);
}

void Libvirt::redefine_saved(VmId id, const std::string& xml) {
    act(id, "changing the definition of a saved state",
        [&](virDomainPtr domain) { return virDomainManagedSaveDefineXML(domain, xml.c_str(), 0); });
}

void Libvirt::discard_saved(VmId id) {
    act(id, "discarding a saved state",
        [](virDomainPtr domain) { return virDomainManagedSaveRemove(domain, 0); });
}

}  // namespace

std::unique_ptr<Hypervisor> connect(const std::string& uri) {
    return std::make_unique<Libvirt>(uri);
}

}  // namespace reviver::hypervisor
