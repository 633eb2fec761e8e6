#include "server/cim_xml_door.h"

#include "cim/xml.h"
#include "cim/xml_writer.h"
#include "server/test_model.h"

#include <gtest/gtest.h>

namespace reviver::server {
namespace {

using cim::XmlElement;

struct Answer {
    HttpReply http;
    XmlElement response;  // IMETHODRESPONSE or METHODRESPONSE

    unsigned error() const {
        const XmlElement* found = response.child_named("ERROR");
        return found ? static_cast<unsigned>(std::stoul(*found->attribute("CODE"))) : 0;
    }
    const XmlElement& returned() const { return *response.child_named("IRETURNVALUE"); }
    std::size_t count() const { return returned().children.size(); }
    std::string out(const std::string& name) const {
        for (const XmlElement& one : response.children) {
            if (one.name != "PARAMVALUE" || *one.attribute("NAME") != name) continue;
            return one.children.empty() ? "" : one.children[0].text;
        }
        return "-";
    }
};

std::string in(const std::string& name, const std::string& content) {
    return "<IPARAMVALUE NAME=\"" + name + "\">" + content + "</IPARAMVALUE>";
}
std::string value(const std::string& text) {
    return "<VALUE>" + cim::escape_xml(text) + "</VALUE>";
}
std::string class_name(const std::string& name) {
    return "<CLASSNAME NAME=\"" + name + "\"/>";
}
std::string thing(int number) {
    return fmt::format(
        "<INSTANCENAME CLASSNAME=\"Thing\"><KEYBINDING NAME=\"Id\"><KEYVALUE "
        "VALUETYPE=\"string\">thing-{:02}</KEYVALUE></KEYBINDING></INSTANCENAME>",
        number);
}
std::string name_space(const std::string& second = "test") {
    return "<LOCALNAMESPACEPATH><NAMESPACE NAME=\"root\"/><NAMESPACE NAME=\"" + second +
           "\"/></LOCALNAMESPACEPATH>";
}
std::string list_of(const std::vector<std::string>& names) {
    std::string content = "<VALUE.ARRAY>";
    for (const std::string& one : names) content += value(one);
    return content + "</VALUE.ARRAY>";
}
std::string message(const std::string& call) {
    return "<?xml version=\"1.0\" encoding=\"utf-8\" ?><CIM CIMVERSION=\"2.0\" DTDVERSION=\"2.0\">"
           "<MESSAGE ID=\"10&lt;1\" PROTOCOLVERSION=\"1.0\"><SIMPLEREQ>" +
           call + "</SIMPLEREQ></MESSAGE></CIM>";
}

class CimXmlTest : public testing::Test {
  protected:
    CimXmlTest() : door_(std::make_unique<CimXmlDoor>(model_.objects(), DoorOptions{})) {}
    ~CimXmlTest() override { model_.release_waiting(); }

    HttpReply post(const std::string& body) {
        HttpRequest request{"POST", "/cimom", "", {}, body, "127.0.0.1"};
        request.fields["Content-Type"] = "application/xml; charset=\"utf-8\"";
        request.fields["CIMOperation"] = "MethodCall";
        return door_->handle(request, who_);
    }
    Answer ask(const std::string& call, const std::string& name) {
        Answer answer{post(message(call)), {}};
        EXPECT_EQ(answer.http.status, 200u);
        const XmlElement root = cim::parse_xml(answer.http.body);
        const XmlElement& reply = root.children.at(0);
        EXPECT_EQ(*reply.attribute("ID"), "10<1");
        answer.response = reply.children.at(0).children.at(0);
        EXPECT_EQ(*answer.response.attribute("NAME"), name);
        return answer;
    }
    Answer call(const std::string& name, const std::string& parameters,
                const std::string& where = name_space()) {
        return ask("<IMETHODCALL NAME=\"" + name + "\">" + where + parameters + "</IMETHODCALL>",
                   name);
    }
    Answer invoke(const std::string& method, const std::string& parameters,
                  const std::string& keys =
                      "<KEYBINDING NAME=\"Name\"><KEYVALUE>svc</KEYVALUE></KEYBINDING>"
                      "<KEYBINDING NAME=\"SystemName\"><KEYVALUE>here</KEYVALUE></KEYBINDING>") {
        return ask("<METHODCALL NAME=\"" + method + "\"><LOCALINSTANCEPATH>" + name_space() +
                       "<INSTANCENAME CLASSNAME=\"Service\">" + keys +
                       "</INSTANCENAME></LOCALINSTANCEPATH>" + parameters + "</METHODCALL>",
                   method);
    }
    static std::string argument(const std::string& name, const std::string& content) {
        return "<PARAMVALUE NAME=\"" + name + "\">" + content + "</PARAMVALUE>";
    }
    static const XmlElement* property(const XmlElement& instance, const std::string& name) {
        for (const XmlElement& one : instance.children) {
            if (*one.attribute("NAME") == name) return &one;
        }
        return nullptr;
    }

