#include "hypervisor/libvirt_agents.h"

#include "base/error.h"
#include "hypervisor/domain_xml.h"
#include "hypervisor/libvirt_error.h"

#include <boost/json.hpp>
#include <libvirt/libvirt-qemu.h>

#include <cstdlib>

namespace reviver::hypervisor {

namespace {

constexpr std::chrono::seconds ask_patience{3};

using Text = std::unique_ptr<char, void (*)(void*)>;

unsigned number_returned(const std::string& answer, const std::string& command) {
    boost::system::error_code error;
    const auto parsed = boost::json::parse(answer, error);
    const auto* object = error ? nullptr : parsed.if_object();
    const auto* value = object == nullptr ? nullptr : object->if_contains("return");
    const auto number = value == nullptr ? 0u : value->to_number<unsigned>(error);
    if (value == nullptr || error)
        fail(Code::protocol, "the guest agent's answer to {} is no number", command);
    return number;
}

}  // namespace

bool LibvirtAgents::connected(VmId id) {
    const auto domain = find_(id);
    if (virDomainIsActive(domain.get()) != 1) return false;
    const Text xml(virDomainGetXMLDesc(domain.get(), 0), std::free);
    if (xml == nullptr) fail_libvirt("reading a definition");
    return DomainXml(xml.get()).agent_connected();
}

// Not virDomainFSFreeze: it waits for ever unless the domain's own patience with its agent is
// changed, for everybody who uses it.
unsigned LibvirtAgents::count(VmId id, const std::string& command, std::chrono::seconds patience) {
    const auto domain = find_(id);
    const std::string question = "{\"execute\":\"" + command + "\"}";
    const Text answer(virDomainQemuAgentCommand(domain.get(), question.c_str(),
                                                static_cast<int>(patience.count()), 0),
                      std::free);
    if (answer == nullptr) fail_libvirt(command);
    return number_returned(answer.get(), command);
}

unsigned LibvirtAgents::freeze(VmId id, std::chrono::seconds patience) {
    return count(id, "guest-fsfreeze-freeze", patience);
}

unsigned LibvirtAgents::thaw(VmId id, std::chrono::seconds patience) {
    return count(id, "guest-fsfreeze-thaw", patience);
}

void LibvirtAgents::ask(virDomainPtr domain, const std::string& question) {
    const Text answer(virDomainQemuAgentCommand(domain, question.c_str(),
                                                static_cast<int>(ask_patience.count()), 0),
                      std::free);
    if (answer == nullptr) fail_libvirt("asking the guest agent");
}

// The agent answers this question only when it cannot do it, so a silence means that it was taken:
// by one that has just shown that it listens. virDomainShutdownFlags() would wait a minute for the
// guest to end.
void LibvirtAgents::ask_to_shut_down(VmId id) {
    const auto domain = find_(id);
    ask(domain.get(), R"({"execute":"guest-ping"})");
    try {
        ask(domain.get(), R"({"execute":"guest-shutdown","arguments":{"mode":"powerdown"}})");
    } catch (const Error& error) {
        if (error.code() != Code::timeout && virDomainIsActive(domain.get()) == 1) throw;
    }
}

}  // namespace reviver::hypervisor
