"""H: the headers of requests and replies, and the form of faults."""

import re
import socket
import threading

from checklist import fixture, soap
from checklist.row import RowTest, at_once, mode

CHANNEL = "wmiarray:__MI_OPERATIONOPTIONS_CHANNELVALUE"
WINDOWS_OPTIONS = (
    '<w:Locale xml:lang="en-US" s:mustUnderstand="false"/>'
    '<m:DataLocale xml:lang="en-US" s:mustUnderstand="false"/>'
    '<m:SessionId s:mustUnderstand="false">uuid:1</m:SessionId>'
    '<m:OperationID s:mustUnderstand="false">uuid:2</m:OperationID>'
    '<m:SequenceId s:mustUnderstand="false">1</m:SequenceId>'
    "<w:OptionSet>"
    '<w:Option Name="__MI_CallbackRegistration" Type="xs:int">11</w:Option>'
    f'<w:Option Name="{CHANNEL}" Type="xs:unsignedInt">0</w:Option>'
    f'<w:Option Name="{CHANNEL}" Type="xs:unsignedInt">1</w:Option>'
    '<w:Option Name="wmi:__MI_OPERATIONOPTIONS_WRITEERRORMODE" Type="xs:unsignedInt">1</w:Option>'
    '<w:Option Name="msftwinrm:UsePreciseArrays" Type="xs:boolean">true</w:Option></w:OptionSet>'
)


class Listener:
    """A port that notes whether anybody came."""

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.visits = 0
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()
        return self

    def _accept(self):
        try:
            while True:
                self.socket.accept()[0].close()
                self.visits += 1
        except OSError:
            pass

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


