// GET /audit?after=N: the lines of the audit log behind line N, as they are in its files, so that
// whoever fetches them can check the chain. For auditors. As many as fit into a MiB; the next ask
// is for those after the last one that came.
#pragma once

#include "server/door.h"

#include <filesystem>

namespace reviver::audit {

class AuditDoor : public server::Door {
  public:
    explicit AuditDoor(std::filesystem::path directory) : directory_(std::move(directory)) {}

    unsigned refuse_before_body(const server::HttpRequest& header) const override;
    server::HttpReply handle(const server::HttpRequest& request,
                             const cim::Principal& who) override;

  private:
    std::filesystem::path directory_;
};

}  // namespace reviver::audit
