"""A: who may come in, and what they may do. S: clients that mean harm."""

import random
import socket
import ssl
import time

from checklist import fixture, soap, wire
from checklist.header_rows import Listener
from checklist.row import RowTest, at_once
from checklist.windows_rows import MESSAGES

SERVICE, COLLECTION = fixture.SERVICE, fixture.COLLECTION
CIM_XML = {"Content-Type": "application/xml", "CIMOperation": "MethodCall"}
PASSWD = b"root:x:0"


class AccessRows(RowTest):
    def every_operation(self) -> list:
        service, keys = soap.CLASS + SERVICE, soap.selectors(self.site.service_keys())
        group = soap.CLASS + COLLECTION
        actions = [
            (soap.GET, service, keys, ""),
            (soap.PUT, service, keys, ""),
            (soap.CREATE, group, "", ""),
            (soap.DELETE, group, soap.selectors({"CollectionID": self.site.ids[0]}), ""),
            (soap.ENUMERATE, group, "", "<n:Enumerate/>"),
            (soap.PULL, group, "", "<n:Pull/>"),
            (soap.RELEASE, group, "", "<n:Release/>"),
            (service + "/StartService", service, keys, ""),
            (soap.SUBSCRIBE, soap.ALL, "", "<e:Subscribe/>"),
            (soap.GET, soap.CLASSES, soap.selectors({"ClassName": SERVICE}), ""),
        ]
        return [soap.envelope(soap.headers(a, uri, k), body) for a, uri, k, body in actions]

    def assertNobody(self, http):
        self.assertEqual(http.status, 401, http)
        self.assertNotIn(b"Envelope", http.body)
        self.assertNotIn(SERVICE.encode(), http.body)

    def test_A01(self):
        for asked in self.every_operation():
            self.assertNobody(self.site.send(asked, self.site.fields(None)))
        fields = {**self.site.fields(None), **CIM_XML}
        self.assertNobody(self.site.send("<CIM/>", fields, path="/cimom"))

    def test_A02(self):
        asked = self.every_operation()[0]
        for login in (
            "",
            "Basic",
            "Basic !!!",
            wire.basic("root", ""),
            wire.basic("", ""),
            "Unknown abc",
            "Bearer " + wire.basic("admin", self.site.passwords["admin"])[6:],
        ):
            fields = {**self.site.fields(None), "Authorization": login}
            self.assertIn(self.site.send(asked, fields).status, (400, 401), login)
        good = self.site.fields()
        twice = wire.request(asked.encode(), {**good, "authorization": good["Authorization"]})
        with self.site.connect() as connection:
            self.assertIn(connection.ask(twice).status, (400, 401))

    def test_A03(self):
        asked = self.every_operation()[0].encode()
        with self.site.connect() as connection:
            first = connection.ask(wire.request(asked, self.site.fields()))
            self.assertEqual(first.status, 200)
            self.assertNobody(connection.ask(wire.request(asked, self.site.fields(None))))

    def test_A08(self):
        # One port speaks TLS only: what is sent in the clear finds nobody. The other one is there
        # for messages that are sealed, and takes no passwords.
        asked = wire.request(self.every_operation()[0].encode(), self.site.fields())
        with self.site.connect(tls=False) as connection:
            connection.send(asked)
            try:
                answer = connection.socket.recv(65536)
            except OSError:
                answer = b""
            self.assertNotIn(b"200", answer[:16])
            self.assertNotIn(b"Envelope", answer)
        with wire.Connection(self.site.http_port, tls=False) as connection:
            http = connection.ask(asked)
            self.assertNobody(http)
            self.assertNotIn("Basic", http.field("WWW-Authenticate"))

    def test_A23(self):
        space = "".join(f'<NAMESPACE NAME="{part}"/>' for part in soap.NAMESPACE.split("/"))
        path = (
            f"<LOCALCLASSPATH><LOCALNAMESPACEPATH>{space}</LOCALNAMESPACEPATH>"
            f'<CLASSNAME NAME="{fixture.MANAGEMENT}"/></LOCALCLASSPATH>'
        )
        keys = self.site.service_keys(fixture.MANAGEMENT)
        attempts = (
            self.invoke("DefineCollection", "", fixture.MANAGEMENT, who="reader"),
            self.invoke("DefineCollection", "", fixture.MANAGEMENT, prefix=soap.WMI, who="reader"),
            self.invoke("DEFINEcollection", "", fixture.MANAGEMENT.upper(), keys, who="reader"),
            self.invoke("StartService", service="CIM_Service", keys=keys, who="reader"),
        )
        for reply in attempts:
            self.assertFault(reply, "w:AccessDenied", status=2)
        call = (
            '<CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1" PROTOCOLVERSION="1.0">'
            f'<SIMPLEREQ><METHODCALL NAME="DefineCollection">{path}'
            "</METHODCALL></SIMPLEREQ></MESSAGE></CIM>"
        )
        http = self.site.send(call, {**self.site.fields("reader"), **CIM_XML}, path="/cimom")
        self.assertIn(b'<ERROR CODE="2"', http.body)

    def test_A24(self):
        asked = self.every_operation()[0]

        def attempt(name):
            fields = {**self.site.fields(None), "Authorization": wire.basic(name, "wrong")}
            start = time.monotonic()
            http = self.site.send(asked, fields)
            return http, time.monotonic() - start

        known, unknown = attempt("forgetful"), attempt("nobody-of-this-name")
        self.assertEqual(known[0].status, 401)
        self.assertEqual(known[0].body, unknown[0].body)
        self.assertLess(abs(known[1] - unknown[1]), 0.5)
        for _ in range(50):
            self.assertEqual(attempt("forgetful")[0].status, 401)
        # By now even the right password has to wait.
        self.assertEqual(self.site.send(asked, self.site.fields("forgetful")).status, 401)
        self.assertEqual(self.site.send(asked, self.site.fields()).status, 200)

    def test_A26(self):
        # Basic says with each request who asks: nothing that a proxy adds changes it.
        asked = self.every_operation()[0].encode()
        proxied = {"Via": "1.1 proxy", "X-Forwarded-For": "10.0.0.1"}
        with self.site.connect() as connection:
            first = connection.ask(wire.request(asked, {**self.site.fields(), **proxied}))
            self.assertEqual(first.status, 200)
            again = {**self.site.fields(None), **proxied}
            self.assertNobody(connection.ask(wire.request(asked, again)))

    def test_A27(self):
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            with self.assertRaises(OSError):
                self.site.connect(versions=(version, version))
        self.site.connect(versions=(ssl.TLSVersion.TLSv1_2,) * 2).__exit__()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("NULL:aNULL:@SECLEVEL=0")
        with socket.create_connection(("127.0.0.1", self.site.port), 10) as plain:
            with self.assertRaises(OSError):
                context.wrap_socket(plain)


