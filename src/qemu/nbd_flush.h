// Has QEMU write out, down to stable storage, what was written to an exported node. Through NBD,
// because QEMU's main loop goes on meanwhile; the monitor's own way (qemu-io flush) would stop it.
// Errors: Code::failed with libnbd's text.
#pragma once

#include "qemu/nbd_reader.h"

namespace reviver::qemu {

void flush(const NbdAddress& address);

}  // namespace reviver::qemu
