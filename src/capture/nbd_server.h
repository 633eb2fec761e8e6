// The NBD server that QEMU has inside: at most one in a process. When somebody else's runs there,
// it is left alone.
#pragma once

#include "capture/names.h"
#include "qemu/nbd_reader.h"
#include "qemu/qmp.h"

#include <string>
#include <vector>

namespace reviver::capture {

struct Export {
    std::string id;
    std::string node;
    std::string name;         // by which a client asks for it
    std::string bitmap;       // to be seen as a context; empty for none
    std::string bitmap_node;  // where that bitmap is
};

class NbdServer {
  public:
    // `always`: it runs as long as the process does, as a storage daemon's; start() and stop()
    // leave it alone.
    NbdServer(qemu::Qmp qmp, CollectionId collection, std::string socket, bool always = false);

    // Started when it does not run. Error in_use when one of somebody else's does.
    void start();
    qemu::NbdAddress add(const Export& what);
    // Waits until the export is gone, so that its node and bitmap are free.
    void remove_exports(const std::vector<std::string>& ids);
    // All exports of the collection, and the server if it is ours. Nothing to do is no error.
    void stop();

  private:
    std::vector<std::string> export_ids();
    bool answers() const;

    qemu::Qmp qmp_;
    CollectionId collection_;
    std::string socket_;
    bool always_;
};

}  // namespace reviver::capture
