// Msvm_CollectionReplicationSettingData, both ways.
#pragma once

#include "cim/instance.h"
#include "replication/documents.h"

namespace reviver::provider {

cim::Instance settings_instance(const replication::Collection& collection);

// The settings that an embedded instance asks for: what it leaves NULL stays as in `present`;
// read-only properties are passed over. Code::invalid_parameter for values that cannot be right,
// Code::wrong_type for an instance of another class.
Settings settings_from(const cim::Instance& instance, const Settings& present);

}  // namespace reviver::provider
