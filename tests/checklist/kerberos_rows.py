"""Those rows of A, PS, PR and PP that need Kerberos or a certificate: a real KDC, clients on
python3-gssapi and pywinrm, sealed messages over plain HTTP.
"""

import base64
import hashlib
import ssl
import string
import struct
import time

from winrm.exceptions import InvalidCredentialsError
from winrm.transport import Transport

from checklist import fixture, soap, wire
from checklist.access_rows import CIM_XML
from checklist.row import RowTest
from checklist.windows_rows import MESSAGES, NTLM, SPNEGO_WITH_NTLM_ALONE
from e2e.sealed_client import SealedClient

SERVICE, COLLECTION = fixture.SERVICE, fixture.COLLECTION
# SPNEGO (RFC 4178) that names Kerberos and brings no token of it.
SPNEGO_WITHOUT_TOKEN = bytes.fromhex("601b06062b0601050502a011300fa00d300b06092a864886f712010202")
# Of an AES key: 16 bytes of token header, 28 of its turned end, 16 that begin what is sealed.
SEALED_HEADER_BYTES = 60


class KerberosTest(RowTest):
    def sealed(self, shaken=True, **options) -> SealedClient:
        """A client at the port without TLS, by default with its handshake done."""
        client = SealedClient(self.site.http_port, **options)
        self.addCleanup(client.connection.close)
        if shaken:
            self.assertEqual(client.handshake()[0], 200)
        return client

    def over_tls(self, site=None, **options) -> SealedClient:
        site = site or self.site.site
        trusted = ssl.create_default_context(cafile=str(self.certificate(site)))
        client = SealedClient(site.wsman_port, tls=trusted, **options)
        self.addCleanup(client.connection.close)
        return client

    def certificate(self, site):
        return site.directory / "keys/management.crt"

    def binding(self, site) -> bytes:
        der = ssl.PEM_cert_to_DER_cert(self.certificate(site).read_text())
        return hashlib.sha256(der).digest()

    def message(self, action=soap.GET, uri=soap.CLASS + SERVICE, body="", keys=None) -> bytes:
        keys = self.site.service_keys() if keys is None else keys
        return soap.envelope(soap.headers(action, uri, soap.selectors(keys)), body).encode()

    def assertServes(self, client):
        status, answer = client.ask(self.message())
        self.assertEqual(status, 200)
        self.assertIn(b"collectionreplicasvc", answer)

    def raw_answer(self, client, text: bytes):
        status, headers, body = client.send_sealed(client.seal(text))
        self.assertIn("multipart/encrypted", headers["Content-Type"])
        return status, body


class NegotiateRows(KerberosTest):
    def test_A04(self):
        client = self.over_tls()
        self.assertEqual(client.handshake(self.message())[0], 200)
        self.assertEqual(client.post(self.message())[0], 200)

    def test_A05(self):
        self.assertEqual(self.over_tls().handshake(self.message())[0], 200)
        self.assertEqual(self.over_tls().post(self.message())[0], 401)

    def test_A06(self):
        client = self.over_tls()
        begun = {"Authorization": "Negotiate " + base64.b64encode(SPNEGO_WITHOUT_TOKEN).decode()}
        self.assertEqual(client.post(b"", begun)[0], 401)
        self.assertEqual(client.post(self.message())[0], 401)

    def test_A07(self):
        client = self.over_tls()
        self.assertEqual(client.handshake(self.message())[0], 200)
        wrong = {"Authorization": wire.basic("nobody-of-this-name", "wrong")}
        self.assertEqual(client.post(self.message(), wrong)[0], 401)
        self.assertEqual(client.post(self.message())[0], 401)

    def test_A17(self):
        for service in ("HTTP", "http", "WSMAN"):
            self.assertServes(self.sealed(service=service))

    def test_A18(self):
        for scheme in ("Negotiate", "Kerberos"):
            client = self.over_tls(scheme=scheme)
            status, headers, _ = client.handshake(self.message())
            self.assertEqual(status, 200)
            self.assertRegex(headers["WWW-Authenticate"], rf"^{scheme} [A-Za-z0-9+/]+=*$")
            self.assertTrue(client.context.complete)

    def test_A19(self):
        strict = self.site.other_site
        message = soap.identify().encode()
        wrong = hashlib.sha256(b"of somebody between").digest()
        for binding, status in ((None, 401), (wrong, 401), (self.binding(strict), 200)):
            client = self.over_tls(strict, binding=binding)
            self.assertEqual(client.handshake(message)[0], status)

    def test_PP6(self):
        wrong = hashlib.sha256(b"of somebody between").digest()
        for binding, status in ((self.binding(self.site.site), 200), (wrong, 401)):
            client = self.over_tls(binding=binding)
            self.assertEqual(client.handshake(self.message())[0], status)

    def test_A20(self):
        for token in (NTLM, SPNEGO_WITH_NTLM_ALONE):
            for scheme in ("Negotiate", "Kerberos"):
                login = {"Authorization": f"{scheme} {base64.b64encode(token).decode()}"}
                client = self.over_tls()
                self.assertEqual(client.post(self.message(), login)[0], 401)
                self.assertEqual(client.post(self.message())[0], 401)

    def test_A21(self):
        token = base64.b64encode(self.over_tls().context.step()).decode()
        login = {"Authorization": f"Negotiate {token}"}
        self.assertEqual(self.over_tls().post(self.message(), login)[0], 200)
        self.assertEqual(self.over_tls().post(self.message(), login)[0], 401, "sent again")
        client = self.over_tls(service="elsewhere")
        self.assertEqual(client.handshake(self.message())[0], 401, "of a key that is not ours")
        age = time.monotonic() - self.site.old_token_time
        time.sleep(max(0, fixture.CLOCK_SKEW_S + 2 - age))
        login = {"Authorization": f"Negotiate {self.site.old_token}"}
        self.assertEqual(self.over_tls().post(self.message(), login)[0], 401, "of another time")

    def test_PR2(self):
        def transport(url):
            return Transport(
                endpoint=url,
                auth_method="kerberos",
                service="HTTP",
                ca_trust_path=str(self.certificate(self.site.site)),
                server_cert_validation="validate",
                message_encryption="never",
            )

        good = transport(f"https://localhost:{self.site.port}/wsman")
        self.assertIn("collectionreplicasvc", str(good.send_message(self.message().decode())))
        with self.assertRaises(InvalidCredentialsError):
            transport(f"http://localhost:{self.site.http_port}/wsman").send_message(
                self.message().decode()
            )


