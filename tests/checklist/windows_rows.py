"""PS: what PowerShell and winrm send, replayed. PR: pywinrm and pypsrp."""

import base64
import os
import pathlib
import string
import uuid

from winrm.exceptions import WinRMError
from winrm.protocol import Protocol

from checklist import fixture, soap, wire
from checklist.row import RowTest

MESSAGES = pathlib.Path(__file__).resolve().parent.parent / "data" / "windows"
COLLECTION = fixture.COLLECTION
NTLM = b"NTLMSSP\0\x01\0\0\0\x07\x82\x08\xa2" + bytes(16)
# An initial token (RFC 4178) whose only mechanism is NTLM, 1.3.6.1.4.1.311.2.2.10.
SPNEGO_WITH_NTLM_ALONE = bytes.fromhex(
    "601c06062b0601050502a0123010a00e300c060a2b06010401823702020a"
)


class PowerShellRows(RowTest):
    def replay(self, name, codec="utf-8", **names) -> soap.Reply:
        message = str(uuid.uuid4()).upper()
        text = string.Template((MESSAGES / f"{name}.xml").read_text())
        asked = text.substitute(names, message=message, system="east")
        content = f"application/soap+xml;charset={codec[:6].upper()}"
        fields = self.site.fields(agent="Microsoft WinRM Client", content=content)
        mark = b"\xff\xfe" if codec == "utf-16-le" else b""
        reply = soap.Reply(self.site.send(mark + asked.strip().encode(codec), fields))
        self.assertEqual(reply.header("a:RelatesTo"), f"uuid:{message}")
        return reply

    def test_PS01(self):
        reply = self.assertAnswer(self.replay("get-instances-of-class"))
        self.assertEqual(len(reply.items), 45)
        self.assertTrue(reply.ended)
        self.assertLessEqual(len(reply.http.body), 512_000)
        for item in reply.items:
            names = [soap.local(child) for child in item]
            self.assertEqual(names, [COLLECTION, "EndpointReference"])

    def test_PS02(self):
        context = self.assertAnswer(self.enumerate(COLLECTION)).context
        reply = self.assertAnswer(self.replay("pull", context=context))
        self.assertEqual(len(reply.items), 45)
        self.assertTrue(reply.ended)
        self.assertEqual(reply.context, "")

    def test_PS03(self):
        reply = self.assertAnswer(self.replay("get-instances-by-query"))
        self.assertEqual(len(reply.items), 45)
        self.assertIn(soap.keys_in(reply.items[0][1])["CollectionID"], self.site.ids)

    def test_PS04(self):
        reply = self.assertAnswer(self.replay("get-instance-again"))
        self.assertEqual(soap.local(reply.content), fixture.SERVICE)

    def assertStartsJob(self, reply):
        self.assertReturns(reply, 4096)
        job = reply.content.find(f"{{{soap.space(reply.content)}}}Job")
        self.assertIn("InstanceID", soap.keys_in(job))

    def test_PS05(self):
        self.assertStartsJob(self.replay("invoke-method", collection=self.site.fresh_group()))

    def test_PS06(self):
        reply = self.assertAnswer(
            self.replay("get-associated-instances", collection=self.site.ids[0])
        )
        self.assertEqual([soap.local(item[0]) for item in reply.items], [fixture.MACHINE] * 3)
        for item in reply.items:
            self.assertEqual(soap.local(item[1]), "EndpointReference")

    def test_PS07(self):
        one = self.assertAnswer(self.replay("get-class"))
        self.assertEqual((one.content.tag, one.content.get("NAME")), ("CLASS", fixture.SERVICE))
        every = self.assertAnswer(self.replay("get-classes"))
        names = [item.get("NAME") for item in every.items]
        while not every.ended:
            every = self.pull(every.context, "<n:MaxElements>32000</n:MaxElements>")
            names += [item.get("NAME") for item in every.items]
        self.assertIn(COLLECTION, names)
        self.assertEqual(len(names), len(set(names)))

    def test_PS08(self):
        fields = {**self.site.fields(None), "WSMANIDENTIFY": "unauthenticated"}
        reply = soap.Reply(self.site.send(soap.identify(), fields))
        self.assertEqual(soap.local(self.assertAnswer(reply).content), "IdentifyResponse")
        reply = self.assertAnswer(self.site.post(soap.identify()))
        self.assertEqual(soap.local(reply.content), "IdentifyResponse")

    def test_PS09(self):
        for codec in ("utf-8", "utf-16-le"):
            reply = self.assertAnswer(self.replay("winrm-enumerate", codec))
            found = []
            while not reply.ended:
                reply = self.assertAnswer(self.replay("winrm-pull", codec, context=reply.context))
                self.assertLessEqual(len(reply.items), 20)
                found += [soap.values(item)["CollectionID"] for item in reply.items]
            self.assertCountEqual(found, self.site.ids)

    def test_PS10(self):
        reply = self.replay("winrm-invoke", collection=self.site.fresh_group())
        self.assertStartsJob(reply)
        self.assertTrue(soap.space(reply.content).startswith(soap.WMI[:50]))

    def test_PS12(self):
        envelope = self.assertAnswer(self.replay("get-instances-of-class")).root
        shape = {
            "": [soap.tag("s:Header"), soap.tag("s:Body")],
            soap.tag("s:Header"): [
                soap.tag(f"a:{name}") for name in ("Action", "MessageID", "To", "RelatesTo")
            ],
            soap.tag("n:EnumerateResponse"): [
                soap.tag("n:EnumerationContext"),
                soap.tag("w:Items"),
                soap.tag("w:EndOfSequence"),
            ],
            soap.tag("w:Item"): [
                f"{{{soap.CLASS}{COLLECTION}}}{COLLECTION}",
                soap.tag("a:EndpointReference"),
            ],
            soap.tag("a:EndpointReference"): [
                soap.tag("a:Address"),
                soap.tag("a:ReferenceParameters"),
            ],
            soap.tag("a:ReferenceParameters"): [
                soap.tag("w:ResourceURI"),
                soap.tag("w:SelectorSet"),
            ],
        }
        self.assertEqual(envelope.tag, soap.tag("s:Envelope"))
        for element in envelope.iter():
            expected = shape.get("" if element is envelope else element.tag)
            if expected:
                self.assertCountEqual([child.tag for child in element], expected)


