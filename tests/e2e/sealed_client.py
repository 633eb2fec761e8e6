"""A client of WS-Management over plain HTTP whose messages Kerberos seals, as Windows does it
(MS-WSMV 2.2.9.1): written against python3-gssapi and nothing of ours.
"""

import base64
import http.client
import re
import struct

import gssapi

SPNEGO = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")
KERBEROS = gssapi.OID.from_int_seq("1.2.840.113554.1.2.2")
PROTOCOLS = {
    "Negotiate": "application/HTTP-SPNEGO-session-encrypted",
    "Kerberos": "application/HTTP-Kerberos-session-encrypted",
}
SOAP = "application/soap+xml;charset=UTF-8"
TIMEOUT_S = 20


class SealedClient:
    def __init__(self, port, scheme="Negotiate", tls=None, binding=None, service="HTTP"):
        self.scheme = scheme
        self.protocol = PROTOCOLS[scheme]
        self.tab = "\t"
        if tls:
            self.connection = http.client.HTTPSConnection(
                "localhost", port, timeout=TIMEOUT_S, context=tls
            )
        else:
            self.connection = http.client.HTTPConnection("localhost", port, timeout=TIMEOUT_S)
        channel = None
        if binding is not None:
            data = b"tls-server-end-point:" + binding
            channel = gssapi.raw.ChannelBindings(application_data=data)
        self.context = gssapi.SecurityContext(
            name=gssapi.Name(f"{service}@localhost", gssapi.NameType.hostbased_service),
            mech=SPNEGO if scheme == "Negotiate" else KERBEROS,
            flags=(
                gssapi.RequirementFlag.mutual_authentication
                | gssapi.RequirementFlag.confidentiality
                | gssapi.RequirementFlag.integrity
            ),
            channel_bindings=channel,
            usage="initiate",
        )

    def post(self, body=b"", fields=None, path="/wsman"):
        """Status, fields and body of the answer."""
        self.connection.request("POST", path, body, {"Content-Type": SOAP, **(fields or {})})
        reply = self.connection.getresponse()
        return reply.status, reply.headers, reply.read()

    def handshake(self, body=b""):
        """The answer to its last step."""
        token = None
        while True:
            token = self.context.step(token)
            step = base64.b64encode(token).decode() if token else ""
            status, headers, content = self.post(body, {"Authorization": f"{self.scheme} {step}"})
            answer = re.search(rf"{self.scheme} (\S+)", headers.get("WWW-Authenticate", ""))
            if answer:
                token = base64.b64decode(answer[1])
            if answer and not self.context.complete and status == 200:
                self.context.step(token)
            if status != 401 or not answer:
                return status, headers, content

    def seal(self, text: bytes) -> bytes:
        message = gssapi.raw.IOV(
            gssapi.raw.IOVBufferType.header,
            text,
            gssapi.raw.IOVBufferType.padding,
            std_layout=False,
        )
        gssapi.raw.wrap_iov(self.context, message, confidential=True)
        header, data, padding = (part.value or b"" for part in message)
        return b"".join(
            [
                b"--Encrypted Boundary\r\n",
                f"{self.tab}Content-Type: {self.protocol}\r\n".encode(),
                f"{self.tab}OriginalContent: type={SOAP};Length={len(text)}\r\n".encode(),
                b"--Encrypted Boundary\r\n",
                f"{self.tab}Content-Type: application/octet-stream\r\n".encode(),
                struct.pack("<I", len(header)) + header + data + padding,
                b"--Encrypted Boundary--\r\n",
            ]
        )

    def send_sealed(self, sealed: bytes, path="/wsman"):
        content_type = (
            f'multipart/encrypted;protocol="{self.protocol}";boundary="Encrypted Boundary"'
        )
        return self.post(sealed, {"Content-Type": content_type}, path)

    def ask(self, text: bytes):
        """Status, and what was in the answer."""
        status, headers, body = self.send_sealed(self.seal(text))
        return status, self.open(headers["Content-Type"], body)

    def ask_status(self, text: bytes) -> int:
        return self.send_sealed(self.seal(text))[0]

    def open(self, content_type: str, body: bytes) -> bytes:
        if not content_type.startswith(f'multipart/encrypted;protocol="{self.protocol}"'):
            raise AssertionError(f"the answer is {content_type}: {body[:200]}")
        start = body.index(b"application/octet-stream\r\n") + len(b"application/octet-stream\r\n")
        end = body.rindex(b"--Encrypted Boundary--")
        length = struct.unpack("<I", body[start : start + 4])[0]
        header = body[start + 4 : start + 4 + length]
        data = body[start + 4 + length : end]
        message = gssapi.raw.IOV(
            (gssapi.raw.IOVBufferType.header, False, header),
            (gssapi.raw.IOVBufferType.data, False, data),
            (gssapi.raw.IOVBufferType.padding, False, b""),
            std_layout=False,
        )
        gssapi.raw.unwrap_iov(self.context, message)
        plain = message[1].value
        said = int(re.search(rb"Length=(\d+)\r\n", body[:start])[1])
        if said != len(plain):
            raise AssertionError(f"the answer has {len(plain)} bytes and says {said}")
        return plain
