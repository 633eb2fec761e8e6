// The messages that PowerShell's CIM cmdlets send, header for header, and what they read of the
// answers. [MS-WSMV] 2.2 names the headers.
#include "server/test_wsman.h"

namespace reviver::server {
namespace {

constexpr const char* metadata_uri = "http://schemas.dmtf.org/wbem/cim-xml/2/cim-schema/2/*";
constexpr const char* at_once =
    "<w:OptimizeEnumeration/><w:MaxElements>32000</w:MaxElements>"
    "<w:EnumerationMode>EnumerateObjectAndEPR</w:EnumerationMode>";

std::string option(const std::string& name, const std::string& type, const std::string& value) {
    return "<w:Option Name=\"" + name + "\" Type=\"xs:" + type + "\">" + value + "</w:Option>";
}

class WindowsTest : public WsmanTest {
  protected:
    Reply send(const std::string& action, const std::string& uri, const std::string& selected,
               const std::string& body, const std::string& options = "") {
        const std::string channel = "wmiarray:__MI_OPERATIONOPTIONS_CHANNELVALUE";
        return post(
            std::string("<s:Envelope xmlns:s=\"") + ws::soap + "\" xmlns:a=\"" + ws::addressing +
            "\" xmlns:n=\"" + ws::enumeration + "\" xmlns:w=\"" + ws::wsman + "\" xmlns:p=\"" +
            ws::microsoft + "\" xmlns:b=\"" + ws::binding +
            "\"><s:Header><a:To>http://h:5985/wsman</a:To><w:ResourceURI "
            "s:mustUnderstand=\"true\">" +
            uri + "</w:ResourceURI><a:ReplyTo><a:Address s:mustUnderstand=\"true\">" +
            ws::anonymous + "</a:Address></a:ReplyTo><a:Action s:mustUnderstand=\"true\">" +
            action +
            "</a:Action><w:MaxEnvelopeSize s:mustUnderstand=\"true\">512000</w:MaxEnvelopeSize>"
            "<a:MessageID>uuid:0B1C6F0E-7C0D-4B6A-9E64-1C5D2E3F4A5B</a:MessageID>"
            "<w:Locale xml:lang=\"en-US\" s:mustUnderstand=\"false\" />"
            "<p:DataLocale xml:lang=\"en-US\" s:mustUnderstand=\"false\" />"
            "<p:SessionId s:mustUnderstand=\"false\">uuid:1</p:SessionId>"
            "<p:OperationID s:mustUnderstand=\"false\">uuid:2</p:OperationID>"
            "<p:SequenceId s:mustUnderstand=\"false\">1</p:SequenceId>" +
            selectors(selected) + "<w:OptionSet xmlns:xsi=\"" + ws::schema_instance + "\">" +
            options + option("__MI_CallbackRegistration", "int", "11") +
            option(channel, "unsignedInt", "0") + option(channel, "unsignedInt", "1") +
            option("wmi:__MI_OPERATIONOPTIONS_WRITEERRORMODE", "unsignedInt", "1") +
            option("msftwinrm:UsePreciseArrays", "boolean", "true") +
            "</w:OptionSet><w:OperationTimeout>PT60.000S</w:OperationTimeout></s:Header><s:Body>" +
            body + "</s:Body></s:Envelope>");
    }
    static std::string in_namespace() { return selector("__cimnamespace", "root/test"); }
    Reply enumerate(const std::string& uri, const std::string& inside,
                    const std::string& selected = in_namespace()) {
        return send(ws::action_enumerate, uri, selected,
                    "<n:Enumerate>" + inside + "</n:Enumerate>");
    }
};

TEST_F(WindowsTest, GetCimInstanceByClass) {
    const Reply reply = enumerate(thing_uri, at_once);
    EXPECT_EQ(count_items(reply, ws::wsman), TestModel::things + 0u);
    EXPECT_TRUE(reply.content().child(ws::wsman, "EndOfSequence"));
    EXPECT_EQ(reply.header("RelatesTo"), "uuid:0B1C6F0E-7C0D-4B6A-9E64-1C5D2E3F4A5B");
    const XmlElement& header = *reply.envelope.child(ws::soap, "Header");
    // Repeating one of these would promise what is not kept.
    EXPECT_FALSE(header.child_named("OperationID"));
    EXPECT_FALSE(header.child_named("SequenceId"));
    const XmlElement& item = reply.content().child(ws::wsman, "Items")->children.at(0);
    EXPECT_EQ(item.children.at(1).name, "EndpointReference");
}

TEST_F(WindowsTest, GetCimInstanceByQuery) {
    const Reply reply = enumerate(
        "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/test/*",
        std::string(at_once) +
            "<w:Filter Dialect=\"http://schemas.microsoft.com/wbem/wsman/1/WQL\">select * from "
            "Thing where State &lt; 7</w:Filter>");
    EXPECT_EQ(count_items(reply, ws::wsman), 7u);
}

TEST_F(WindowsTest, GetCimInstanceAgain) {
    const Reply reply =
        send(ws::action_get, thing_uri, in_namespace() + selector("Id", "thing-01"), "");
    EXPECT_EQ(reply.content().name, "Thing");
}

TEST_F(WindowsTest, GetCimAssociatedInstance) {
    const Reply reply = enumerate(
        ws::all_classes_uri,
        std::string(at_once) +
            "<w:Filter Dialect=\"http://schemas.dmtf.org/wbem/wsman/1/cimbinding/associationFilter"
            "\"><b:AssociatedInstances><b:Object>" +
            reference("thing-01") +
            "</b:Object><b:AssociationClassName>Link</b:AssociationClassName>"
            "<b:ResultClassName>Base</b:ResultClassName></b:AssociatedInstances></w:Filter>");
    EXPECT_EQ(count_items(reply, ws::wsman), 1u);
}

TEST_F(WindowsTest, GetCimClassOfOneAndOfAll) {
    const std::string all_of_it = option("IncludeInheritanceHierarchy", "boolean", "true") +
                                  option("IncludeInheritedElements", "boolean", "true") +
                                  option("IncludeQualifiers", "boolean", "true");
    const Reply one = send(ws::action_get, metadata_uri,
                           in_namespace() + selector("ClassName", "Thing"), "", all_of_it);
    EXPECT_EQ(one.content().name, "CLASS");
    EXPECT_EQ(one.content().name_space, "");
    EXPECT_EQ(*one.content().attribute("DERIVATION"), "Base");
    const Reply all =
        enumerate(metadata_uri, "<w:OptimizeEnumeration/><w:MaxElements>32000</w:MaxElements>",
                  in_namespace() + selector("ClassName", ""));
    EXPECT_EQ(count_items(all, ws::wsman), 6u);
}

TEST_F(WindowsTest, InvokeCimMethodWithoutKeys) {
    const std::string action = std::string(service_uri) + "/Start";
    const Reply reply =
        send(action, service_uri, in_namespace(),
             std::string("<p:Start_INPUT xmlns:p=\"") + service_uri + "\"><p:Target>" +
                 reference("thing-03") + "</p:Target></p:Start_INPUT>");
    EXPECT_EQ(reply.content().name, "Start_OUTPUT");
    EXPECT_EQ(reply.header("Action"), action + "Response");
    EXPECT_TRUE(ws::looks_like_reference(*reply.content().child_named("Job")));
}

TEST_F(WindowsTest, SetNewAndRemoveAreRefused) {
    for (const char* verb : {"Put", "Create", "Delete"}) {
        const Reply reply = send(std::string(ws::transfer) + "/" + verb, thing_uri,
                                 in_namespace() + selector("Id", "thing-01"), "");
        expect_fault(reply, "w:UnsupportedFeature", "");
    }
}

TEST_F(WindowsTest, ShellsAreNoResource) {
    for (const char* uri : {"http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd",
                            "http://schemas.microsoft.com/powershell/Microsoft.PowerShell",
                            "http://schemas.microsoft.com/wbem/wsman/1/config"}) {
        expect_fault(send(ws::action_get, uri, in_namespace(), ""), "a:DestinationUnreachable",
                     "InvalidResourceURI");
    }
}

}  // namespace
}  // namespace reviver::server
