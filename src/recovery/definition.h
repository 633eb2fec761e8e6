// How a VM is defined at this site, made from its definition in a recovery point. Pure functions of
// definitions.
//
// The hardware is the point's, so that the guest finds what it was running on; networks and
// emulator are this site's where it has a definition of the VM already (a user may edit that of a
// replica); disks that the point does not hold are left out, for their paths mean something else
// here or nothing.
#pragma once

#include "hypervisor/domain_xml.h"
#include "sys/files.h"

#include <map>
#include <string>

namespace reviver::recovery {

struct DiskImage {
    sys::Path path;  // of a shared disk: the socket of its storage daemon here
    std::string format;
};

// `images`: for each disk that the point holds, by target. `local`: null when the site does not
// know the VM yet.
hypervisor::DomainXml definition_at_site(const std::string& xml_of_point,
                                         const std::map<std::string, DiskImage>& images,
                                         const hypervisor::DomainXml* local);

}  // namespace reviver::recovery
