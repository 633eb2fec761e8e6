"""T: HTTP and TLS below WS-Management."""

import ssl

from checklist import fixture, soap, wire
from checklist.row import RowTest, at_once

SOAP_TYPE = "application/soap+xml"
BYTES_MAX = 500 << 10


class TransportRows(RowTest):
    def asked(self) -> bytes:
        return self.message().encode()

    def message(self, **more) -> str:
        uri = soap.CLASS + fixture.SERVICE
        selected = soap.selectors(self.site.service_keys())
        return soap.envelope(soap.headers(soap.GET, uri, selected, **more), "")

    def send(self, body=None, **fields):
        body = self.asked() if body is None else body
        return self.site.send(body, {**self.site.fields(), **fields})

    def assertHasService(self, http):
        reply = soap.Reply(http)
        self.assertAnswer(reply)
        self.assertEqual(soap.local(reply.content), fixture.SERVICE)

    def test_T01(self):
        reply = self.enumerate(fixture.SERVICE, at_once(10))
        self.assertAnswer(reply)
        kind = reply.http.field("Content-Type").replace(" ", "").lower()
        self.assertEqual(kind, "application/soap+xml;charset=utf-8")
        self.assertEqual(int(reply.http.field("Content-Length")), len(reply.http.body))
        with self.site.connect() as connection:
            asked = wire.request(self.asked(), self.site.fields())
            for _ in range(3):
                self.assertHasService(connection.ask(asked))

    def test_T02(self):
        self.assertHasService(self.site.send(self.asked(), self.site.fields(), path="/wsman/"))

    def test_T03(self):
        path = "/wsman?PSVersion=7.4"
        self.assertHasService(self.site.send(self.asked(), self.site.fields(), path=path))

    def test_T04(self):
        fields = self.site.fields()
        self.assertEqual(self.site.send(self.asked(), fields, path="/other").status, 404)
        for method in ("GET", "PUT"):
            reply = self.site.send(self.asked(), fields, method=method)
            self.assertEqual(reply.status, 405)
            self.assertEqual(reply.field("Allow"), "POST")
        self.assertHasService(self.send())

    def test_T05(self):
        for kind in ("text/plain", "application/json", "text/xml;charset=utf-8"):
            self.assertEqual(self.send(**{"Content-Type": kind}).status, 415)

    def test_T06(self):
        for charset in ("", ';charset="utf-8"', ";CHARSET=Utf-8", "; charset=utf-8"):
            self.assertHasService(self.send(**{"Content-Type": SOAP_TYPE + charset}))

    def in_utf16(self, codec, mark, kind):
        http = self.send(mark + self.message().encode(codec), **{"Content-Type": kind})
        self.assertIn("charset=utf-16", http.field("Content-Type").lower())
        self.assertHasService(http)
        return http.body

    def test_T07(self):
        body = self.in_utf16("utf-16-le", b"\xff\xfe", SOAP_TYPE + ";charset=UTF-16")
        self.assertIn(fixture.SERVICE, body.decode("utf-16"))

    def test_T08(self):
        self.in_utf16("utf-16-be", b"\xfe\xff", SOAP_TYPE + ";charset=UTF-16")
        http = self.send(b"\xef\xbb\xbf" + self.asked())
        self.assertHasService(http)
        self.assertIn("charset=utf-8", http.field("Content-Type").lower())

    def test_T09(self):
        for body in (b"<not", b"", b"<a/><b/>", b"\xff\xff\xff"):
            self.assertIn(self.send(body).status, (400, 500))
        self.assertHasService(self.send())

    def test_T10(self):
        http = self.send(b"x" * (BYTES_MAX + 1))
        self.assertEqual(http.status, 413)

    def test_T11(self):
        padding = f"<!--{'x' * (64 << 10)}-->"
        body = self.message().replace("<s:Body>", padding + "<s:Body>").encode()
        asked = wire.request(body, {**self.site.fields(), "Expect": "100-continue"})
        head, rest = asked.split(b"\r\n\r\n", 1)
        with self.site.connect() as connection:
            self.assertEqual(connection.ask(head + b"\r\n\r\n").status, 100)
            self.assertHasService(connection.ask(rest))

    def test_T12(self):
        with self.site.connect() as connection:
            asked = wire.request(self.asked(), self.site.fields())
            self.assertHasService(connection.ask(asked))
            self.assertHasService(connection.ask(asked))

    def test_T13(self):
        body = self.asked()
        chunks = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
        fields = {**self.site.fields(), "Transfer-Encoding": "chunked", "Content-Length": None}
        head = wire.request(b"", fields)
        with self.site.connect() as connection:
            http = connection.ask(head + chunks)
            if http.status != 411:
                self.assertHasService(http)

    def test_T14(self):
        with self.site.connect() as connection:
            http = connection.ask(wire.request(self.asked(), self.site.fields(), version="1.0"))
            if http.status != 505:
                self.assertHasService(http)
                self.assertTrue(connection.closed())
        with self.site.connect() as connection:
            asked = wire.request(self.asked(), {**self.site.fields(), "Host": None})
            self.assertEqual(connection.ask(asked).status, 400)

    def test_T15(self):
        with self.site.connect(alpn=("h2", "http/1.1")) as connection:
            self.assertIn(connection.socket.selected_alpn_protocol(), (None, "http/1.1"))
            self.assertHasService(connection.ask(wire.request(self.asked(), self.site.fields())))
        try:
            with self.site.connect(alpn=("h2",)) as connection:
                self.assertIsNone(connection.socket.selected_alpn_protocol())
        except ssl.SSLError:
            pass  # refusing the handshake is no h2 either

    def test_T16(self):
        body = self.message(to="HTTP://some-other-name:5985/wsman/").encode()
        self.assertHasService(self.send(body))

    def test_T17(self):
        fields = self.site.fields()
        with self.site.connect() as connection:
            refused = connection.ask(wire.request(self.asked(), {**fields, "Authorization": None}))
            self.assertEqual(refused.status, 401)
            schemes = [one.split()[0] for one in refused.all("WWW-Authenticate")]
            self.assertIn("Basic", schemes)
            self.assertEqual(len(schemes), len(set(schemes)))
            self.assertFalse(any("," in one for one in refused.all("WWW-Authenticate")))
            self.assertHasService(connection.ask(wire.request(self.asked(), fields)))
