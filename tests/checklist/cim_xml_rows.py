"""CX: CIM-XML as pywbem and wbemcli speak it. pywbem is not in Debian: its messages go raw."""

import subprocess

from checklist import fixture, soap, wire
from checklist.row import RowTest

COLLECTION, MACHINE, MEMBERSHIP = fixture.COLLECTION, fixture.MACHINE, fixture.MEMBERSHIP
TYPE = 'application/xml; charset="utf-8"'
MESSAGE = (
    '<?xml version="1.0" encoding="utf-8" ?>\n<CIM CIMVERSION="2.0" DTDVERSION="2.0">'
    '<MESSAGE ID="1001" PROTOCOLVERSION="1.0">{}</MESSAGE></CIM>'
)


def spaces(name_space: str) -> str:
    inside = "".join(f'<NAMESPACE NAME="{part}"/>' for part in name_space.split("/"))
    return f"<LOCALNAMESPACEPATH>{inside}</LOCALNAMESPACEPATH>"


def instance_name(class_name: str, keys: dict) -> str:
    bindings = "".join(
        f'<KEYBINDING NAME="{name}"><KEYVALUE VALUETYPE="string">{soap.escape(value)}</KEYVALUE>'
        "</KEYBINDING>"
        for name, value in keys.items()
    )
    return f'<INSTANCENAME CLASSNAME="{class_name}">{bindings}</INSTANCENAME>'


def parameter(name: str, inside: str) -> str:
    return f'<IPARAMVALUE NAME="{name}">{inside}</IPARAMVALUE>'


def class_parameter(name: str, parameter_name="ClassName") -> str:
    return parameter(parameter_name, f'<CLASSNAME NAME="{name}"/>')


def text(name: str, value: str) -> str:
    return parameter(name, f"<VALUE>{soap.escape(value)}</VALUE>")