class SealedRows(KerberosTest):
    def test_A09(self):
        client = self.sealed()
        before = self.name_of(self.site.ids[22])
        uri = soap.CLASS + fixture.MANAGEMENT
        group = self.group(self.site.ids[22])
        body = (
            f'<p:RenameCollection_INPUT xmlns:p="{uri}"><p:Collection>{group}</p:Collection>'
            "<p:NewName>in the clear</p:NewName></p:RenameCollection_INPUT>"
        )
        asked = self.message(uri + "/RenameCollection", uri, body, {})
        self.assertEqual(client.post(asked)[0], 401)
        self.assertEqual(self.name_of(self.site.ids[22]), before)

    def test_A10(self):
        for tab in ("\t", ""):
            client = self.sealed()
            client.tab = tab
            _, body = self.raw_answer(client, self.message())
            self.assertIn(f"\r\n{tab}Content-Type: {client.protocol}\r\n".encode(), body)

    def test_A11(self):
        text = self.message()
        status, answer = self.sealed().ask(text + b"\0" * (32 - len(text) % 32))
        self.assertEqual(status, 200)
        self.assertIn(b"collectionreplicasvc", answer)

    def test_A12(self):
        for scheme in ("Negotiate", "Kerberos"):
            self.assertServes(self.sealed(scheme=scheme))

    def test_A13(self):
        for scheme in ("Negotiate", "Kerberos"):
            _, body = self.raw_answer(self.sealed(scheme=scheme), self.message())
            start = body.index(b"application/octet-stream\r\n") + 26
            self.assertEqual(struct.unpack("<I", body[start : start + 4])[0], SEALED_HEADER_BYTES)

    def test_A14(self):
        for text in (self.message(uri=soap.CLASS + "NoSuch"), b"<nonsense"):
            status, answer = self.sealed().ask(text)
            self.assertEqual(status, 500)
            self.assertIn(b":Fault>", answer)

    def test_A15(self):
        def lie(sealed: bytes) -> list:
            start = sealed.index(b"application/octet-stream\r\n") + 26
            end = sealed.rindex(b"--Encrypted Boundary--")
            lengths = [0, 0xFFFFFFFF, len(sealed), end - start]
            part = b"--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n\0\0\0\0x"
            return [
                sealed[:start] + struct.pack("<I", length) + sealed[start + 4 :]
                for length in lengths
            ] + [
                sealed[:end] + part + sealed[end:],
                sealed[:end],
                sealed.replace(b"Length=", b"Length=9"),
            ]

        count = len(lie(self.sealed().seal(self.message())))
        for which in range(count):
            client = self.sealed()
            status = client.send_sealed(lie(client.seal(self.message()))[which])[0]
            self.assertIn(status, (400, 401), which)

    def test_A16(self):
        client = self.sealed()
        sealed = client.seal(self.message())
        self.assertEqual(client.send_sealed(sealed)[0], 200)
        self.assertEqual(client.send_sealed(sealed)[0], 400)
        changed = bytearray(client.seal(self.message()))
        changed[-60] ^= 1
        self.assertEqual(client.send_sealed(bytes(changed))[0], 400)

    def test_PP2(self):
        client = self.sealed()
        for _ in range(20):
            self.assertServes(client)
        _, headers, body = client.send_sealed(client.seal(self.message()))
        self.assertIn('boundary="Encrypted Boundary"', headers["Content-Type"])
        self.assertTrue(body.endswith(b"--Encrypted Boundary--\r\n"))

    def test_PP5(self):
        client = self.sealed()
        size = '<w:MaxEnvelopeSize s:mustUnderstand="true">153600</w:MaxEnvelopeSize>'
        every = soap.selectors({"ClassName": ""})

        def ask(action, body):
            header = soap.headers(action, soap.CLASSES, every)
            status, answer = client.ask(soap.envelope(header, body, size).encode())
            self.assertEqual(status, 200)
            self.assertLessEqual(len(answer), 153_600)
            return soap.Reply(wire.HttpReply(status, (), answer))

        received = 0
        while received < 2 << 20:
            reply = ask(soap.ENUMERATE, "<n:Enumerate/>")
            while not reply.ended:
                context = f"<n:EnumerationContext>{reply.context}</n:EnumerationContext>"
                body = f"<n:Pull>{context}<n:MaxElements>1000</n:MaxElements></n:Pull>"
                reply = ask(soap.PULL, body)
                received += len(reply.http.body)

    def test_PS11(self):
        client = self.sealed()
        for name, names in (
            ("get-instances-of-class", {}),
            ("get-instances-by-query", {}),
            ("get-instance-again", {}),
            ("invoke-method", {"collection": self.site.fresh_group()}),
            ("get-associated-instances", {"collection": self.site.ids[0]}),
            ("get-class", {}),
            ("get-classes", {}),
        ):
            text = string.Template((MESSAGES / f"{name}.xml").read_text()).substitute(
                names, message=fixture.random_name(), system="east"
            )
            status, answer = client.ask(text.strip().encode())
            self.assertEqual(status, 200, answer)
            clear = self.site.send(text.strip(), self.site.fields())
            if name != "invoke-method":
                self.assertEqual(self.what_differs(answer), self.what_differs(clear.body), name)

    def what_differs(self, body: bytes):
        """The reply without what is new each time."""
        root, _ = soap.parse(body)
        root.remove(root.find(soap.tag("s:Header")))
        for context in root.iter(soap.tag("n:EnumerationContext")):
            context.text = ""
        return soap.xml.tostring(root)


