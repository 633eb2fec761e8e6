// Where the QEMU driver behind a URI keeps its files, and what the embedded one needs before its
// first start.
#pragma once

#include <filesystem>
#include <string>

namespace reviver::hypervisor {

class DriverPlace {
  public:
    explicit DriverPlace(const std::string& uri);

    bool embedded() const { return !root_.empty(); }
    const std::filesystem::path& root() const { return root_; }  // of the embedded driver

    // Writes ROOT/etc/qemu.conf when there is none, and sends libvirt's log to ROOT/log instead of
    // stderr. Nothing for other URIs.
    void prepare() const;
    // When the QEMU that runs as this domain was started, in microseconds since 1970; 0 where that
    // cannot be seen.
    std::int64_t start_time(const std::string& domain_name) const;

  private:
    std::filesystem::path root_;
    std::filesystem::path pid_files_;
};

}  // namespace reviver::hypervisor