class HeaderRows(RowTest):
    def with_header(self, name=None, value="", more="", **change):
        """Get of the service with a header changed; None leaves it out."""
        uri = soap.CLASS + fixture.SERVICE
        header = soap.headers(soap.GET, uri, soap.selectors(self.site.service_keys()))
        if name:
            header[name] = value
        header.update(change)
        return self.site.post(soap.envelope(header, "", more))

    def service(self, more):
        return self.with_header(more=more)

    def test_H01(self):
        plain = soap.envelope(
            soap.headers(
                soap.GET,
                soap.CLASS + fixture.SERVICE,
                soap.selectors(self.site.service_keys()),
            ),
            "",
        )
        expected = soap.values(self.site.post(plain).content)
        for others in ("ABCDE", ("env", "wsa", "wsman", "x1", "y"), ("_", "a.b", "c-d", "é", "z")):
            asked = plain
            for old, new in zip("sawnt", others):
                asked = re.sub(rf"(</?|xmlns:| ){old}(?=[:=])", rf"\g<1>{new}", asked)
            self.assertEqual(soap.values(self.site.post(asked).content), expected)
        # Default namespaces alone; mustUnderstand, which needs a prefix, is not required.
        asked = re.sub(r' s:mustUnderstand="true"| xmlns:\w+="[^"]*"', "", plain)
        for prefix in "saw":
            uri = soap.PREFIXES[prefix]
            asked = re.sub(rf"<{prefix}:(\w+)", rf'<\1 xmlns="{uri}"', asked)
            asked = asked.replace(f"</{prefix}:", "</")
        self.assertEqual(soap.values(self.site.post(asked).content), expected)

    def test_H02(self):
        header = soap.headers(
            f"\n  {soap.GET}\t",
            f" {soap.CLASS}{fixture.SERVICE}\n",
            soap.selectors(self.site.service_keys()),
            message_id="\n uuid:1 \n",
        )
        turned = dict(reversed(header.items()))
        self.assertAnswer(self.site.post(soap.envelope(turned, "")))

    def related(self, text):
        header = f"<a:MessageID>{text}</a:MessageID>"
        reply = self.assertAnswer(self.with_header("MessageID", header))
        return reply.header("a:RelatesTo")

    def test_H03(self):
        for text in ("uuid:0B1C6F0E", "urn:uuid:0b1c6f0e", "uuid:abcdef-lower"):
            self.assertEqual(self.related(text), text)

    def test_H04(self):
        self.assertEqual(self.related("uuid:&lt;&amp;&quot;x"), 'uuid:<&"x')

    def test_H05(self):
        missing = self.with_header("MessageID", "")
        self.assertFault(
            missing, "a:InvalidMessageInformationHeader", "a:MessageInformationHeaderRequired"
        )
        for text in ("", "x" * 3000):
            reply = self.with_header("MessageID", f"<a:MessageID>{text}</a:MessageID>")
            self.assertFault(reply, "a:InvalidMessageInformationHeader")

    def test_H06(self):
        self.assertFault(self.with_header("Action", ""), "a:MessageInformationHeaderRequired")

    def test_H07(self):
        self.assertFault(self.with_header("ReplyTo", ""), "a:MessageInformationHeaderRequired")

    def test_H08(self):
        with Listener() as listener:
            address = f"<a:Address>http://127.0.0.1:{listener.port}/x</a:Address>"
            reply = self.with_header("ReplyTo", f"<a:ReplyTo>{address}</a:ReplyTo>")
            self.assertFault(reply, "w:UnsupportedFeature", detail="AddressingMode")
            reply = self.service(f"<a:FaultTo>{address}</a:FaultTo>")
            self.assertFault(reply, "w:UnsupportedFeature", detail="AddressingMode")
            self.assertEqual(listener.visits, 0)

    def test_H09(self):
        reply = self.with_header("ResourceURI", "")
        self.assertFault(reply, "a:DestinationUnreachable", "a:MessageInformationHeaderRequired")

    def test_H10(self):
        reply = self.with_header("Action", "<a:Action>http://example/x</a:Action>")
        self.assertFault(reply, "a:ActionNotSupported")

    def test_H11(self):
        for flag in ("true", "1"):
            foreign = f'<z:Foo xmlns:z="urn:z" s:mustUnderstand="{flag}"/>'
            reply = self.assertFault(self.service(foreign), "s:MustUnderstand")
            named = reply.root.find(f"{soap.tag('s:Header')}/{soap.tag('s:NotUnderstood')}")
            prefix, name = named.get("qname").split(":")
            self.assertEqual((reply.declared[prefix], name), ("urn:z", "Foo"))

    def test_H12(self):
        for flag in ('s:mustUnderstand="false"', 's:mustUnderstand="0"', ""):
            self.assertAnswer(self.service(f'<z:Foo xmlns:z="urn:z" {flag}/>'))

    def test_H13(self):
        reply = self.assertAnswer(self.service(WINDOWS_OPTIONS))
        names = [soap.local(one) for one in reply.root.find(soap.tag("s:Header"))]
        self.assertNotIn("OperationID", names)
        self.assertNotIn("SequenceId", names)

    def test_H14(self):
        reply = self.service('<w:Locale xml:lang="de" s:mustUnderstand="true"/>')
        self.assertFault(reply, "w:UnsupportedFeature", detail="Locale")

    def test_H15(self):
        self.assertAnswer(self.service('<w:OptionSet s:mustUnderstand="true"/>'))

    def test_H16(self):
        unknown = soap.option("nobody:Knows", "1")
        self.assertAnswer(self.service(f"<w:OptionSet>{unknown}</w:OptionSet>"))
        must = soap.option("nobody:Knows", "1", 'MustComply="true"')
        reply = self.service(f"<w:OptionSet>{must}</w:OptionSet>")
        if reply.is_fault:
            self.assertFault(reply, "w:InvalidOptions")

    def test_H17(self):
        for size in ("8191", "4096"):
            reply = self.service(f"<w:MaxEnvelopeSize>{size}</w:MaxEnvelopeSize>")
            self.assertFault(reply, "w:EncodingLimit", detail="MinimumEnvelopeLimit")

    def test_H18(self):
        small = '<w:MaxEnvelopeSize s:mustUnderstand="true">8192</w:MaxEnvelopeSize>'
        first = self.enumerate(
            fixture.COLLECTION, at_once(1000) + mode("EnumerateObjectAndEPR"), more=small
        )
        self.assertAnswer(first)
        replies = [first]
        if not first.ended:
            replies += self.pull_rest(
                first.context, "<n:MaxElements>1000</n:MaxElements>", more=small
            )
        self.assertGreater(len(replies), 2)
        for reply in replies:
            self.assertLessEqual(len(reply.http.body), 8192)
        found = [soap.values(item[0])["CollectionID"] for one in replies for item in one.items]
        self.assertCountEqual(found, self.site.ids)

    def test_H19(self):
        self.assertAnswer(self.service("<w:MaxEnvelopeSize>99999999</w:MaxEnvelopeSize>"))
        self.assertAnswer(self.service(""))

    def test_H20(self):
        for time in ("PT1.000S", "PT1M30S", "PT60.0S", "P1D"):
            self.assertAnswer(self.service(f"<w:OperationTimeout>{time}</w:OperationTimeout>"))

    def test_H21(self):
        for time in ("-PT5S", "2025-01-01T00:00:00Z", "abc"):
            reply = self.service(f"<w:OperationTimeout>{time}</w:OperationTimeout>")
            self.assertFault(reply, "a:InvalidMessageInformationHeader")

    def test_H23(self):
        reply = self.assertFault(self.get("NoSuch", {}), "a:DestinationUnreachable")
        detail = reply.content.find(soap.tag("s:Detail"))
        names = [soap.local(one) for one in detail]
        self.assertEqual(names[:2], ["FaultDetail", "WSManFault"])
        fault = detail[1]
        self.assertRegex(fault.get("Code"), r"^\d+$")
        self.assertTrue(fault.get("Machine"))
        self.assertTrue(fault[0].text)
        self.assertEqual(detail[2].get(soap.tag("b:IsCIM_Error")), "true")

    def test_H24(self):
        old = soap.envelope(soap.headers(soap.GET, soap.CLASS + fixture.SERVICE), "").replace(
            soap.PREFIXES["s"], "http://schemas.xmlsoap.org/soap/envelope/"
        )
        http = self.site.send(old, self.site.fields())
        if http.status == 500:
            self.assertFault(soap.Reply(http), "s:VersionMismatch")
        else:
            self.assertIn(http.status, (400, 415))

    def test_H25(self):
        asked = soap.envelope(
            soap.headers(
                soap.GET,
                soap.CLASS + fixture.SERVICE,
                soap.selectors(self.site.service_keys()),
            ),
            "",
        )
        twice = f"<a:Action>{soap.GET}</a:Action></s:Header>"
        for wrong in (
            asked.replace("<s:Body></s:Body>", "<s:Body></s:Body><s:Body></s:Body>"),
            asked.replace("</s:Header>", twice),
            asked.replace("</s:Header>", "text</s:Header>"),
        ):
            self.assertNotEqual(wrong, asked)
            self.assertTrue(self.site.post(wrong).is_fault)

    def test_H26(self):
        one = soap.selectors(self.site.service_keys())
        reply = self.with_header("SelectorSet", one + one)
        self.assertFault(reply, "w:InvalidSelectors", detail="DuplicateSelectors")
        again = one.replace("</w:SelectorSet>", soap.selector("NAME", "x") + "</w:SelectorSet>")
        reply = self.with_header("SelectorSet", again)
        self.assertFault(reply, "w:InvalidSelectors", detail="DuplicateSelectors")

    def test_H27(self):
        replies = [self.assertAnswer(self.service("")) for _ in range(2)]
        for reply in replies:
            header = reply.root.find(soap.tag("s:Header"))
            names = {soap.local(one) for one in header}
            self.assertLessEqual({"Action", "MessageID", "To", "RelatesTo"}, names)
            self.assertEqual(reply.header("a:To"), soap.ANONYMOUS)
            self.assertFalse(any(one.get(soap.tag("s:mustUnderstand")) for one in header))
        self.assertNotEqual(*(reply.header("a:MessageID") for reply in replies))