class CertificateRows(KerberosTest):
    def ask_with(self, name, fields=None):
        """The status at the site that knows certificates; 0: it ends the connection."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.certificate(self.site.other_site))
        if name:
            files = (self.site.directory / f"{name}.pem", self.site.directory / f"{name}.key")
            context.load_cert_chain(*files)
        content = {"Content-Type": "application/soap+xml", **(fields or {})}
        try:
            with wire.socket.create_connection(
                ("127.0.0.1", self.site.other_site.wsman_port), wire.PATIENCE_S
            ) as plain, context.wrap_socket(plain, server_hostname="localhost") as tls:
                tls.sendall(wire.request(soap.identify().encode(), content))
                return int(tls.recv(65536).split()[1])
        except (OSError, IndexError):
            return 0

    def test_A25(self):
        self.assertEqual(self.ask_with(None), 401)
        for name in ("foreign", "expired", "unmapped"):
            self.assertIn(self.ask_with(name), (0, 401), name)
        self.assertEqual(self.ask_with("mapped"), 200)

    def test_PP7(self):
        mutual = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
        login = {"Authorization": mutual}
        self.assertEqual(self.ask_with("mapped", login), 200)
        self.assertIn(self.ask_with("unmapped", login), (0, 401))
        self.assertEqual(self.ask_with(None, login), 401)


class RolelessRows(RowTest):
    def test_A22(self):
        for reply in (
            self.get_service(who="nobody"),
            self.enumerate(COLLECTION, who="nobody"),
            self.invoke("StartService", who="nobody"),
        ):
            self.assertFault(reply, "w:AccessDenied", status=2)
        call = (
            '<CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1" PROTOCOLVERSION="1.0">'
            '<SIMPLEREQ><IMETHODCALL NAME="EnumerateInstances"><LOCALNAMESPACEPATH>'
            '<NAMESPACE NAME="root"/><NAMESPACE NAME="HyperVCluster"/><NAMESPACE NAME="v2"/>'
            f'</LOCALNAMESPACEPATH><IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="{COLLECTION}"/>'
            "</IPARAMVALUE></IMETHODCALL></SIMPLEREQ></MESSAGE></CIM>"
        )
        fields = {**self.site.fields("nobody"), **CIM_XML}
        http = self.site.send(call, fields, path="/cimom")
        self.assertIn(b'<ERROR CODE="2"', http.body)
