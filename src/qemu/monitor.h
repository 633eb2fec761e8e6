// The QMP monitor of a QEMU program that listens on a UNIX socket of its own, as a storage daemon
// does; QEMUs of VMs are spoken to through libvirt. Protocol: QEMU's "QMP specification", of which
// this uses greeting, qmp_capabilities and one command at a time; events are read over.
//
// Errors: Code::unavailable when nobody listens or the program went away, Code::timeout if it does
// not answer within monitor_answer_max, Code::failed with QEMU's class and text for a refusal,
// Code::protocol for what is no QMP. After any but a refusal the connection is of no use.
//
// Any thread may call; commands follow each other.
#pragma once

#include <filesystem>
#include <mutex>
#include <string>

namespace reviver::qemu {

class Monitor {
  public:
    explicit Monitor(const std::filesystem::path& socket);
    ~Monitor();
    Monitor(const Monitor&) = delete;
    Monitor& operator=(const Monitor&) = delete;

    // As a Qmp (qmp.h).
    std::string call(const std::string& command, const std::string& arguments);

  private:
    std::string line();
    std::string answer();
    void send(const std::string& text);

    int fd_ = -1;
    std::mutex mutex_;
    std::string buffer_;
};

}  // namespace reviver::qemu
