#include "recovery/definition.h"

namespace reviver::recovery {

hypervisor::DomainXml definition_at_site(const std::string& xml_of_point,
                                         const std::map<std::string, DiskImage>& images,
                                         const hypervisor::DomainXml* local) {
    hypervisor::DomainXml xml(xml_of_point);
    xml.unlock();
    for (const hypervisor::Disk& disk : xml.disks()) {
        const auto image = images.find(disk.target);
        if (image == images.end()) {
            xml.remove_disk(disk.target);
        } else if (disk.shared) {
            xml.set_disk_socket(disk.target, image->second.path);
        } else {
            xml.set_disk(disk.target, image->second.path, image->second.format);
        }
    }
    xml.let_media_be_missing();
    xml.settle_at_site(local);
    return xml;
}

}  // namespace reviver::recovery
