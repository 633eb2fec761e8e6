// Setting data between instances and the engine, both ways.
#pragma once

#include "cim/instance.h"
#include "replication/documents.h"
#include "replication/failover_network.h"

namespace reviver::provider {

// The properties that the setting data of collections and of single VMs have in common.
void show_settings(cim::Instance& instance, const Settings& settings);
cim::Instance settings_instance(const replication::Collection& collection);

// The settings that an embedded instance asks for: what it leaves NULL stays as in `present`;
// read-only properties are passed over. Code::invalid_parameter for values that cannot be right,
// Code::wrong_type for an instance of another class.
Settings settings_from(const cim::Instance& instance, const Settings& present);

// The settings of an adapter of `vm`, named by their InstanceID. Code::invalid_parameter for an
// InstanceID of another VM or of no adapter.
replication::AdapterSettings adapter_from(const cim::Instance& instance, VmId vm);

cim::Value time_of_day(std::uint32_t seconds);
// Code::invalid_parameter, with the property's name, for an interval that is no time of a day.
std::uint32_t seconds_of_day(const char* name, const cim::Value& value);

}  // namespace reviver::provider
