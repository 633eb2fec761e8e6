"""M: methods, their arguments in every form that clients send, and jobs."""

import re
import time

from checklist import fixture, soap, wire
from checklist.row import RowTest

SETTINGS = fixture.SETTINGS
CREATE = "CreateReplicationRelationship"
JOB_STARTED, INVALID_PARAMETER, WRONG_TYPE = 4096, 32773, 32776


def property_text(name: str, value: str, kind="string") -> str:
    return f'<PROPERTY NAME="{name}" TYPE="{kind}"><VALUE>{value}</VALUE></PROPERTY>'


class MethodRows(RowTest):
    # --- arguments ---

    def settings_text(self, class_name=SETTINGS, more="") -> str:
        inside = property_text("RecoveryConnectionPoint", "west")
        interval = property_text("ReplicationInterval", "600", "uint16")
        return f'<INSTANCE CLASSNAME="{class_name}">{inside}{interval}{more}</INSTANCE>'

    def create(self, key, settings: str, **more):
        """`settings` is what stands in the element."""
        arguments = f"<p:Collection>{self.group(key)}</p:Collection>" + (
            f"<p:CollectionReplicationSettingData>{settings}</p:CollectionReplicationSettingData>"
        )
        return self.invoke(CREATE, arguments, **more)

    def assertCreates(self, settings: str):
        key = self.site.fresh_group()
        reply = self.assertReturns(self.create(key, settings), JOB_STARTED)
        self.wait_for_job(reply)
        shown = self.settings_of(key)
        self.assertEqual(shown["RecoveryConnectionPoint"], "west")
        self.assertEqual(shown["ReplicationInterval"], "600")
        return reply

    def settings_of(self, key) -> dict:
        identity = {"InstanceID": f"Reviver:{key}\\HVR"}
        return soap.values(self.assertAnswer(self.get(SETTINGS, identity)).content)

    def wait_for_job(self, reply) -> list:
        """The job of a call, at each look at it until its end."""
        keys = self.job_keys(self.assertReturns(reply, JOB_STARTED))
        keys.pop("__cimnamespace")
        seen, deadline = [], time.monotonic() + 30
        while not seen or int(soap.values(seen[-1])["JobState"]) < 7:
            self.assertLess(time.monotonic(), deadline)
            seen.append(self.assertAnswer(self.get(fixture.JOB, keys)).content)
            time.sleep(0.05)
        self.assertEqual(soap.values(seen[-1])["JobState"], "7", soap.values(seen[-1]))
        return seen

    def assertWrong(self, reply):
        if reply.is_fault:
            return self.assertFault(reply, "w:InvalidParameter", "w:SchemaValidationError")
        return self.assertReturns(reply, INVALID_PARAMETER, WRONG_TYPE)

    def job_keys(self, reply) -> dict:
        job = reply.content.find(f"{{{soap.space(reply.content)}}}Job")
        self.assertIsNotNone(job.find(soap.tag("a:ReferenceParameters")))
        return soap.keys_in(job)

    def jobs(self) -> set:
        return {soap.values(item)["InstanceID"] for item in self.all_of(fixture.JOB)}

    # --- rows ---

    def test_M01(self):
        reply = self.assertCreates(soap.escape(self.settings_text()))
        self.assertEqual(soap.local(reply.content), CREATE + "_OUTPUT")
        self.assertTrue(reply.header("a:Action").endswith(f"/{CREATE}Response"))
        self.job_keys(reply)

    def test_M02(self):
        reply = self.create(self.site.ids[44], soap.escape(self.settings_text()))
        keys = self.job_keys(reply)
        self.assertEqual(list(keys)[-1], "__cimnamespace")
        name_space = keys.pop("__cimnamespace")
        job = self.assertAnswer(self.get(fixture.JOB, keys, name_space=name_space)).content
        self.assertEqual(soap.local(job), fixture.JOB)

    def assertRenames(self, given: str, **more):
        key = self.site.ids[20]
        name = fixture.random_name()
        self.assertReturns(self.rename(given, name, **more), 0)
        self.assertEqual(self.name_of(key), name)
        self.rename(f"<p:Collection>{self.group(key)}</p:Collection>", "group 20")

    def argument(self, inside=None, more="", **options) -> str:
        inside = self.group(self.site.ids[20], **options) if inside is None else inside
        return f"<p:Collection{more}>{inside}</p:Collection>"

    def test_M03(self):
        wrapped = f"<a:EndpointReference>{self.group(self.site.ids[20])}</a:EndpointReference>"
        self.assertRenames(self.argument(wrapped))

    def test_M04(self):
        uri = soap.CLASS + fixture.COLLECTION
        key = f"<q:CollectionID>{self.site.ids[20]}</q:CollectionID>"
        kind = f'{fixture.COLLECTION}_Type" xmlns:q="{uri}"'
        self.assertRenames(self.argument(key, f' xsi:type="q:{kind}'))
        wrong = f' xmlns:x="http://www.w3.org/2001/XMLSchema" x:type="q:{kind}'
        self.assertRenames(self.argument(key, wrong))

    def test_M05(self):
        self.assertReturns(self.invoke("StartService", keys={}), 0)

    def test_M06(self):
        prefix = soap.WMI.lower()
        reply = self.invoke("StartService", prefix=prefix)
        self.assertReturns(reply, 0)
        self.assertEqual(soap.space(reply.content).lower(), prefix + fixture.SERVICE.lower())

    def test_M07(self):
        for action in ("CIM_Service/StartService", f"{fixture.SERVICE}/STARTservice"):
            self.assertReturns(self.invoke("StartService", action=soap.CLASS + action), 0)

    def test_M08(self):
        key, name = self.site.ids[20], fixture.random_name()
        body = (
            f'<zz:RenameCollection_INPUT xmlns:zz="urn:elsewhere">\n <zz:NewName>\n{name} '
            f"</zz:NewName>\n <zz:Collection>{self.group(key)}</zz:Collection>\n"
            "</zz:RenameCollection_INPUT>"
        )
        reply = self.invoke("RenameCollection", service=fixture.MANAGEMENT, body=body)
        self.assertReturns(reply, 0)
        self.assertEqual(self.name_of(key), name)
        self.rename(self.argument(), "group 20")

    def test_M09(self):
        before = self.jobs()
        given = self.argument()
        for arguments in (
            "<p:NewName>x</p:NewName><p:Nonsense>1</p:Nonsense>",
            "<p:NewName>x</p:NewName><p:NewName>y</p:NewName>",
        ):
            reply = self.invoke("RenameCollection", given + arguments, fixture.MANAGEMENT)
            self.assertFault(reply, "w:InvalidParameter", "w:SchemaValidationError")
        reply = self.invoke("DefineCollection", "<p:Type>many</p:Type>", fixture.MANAGEMENT)
        self.assertFault(reply, "w:InvalidParameter", detail="TypeMismatch")
        self.assertEqual(self.name_of(self.site.ids[20]), "group 20")
        self.assertEqual(self.jobs(), before)

    def test_M10(self):
        text = soap.escape(self.settings_text())
        given = f"<p:CollectionReplicationSettingData>{text}</p:CollectionReplicationSettingData>"
        nil = '<p:Collection xsi:nil="{}"/>'
        for missing in ("", nil.format("true"), nil.format("1")):
            self.assertReturns(self.invoke(CREATE, missing + given), INVALID_PARAMETER)

    def test_M11(self):
        self.assertReturns(self.invoke("StartService", body=""), 0)
        self.assertReturns(self.invoke("StartService"), 0)

    def test_M12(self):
        reply = self.invoke("NoSuchMethod")
        self.assertFault(reply, "a:ActionNotSupported", status=17)

    def test_M13(self):
        machine = soap.reference(fixture.MACHINE, self.site.machine_keys(self.site.machines[0]))
        elsewhere = self.group(self.site.ids[20], name_space="root/interop")
        for inside in (self.group(fixture.random_name()), machine, elsewhere):
            self.assertWrongReference(self.rename(self.argument(inside), "x"))
        self.assertEqual(self.name_of(self.site.ids[20]), "group 20")

    def assertWrongReference(self, reply):
        if reply.is_fault:
            self.assertFault(reply, "w:InvalidParameter", "a:DestinationUnreachable")
        else:
            self.assertReturns(reply, INVALID_PARAMETER, WRONG_TYPE, 32768, 32779)

    def test_M14(self):
        default = re.sub(r"<(/?)[aw]:", r"<\1", self.group(self.site.ids[20], name_space=None))
        address, parameters = soap.PREFIXES["a"], soap.PREFIXES["w"]
        default = default.replace("<Address>", f'<Address xmlns="{address}">')
        default = default.replace(
            "<ReferenceParameters>", f'<ReferenceParameters xmlns="{address}">'
        )
        for name in ("ResourceURI", "SelectorSet"):
            default = default.replace(f"<{name}>", f'<{name} xmlns="{parameters}">')
        self.assertRenames(self.argument(default))
        qualified = self.group(self.site.ids[20], name_space=None)
        qualified = qualified.replace("Selector Name=", "Selector w:Name=")
        self.assertRenames(self.argument(qualified.replace(soap.ANONYMOUS, address)))

    def test_M15(self):
        path = r"\\h\root\HyperVCluster\v2:" + fixture.COLLECTION
        self.assertRenames(self.argument(f'{path}.CollectionID="{self.site.ids[20]}"'))

    def test_M16(self):
        key = self.site.fresh_group()
        uri = soap.CLASS + SETTINGS
        inside = (
            "<q:RecoveryConnectionPoint>west</q:RecoveryConnectionPoint>"
            "<q:ReplicationInterval>600</q:ReplicationInterval>"
        )
        given = f"<p:Collection>{self.group(key)}</p:Collection>" + (
            f'<p:CollectionReplicationSettingData xmlns:q="{uri}" xsi:type="q:{SETTINGS}_Type">'
            f"{inside}</p:CollectionReplicationSettingData>"
        )
        self.wait_for_job(self.invoke(CREATE, given))
        self.assertEqual(self.settings_of(key)["ReplicationInterval"], "600")

    def test_M17(self):
        text = self.settings_text()
        declaration = '<?xml version="1.0" encoding="utf-16"?>'
        wrapped = f"<DECLGROUP><VALUE.OBJECT>{text}</VALUE.OBJECT></DECLGROUP>"
        for form in ("\ufeff" + text, declaration + text, wrapped):
            self.assertCreates(soap.escape(form))

    def test_M18(self):
        inside = 'RecoveryConnectionPoint = "west"; ReplicationInterval = 600;'
        text = f"instance of {SETTINGS} {{ {inside} }};"
        reply = self.create(self.site.fresh_group(), soap.escape(text))
        if reply.is_fault:
            self.assertFault(reply, "w:InvalidParameter")
        else:
            self.assertReturns(reply, JOB_STARTED)

    def test_M19(self):
        key = self.site.ids[20]
        unknown = property_text("Nonsense", "1")
        wrong = property_text("RecoveryHistory", "many", "uint16")
        for text in (
            "<INSTANCE CLASSNAME=",
            self.settings_text("Msvm_ComputerSystem"),
            self.settings_text(more=wrong),
            self.settings_text(more=unknown),
        ):
            self.assertWrong(self.create(key, soap.escape(text)))

    def test_M20(self):
        key = self.site.ids[1]
        self.wait_for_job(self.create(key, soap.escape(self.settings_text())))
        given = f"<p:Collection>{self.group(key)}</p:Collection>"
        reply = self.assertReturns(self.invoke("GetReplicationStatistics", given), 0)
        uri = soap.CLASS + fixture.SERVICE
        found = reply.content.find(f"{{{uri}}}ReplicationStatistics")
        self.assertEqual(len(found), 0)
        instance = soap.xml.fromstring(found.text)
        self.assertEqual(instance.tag, "INSTANCE")
        self.assertEqual(instance.get("CLASSNAME"), "Msvm_CollectionReplicationStatistics")

    def test_M24(self):
        reply = self.assertReturns(self.invoke("StartService"), 0)
        self.assertEqual([soap.local(one) for one in reply.content], ["ReturnValue"])
        reply = self.assertReturns(self.rename(self.argument(), "group 20"), 0)
        for job in reply.content.findall(f"{{{soap.CLASS}{fixture.MANAGEMENT}}}Job"):
            self.assertEqual(soap.value_of(job), None)

    def test_M25(self):
        key = self.site.fresh_group()
        text = soap.escape(self.settings_text())
        self.assertReturns(self.create(key, text), JOB_STARTED)
        again = self.create(key, text)
        self.assertAnswer(again)
        self.assertIn(
            int(soap.values(again.content)["ReturnValue"]), (JOB_STARTED, 32774, 32775), again
        )
        self.job_keys(again)

    def test_M26(self):
        key = self.site.fresh_group()
        uri = soap.CLASS + fixture.SERVICE
        arguments = f"<p:Collection>{self.group(key)}</p:Collection>" + (
            "<p:CollectionReplicationSettingData>"
            f"{soap.escape(self.settings_text())}</p:CollectionReplicationSettingData>"
        )
        header = soap.headers(f"{uri}/{CREATE}", uri, soap.selectors(self.site.service_keys()))
        body = f'<p:{CREATE}_INPUT xmlns:p="{uri}">{arguments}</p:{CREATE}_INPUT>'
        asked = soap.envelope(header, body).encode()
        with self.site.connect() as connection:
            connection.send(wire.request(asked, self.site.fields()))
        deadline = time.monotonic() + 20
        while self.settings_of(key)["RecoveryConnectionPoint"] != "west":
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)

    def test_M27(self):
        reply = self.create(self.site.fresh_group(), soap.escape(self.settings_text()))
        percent = 0
        for job in self.wait_for_job(reply):
            shown = soap.values(job)
            self.assertGreaterEqual(int(shown["PercentComplete"]), percent)
            percent = int(shown["PercentComplete"])
            elapsed = job.find(f"{{{soap.CLASS}{fixture.JOB}}}ElapsedTime")
            self.assertEqual(elapsed[0].tag, f"{{{soap.CIM}}}Interval")

    def test_M28(self):
        before = self.jobs()
        key = self.site.ids[21]
        reply = self.create(key, soap.escape(self.settings_text()), who="reader")
        self.assertFault(reply, "w:AccessDenied", status=2)
        reply = self.rename(f"<p:Collection>{self.group(key)}</p:Collection>", "x", who="reader")
        self.assertFault(reply, "w:AccessDenied", status=2)
        self.assertEqual(self.jobs(), before)
        self.assertEqual(self.name_of(key), "group 21")