class IdentifyRows(RowTest):
    def identify(self, body, who=None, path="/wsman", **fields):
        whole = {**self.site.fields(who), **fields}
        return self.site.send(body, whole, path=path)

    def assertIdentifies(self, http, name_space=soap.IDENTITY):
        reply = soap.Reply(http)
        self.assertAnswer(reply)
        self.assertEqual(reply.content.tag, f"{{{name_space}}}IdentifyResponse")
        said = soap.values(reply.content)
        self.assertEqual(said["ProtocolVersion"], soap.PREFIXES["w"])
        self.assertTrue(said["ProductVendor"])
        return said

    def test_I01(self):
        said = self.assertIdentifies(self.identify(soap.identify(), "admin"))
        self.assertRegex(said["ProductVersion"], r"\d")
        self.assertIn("SecurityProfiles", said)

    def assertSaysLittle(self, http):
        said = self.assertIdentifies(http)
        self.assertNotRegex(said["ProductVersion"] or "", r"[1-9]")
        self.assertNotIn("SecurityProfiles", said)

    def test_I02(self):
        self.assertSaysLittle(self.identify(soap.identify(), path="/wsman-anon/identify"))

    def test_I03(self):
        self.assertSaysLittle(self.identify(soap.identify(), WSMANIDENTIFY="unauthenticated"))

    def test_I04(self):
        service = soap.CLASS + fixture.SERVICE
        keys = soap.selectors(self.site.service_keys())
        for asked in (
            soap.envelope(soap.headers(soap.GET, service, keys), ""),
            soap.envelope(soap.headers(soap.ENUMERATE, service), "<n:Enumerate/>"),
            soap.envelope(soap.headers(service + "/StartService", service, keys), ""),
        ):
            for path, fields in (
                ("/wsman-anon/identify", {}),
                ("/wsman", {"WSMANIDENTIFY": "unauthenticated"}),
            ):
                http = self.identify(asked, path=path, **fields)
                self.assertIn(http.status, (401, 403, 500))
                self.assertNotIn(b"collectionreplicasvc", http.body)

    def test_I05(self):
        http = self.identify(soap.identify(soap.IDENTITY_MISPRINTED), "admin")
        self.assertIdentifies(http, soap.IDENTITY_MISPRINTED)

    def test_I06(self):
        self.assertEqual(self.identify(soap.identify()).status, 401)

    def test_I07(self):
        reply = self.enumerate("OMI_Identify", at_once(10), name_space="root/omi")
        if reply.is_fault:
            self.assertFault(reply, "a:DestinationUnreachable")
        else:
            self.assertEqual(len(reply.items), 1)
