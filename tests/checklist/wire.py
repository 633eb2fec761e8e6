"""HTTP over TLS, byte by byte: what a test of a server must be able to get wrong."""

import base64
import dataclasses
import socket
import ssl

PATIENCE_S = 20


@dataclasses.dataclass(frozen=True)
class HttpReply:
    status: int
    fields: tuple
    body: bytes

    def all(self, name: str) -> list:
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def field(self, name: str) -> str:
        return ", ".join(self.all(name))


NO_REPLY = HttpReply(0, (), b"")


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def request(body: bytes, fields: dict, method="POST", path="/wsman", version="1.1") -> bytes:
    """One request as bytes. Fields that are None are left out; Host and Content-Length are added
    unless they are named.
    """
    whole = {"Host": "localhost", "Content-Length": str(len(body)), **fields}
    lines = [f"{method} {path} HTTP/{version}"]
    lines += [f"{name}: {value}" for name, value in whole.items() if value is not None]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Connection:
    """One connection to the server; `with` closes it."""

    def __init__(self, port: int, tls=True, alpn=(), versions=None):
        plain = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        if not tls:
            self.socket = plain
            return
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if alpn:
            context.set_alpn_protocols(list(alpn))
        if versions:
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version, context.maximum_version = versions
        try:
            self.socket = context.wrap_socket(plain)
        except OSError:
            plain.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data: bytes) -> bool:
        """False: the server has closed already."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def receive(self) -> HttpReply:
        """The next reply; NO_REPLY when the connection ends before one."""
        while b"\r\n\r\n" not in self.received:
            if not self._more():
                return NO_REPLY
        head, self.received = self.received.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        fields = tuple(tuple(line.split(": ", 1)) for line in lines)
        reply = HttpReply(int(first.split()[1]), fields, b"")
        length = int(reply.field("Content-Length") or 0)
        while len(self.received) < length:
            if not self._more():
                return NO_REPLY
        body, self.received = self.received[:length], self.received[length:]
        return dataclasses.replace(reply, body=body)

    def ask(self, data: bytes) -> HttpReply:
        self.send(data)
        return self.receive()

    def closed(self) -> bool:
        """Whether the server has nothing more to say and closes within the patience."""
        return not self.received and not self._more()

    def _more(self) -> bool:
        try:
            block = self.socket.recv(65536)
        except TimeoutError as error:
            raise AssertionError(f"the server said nothing for {PATIENCE_S} s") from error
        except OSError:
            return False
        self.received += block
        return bool(block)
