"""What the rows are tried on: a real site with a second one behind it, 45 collections, machines
that are off, jobs that ended, and accounts. Made once; rows that change something have collections
of their own.
"""

import base64
import os
import pathlib
import shutil
import subprocess
import threading
import time
import uuid

import gssapi

from checklist import soap, wire
from e2e.kdc import REALM, Kdc
from e2e.reviver_site import Site, free_tcp_port, short_path
from e2e.sealed_client import SPNEGO
from guest import embed

COLLECTIONS = 45
CLOCK_SKEW_S = 15
# The first collection has three machines; the ones after it have one each, for rows that replicate.
MACHINES = 19
ODD_NAME = "a&<\"'>é😀"
SERVICE = "Msvm_CollectionReplicationService"
MANAGEMENT = "Msvm_CollectionManagementService"
COLLECTION = "Msvm_VirtualSystemCollection"
MACHINE = "Msvm_ComputerSystem"
JOB = "Msvm_ConcreteJob"
SETTINGS = "Msvm_CollectionReplicationSettingData"
MEMBERSHIP = "Msvm_CollectedVirtualSystems"

DOMAIN = """<domain type='qemu'><name>{name}</name><uuid>{id}</uuid><memory unit='MiB'>64</memory>
<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>
<emulator>/usr/bin/qemu-system-x86_64</emulator><disk type='file' device='disk'>
<driver name='qemu' type='qcow2'/><source file='{disk}'/><target dev='vda' bus='virtio'/></disk>
</devices></domain>"""


def random_name() -> str:
    return str(uuid.uuid4())


