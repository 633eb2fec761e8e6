// Msvm_CollectionReplicationSettingData as methods take it: an embedded instance with values of the
// declared types.
#pragma once

#include "cim/instance.h"
#include "cli/arguments.h"
#include "cli/remote_site.h"

#include <string>

namespace reviver::cli {

// For CreateReplicationRelationship, from the options of `enable`. What was not said is left out:
// the site has defaults.
cim::Instance new_settings(const Arguments& arguments, const std::vector<std::string>& disks);

// For ModifyReplicationSettings, from the options of `modify`. What was not said stays.
cim::Instance changed_settings(const Arguments& arguments);
// The disks that shall be replicated after `modify`, by id. `present` are those that are, and
// `named` says whether the settings name them or mean all there are.
std::vector<std::string> changed_disks(const std::vector<std::string>& present, bool named,
                                       const std::vector<std::string>& include,
                                       const std::vector<std::string>& exclude);

// For ReverseReplicationRelationship: the present settings, to where the data came from.
cim::Instance reversed_settings(const cim::Instance& present);

// "VM/TARGET" with a name or an id of a VM, as the site writes it: with the id.
std::string disk_id(RemoteSite& site, const std::string& disk);

}  // namespace reviver::cli
