// The hypervisor: libvirt is the one way to VMs. Domains are ordinary ones that somebody else
// defined; this finds, defines, starts, holds and stops them, and carries QMP commands to their
// QEMU.
//
// URIs: "qemu:///embed?root=DIR" (the driver inside this process, no daemon and no root needed),
// "qemu:///system", "qemu:///session". Any thread may call; calls about one domain are serialized
// by libvirt. Errors: Code::not_found for no such domain, Code::unavailable when libvirt or the
// domain's QEMU went away, otherwise Code::failed with libvirt's text.
#pragma once

#include "model/names.h"
#include "sys/clock.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace reviver::hypervisor {

enum class Power : std::uint8_t {
    off,
    running,
    held,     // paused by anybody
    crashed,  // QEMU says the guest crashed, or QEMU died
};

struct Disk {
    std::string target;  // "vda"
    std::string alias;   // libvirt's device alias, "virtio-disk0"; empty while the VM is off
    std::string source;  // path of the image or block device
    std::string format;  // "qcow2", "raw"
    bool read_only = false;
    bool shareable = false;
    bool block_device = false;
    // The disk that several VMs share and a storage daemon of ours serves, when this is one; its
    // `source` is the socket then (hypervisor/shared_socket.h).
    std::optional<VmId> shared;
};

struct Domain {
    VmId id;
    std::string name;
    Power power = Power::off;
    std::string xml;  // the inactive (persistent) definition
    // device='disk' only, in the order of the definition; of the running VM where there is one,
    // else of the definition.
    std::vector<Disk> disks;
    // Grows each time a QEMU process is started for the domain: tells a restart between two looks.
    // 0 when off.
    std::int64_t process_id = 0;
    bool autostart = false;  // started when the driver starts
    // Not empty: this is no VM but the storage daemon of a shared disk, asked for by the disk's id,
    // and that is the socket of its NBD server. It has one disk, called as the shared disk is,
    // takes QMP commands, and is neither stopped nor defined. `users`: the VMs that have the disk.
    std::string nbd_socket;
    std::vector<VmId> users;
    bool is_storage_daemon() const { return !nbd_socket.empty(); }
};

struct DomainEvent {
    VmId id;
    enum class Kind : std::uint8_t {
        defined,
        undefined,
        started,
        stopped,
        held,
        resumed,
        crashed
    } kind;
};

class BlockJobs;
class GuestAgents;
class Networks;
class SavedStates;

class Hypervisor {
  public:
    virtual ~Hypervisor() = default;

    virtual std::vector<Domain> domains() = 0;
    virtual Domain domain(VmId id) = 0;
    // Defines or redefines; the id is taken from the XML.
    virtual VmId define(const std::string& xml) = 0;
    virtual void undefine(VmId id) = 0;

    virtual void start(VmId id) = 0;
    virtual void ask_to_shut_down(VmId id) = 0;  // ACPI; returns at once
    virtual void power_off(VmId id) = 0;         // at once, like pulling the plug
    virtual void set_autostart(VmId id, bool on) = 0;

    // One QMP command to the running QEMU of the domain: `arguments` is a JSON object, "" for none;
    // answers the JSON of "return". A QMP error is thrown as Code::failed with QEMU's class and
    // text.
    virtual std::string qmp(VmId id, const std::string& command, const std::string& arguments) = 0;

    // Called from a thread of the hypervisor, until the returned handle is destroyed.
    virtual std::shared_ptr<void> subscribe(std::function<void(const DomainEvent&)> listener) = 0;

    // Null where there is no such thing. Lives as long as this.
    virtual BlockJobs* block_jobs() { return nullptr; }
    virtual SavedStates* saved_states() { return nullptr; }
    virtual GuestAgents* guest_agents() { return nullptr; }
    virtual Networks* networks() { return nullptr; }
};

// Opens a connection and follows its events. One process can have one embedded root open.
std::unique_ptr<Hypervisor> connect(const std::string& uri);

}  // namespace reviver::hypervisor