class Fixture:
    def __init__(self, build: pathlib.Path):
        self.directory = build / "e2e" / "checklist"
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        short = short_path(self.directory)
        self.site = Site("east", short / "east", build)
        self.other_site = Site("west", short / "west", build)
        self.build = build
        self.passwords = {}
        self.machines = [random_name() for _ in range(MACHINES)]
        self.ids = [random_name() for _ in range(COLLECTIONS)]
        self.bodies = []  # of every reply in the run
        self.kdc = Kdc(short / "kdc")
        self._free = list(range(4, MACHINES - 1))
        self._local = threading.local()

    def start(self) -> None:
        self._start_kdc()
        for site in (self.site, self.other_site):
            site.create()
            site.configure("keytab", f'"{self.keytab}"')
            embed.prepare(site.libvirt, self.build / "guest/libvirt-cache")
        self.http_port = free_tcp_port()
        self.site.configure("http", f'"127.0.0.1:{self.http_port}"')
        self.site.configure("anonymous_identify", "true")
        self.other_site.configure("require_channel_binding", "true")
        self._make_certificates()
        self._define_machines()
        self._make_accounts()
        for site in (self.site, self.other_site):
            site.start()
        self.site.reviver("pair", "--with", str(self.other_site.directory), "--yes")
        self.port = self.site.wsman_port
        self._make_collections()

    def stop(self) -> None:
        for site in (self.site, self.other_site):
            site.pull_the_plug()
        self.kdc.stop()

    def _start_kdc(self) -> None:
        os.environ.update(self.kdc.environment)
        self.kdc.start()
        # A clock may go wrong by so little that a test can wait for it.
        config = self.kdc.directory / "krb5.conf"
        skew = f"[libdefaults]\n clockskew = {CLOCK_SKEW_S}\n"
        config.write_text(config.read_text().replace("[libdefaults]\n", skew))
        self.keytab = self.kdc.keytab("HTTP/localhost", "http/localhost", "WSMAN/localhost")
        self.kdc.add("elsewhere/localhost", "secret")
        self.kdc.add("ann", "secret")
        self.kdc.log_in("ann", "secret")
        service = gssapi.Name("HTTP@localhost", gssapi.NameType.hostbased_service)
        begun = gssapi.SecurityContext(name=service, mech=SPNEGO, usage="initiate")
        self.old_token = base64.b64encode(begun.step()).decode()
        self.old_token_time = time.monotonic()

    def _make_certificates(self) -> None:
        """A CA that the other site knows and one that it does not, and certificates of theirs."""
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        for name in ("ca", "foreign-ca"):
            files = ("-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}")
            self._openssl("req", "-x509", *key, *files)
        for name, ca, days in (
            ("mapped", "ca", "1"),
            ("unmapped", "ca", "1"),
            ("expired", "ca", "-1"),
            ("foreign", "foreign-ca", "1"),
        ):
            request = ("-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
            self._openssl("req", "-new", *key, *request)
            signer = ("-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-days", days)
            self._openssl("x509", "-req", "-in", f"{name}.csr", *signer, "-out", f"{name}.pem")
        self.other_site.configure("client_ca", f'"{self.directory / "ca.pem"}"')

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(
            ["openssl", *arguments], cwd=self.directory, check=True, capture_output=True, timeout=30
        )

    def _define_machines(self) -> None:
        commands = []
        for index, machine in enumerate(self.machines):
            disk = self.site.directory / f"vm{index}.qcow2"
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "1M"], check=True)
            definition = self.directory / f"vm{index}.xml"
            text = DOMAIN.format(name=f"vm{index}", id=machine, disk=disk)
            definition.write_text(text)
            commands.append(f"define {definition}")
        embed.virsh(self.site.libvirt, *commands)

    def _make_accounts(self) -> None:
        self.passwords["admin"] = (self.site.directory / "admin.password").read_text().strip()
        for name, role in (
            ("reader", "viewer"),
            ("other", "viewer"),
            ("forgetful", "viewer"),
            ("nobody", "peer"),
        ):
            password = random_name()
            file = self.directory / f"{name}.password"
            file.touch(0o600)
            file.write_text(password)
            self.site.reviver("user", "add", name, "--password-file", str(file), "--role", role)
            self.passwords[name] = password
        for site in (self.site, self.other_site):
            person = ("user", "add", f"ann@{REALM}", "--role", "administrator", "--no-password")
            site.reviver(*person)
        for name in ("mapped", "expired"):
            self.other_site.reviver("user", "add", name, "--role", "viewer", "--no-password")
            file = str(self.directory / f"{name}.pem")
            self.other_site.reviver("user", "certificate", name, file)

    def _make_collections(self) -> None:
        names = [ODD_NAME] + [f"group {number:02}" for number in range(1, COLLECTIONS)]
        for name, key in zip(names, self.ids):
            self.manage(f"<p:Name>{soap.escape(name)}</p:Name><p:Id>{key}</p:Id><p:Type>0</p:Type>")
        for index, machine in enumerate(self.machines[:-1]):
            owner = 0 if index < 3 else index - 2
            member = soap.reference(MACHINE, self.machine_keys(machine))
            group = soap.reference(COLLECTION, {"CollectionID": self.ids[owner]})
            self.manage(
                f"<p:Member>{member}</p:Member><p:Collection>{group}</p:Collection>", "AddMember"
            )

    def manage(self, arguments: str, method="DefineCollection"):
        uri = soap.CLASS + MANAGEMENT
        body = f'<p:{method}_INPUT xmlns:p="{uri}">{arguments}</p:{method}_INPUT>'
        asked = soap.envelope(soap.headers(f"{uri}/{method}", uri, soap.selectors({})), body)
        reply = self.post(asked)
        result = "fault" if reply.is_fault else soap.values(reply.content)["ReturnValue"]
        if result != "0":
            raise AssertionError(f"{method}: {reply}")
        return reply

    # --- names ---

    def machine_keys(self, machine: str) -> dict:
        return {"CreationClassName": MACHINE, "Name": machine}

    def service_keys(self, service=SERVICE) -> dict:
        names = {SERVICE: "collectionreplicasvc", MANAGEMENT: "collectionmgmtsvc"}
        return {
            "CreationClassName": service,
            "Name": names[service],
            "SystemCreationClassName": MACHINE,
            "SystemName": "east",
        }

    def fresh_group(self) -> str:
        """The CollectionID of a collection with one machine that nobody else uses."""
        return self.ids[self._free.pop() - 2]

    # --- asking ---

    def fields(self, who="admin", agent="checklist", content="application/soap+xml;charset=UTF-8"):
        login = wire.basic(who, self.passwords[who]) if who else None
        return {"Authorization": login, "User-Agent": agent, "Content-Type": content}

    def connect(self, **options) -> wire.Connection:
        return wire.Connection(self.port, **options)

    def send(self, body, fields: dict, **line) -> wire.HttpReply:
        """Over a connection of this thread that is kept as long as the server keeps it."""
        data = body.encode() if isinstance(body, str) else body
        asked = wire.request(data, fields, **line)
        kept = getattr(self._local, "connection", None)
        self._local.connection = None
        connection = kept or self.connect()
        reply = connection.ask(asked)
        if kept and reply is wire.NO_REPLY:
            connection = self.connect()
            reply = connection.ask(asked)
        if reply.field("Connection").lower() != "close":
            self._local.connection = connection
        self.bodies.append(reply)
        return reply

    def post(self, asked: str, who="admin", **fields) -> soap.Reply:
        return soap.Reply(self.send(asked, self.fields(who, **fields)))


SITE = None


def start(build: pathlib.Path) -> Fixture:
    global SITE
    SITE = Fixture(build)
    SITE.start()
    return SITE