    TestModel model_;
    cim::Principal who_{"admin", {cim::Role::administrator}};
    std::unique_ptr<CimXmlDoor> door_;
};

TEST_F(CimXmlTest, EnumeratesInstancesOfSubclassesWithTheirNames) {
    const Answer answer = call("EnumerateInstances", in("ClassName", class_name("base")));
    EXPECT_EQ(answer.count(), TestModel::things + 1u);
    EXPECT_EQ(answer.http.fields.at("CIMOperation"), "MethodResponse");
    const XmlElement& first = answer.returned().children.at(0);
    EXPECT_EQ(first.name, "VALUE.NAMEDINSTANCE");
    EXPECT_EQ(first.children.at(0).name, "INSTANCENAME");
    EXPECT_EQ(first.children.at(1).name, "INSTANCE");
    EXPECT_EQ(call("EnumerateInstanceNames", in("ClassName", class_name("Thing"))).count(),
              TestModel::things + 0u);
}

TEST_F(CimXmlTest, LeavesOutWhatSubclassesAddWhenAsked) {
    const Answer answer = call("EnumerateInstances", in("ClassName", class_name("Base")) +
                                                         in("DeepInheritance", value("FALSE")));
    for (const XmlElement& one : answer.returned().children) {
        EXPECT_TRUE(property(one.children.at(1), "Id"));
        EXPECT_FALSE(property(one.children.at(1), "State"));
    }
}

TEST_F(CimXmlTest, WritesEveryTypeAndNullWithItsType) {
    const Answer answer = call("GetInstance", in("InstanceName", thing(1)));
    const XmlElement& instance = answer.returned().children.at(0);
    const auto text = [&](const char* name) {
        return property(instance, name)->children.at(0).text;
    };
    EXPECT_EQ(text("Name"), "a&<\"'>\xc3\xa9\xf0\x9f\x98\x80?z");
    EXPECT_EQ(text("Big"), "18446744073709551615");
    EXPECT_EQ(text("Small"), "-9223372036854775808");
    EXPECT_EQ(text("On"), "TRUE");
    EXPECT_EQ(text("Since"), "20250102030405.000001+000");
    EXPECT_EQ(text("Lasted"), "00000001020304.000005:000");
    EXPECT_EQ(property(instance, "Tags")->name, "PROPERTY.ARRAY");
    EXPECT_EQ(property(instance, "Tags")->children.at(0).children.size(), 2u);
    EXPECT_EQ(property(instance, "Next")->children.at(0).name, "VALUE.REFERENCE");

    const Answer empty = call("GetInstance", in("InstanceName", thing(4)));
    const XmlElement& since = *property(empty.returned().children.at(0), "Since");
    EXPECT_EQ(*since.attribute("TYPE"), "datetime");
    EXPECT_TRUE(since.children.empty());
    EXPECT_EQ(property(empty.returned().children.at(0), "Tags")->name, "PROPERTY.ARRAY");
    EXPECT_EQ(property(empty.returned().children.at(0), "Next")->name, "PROPERTY.REFERENCE");
}

TEST_F(CimXmlTest, HonoursThePropertyListAndTheClassOrigin) {
    const Answer answer = call("GetInstance", in("InstanceName", thing(1)) +
                                                  in("PropertyList", list_of({"state", "ID"})) +
                                                  in("IncludeClassOrigin", value("true")));
    const XmlElement& instance = answer.returned().children.at(0);
    ASSERT_EQ(instance.children.size(), 2u);
    EXPECT_EQ(*property(instance, "Id")->attribute("CLASSORIGIN"), "Base");
    EXPECT_EQ(call("GetInstance", in("InstanceName", thing(1)) + in("PropertyList", list_of({})))
                  .returned()
                  .children.at(0)
                  .children.size(),
              0u);
}

TEST_F(CimXmlTest, GivesClassesWithOrWithoutWhatTheyInherit) {
    const auto elements = [&](const std::string& more) {
        const Answer answer = call("GetClass", in("ClassName", class_name("thing")) + more);
        const XmlElement& found = answer.returned().children.at(0);
        EXPECT_EQ(found.attribute("DERIVATION"), nullptr);
        EXPECT_EQ(*found.attribute("SUPERCLASS"), "Base");
        return found.children.size();
    };
    EXPECT_EQ(elements(""), 8u);
    EXPECT_EQ(elements(in("LocalOnly", value("FALSE"))), 10u);
    EXPECT_EQ(elements(in("LocalOnly", value("FALSE")) + in("PropertyList", list_of({"Id"}))), 1u);
}

TEST_F(CimXmlTest, ListsClassesByGeneration) {
    const auto names = [&](const std::string& parameters) {
        return call("EnumerateClassNames", parameters).count();
    };
    EXPECT_EQ(names(""), 5u);
    EXPECT_EQ(names(in("DeepInheritance", value("TRUE"))), 6u);
    EXPECT_EQ(names(in("ClassName", class_name("Base"))), 1u);
    EXPECT_EQ(call("EnumerateClasses", in("DeepInheritance", value("TRUE"))).count(), 6u);
    EXPECT_EQ(call("EnumerateClasses", in("ClassName", class_name("Thing"))).count(), 0u);
}

TEST_F(CimXmlTest, FollowsAssociations) {
    const std::string object = in("ObjectName", thing(1));
    const Answer others = call("Associators", object);
    ASSERT_EQ(others.count(), 1u);
    EXPECT_EQ(others.returned().children[0].name, "VALUE.OBJECTWITHPATH");
    EXPECT_EQ(call("References", object).count(), 1u);
    EXPECT_EQ(call("AssociatorNames", object).returned().children.at(0).name, "OBJECTPATH");
    EXPECT_EQ(call("ReferenceNames", object + in("Role", value("From"))).count(), 1u);
    EXPECT_EQ(call("ReferenceNames", object + in("Role", value("To"))).count(), 0u);
    EXPECT_EQ(call("AssociatorNames", object + in("AssocClass", class_name("Link")) +
                                          in("ResultClass", class_name("Base")) +
                                          in("Role", value("From")) + in("ResultRole", value("To")))
                  .count(),
              1u);
    EXPECT_EQ(call("AssociatorNames", object + in("ResultClass", class_name("Thing"))).count(), 0u);
    EXPECT_EQ(call("Associators", in("ObjectName", class_name("Thing"))).error(), 7u);
}

TEST_F(CimXmlTest, PullsAnEnumerationToItsEndOnce) {
    Answer answer = call("OpenEnumerateInstances",
                         in("ClassName", class_name("Thing")) + in("MaxObjectCount", value("10")));
    std::size_t total = answer.count();
    EXPECT_EQ(total, 10u);
    EXPECT_EQ(answer.returned().children.at(0).name, "VALUE.INSTANCEWITHPATH");
    std::string context = answer.out("EnumerationContext");
    while (answer.out("EndOfSequence") == "FALSE") {
        context = answer.out("EnumerationContext");
        answer = call("PullInstancesWithPath",
                      in("EnumerationContext", value(context)) + in("MaxObjectCount", value("10")));
        total += answer.count();
        ASSERT_LE(total, TestModel::things + 0u);
    }
    EXPECT_EQ(total, TestModel::things + 0u);
    EXPECT_EQ(call("PullInstancesWithPath",
                   in("EnumerationContext", value(context)) + in("MaxObjectCount", value("1")))
                  .error(),
              21u);
}

TEST_F(CimXmlTest, AnEnumerationIsPulledByItsOwnKindAndOwnerAndCanBeClosed) {
    const Answer opened = call("OpenEnumerateInstancePaths", in("ClassName", class_name("Thing")));
    EXPECT_EQ(opened.count(), 0u);
    const std::string context = in("EnumerationContext", value(opened.out("EnumerationContext")));
    const std::string ten = in("MaxObjectCount", value("10"));
    EXPECT_EQ(call("PullInstancesWithPath", context + ten).error(), 21u);
    who_ = cim::Principal("other", {cim::Role::viewer});
    EXPECT_EQ(call("PullInstancePaths", context + ten).error(), 21u);
    who_ = cim::Principal("admin", {cim::Role::viewer});
    EXPECT_EQ(call("PullInstancePaths", context + ten).count(), 10u);
    EXPECT_EQ(call("CloseEnumeration", context).error(), 0u);
    EXPECT_EQ(call("CloseEnumeration", context).error(), 21u);
}

TEST_F(CimXmlTest, OpensAssociationsToo) {
    const std::string object = in("InstanceName", thing(1)) + in("MaxObjectCount", value("9"));
    for (const char* name : {"OpenReferenceInstances", "OpenReferenceInstancePaths",
                             "OpenAssociatorInstances", "OpenAssociatorInstancePaths"}) {
        const Answer answer = call(name, object);
        EXPECT_EQ(answer.count(), 1u) << name;
        EXPECT_EQ(answer.out("EndOfSequence"), "TRUE");
        EXPECT_EQ(answer.out("EnumerationContext"), "");
    }
}

TEST_F(CimXmlTest, RefusesWhatAnOpenEnumerationCannotDo) {
    const auto error = [&](const std::string& name, const std::string& text) {
        return call("OpenEnumerateInstances",
                    in("ClassName", class_name("Thing")) + in(name, value(text)))
            .error();
    };
    EXPECT_EQ(error("FilterQuery", "x"), 25u);
    EXPECT_EQ(error("ContinueOnError", "TRUE"), 26u);
    EXPECT_EQ(error("OperationTimeout", "0"), 22u);
    EXPECT_EQ(error("OperationTimeout", "61"), 22u);
    EXPECT_EQ(error("OperationTimeout", "60"), 0u);
    EXPECT_EQ(error("MaxObjectCount", "-1"), 4u);
}

TEST_F(CimXmlTest, AnswersQueries) {
    const auto ask_for = [&](const std::string& query, const std::string& language = "WQL") {
        return call("ExecQuery", in("QueryLanguage", value(language)) + in("Query", value(query)));
    };
    const Answer some = ask_for("select Id from Thing where State < 3");
    ASSERT_EQ(some.count(), 3u);
    EXPECT_EQ(some.returned().children[0].name, "VALUE.OBJECTWITHPATH");
    EXPECT_EQ(some.returned().children[0].children.at(1).children.size(), 1u);
    EXPECT_EQ(ask_for("associators of {Thing.Id='thing-01'}").count(), 1u);
    EXPECT_EQ(ask_for("select * from Thing", "DMTF:CQL").error(), 14u);
    EXPECT_EQ(ask_for("select").error(), 15u);
    EXPECT_EQ(ask_for("select * from NoSuch").error(), 5u);

    const Answer opened =
        call("OpenQueryInstances", in("FilterQueryLanguage", value("WQL")) +
                                       in("FilterQuery", value("select * from Thing")) +
                                       in("MaxObjectCount", value("40")));
    EXPECT_EQ(opened.count(), 40u);
    EXPECT_EQ(
        call("PullInstances", in("EnumerationContext", value(opened.out("EnumerationContext"))) +
                                  in("MaxObjectCount", value("40")))
            .count(),
        5u);
}

TEST_F(CimXmlTest, CallsMethodsWithEveryKindOfArgument) {
    const Answer answer = invoke(
        "Start",
        argument("Target", "<VALUE.REFERENCE><LOCALINSTANCEPATH>" + name_space() + thing(3) +
                               "</LOCALINSTANCEPATH></VALUE.REFERENCE>") +
            argument("Settings", value("<INSTANCE CLASSNAME=\"Settings\"><PROPERTY "
                                       "NAME=\"Interval\" TYPE=\"uint32\"><VALUE>30</VALUE>"
                                       "</PROPERTY></INSTANCE>")) +
            argument("Count", value("7")) + argument("When", value("20250102030405.000000+000")) +
            argument("Words", list_of({"a", "b"})));
    ASSERT_EQ(answer.error(), 0u) << answer.http.body;
    EXPECT_EQ(answer.response.child_named("RETURNVALUE")->children.at(0).text, "4096");
    const cim::Arguments arguments = model_.last_arguments();
    EXPECT_EQ(arguments.at("Target").as_reference().key_text("Id"), "thing-03");
    EXPECT_EQ(arguments.at("Settings").as_instance().get("Interval").as_unsigned(), 30u);
    EXPECT_EQ(arguments.at("Count").as_unsigned(), 7u);
    EXPECT_EQ(arguments.at("Words").as_strings().size(), 2u);
    EXPECT_EQ(answer.response.children.at(1).children.at(0).name, "VALUE.REFERENCE");
    EXPECT_EQ(answer.response.children.at(2).children.at(0).name, "VALUE.ARRAY");
}

TEST_F(CimXmlTest, EmbeddedResultsAreMarkedAndText) {
    const Answer answer = invoke("Report", "");
    const XmlElement& settings = answer.response.children.at(1);
    EXPECT_EQ(*settings.attribute("EmbeddedObject"), "instance");
    EXPECT_TRUE(settings.children.at(0).text.starts_with("<INSTANCE CLASSNAME=\"Settings\">"));
}

TEST_F(CimXmlTest, ErrorsHaveTheirStatus) {
    const std::string things = in("ClassName", class_name("Thing"));
    EXPECT_EQ(call("EnumerateInstances", things, name_space("nosuch")).error(), 3u);
    EXPECT_EQ(call("EnumerateInstances", things, "").error(), 3u);
    EXPECT_EQ(call("EnumerateInstances", in("ClassName", class_name("NoSuch"))).error(), 5u);
    EXPECT_EQ(call("EnumerateInstances", "").error(), 4u);
    EXPECT_EQ(call("GetInstance", in("InstanceName", thing(99))).error(), 6u);
    EXPECT_EQ(call("GetInstance", in("InstanceName", value("Thing.Id=1"))).error(), 4u);
    EXPECT_EQ(call("GetClass", in("ClassName", class_name("NoSuch"))).error(), 5u);
    EXPECT_EQ(call("GetClass", in("ClassName", class_name("Thing")) + in("LocalOnly", value("?")))
                  .error(),
              4u);
    for (const char* name : {"CreateInstance", "ModifyInstance", "DeleteInstance", "CreateClass",
                             "SetQualifier", "NoSuchOperation"}) {
        EXPECT_EQ(call(name, in("NewClass", "<CLASS NAME=\"X\"/>")).error(), 7u) << name;
    }
    EXPECT_EQ(invoke("NoSuch", "").error(), 17u);
    EXPECT_EQ(invoke("Unbound", "").error(), 16u);
    EXPECT_EQ(invoke("Start", argument("Nothing", value("1"))).error(), 4u);
    EXPECT_EQ(invoke("Start", argument("Count", value("many"))).error(), 13u);
    EXPECT_EQ(invoke("Report", "", "<KEYVALUE>svc</KEYVALUE>").error(), 4u);
    EXPECT_EQ(model_.started(), 0);
}

TEST_F(CimXmlTest, WhoMayNotIsToldSo) {
    who_ = cim::Principal("nobody", {cim::Role::peer});
    EXPECT_EQ(call("EnumerateInstances", in("ClassName", class_name("Thing"))).error(), 2u);
    EXPECT_EQ(call("GetClass", in("ClassName", class_name("Thing"))).error(), 2u);
    who_ = cim::Principal("reader", {cim::Role::viewer});
    EXPECT_EQ(invoke("Start", "").error(), 2u);
    EXPECT_EQ(model_.started(), 0);
}

TEST_F(CimXmlTest, SaysWhenThereIsTooMuchToGiveAtOnce) {
    DoorOptions options;
    options.reply_bytes_max = 4000;
    door_ = std::make_unique<CimXmlDoor>(model_.objects(), options);
    EXPECT_EQ(call("EnumerateInstances", in("ClassName", class_name("Thing"))).error(), 27u);
    const Answer opened = call("OpenEnumerateInstances", in("ClassName", class_name("Thing")) +
                                                             in("MaxObjectCount", value("1000")));
    EXPECT_EQ(opened.error(), 0u);
    EXPECT_LT(opened.count(), 10u);
}

TEST_F(CimXmlTest, OpenEnumerationsAreCounted) {
    DoorOptions options;
    options.contexts_per_user_max = 2;
    door_ = std::make_unique<CimXmlDoor>(model_.objects(), options);
    const std::string things = in("ClassName", class_name("Thing"));
    EXPECT_EQ(call("OpenEnumerateInstances", things).error(), 0u);
    EXPECT_EQ(call("OpenEnumerateInstances", things).error(), 0u);
    EXPECT_EQ(call("OpenEnumerateInstances", things).error(), 27u);
}

TEST_F(CimXmlTest, AnOperationThatTakesTooLongIsAnswered) {
    DoorOptions options;
    options.operation_time_max = std::chrono::milliseconds(50);
    door_ = std::make_unique<CimXmlDoor>(model_.objects(), options);
    EXPECT_EQ(invoke("Wait", "").error(), 1u);
    model_.release_waiting();
    door_.reset();
}

TEST_F(CimXmlTest, RefusesWhatIsNoMessage) {
    const auto refused = [&](const std::string& body) {
        const HttpReply reply = post(body);
        return std::to_string(reply.status) + " " + reply.fields.at("CIMError");
    };
    const std::string good =
        message("<IMETHODCALL NAME=\"EnumerateClassNames\">" + name_space() + "</IMETHODCALL>");
    const auto with = [&](const std::string& old, const std::string& new_text) {
        std::string changed = good;
        changed.replace(changed.find(old), old.size(), new_text);
        return changed;
    };
    EXPECT_EQ(post(good).status, 200u);
    EXPECT_EQ(refused(""), "400 request-not-well-formed");
    EXPECT_EQ(refused("<CIM>"), "400 request-not-well-formed");
    EXPECT_EQ(refused("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>" + good.substr(39)),
              "400 request-not-well-formed");
    EXPECT_EQ(refused("<CIM/>"), "400 request-not-valid");
    EXPECT_EQ(refused(with("CIMVERSION=\"2.0\"", "CIMVERSION=\"3.0\"")),
              "501 unsupported-cim-version");
    EXPECT_EQ(refused(with("DTDVERSION=\"2.0\"", "DTDVERSION=\"9\"")),
              "501 unsupported-dtd-version");
    EXPECT_EQ(refused(with("PROTOCOLVERSION=\"1.0\"", "PROTOCOLVERSION=\"2.0\"")),
              "501 unsupported-protocol-version");
    EXPECT_EQ(refused(with("<SIMPLEREQ>", "<MULTIREQ/><SIMPLEREQ>")),
              "501 multiple-requests-unsupported");
    EXPECT_EQ(refused(with("IMETHODCALL NAME", "IMETHODCALL MANE")), "400 request-not-valid");
    EXPECT_EQ(
        refused(message("<IMETHODCALL NAME=\"X\">" + in("A", "") + in("a", "") + "</IMETHODCALL>")),
        "400 request-not-valid");
    std::string many;
    for (std::size_t i = 0; i <= limits::cim_xml_parameters_max; ++i) {
        many += in("p" + std::to_string(i), "");
    }
    EXPECT_EQ(refused(message("<IMETHODCALL NAME=\"X\">" + many + "</IMETHODCALL>")),
              "400 request-not-valid");
    EXPECT_EQ(door_->handle({"POST", "/cimom", "", {}, good, ""}, who_).status, 400u);
}

TEST_F(CimXmlTest, APropertyListIsNoLongerThanAllowed) {
    const std::vector<std::string> names(limits::property_list_max + 1, "x");
    EXPECT_EQ(call("GetInstance", in("InstanceName", thing(1)) + in("PropertyList", list_of(names)))
                  .error(),
              4u);
}

TEST_F(CimXmlTest, RefusesOtherMethodsAndContentBeforeTheBody) {
    const auto refusal = [&](const std::string& method, const std::string& type) {
        return door_->refuse_before_body({method, "/cimom", "", {{"Content-Type", type}}, "", ""});
    };
    EXPECT_EQ(refusal("POST", "application/xml; charset=\"utf-8\""), 0u);
    EXPECT_EQ(refusal("POST", "text/xml"), 0u);
    EXPECT_EQ(refusal("POST", "application/xml; charset=utf-16"), 415u);
    EXPECT_EQ(refusal("POST", "text/plain"), 415u);
    EXPECT_EQ(refusal("GET", ""), 405u);
    EXPECT_EQ(refusal("M-POST", "application/xml"), 501u);
}

}  // namespace
}  // namespace reviver::server