class HostileRows(RowTest):
    patience_s = 5

    def refuses(self, body, **fields) -> bytes:
        start = time.monotonic()
        http = self.site.send(body, {**self.site.fields(), **fields})
        self.assertIn(http.status, (400, 413, 415, 500), http.body[:500])
        self.assertLess(time.monotonic() - start, self.patience_s)
        return http.body

    def with_doctype(self, doctype: str, text="&x;") -> str:
        header = soap.headers(soap.GET, soap.CLASS + SERVICE, "", text)
        return f'<?xml version="1.0"?>{doctype}' + soap.envelope(header, "")

    doctypes = (
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:{port}/x"> %p;]>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:{port}/a.dtd">',
    )
    laughs = "<!DOCTYPE a [<!ENTITY x0 'ha'>{}<!ENTITY x '&x9;'>]>".format(
        "".join(f"<!ENTITY x{n} '{f'&x{n - 1};' * 10}'>" for n in range(1, 10))
    )
    blow_up = f"<!DOCTYPE a [<!ENTITY x '{'x' * 50_000}'>]>"

    def test_S01(self):
        with Listener() as listener:
            for doctype in self.doctypes:
                said = self.refuses(
                    self.with_doctype(doctype.replace("{port}", str(listener.port)))
                )
                self.assertNotIn(PASSWD, said)
            self.assertEqual(listener.visits, 0)

    def test_S02(self):
        for doctype, text in ((self.laughs, "&x;"), (self.blow_up, "&x;" * 50_000)):
            start = time.monotonic()
            self.refuses(self.with_doctype(doctype, text))
            self.assertLess(time.monotonic() - start, 0.5)

    def test_S03(self):
        instance = f'<INSTANCE CLASSNAME="{fixture.SETTINGS}"/>'
        for doctype in (*self.doctypes, self.laughs):
            inner = doctype + instance.replace("/>", ">&x;</INSTANCE>")
            given = soap.escape(inner)
            reply = self.invoke(
                "CreateReplicationRelationship",
                f"<p:Collection>{self.group(self.site.ids[31])}</p:Collection>"
                f"<p:CollectionReplicationSettingData>{given}</p:CollectionReplicationSettingData>",
            )
            self.assertFault(reply, "w:InvalidParameter")
            self.assertNotIn(PASSWD, reply.http.body)
            fields = {**self.site.fields(), **CIM_XML}
            self.assertEqual(
                self.site.send(doctype + "<CIM>&x;</CIM>", fields, path="/cimom").status, 400
            )
            wide = b"\xff\xfe" + self.with_doctype(doctype).encode("utf-16-le")
            self.refuses(wide, **{"Content-Type": "application/soap+xml;charset=UTF-16"})

    def test_S04(self):
        deep = "<a>" * 100_000 + "</a>" * 100_000
        attributes = "<a " + " ".join(f'b{n}=""' for n in range(30_000)) + "/>"
        siblings = "<a/>" * 120_000
        name = "<" + "n" * (10 << 20) + "/>"
        for inside in (deep[:500_000], attributes, siblings, name):
            header = soap.headers(soap.GET, soap.CLASS + SERVICE)
            self.refuses(soap.envelope(header, inside))
        self.assertAnswer(self.get_service())

    def test_S05(self):
        inner = "<w:Selector Name='a'>x</w:Selector>"
        for _ in range(1000):
            inner = (
                "<w:Selector Name='a'><a:EndpointReference><a:ReferenceParameters><w:SelectorSet>"
                f"{inner}</w:SelectorSet></a:ReferenceParameters></a:EndpointReference>"
                "</w:Selector>"
            )
        header = soap.headers(
            soap.GET, soap.CLASS + SERVICE, f"<w:SelectorSet>{inner}</w:SelectorSet>"
        )
        self.assertTrue(self.site.post(soap.envelope(header, "")).is_fault)

    def test_S06(self):
        where = f"select * from {COLLECTION} where "
        pattern = "%a" * 500
        for text in (
            where + "(" * 50_000 + "ElementName = 'x'" + ")" * 50_000,
            where + "ElementName = '" + "x" * 400_000 + "'",
        ):
            start = time.monotonic()
            self.assertFault(self.query(text), "n:CannotProcessFilter")
            self.assertLess(time.monotonic() - start, 1)
        start = time.monotonic()
        reply = self.query(f"{where}ElementName like '{pattern}'")
        self.assertLess(time.monotonic() - start, 1)
        if reply.is_fault:
            self.assertFault(reply, "n:CannotProcessFilter")

    def raw(self, head: str, body=b"") -> tuple:
        """The reply to bytes as they are, and whether the connection was closed after it."""
        login = self.site.fields()["Authorization"]
        lines = head.replace("LOGIN", f"Authorization: {login}\r\nHost: h").encode()
        with self.site.connect() as connection:
            reply = connection.ask(lines + b"\r\n\r\n" + body)
            return reply, connection.closed()

    def test_S07(self):
        before = len(self.all_of(COLLECTION))
        soap_type = "Content-Type: application/soap+xml"
        start = f"POST /wsman HTTP/1.1\r\nLOGIN\r\n{soap_type}\r\n"
        hidden = wire.request(b"", self.site.fields())
        for framing in (
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
            "Content-Length: 5\r\nContent-Length: 6",
            "Content-Length: +5",
            "Content-Length: 5, 6",
            "Transfer-Encoding: chunked, identity",
            "Transfer-Encoding: xchunked",
            "X: a\r\n b\r\nContent-Length : 5",
            "X-Nul: a\0b\r\nContent-Length: 5",
        ):
            reply, closed = self.raw(start + framing, b"0\r\n\r\n" + hidden)
            self.assertIn(reply.status, (0, 400, 501), framing)
            self.assertTrue(closed, framing)
        bare = wire.request(b"", self.site.fields()).replace(b"\r\n", b"\n")
        with self.site.connect() as connection:
            self.assertIn(connection.ask(bare + b"\r\n\r\n").status, (0, 400))
        self.assertEqual(len(self.all_of(COLLECTION)), before)

    def test_S08(self):
        start = "POST /wsman HTTP/1.1\r\nLOGIN\r\nContent-Length: 0"
        large = start + "\r\nX: " + "x" * 200_000
        many = start + "".join(f"\r\nX{n}: 1" for n in range(2000))
        for head in (large, many):
            reply, closed = self.raw(head)
            self.assertIn(reply.status, (0, 400, 431))
            self.assertTrue(closed)
        ticket = {"Authorization": "Negotiate " + "A" * 64_000}
        http = self.site.send(b"", {**self.site.fields(), **ticket})
        self.assertEqual(http.status, 401)

    def test_S10(self):
        fields = {**self.site.fields(None), "Content-Length": str(100 << 20)}
        with self.site.connect() as connection:
            connection.send(wire.request(b"", fields))
            for _ in range(100):
                if not connection.send(b"x" * (1 << 20)):
                    break
            else:
                self.fail("100 MB were taken")

    def test_S11(self):
        for coding in ("gzip", "deflate", "SLDC"):
            http = self.site.send(b"\x1f\x8b", {**self.site.fields(), "Content-Encoding": coding})
            self.assertEqual(http.status, 415)

    def test_S12(self):
        context = self.assertAnswer(self.enumerate(COLLECTION, who="reader")).context
        self.assertFault(self.pull(context, who="other"), "n:InvalidEnumerationContext")
        self.assertRegex(context, r"[0-9A-Fa-f-]{36}$")
        random = context[-36:].replace("-", "")
        self.assertEqual(len(random), 32)
        for number in range(200):
            guess = context[:-3] + f"{number:03x}"
            if guess.lower() != context.lower():
                self.assertFault(self.pull(guess), "n:InvalidEnumerationContext")
        self.release(context, who="reader")

    def test_S13(self):
        evil = '</a:RelatesTo><x y="'
        header = soap.headers(soap.GET, soap.CLASS + SERVICE, "", soap.escape(evil))
        reply = self.site.post(soap.envelope(header, ""))
        self.assertEqual(reply.header("a:RelatesTo"), evil)
        reply = self.get('"><x>', {'"><x>': '"><x>'})
        self.assertFault(reply, "a:DestinationUnreachable")
        reply = self.get_collection('"><x>')
        self.assertFault(reply, "a:DestinationUnreachable")
        self.assertIn("><x>", reply.reason)

    def test_S14(self):
        for address in ("http://127.0.0.1:22", "http://169.254.169.254"):
            notify = f"<e:NotifyTo><a:Address>{address}</a:Address></e:NotifyTo>"
            body = f"<e:Subscribe><e:Delivery>{notify}</e:Delivery></e:Subscribe>"
            reply = self.ask(soap.SUBSCRIBE, soap.ALL, soap.selectors({}), body)
            self.assertFault(reply, "a:ActionNotSupported")

    def test_S15(self):
        forged = "x\r\n2026-01-01 error forged"
        for name in (forged, "\x1b[31mred", "a\nb forged"):
            fields = {**self.site.fields(None), "Authorization": wire.basic(name, "wrong")}
            self.assertEqual(self.site.send(b"<x/>", fields).status, 401)
        self.site.send(b"<x/>", {**self.site.fields(), "User-Agent": "\x1b[31mred"})
        log = self.site.site.log.read_bytes()
        self.assertNotIn(b"\x1b", log)
        self.assertFalse(
            [line for line in log.splitlines() if line.startswith(b"2026-01-01 error")]
        )
        self.assertFalse([line for line in log.splitlines() if line.startswith(b"b forged")])

    def test_S16(self):
        asked = wire.request(
            soap.envelope(
                soap.headers(soap.ENUMERATE, soap.CLASSES, soap.selectors({"ClassName": ""})),
                f"<n:Enumerate>{at_once(32000)}</n:Enumerate>",
            ).encode(),
            self.site.fields(),
        )
        lazy = []
        try:
            for _ in range(60):
                connection = self.site.connect()
                lazy.append(connection)
                connection.socket.settimeout(1)
                connection.send(asked * 5)
            self.assertAnswer(self.get_service())
            status = (f"/proc/{self.site.site.daemon.pid}/status",)
            memory = next(
                int(line.split()[1])
                for line in open(*status, encoding="utf-8")
                if line.startswith("VmRSS")
            )
            self.assertLess(memory, 1 << 20)  # KiB
        finally:
            for connection in lazy:
                connection.socket.close()

    def test_S17(self):
        chance = random.Random(17)
        stored = [path.read_bytes() for path in sorted(MESSAGES.glob("*.xml"))]
        cut = (b"<", b">", b"&", b'"', b"\0", b"\xff", b"xmlns", b"mustUnderstand", b"-1", b"]]>")
        for _ in range(400):
            message = bytearray(chance.choice(stored))
            for _ in range(chance.randrange(1, 6)):
                at = chance.randrange(len(message))
                end = at + chance.choice((0, 1, 1, 8, 200))
                message[at:end] = chance.choice((b"", *cut, bytes(message[at:end]) * 2))
            self.assertIn(
                self.site.send(bytes(message), self.site.fields("reader")).status, (200, 500)
            )
        self.assertAnswer(self.get_service())

    def test_S18(self):
        asked = self.envelope_of_service()
        with self.site.connect() as connection:
            one = wire.request(asked, self.site.fields())
            unknown = wire.request(asked, self.site.fields(None))
            connection.send(one + unknown + one)
            statuses = [connection.receive().status for _ in range(3)]
            self.assertIn(statuses, ([200, 401, 200], [200, 401, 0], [200, 0, 0]))

    def envelope_of_service(self) -> bytes:
        uri = soap.CLASS + SERVICE
        header = soap.headers(soap.GET, uri, soap.selectors(self.site.service_keys()))
        return soap.envelope(header, "").encode()
