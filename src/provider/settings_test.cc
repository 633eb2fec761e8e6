#include "provider/settings.h"

#include "base/error.h"
#include "provider/return_codes.h"

#include <gtest/gtest.h>

namespace reviver::provider {
namespace {

Settings good() {
    Settings settings;
    settings.recovery_connection_point = "west";
    settings.interval_s = 30;
    settings.recovery_history = 12;
    settings.compression = false;
    settings.auto_resync_start_s = 18 * 3600 + 1800;
    settings.included_disks = {"6f1c0de5-7e1a-4b6a-9e64-1c5d2e3f4a5b/vda"};
    return settings;
}

TEST(SettingData, ComesBackAsItWasShown) {
    replication::Collection collection;
    collection.settings = good();
    EXPECT_EQ(settings_from(settings_instance(collection), Settings{}), good());
}

TEST(SettingData, WhatIsNullStaysAsItWas) {
    cim::Instance instance("Msvm_CollectionReplicationSettingData");
    instance.set("ReplicationInterval", std::uint16_t{900});
    Settings expected = good();
    expected.interval_s = 900;
    EXPECT_EQ(settings_from(instance, good()), expected);
}

TEST(SettingData, AnAdapterIsNamedByItsVm) {
    const VmId vm = *VmId::parse("6f1c0de5-7e1a-4b6a-9e64-1c5d2e3f4a5b");
    cim::Instance instance("Msvm_FailoverNetworkAdapterSettingData");
    EXPECT_THROW(adapter_from(instance, vm), Error);
    instance.set("InstanceID", "Reviver:11111111-2222-3333-4444-555555555555\\Adapter\\a");
    EXPECT_THROW(adapter_from(instance, vm), Error);
    instance.set("InstanceID", "Reviver:" + vm.text() + "\\Adapter\\52:54:00:12:34:56");
    instance.set("DHCPEnabled", false);
    instance.set("IPAddresses", std::vector<std::string>{"192.0.2.7"});
    const replication::AdapterSettings adapter = adapter_from(instance, vm);
    EXPECT_EQ(adapter.adapter, "52:54:00:12:34:56");
    EXPECT_FALSE(adapter.dhcp);
    EXPECT_EQ(adapter.addresses, std::vector<std::string>{"192.0.2.7"});
}

TEST(SettingData, DisksAreTakenByInstanceIdAndByPath) {
    cim::Instance instance("Msvm_CollectionReplicationSettingData");
    instance.set("IncludedDisks",
                 std::vector<std::string>{
                     "Reviver:6F1C0DE5-7E1A-4B6A-9E64-1C5D2E3F4A5B\\vda",
                     "\\\\h\\root\\virtualization\\v2:Msvm_StorageAllocationSettingData.InstanceID="
                     "\"Reviver:6f1c0de5-7e1a-4b6a-9e64-1c5d2e3f4a5b\\\\vdb\""});
    EXPECT_EQ(settings_from(instance, good()).included_disks,
              (std::vector<std::string>{"6f1c0de5-7e1a-4b6a-9e64-1c5d2e3f4a5b/vda",
                                        "6f1c0de5-7e1a-4b6a-9e64-1c5d2e3f4a5b/vdb"}));
}

TEST(SettingData, ValuesOutOfRangeNameTheProperty) {
    const std::vector<std::pair<const char*, cim::Value>> wrong = {
        {"ReplicationInterval", std::uint16_t{0}},
        {"RecoveryHistory", std::uint16_t{1025}},
        {"ApplicationConsistentSnapshotInterval", std::uint16_t{13}},
        {"RecoveryConnectionPoint", std::string()},
        {"AuthenticationType", std::uint16_t{7}},
        {"IncludedDisks", std::vector<std::string>{"C:\\disk.vhdx"}}};
    for (const auto& [name, value] : wrong) {
        cim::Instance instance("Msvm_CollectionReplicationSettingData");
        instance.set(name, value);
        try {
            settings_from(instance, good());
            FAIL() << name;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::invalid_parameter) << name;
            EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
        }
    }
}

TEST(ReturnValues, AreTheDocumentedOnes) {
    EXPECT_EQ(return_value_of(Code::failed), 32768u);
    EXPECT_EQ(return_value_of(Code::access_denied), 32769u);
    EXPECT_EQ(return_value_of(Code::not_supported), 32770u);
    EXPECT_EQ(return_value_of(Code::timeout), 32772u);
    EXPECT_EQ(return_value_of(Code::invalid_parameter), 32773u);
    EXPECT_EQ(return_value_of(Code::in_use), 32774u);
    EXPECT_EQ(return_value_of(Code::invalid_state), 32775u);
    EXPECT_EQ(return_value_of(Code::wrong_type), 32776u);
    EXPECT_EQ(return_value_of(Code::unavailable), 32777u);
    EXPECT_EQ(return_value_of(Code::out_of_memory), 32778u);
}

}  // namespace
}  // namespace reviver::provider