class CimXmlRows(RowTest):
    def send(self, body, who="admin", path="/cimom", method="POST", **fields):
        whole = {
            **self.site.fields(who, agent="pywbem/1.6", content=TYPE),
            "CIMOperation": "MethodCall",
            "CIMMethod": "EnumerateInstances",
            "CIMObject": soap.NAMESPACE,
            **fields,
        }
        return self.site.send(body, whole, path=path, method=method)

    def call(self, name, *parameters, name_space=soap.NAMESPACE, who="admin"):
        """The IMETHODRESPONSE."""
        inside = spaces(name_space) + "".join(parameters)
        call = f'<SIMPLEREQ><IMETHODCALL NAME="{name}">{inside}</IMETHODCALL></SIMPLEREQ>'
        return self.response(self.send(MESSAGE.format(call), who, CIMMethod=name), name)

    def response(self, http, name):
        self.assertEqual(http.status, 200, http)
        self.assertEqual(http.field("CIMOperation"), "MethodResponse")
        self.assertIn("application/xml", http.field("Content-Type"))
        root, _ = soap.parse(http.body)
        self.assertEqual(root.get("CIMVERSION"), "2.0")
        message = root.find("MESSAGE")
        self.assertEqual(message.get("ID"), "1001")
        found = message.find("SIMPLERSP")[0]
        self.assertEqual(found.get("NAME"), name)
        return found

    def returned(self, name, *parameters, **more) -> list:
        found = self.call(name, *parameters, **more)
        error = found.find("ERROR")
        self.assertIsNone(error, None if error is None else error.attrib)
        value = found.find("IRETURNVALUE")
        return [] if value is None else list(value)

    def assertError(self, response, code):
        self.assertEqual(
            int(response.find("ERROR").get("CODE")), code, response.find("ERROR").attrib
        )
        self.assertTrue(response.find("ERROR").get("DESCRIPTION"))

    def method(self, name, arguments, service=fixture.SERVICE):
        keys = instance_name(service, self.site.service_keys(service))
        path = f"<LOCALINSTANCEPATH>{spaces(soap.NAMESPACE)}{keys}</LOCALINSTANCEPATH>"
        call = f'<SIMPLEREQ><METHODCALL NAME="{name}">{path}{arguments}</METHODCALL></SIMPLEREQ>'
        return self.response(self.send(MESSAGE.format(call), CIMMethod=name), name)

    def group_name(self, key=None) -> str:
        return instance_name(COLLECTION, {"CollectionID": key or self.site.ids[0]})

    def group_reference(self, key) -> str:
        path = (
            f"<LOCALINSTANCEPATH>{spaces(soap.NAMESPACE)}{self.group_name(key)}</LOCALINSTANCEPATH>"
        )
        return (
            '<PARAMVALUE NAME="Collection" PARAMTYPE="reference"><VALUE.REFERENCE>'
            f"{path}</VALUE.REFERENCE></PARAMVALUE>"
        )

    def values(self, instance) -> dict:
        found = {}
        for one in instance:
            if one.tag == "PROPERTY":
                found[one.get("NAME")] = one.findtext("VALUE")
            elif one.tag == "PROPERTY.ARRAY":
                array = one.find("VALUE.ARRAY")
                found[one.get("NAME")] = None if array is None else [v.text or "" for v in array]
            elif one.tag == "PROPERTY.REFERENCE":
                found[one.get("NAME")] = one.find("VALUE.REFERENCE")
        return found

    # --- rows ---

    def test_CX01(self):
        found = self.returned("EnumerateInstances", class_parameter(COLLECTION))
        self.assertEqual([one.tag for one in found], ["VALUE.NAMEDINSTANCE"] * 45)
        names = self.returned("EnumerateInstanceNames", class_parameter(COLLECTION))
        keys = [one.findtext(".//KEYVALUE") for one in names]
        self.assertCountEqual(keys, self.site.ids)

    def get_instance(self, key):
        return self.call("GetInstance", parameter("InstanceName", self.group_name(key)))

    def test_CX02(self):
        found = self.get_instance(self.site.ids[0]).find("IRETURNVALUE/INSTANCE")
        self.assertEqual(self.values(found)["ElementName"], fixture.ODD_NAME)
        self.assertError(self.get_instance(fixture.random_name()), 6)

    def test_CX03(self):
        found = self.returned(
            "GetClass", class_parameter(fixture.SERVICE), text("LocalOnly", "FALSE")
        )
        keys = soap.selectors({"ClassName": fixture.SERVICE})
        shown = self.ask(soap.GET, soap.CLASSES, keys).content

        def shape(described):
            return [
                (one.tag, one.get("NAME"), one.get("TYPE"), one.get("REFERENCECLASS"))
                for one in described.iter()
                if one.get("NAME") and one.tag != "QUALIFIER"
            ]

        self.assertEqual(shape(found[0]), shape(shown))
        deep = text("DeepInheritance", "TRUE")
        classes = [one.get("NAME") for one in self.returned("EnumerateClasses", deep)]
        names = [one.get("NAME") for one in self.returned("EnumerateClassNames", deep)]
        self.assertCountEqual(classes, names)
        self.assertIn(COLLECTION, names)

    def test_CX04(self):
        of = parameter("ObjectName", self.group_name())
        by = class_parameter(MEMBERSHIP, "AssocClass")
        result = class_parameter(MACHINE, "ResultClass")
        roles = text("Role", "Collection") + text("ResultRole", "Member")
        found = self.returned("Associators", of, by, result, roles)
        self.assertEqual(len(found), 3)
        self.assertEqual({one.find("INSTANCE").get("CLASSNAME") for one in found}, {MACHINE})
        self.assertEqual(len(self.returned("AssociatorNames", of, by)), 3)
        self.assertEqual(self.returned("AssociatorNames", of, by, text("Role", "Member")), [])
        links = class_parameter(MEMBERSHIP, "ResultClass")
        self.assertEqual(len(self.returned("References", of, links)), 3)
        self.assertEqual(
            len(self.returned("ReferenceNames", of, links, text("Role", "Collection"))), 3
        )

    def test_CX05(self):
        query = text("Query", f"select * from {COLLECTION} where ElementName like 'group 0%'")
        self.assertEqual(len(self.returned("ExecQuery", text("QueryLanguage", "WQL"), query)), 9)
        self.assertError(self.call("ExecQuery", text("QueryLanguage", "DMTF:CQL"), query), 14)

    def test_CX06(self):
        settings = (
            f'<INSTANCE CLASSNAME="{fixture.SETTINGS}"><PROPERTY NAME="RecoveryConnectionPoint" '
            'TYPE="string"><VALUE>west</VALUE></PROPERTY>'
            '<PROPERTY.ARRAY NAME="RecoveryServerHosts" TYPE="string">'
            "<VALUE.ARRAY></VALUE.ARRAY></PROPERTY.ARRAY><PROPERTY "
            'NAME="AutoResynchronizeIntervalStart" TYPE="datetime">'
            "<VALUE>00000000010000.000000:000</VALUE></PROPERTY></INSTANCE>"
        )
        arguments = self.group_reference(self.site.fresh_group()) + (
            '<PARAMVALUE NAME="CollectionReplicationSettingData" PARAMTYPE="string" '
            f'EmbeddedObject="instance"><VALUE>{soap.escape(settings)}</VALUE></PARAMVALUE>'
        )
        found = self.method("CreateReplicationRelationship", arguments)
        self.assertEqual(found.findtext("RETURNVALUE/VALUE"), "4096")
        path = found.find("PARAMVALUE[@NAME='Job']/VALUE.REFERENCE")[0]
        name = soap.xml.tostring(path.find("INSTANCENAME"), encoding="unicode")
        job = self.returned("GetInstance", parameter("InstanceName", name))
        self.assertEqual(job[0].get("CLASSNAME"), fixture.JOB)

    def test_CX07(self):
        named = class_parameter(COLLECTION)
        self.assertError(self.call("EnumerateInstances", named, name_space="root/nosuch"), 3)
        self.assertError(self.call("EnumerateInstances", class_parameter("NoSuch")), 5)
        self.assertError(self.method("NoSuchMethod", ""), 17)
        wrong = '<PARAMVALUE NAME="Nonsense" PARAMTYPE="string"><VALUE>1</VALUE></PARAMVALUE>'
        self.assertError(self.method("StartReplication", wrong), 4)

    def test_CX08(self):
        instance = f'<INSTANCE CLASSNAME="{COLLECTION}"></INSTANCE>'
        named = f"<VALUE.NAMEDINSTANCE>{self.group_name()}{instance}</VALUE.NAMEDINSTANCE>"
        for name, given in (
            ("CreateInstance", parameter("NewInstance", instance)),
            ("ModifyInstance", parameter("ModifiedInstance", named)),
            ("DeleteInstance", parameter("InstanceName", self.group_name())),
            ("CreateClass", parameter("NewClass", '<CLASS NAME="X"/>')),
        ):
            self.assertError(self.call(name, given), 7)
        self.assertEqual(
            len(self.returned("EnumerateInstanceNames", class_parameter(COLLECTION))), 45
        )

    def parameter_out(self, response, name) -> str:
        return response.findtext(f"PARAMVALUE[@NAME='{name}']/VALUE") or ""

    def test_CX09(self):
        count = text("MaxObjectCount", "10")
        found = self.call("OpenEnumerateInstances", class_parameter(COLLECTION), count)
        keys = []
        while True:
            self.assertIsNone(found.find("ERROR"))
            instances = list(found.find("IRETURNVALUE"))
            self.assertLessEqual(len(instances), 10)
            keys += [self.values(one.find(".//INSTANCE"))["CollectionID"] for one in instances]
            if self.parameter_out(found, "EndOfSequence").upper() == "TRUE":
                break
            context = text("EnumerationContext", self.parameter_out(found, "EnumerationContext"))
            found = self.call("PullInstancesWithPath", context, count)
        self.assertCountEqual(keys, self.site.ids)
        opened = self.call("OpenEnumerateInstances", class_parameter(COLLECTION), count)
        context = text("EnumerationContext", self.parameter_out(opened, "EnumerationContext"))
        self.assertIsNone(self.call("CloseEnumeration", context).find("ERROR"))
        self.assertError(self.call("PullInstancesWithPath", context, count), 21)

    def test_CX10(self):
        names = "".join(f"<VALUE>{one}</VALUE>" for one in ("ElementName", "CollectionID"))
        listed = parameter("PropertyList", f"<VALUE.ARRAY>{names}</VALUE.ARRAY>")
        harmless = text("LocalOnly", "FALSE") + text("IncludeClassOrigin", "TRUE")
        harmless += text("IncludeQualifiers", "TRUE")
        found = self.returned("EnumerateInstances", class_parameter(COLLECTION), listed, harmless)
        self.assertEqual(
            set(self.values(found[0].find("INSTANCE"))), {"ElementName", "CollectionID"}
        )

    def test_CX11(self):
        # What pywbemcli asks for: instances with paths, a class with its qualifiers, the tree.
        self.test_CX01()
        found = self.returned(
            *("GetClass", class_parameter(fixture.SERVICE), text("LocalOnly", "FALSE")),
            *(text("IncludeQualifiers", "TRUE"), text("IncludeClassOrigin", "FALSE")),
        )
        self.assertIsNotNone(found[0].find("METHOD/QUALIFIER"))
        tree = self.returned("EnumerateClasses", text("DeepInheritance", "TRUE"))
        names = {one.get("NAME") for one in tree}
        for one in tree:
            self.assertIn(one.get("SUPERCLASS") or one.get("NAME"), names)

    def test_CX12(self):
        named = class_parameter("CIM_Namespace")
        for name_space in ("interop", "root/interop"):
            found = self.returned("EnumerateInstances", named, name_space=name_space)
            spaces_there = {self.values(one.find("INSTANCE"))["Name"] for one in found}
            self.assertIn(soap.NAMESPACE, spaces_there)
        found = self.returned(
            "EnumerateInstances", class_parameter("CIM_ObjectManager"), name_space="interop"
        )
        self.assertEqual(len(found), 1)
        self.assertError(self.call("EnumerateInstances", named, name_space="root/PG_Interop"), 3)

    def wbemcli(self, operation, path, *more) -> str:
        login = f"admin:{self.site.passwords['admin']}"
        url = f"https://{login}@127.0.0.1:{self.site.port}/{soap.NAMESPACE}:{path}"
        done = subprocess.run(
            ["wbemcli", "-noverify", operation, url, *more],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_CX13(self):
        self.assertEqual(self.wbemcli("ei", COLLECTION).count("ElementName="), 45)
        self.assertIn("ReplicationState=", self.wbemcli("gc", COLLECTION))
        name = f'{COLLECTION}.CollectionID="{self.site.ids[7]}"'
        self.assertIn('ElementName="group 07"', self.wbemcli("gi", name))
        keys = self.site.service_keys(fixture.MANAGEMENT)
        service = fixture.MANAGEMENT + "." + ",".join(f'{key}="{keys[key]}"' for key in keys)
        self.assertIn(
            ": 0",
            self.wbemcli("cm", service, f"RenameCollection.Collection={name},NewName=group 07"),
        )

    def test_CX14(self):
        call = (
            f'<SIMPLEREQ><IMETHODCALL NAME="EnumerateInstanceNames">{spaces(soap.NAMESPACE)}'
            f"{class_parameter(COLLECTION)}</IMETHODCALL></SIMPLEREQ>"
        )
        http = self.send(MESSAGE.format(call), CIMObject="root/interop", CIMMethod="GetClass")
        if http.status == 400:
            self.assertEqual(http.field("CIMError"), "header-mismatch")
        else:
            found = self.response(http, "EnumerateInstanceNames")
            self.assertEqual(len(found.find("IRETURNVALUE")), 45)

    def test_CX15(self):
        good = MESSAGE.format("<SIMPLEREQ/>")
        for wrong, status, said in (
            ("<CIM", 400, "request-not-well-formed"),
            (good.replace('CIMVERSION="2.0"', 'CIMVERSION="3.0"'), 501, "unsupported-cim-version"),
            (
                good.replace('PROTOCOLVERSION="1.0"', 'PROTOCOLVERSION="2.0"'),
                501,
                "unsupported-protocol-version",
            ),
            (good.replace('DTDVERSION="2.0"', 'DTDVERSION="9"'), 501, "unsupported-dtd-version"),
        ):
            http = self.send(wrong)
            self.assertEqual((http.status, http.field("CIMError")), (status, said))

    def test_CX16(self):
        many = "<MULTIREQ><SIMPLEREQ/><SIMPLEREQ/></MULTIREQ>"
        http = self.send(MESSAGE.format(many))
        self.assertEqual(
            (http.status, http.field("CIMError")), (501, "multiple-requests-unsupported")
        )
        man = {"Man": "http://www.dmtf.org/cim/mapping/http/v1.0;ns=48"}
        http = self.send(MESSAGE.format("<SIMPLEREQ/>"), method="M-POST", **man)
        self.assertIn(http.status, (200, 405, 501))

    def test_CX18(self):
        http = self.send(MESSAGE.format("<SIMPLEREQ/>"), None)
        self.assertEqual(http.status, 401)
        self.assertTrue(any(one.startswith("Basic realm=") for one in http.all("WWW-Authenticate")))
        login = {"Authorization": wire.basic("forgetful", "wrong")}
        self.assertEqual(self.send(MESSAGE.format("<SIMPLEREQ/>"), **login).status, 401)

    def plain(self, value):
        """A value as both protocols have it."""
        if hasattr(value, "iter"):
            keys = {
                (one.get("NAME") or one.get("Name")).lower(): (one.findtext("KEYVALUE") or one.text)
                for one in value.iter()
                if one.tag == "KEYBINDING" or one.tag == soap.tag("w:Selector")
            }
            keys.pop("__cimnamespace", None)
            return keys
        return value

    def test_CX19(self):
        for class_name in (fixture.SERVICE, COLLECTION, MACHINE):
            shown = {}
            for one in self.returned("EnumerateInstances", class_parameter(class_name)):
                found = self.values(one.find("INSTANCE"))
                shown[found.get("CollectionID") or found.get("Name")] = found
            for item in self.all_of(class_name):
                found = soap.values(item)
                other = shown[found.get("CollectionID") or found.get("Name")]
                self.assertEqual(set(found), set(other))
                for name, value in found.items():
                    expected = other[name]
                    if isinstance(expected, list):
                        value = value if isinstance(value, list) else [value]
                    if expected in ("TRUE", "FALSE"):
                        expected = expected.lower()
                    self.assertEqual(value, expected, name)
