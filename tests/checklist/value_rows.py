"""V: how values are written and read. C and R: resource URIs and classes."""

import re

from checklist import fixture, soap
from checklist.row import RowTest, at_most, at_once, neighbours

SERVICE, COLLECTION, JOB = fixture.SERVICE, fixture.COLLECTION, fixture.JOB


def in_class(element, name: str):
    return element.find(f"{{{soap.space(element)}}}{name}")


class ValueRows(RowTest):
    def a_job(self, **more):
        """A job that ended: a call that was refused leaves one."""
        given = f"<p:Collection>{self.group(self.site.ids[30])}</p:Collection>"
        reply = self.invoke("InitiateFailover", given)
        keys = soap.keys_in(in_class(self.assertAnswer(reply).content, "Job"))
        keys.pop("__cimnamespace")
        return self.assertAnswer(self.get(JOB, keys, **more)).content

    def test_V01(self):
        self.assertEqual(self.name_of(self.site.ids[0]), fixture.ODD_NAME)
        reply = self.get_collection(fixture.ODD_NAME)
        self.assertFault(reply, "a:DestinationUnreachable")
        self.assertIn(fixture.ODD_NAME.replace('"', '\\"'), reply.reason)
        text = f"select * from {COLLECTION} where CollectionID = '{self.site.ids[0]}'"
        both = "<w:EnumerationMode>EnumerateObjectAndEPR</w:EnumerationMode>"
        item = self.query(text, inside=both).items[0]
        self.assertEqual(soap.values(item[0])["ElementName"], fixture.ODD_NAME)

    def test_V03(self):
        service = soap.values(self.assertAnswer(self.get_service()).content)
        self.assertEqual(service["Started"], "true")
        for text in ("TRUE", "1", "true"):
            reply = self.query(f"select * from {SERVICE} where Started = {text}")
            if text == "1":
                self.assertAnswer(reply)
            self.assertEqual(len(reply.items), 1, text)

    def test_V05(self):
        submitted = in_class(self.a_job(), "TimeSubmitted")
        self.assertEqual(submitted[0].tag, f"{{{soap.CIM}}}Datetime")
        self.assertRegex(submitted[0].text, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")

    def test_V06(self):
        submitted = in_class(self.a_job(agent=None), "TimeSubmitted")
        self.assertEqual(len(submitted), 0)
        self.assertRegex(submitted.text, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")

    def test_V07(self):
        elapsed = in_class(self.a_job(), "ElapsedTime")
        self.assertEqual(elapsed[0].tag, f"{{{soap.CIM}}}Interval")
        self.assertRegex(elapsed[0].text, r"^P")

    def test_V08(self):
        collection = self.assertAnswer(self.get_collection()).content
        self.assertIsNone(soap.value_of(in_class(collection, "LastApplyTime")))

    def test_V09(self):
        for item in self.all_of("CIM_ManagedElement"):
            for child in item:
                if child.get(f"{{{soap.SCHEMA_INSTANCE}}}nil"):
                    self.assertFalse(len(child) or child.text)

    def test_V11(self):
        precise = soap.option("msftwinrm:UsePreciseArrays", "true")
        reply = self.get_collection(more=f"<w:OptionSet>{precise}</w:OptionSet>")
        ids = in_class(self.assertAnswer(reply).content, "LastApplyVirtualMachineIds")
        self.assertIsNone(soap.value_of(ids))
        self.assertEqual(ids.get(soap.tag("m:IsNullArray")), "true")

    def memberships(self) -> list:
        chosen = neighbours(
            "AssociationInstances", self.group(), f"ResultClassName={fixture.MEMBERSHIP}"
        )
        both = "<w:EnumerationMode>EnumerateObjectAndEPR</w:EnumerationMode>"
        reply = self.enumerate(soap.ALL, at_once(10) + chosen + both)
        return self.assertAnswer(reply).items

    def test_V12(self):
        for item in self.memberships():
            for role in ("Collection", "Member"):
                end = in_class(item[0], role)
                self.assertEqual(
                    [child.tag for child in end],
                    [soap.tag("a:Address"), soap.tag("a:ReferenceParameters")],
                )
            selectors = list(next(item[1].iter(soap.tag("w:SelectorSet"))))
            by_name = {one.get("Name"): one for one in selectors}
            for role in ("Collection", "Member"):
                self.assertEqual(by_name[role][0].tag, soap.tag("a:EndpointReference"))

    def test_V13(self):
        for item in self.memberships():
            chosen = next(item[1].iter(soap.tag("w:SelectorSet")))
            text = soap.xml.tostring(chosen, encoding="unicode")
            reply = self.ask(soap.GET, soap.CLASS + fixture.MEMBERSHIP, text)
            self.assertEqual(
                soap.xml.tostring(self.assertAnswer(reply).content),
                soap.xml.tostring(item[0]),
            )

    def test_V14(self):
        # Whoever adds one adds its form to what is written and read.
        reply = self.enumerate(soap.CLASSES, at_once(32000), {"ClassName": ""})
        items = self.assertAnswer(reply).items
        if not reply.ended:
            for one in self.pull_rest(reply.context, at_most(32000), uri=soap.CLASSES):
                items = items + one.items
        names = {one.get("NAME").lower() for item in items for one in item.iter("QUALIFIER")}
        self.assertIn("key", names)
        self.assertNotIn("octetstring", names)

    def test_V15(self):
        count = 0
        for http in self.site.bodies:
            if "xml" not in http.field("Content-Type"):
                continue
            count += 1
            soap.parse(http.body)
            self.assertTrue(soap.prefixes_are_declared(http.body), http.body[:2000])
            self.assertFalse(soap.has_doctype(http.body))
            codec = "utf-16" if "UTF-16" in http.field("Content-Type") else "utf-8"
            http.body.decode(codec)
        self.assertGreater(count, 1)


class ResourceRows(RowTest):
    def test_R01(self):
        for name_space in (r"ROOT\hypervcluster\V2", "//./root/HyperVCluster/v2"):
            self.assertAnswer(self.get_service(name_space=name_space))

    def test_R02(self):
        self.assertAnswer(self.get_service(name_space=None))

    def test_R03(self):
        self.assertAnswer(self.get_service(prefix=soap.WMI))
        reply = self.get_service(prefix=soap.WMI, name_space="root/interop")
        self.assertFault(reply, "w:InternalError")

    def test_R04(self):
        old = "http://schemas.microsoft.com/wbem/wscim/1/cim-schema/2/"
        reply = self.assertAnswer(self.get_service(prefix=old))
        self.assertEqual(soap.local(reply.content), SERVICE)

    def test_R05(self):
        for uri in (soap.ALL, soap.CLASS + "*", soap.WMI + "*"):
            reply = self.enumerate(uri, at_once(10))
            self.assertFault(reply, "a:DestinationUnreachable", "w:UnsupportedFeature")

    def test_R06(self):
        for uri in (
            "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd",
            "http://schemas.microsoft.com/powershell/Microsoft.PowerShell",
            "http://schemas.microsoft.com/wbem/wsman/1/config",
        ):
            reply = self.ask(soap.GET, uri)
            self.assertFault(reply, "a:DestinationUnreachable", detail="InvalidResourceURI")

    def test_R07(self):
        uri = "http://schemas.dmtf.org/wbem/ws-cim/1/cim-schema/2/*"
        self.assertFault(self.ask(soap.GET, uri), "w:UnsupportedFeature")

    def test_R08(self):
        for name in ("Msvm%5FComputerSystem", "../../etc/passwd", "x" * 5000):
            self.assertFault(self.get(name, {}), "a:DestinationUnreachable")
        uri = soap.CLASS + "a&#0;b"
        asked = soap.envelope(soap.headers(soap.GET, "URI"), "").replace("URI", uri)
        self.assertRefused(self.site.send(asked, self.site.fields()))


class ClassRows(RowTest):
    windows_options = "<w:OptionSet>" + "".join(
        soap.option(name, "true", 'Type="xs:boolean"')
        for name in ("IncludeInheritanceHierarchy", "IncludeInheritedElements", "IncludeQualifiers")
    )

    def get_class(self, name, more=windows_options + "</w:OptionSet>"):
        keys = soap.selectors({"ClassName": name})
        return self.ask(soap.GET, soap.CLASSES, keys, more=more)

    def class_named(self, name, **more):
        return self.assertAnswer(self.get_class(name, **more)).content

    def list_classes(self, name="", options="", count=32000) -> list:
        more = f"<w:OptionSet>{options}</w:OptionSet>" if options else ""
        reply = self.enumerate(soap.CLASSES, at_once(count), {"ClassName": name}, more=more)
        items = self.assertAnswer(reply).items
        if not reply.ended:
            for one in self.pull_rest(reply.context, at_most(count), uri=soap.CLASSES):
                items = items + one.items
        return items

    def test_C01(self):
        found = self.class_named(SERVICE)
        self.assertEqual(found.tag, "CLASS")
        self.assertEqual(found.get("NAME"), SERVICE)
        self.assertTrue(found.get("SUPERCLASS"))
        self.assertTrue(found.get("DERIVATION").startswith(found.get("SUPERCLASS")))

    def qualifiers(self, element) -> dict:
        return {
            one.get("NAME").lower(): one.findtext("VALUE") for one in element.findall("QUALIFIER")
        }

    def test_C02(self):
        found = self.class_named(SERVICE)
        properties = {one.get("NAME"): one for one in found if one.tag.startswith("PROPERTY")}
        self.assertIn("ElementName", properties)
        keys = {
            name
            for name, one in properties.items()
            if (self.qualifiers(one).get("key") or "").lower() == "true"
        }
        self.assertEqual(keys, set(self.site.service_keys()))
        methods = {one.get("NAME"): one for one in found.findall("METHOD")}
        parameters = {one.get("NAME"): one for one in methods["CreateReplicationRelationship"]}
        collection = parameters["Collection"]
        self.assertEqual(collection.tag, "PARAMETER.REFERENCE")
        self.assertEqual(collection.get("REFERENCECLASS"), "CIM_CollectionOfMSEs")
        settings = self.qualifiers(parameters["CollectionReplicationSettingData"])
        self.assertEqual(settings["embeddedinstance"], fixture.SETTINGS)
        self.assertEqual(settings["in"].lower(), "true")
        self.assertEqual(self.qualifiers(parameters["Job"])["out"].lower(), "true")

    def test_C03(self):
        names = [one.get("NAME") for one in self.list_classes()]
        self.assertEqual(len(names), len(set(names)))
        self.assertLessEqual({SERVICE, COLLECTION, "CIM_ManagedElement"}, set(names))
        self.assertEqual(names, [one.get("NAME") for one in self.list_classes(count=40)])

    def test_C04(self):
        options = soap.option("IncludeSubClasses", "true")
        names = {one.get("NAME") for one in self.list_classes("CIM_Service", options)}
        self.assertLessEqual({SERVICE, fixture.MANAGEMENT}, names)
        self.assertNotIn(COLLECTION, names)

    def test_C05(self):
        option = soap.option("IncludeQualifiers", "false")
        found = self.class_named(SERVICE, more=f"<w:OptionSet>{option}</w:OptionSet>")
        self.assertIsNone(found.find(".//QUALIFIER"))
        option = soap.option("IncludeInheritedElements", "false")
        found = self.class_named(SERVICE, more=f"<w:OptionSet>{option}</w:OptionSet>")
        self.assertIsNone(found.find("PROPERTY[@NAME='ElementName']"))
        self.assertIsNotNone(found.find("METHOD[@NAME='CreateReplicationRelationship']"))

    def test_C06(self):
        self.assertFault(self.get_class("NoSuch"), "a:DestinationUnreachable", status=5)

    def test_C07(self):
        fault = self.get("NoSuch", {})
        name = soap.local(fault.cim_error)
        self.assertEqual(self.class_named(name).get("NAME"), name)

    def test_C08(self):
        classes = {}
        for http in self.site.bodies:
            if "xml" not in http.field("Content-Type"):
                continue
            for instance in soap.parse(http.body)[0].iter():
                uri, name = soap.space(instance), soap.local(instance)
                if not uri.startswith(soap.CLASS) or not uri.endswith("/" + name):
                    continue
                if name not in classes:
                    classes[name] = self.types_of(name)
                self.check(instance, classes[name])
        self.assertGreaterEqual(set(classes), {SERVICE, COLLECTION})

    def types_of(self, name) -> dict:
        found = self.class_named(name)
        return {
            one.get("NAME"): one.get("TYPE") or "reference"
            for one in found
            if one.tag.startswith("PROPERTY")
        }

    number = re.compile(r"^-?\d+$")

    def check(self, instance, types):
        for child in instance:
            kind, value = types[soap.local(child)], soap.value_of(child)
            if value is None:
                continue
            if kind == "boolean":
                self.assertIn(value, ("true", "false"))
            elif "int" in kind:
                self.assertRegex(value, self.number)
            elif kind == "reference":
                self.assertIsNotNone(child.find(soap.tag("a:ReferenceParameters")))