class PythonRows(RowTest):
    """pywinrm as Debian has it; of pypsrp, which it has not, the same bytes."""

    def protocol(self) -> Protocol:
        # requests would trust what the environment names and not what it is told.
        os.environ.pop("REQUESTS_CA_BUNDLE", None)
        os.environ.pop("CURL_CA_BUNDLE", None)
        return Protocol(
            endpoint=f"https://localhost:{self.site.port}/wsman",
            transport="ssl",
            username="admin",
            password=self.site.passwords["admin"],
            ca_trust_path=str(self.site.site.directory / "keys/management.crt"),
        )

    def message(self, uri, action, body, selectors=None) -> str:
        header = soap.headers(action, uri, soap.selectors(selectors or {}))
        return soap.envelope(header, body)

    def enumerate_by(self, protocol) -> soap.Reply:
        uri = soap.CLASS + COLLECTION
        body = (
            "<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>100</w:MaxElements></n:Enumerate>"
        )
        text = protocol.send_message(self.message(uri, soap.ENUMERATE, body))
        data = text if isinstance(text, bytes) else text.encode()
        return soap.Reply(wire.HttpReply(200, (), data))

    def test_PR1(self):
        self.assertEqual(len(self.enumerate_by(self.protocol()).items), 45)

    def test_PR3(self):
        # What a client of NTLM begins with, alone and within SPNEGO.
        for token in (NTLM, SPNEGO_WITH_NTLM_ALONE):
            login = {"Authorization": "Negotiate " + base64.b64encode(token).decode()}
            http = self.site.send(b"", {**self.site.fields(None), **login})
            self.assertEqual(http.status, 401)
            self.assertNotRegex(http.field("WWW-Authenticate"), "Negotiate [A-Za-z0-9+/]")

    def test_PP3(self):
        self.test_PR3()

    def test_PR4(self):
        with self.assertRaisesRegex(WinRMError, r"'wsmanfault_code': '\d+'") as caught:
            self.protocol().send_message(self.message(soap.CLASS + "NoSuch", soap.GET, ""))
        self.assertIn("NoSuch", str(caught.exception))

    def test_PR6(self):
        uri = soap.CLASS + fixture.SERVICE
        asked = self.message(uri, soap.GET, "", self.site.service_keys())
        asked = asked.replace("s:mustUnderstand", "mustUnderstand")
        foreign = '<z:Foo xmlns:z="urn:z" mustUnderstand="true"/></s:Header>'
        text = self.protocol().send_message(asked.replace("</s:Header>", foreign))
        self.assertIn("collectionreplicasvc", str(text))

    def test_PP1(self):
        session = '<m:SessionId s:mustUnderstand="false">uuid:1</m:SessionId>'
        size = '<w:MaxEnvelopeSize s:mustUnderstand="true">153600</w:MaxEnvelopeSize>'
        more = session + size
        self.assertAnswer(self.get_service(more=more, agent="Python PSRP Client"))
        reply = self.assertAnswer(self.enumerate(COLLECTION, more=more))
        self.assertEqual(len(self.pull(reply.context, more=more).items), 1)
        self.assertAnswer(self.release(reply.context, more=more))
        self.assertReturns(self.invoke("StartService", more=more), 0)

    def test_PP4(self):
        reply = self.assertFault(self.get("NoSuch", {}), "a:DestinationUnreachable")
        self.assertGreater(reply.code_of_windows, 0)
        text = reply.content.find(f".//{{{soap.FAULT_OF_WINDOWS}}}Message").text
        self.assertEqual(text, reply.reason)

    def test_PP8(self):
        shell = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"
        with self.assertRaisesRegex(WinRMError, "a:DestinationUnreachable"):
            self.protocol().open_shell()
        body = "<rsp:Shell xmlns:rsp='urn:shell'/>"
        reply = self.ask(soap.CREATE, shell, "", body)
        self.assertFault(reply, "a:DestinationUnreachable", detail="InvalidResourceURI")
