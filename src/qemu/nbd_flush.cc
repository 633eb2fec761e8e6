#include "qemu/nbd_flush.h"

#include "base/error.h"

#include <libnbd.h>

#include <memory>

namespace reviver::qemu {

void flush(const NbdAddress& address) {
    const std::unique_ptr<nbd_handle, void (*)(nbd_handle*)> handle(nbd_create(), nbd_close);
    if (!handle) fail(Code::out_of_memory, "no memory for an NBD connection");
    nbd_set_export_name(handle.get(), address.export_name.c_str());
    const bool flushed = nbd_connect_unix(handle.get(), address.socket.c_str()) == 0 &&
                         nbd_flush(handle.get(), 0) == 0;
    const std::string error = flushed ? "" : nbd_get_error();
    nbd_shutdown(handle.get(), 0);
    if (!flushed) fail(Code::failed, "flushing a disk: {}", error);
}

}  // namespace reviver::qemu
