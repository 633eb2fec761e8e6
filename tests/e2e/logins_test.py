"""Who comes in by Kerberos or by a certificate: a real KDC, a CA made by openssl, and clients that
others wrote (curl, pywinrm, python3-gssapi), over TLS and over plain HTTP with sealed messages."""

import base64
import datetime
import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
import unittest

import pages
import winrm.exceptions
import winrm.transport
from e2e.kdc import REALM, Kdc
from e2e.reviver_site import Failed, Site, free_tcp_port, short_path, wait_for
from e2e.sealed_client import SealedClient
from guest import embed

BUILD = pathlib.Path(os.environ["REVIVER_BUILD"]).resolve()
TIMEOUT_S = 30
IDENTIFY = (
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    b'xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">'
    b"<s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>"
)
NTLM_STEP = "TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAKAGFKAAAADw=="


def openssl(*arguments):
    subprocess.run(
        ["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=TIMEOUT_S
    )


class LoginsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = BUILD / "e2e" / "logins"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        cls.kdc = Kdc(directory / "kdc")
        cls.addClassCleanup(cls.kdc.stop)
        cls.kdc.start()
        keytab = cls.kdc.keytab("HTTP/localhost", "WSMAN/localhost")
        for user in ("ann", "stranger"):
            cls.kdc.add(user, "secret")
        saved = {name: os.environ.get(name) for name in cls.kdc.environment}
        cls.addClassCleanup(cls.restore, saved)
        os.environ.update(cls.kdc.environment)
        cls.make_certificates(directory)
        cls.site = Site("east", short_path(directory) / "east", BUILD)
        cls.addClassCleanup(cls.site.pull_the_plug)
        cls.site.create()
        cls.http_port = free_tcp_port()
        cls.site.configure("keytab", f'"{keytab}"')
        cls.site.configure("http", f'"127.0.0.1:{cls.http_port}"')
        cls.site.configure("client_ca", f'"{directory / "ca.pem"}"')
        embed.prepare(cls.site.libvirt, BUILD / "guest/libvirt-cache")
        cls.site.reviver("user", "add", f"ann@{REALM}", "--role", "operator", "--no-password")
        cls.site.reviver("user", "add", "cert-ann", "--role", "auditor", "--no-password")
        cls.site.reviver("user", "certificate", "cert-ann", str(directory / "ann.pem"))
        cls.site.start()
        cls.directory = directory
        cls.certificate = cls.site.directory / "keys/management.crt"

    @classmethod
    def make_certificates(cls, directory):
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        for name in ("ca", "other-ca"):
            files = ("-keyout", directory / f"{name}.key", "-out", directory / f"{name}.pem")
            openssl("req", "-x509", *key, *files, "-days", "1", "-subj", f"/CN={name}")
        cls.issue(directory, "ann", "ca")
        cls.issue(directory, "forged", "other-ca")
        cls.issue(directory, "old", "ca", -2, -1)
        cls.issue(directory, "early", "ca", 1, 2)

    @staticmethod
    def issue(directory, name, ca, first_day=0, last_day=1):
        """A certificate of that CA, good between two days counted from now."""
        request, out = directory / f"{name}.csr", directory / f"{name}.pem"
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        files = ("-keyout", directory / f"{name}.key", "-out", request)
        openssl("req", "-new", *key, *files, "-subj", "/CN=ann")
        index = directory / f"{name}.index"
        index.write_text("")
        config = directory / f"{name}.cnf"
        config.write_text(
            "[ca]\ndefault_ca = it\n[it]\npolicy = any\ndefault_md = sha256\n"
            f"database = {index}\nnew_certs_dir = {directory}\nrand_serial = yes\n"
            "[any]\ncommonName = supplied\n"
        )
        now = datetime.datetime.now(datetime.timezone.utc)
        first, last = (
            f"{now + datetime.timedelta(days=day, minutes=-5):%Y%m%d%H%M%SZ}"
            for day in (first_day, last_day)
        )
        signer = ("-cert", directory / f"{ca}.pem", "-keyfile", directory / f"{ca}.key")
        when = ("-startdate", first, "-enddate", last)
        files = ("-config", config, "-in", request, "-out", out)
        openssl("ca", "-batch", "-notext", *files, *signer, *when)

    @staticmethod
    def restore(saved):
        for name, value in saved.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def setUp(self):
        self.kdc.log_in("ann", "secret")

    def url(self):
        return f"https://localhost:{self.site.wsman_port}/wsman"

    def tls(self):
        return ssl.create_default_context(cafile=str(self.certificate))

    def sealed(self, **options):
        client = SealedClient(self.http_port, **options)
        self.addCleanup(client.connection.close)
        return client

    def over_tls(self, binding):
        client = SealedClient(self.site.wsman_port, tls=self.tls(), binding=binding)
        self.addCleanup(client.connection.close)
        return client.handshake(IDENTIFY)

    def curl(self, *options):
        done = subprocess.run(
            [
                "curl",
                "--silent",
                "--cacert",
                str(self.certificate),
                "--header",
                "Content-Type: application/soap+xml;charset=UTF-8",
                "--data-binary",
                "@-",
                "--write-out",
                "\n%{http_code}",
                *options,
                self.url(),
            ],
            input=IDENTIFY,
            capture_output=True,
            timeout=TIMEOUT_S,
        )
        body, status = done.stdout.decode().rsplit("\n", 1)
        return int(status), body

    def audit_lines(self):
        return [json.loads(line) for line in self.site.reviver("audit", "show").splitlines()]

    # --- by nothing ---

    def test_every_door_is_shut(self):
        """With each kind of wrong proof."""
        wrong = base64.b64encode(b"admin:wrong").decode()
        proofs = (None, f"Basic {wrong}", f"Negotiate {NTLM_STEP}", "Bearer x", "Kerberos !")
        requests = (
            ("POST", "/wsman"),
            ("POST", "/wsman/"),
            ("POST", "/cimom"),
            ("GET", "/metrics"),
            ("GET", "/audit"),
            ("GET", "/api/v1"),
            ("GET", "/api/v1/events"),
            ("GET", "/api/v1/openapi.json"),
        )
        types = {"/cimom": "application/xml"}
        for method, path in requests:
            content = types.get(path, "application/soap+xml;charset=UTF-8")
            for proof in proofs:
                connection = http.client.HTTPSConnection(
                    "localhost", self.site.wsman_port, timeout=TIMEOUT_S, context=self.tls()
                )
                self.addCleanup(connection.close)
                fields = {"Content-Type": content, "CIMOperation": "MethodCall"}
                if proof:
                    fields["Authorization"] = proof
                connection.request(method, path, IDENTIFY if method == "POST" else None, fields)
                reply = connection.getresponse()
                self.assertEqual(reply.status, 401, (path, proof))
                self.assertNotIn(b"east", reply.read())

    # --- by a certificate ---

    def test_a_certificate_comes_in(self):
        transport = winrm.transport.Transport(
            endpoint=self.url(),
            auth_method="certificate",
            cert_pem=str(self.directory / "ann.pem"),
            cert_key_pem=str(self.directory / "ann.key"),
            ca_trust_path=str(self.certificate),
            server_cert_validation="validate",
        )
        self.addCleanup(lambda: transport.session.close())
        self.assertIn(b"https/mutual", transport.send_message(IDENTIFY.decode()))
        status, body = self.curl(*self.certificate_of("ann"))
        self.assertEqual(status, 200)
        self.assertIn("IdentifyResponse", body)

    def test_a_certificate_that_does_not_count_does_not(self):
        for name, why in (
            ("forged", "issuer certificate"),
            ("old", "certificate has expired"),
            ("early", "certificate is not yet valid"),
        ):
            said = len(self.site.log.read_text())
            self.assertEqual(self.curl(*self.certificate_of(name))[0], 0, name)
            told = f"refused a certificate from 127.0.0.1: .*{why}"
            wait_for(why, lambda: re.search(told, self.site.log.read_text()[said:]))

    def test_the_auditor_fetches_the_log(self):
        log = subprocess.run(
            ["curl", "--silent", "--fail", "--cacert", self.certificate]
            + [*self.certificate_of("ann"), f"https://localhost:{self.site.wsman_port}/audit"],
            check=True,
            capture_output=True,
            timeout=TIMEOUT_S,
        ).stdout
        fetched = self.directory / "fetched.log"
        fetched.write_bytes(log)
        self.assertIn("none changed", self.site.reviver("audit", "verify", str(fetched)))
        changed = log.replace(b'"started"', b'"stopped"')
        self.assertNotEqual(changed, log)
        fetched.write_bytes(changed)
        with self.assertRaisesRegex(Failed, "fetched.log:1: .*hash"):
            self.site.reviver("audit", "verify", str(fetched))

    def test_a_change_is_in_the_log(self):
        self.site.reviver("collection", "create", "audited")
        call, result = self.audit_lines()[-2:]
        self.assertEqual((call["who"], call["method"]), ("admin", "DefineCollection"))
        self.assertEqual((result["call"], result["return"]), (call["n"], 0))

    def test_what_becomes_of_accounts_is_in_the_log(self):
        before = len(self.audit_lines())
        steps = (
            (("add", "eve", "--role", "viewer", "--generate"), "added", "viewer"),
            (("role", "eve", "operator,auditor"), "roles", "operator,auditor"),
            (("passwd", "eve", "--generate"), "password", "operator,auditor"),
            (("certificate", "eve", "--common-name", "Eve"), "certificates", "operator,auditor"),
            (("remove", "eve"), "removed", "operator,auditor"),
        )
        for arguments, _, _ in steps:
            self.site.reviver("user", *arguments)
            self.curl(*self.certificate_of("ann"))  # the daemon looks when somebody comes
        lines = [one for one in self.audit_lines()[before:] if one["event"] == "account"]
        told = [(one["account"], one["change"], one["roles"]) for one in lines]
        self.assertEqual(told, [("eve", change, roles) for _, change, roles in steps])
        self.assertEqual(lines[3]["proofs"], "cn=Eve")
        self.assertNotIn("scrypt", json.dumps(lines))
        start = next(one for one in self.audit_lines() if one["event"] == "accounts")
        self.assertEqual(start["accounts"]["admin"], "administrator")
        self.assertEqual(start["accounts"]["cert-ann"], "auditor")

        self.site.reviver("user", "add", "zoe", "--no-password")
        self.site.daemon.send_signal(signal.SIGHUP)
        wait_for("a look without a login", lambda: '"zoe"' in json.dumps(self.audit_lines()))
        self.site.reviver("user", "remove", "zoe")
        self.site.reviver("audit", "verify")

    def certificate_of(self, name):
        return (
            "--cert",
            str(self.directory / f"{name}.pem"),
            "--key",
            str(self.directory / f"{name}.key"),
        )

    def test_the_commands_of_the_page_work(self):
        (block,) = (one for one in pages.blocks("docs/clients.md") if one.word == "kerberos")
        words = {
            "SITE": str(self.site.directory),
            "east.example.org:5986": f"localhost:{self.site.wsman_port}",
        }
        runs = pages.run_shell(pages.commands(block), words, self.directory, dict(os.environ))
        figures = "reviver_site_info"
        pages.judge(self, runs, [("--negotiate", figures), ("--cert ann.pem", figures)])

    # --- over TLS ---

    def test_curl_negotiates(self):
        status, body = self.curl("--negotiate", "--user", ":")
        self.assertEqual(status, 200)
        self.assertIn("spnego-kerberos", body)

    def test_pywinrm_negotiates(self):
        transport = winrm.transport.Transport(
            endpoint=self.url(),
            auth_method="kerberos",
            service="HTTP",
            ca_trust_path=str(self.certificate),
            server_cert_validation="validate",
        )
        self.addCleanup(lambda: transport.session.close())
        self.assertIn(b"IdentifyResponse", transport.send_message(IDENTIFY.decode()))

    def test_who_has_no_account_stays_outside(self):
        self.kdc.log_in("stranger", "secret")
        self.assertEqual(self.curl("--negotiate", "--user", ":")[0], 401)
        turned_away = [one for one in self.audit_lines() if one["event"] == "turned away"]
        self.assertEqual(turned_away[-1]["as"], f"stranger@{REALM}")
        self.site.reviver("audit", "verify")

    def test_ntlm_is_not_taken(self):
        for scheme in ("Negotiate", "Kerberos"):
            status, _ = self.curl("--header", f"Authorization: {scheme} {NTLM_STEP}")
            self.assertEqual(status, 401)

    def test_a_handshake_is_bound_to_our_certificate(self):
        der = ssl.PEM_cert_to_DER_cert(self.certificate.read_text())
        right = hashlib.sha256(der).digest()
        self.assertEqual(self.over_tls(right)[0], 200)
        self.assertEqual(self.over_tls(None)[0], 200)
        self.assertEqual(self.over_tls(hashlib.sha256(b"of somebody between").digest())[0], 401)

    def test_a_handshake_without_a_binding_is_refused_where_it_is_wanted(self):
        der = ssl.PEM_cert_to_DER_cert(self.certificate.read_text())
        right = hashlib.sha256(der).digest()
        wanted = "require_channel_binding"
        self.restart_with(wanted, "true")
        self.addCleanup(self.restart_with, wanted, "false")
        self.assertEqual(self.over_tls(right)[0], 200)
        self.assertEqual(self.over_tls(None)[0], 401)
        last = [one for one in self.audit_lines() if one["event"] == "turned away"][-1]
        self.assertEqual((last["as"], last["why"]), (f"ann@{REALM}", "no channel binding"))
        self.assertEqual(self.over_tls(hashlib.sha256(b"of somebody between").digest())[0], 401)
        self.assertEqual(self.curl("--negotiate", "--user", ":")[0], 401, "curl names none")
        client = self.sealed()
        self.assertEqual(client.handshake()[0], 200, "without TLS there is nothing to name")

    def restart_with(self, key, value):
        self.site.configure(key, value)
        self.site.stop()
        self.site.start()

    def test_a_proxy_shares_connections_and_cannot_log_in(self):
        status, _ = self.curl("--negotiate", "--user", ":", "--header", "Via: 1.1 proxy")
        self.assertEqual(status, 401)

    def test_an_account_that_is_gone_is_gone_for_who_is_in(self):
        self.kdc.add("bob", "secret")
        self.site.reviver("user", "add", f"bob@{REALM}", "--no-password")
        self.kdc.log_in("bob", "secret")
        client = SealedClient(self.site.wsman_port, tls=self.tls())
        self.addCleanup(client.connection.close)
        self.assertEqual(client.handshake(IDENTIFY)[0], 200)
        self.assertEqual(client.post(IDENTIFY)[0], 200, "the connection has proved it")
        self.site.reviver("user", "remove", f"bob@{REALM}")
        self.assertEqual(client.post(IDENTIFY)[0], 401)

    # --- over plain HTTP ---

    def test_sealed_messages_are_answered_sealed(self):
        for scheme in ("Negotiate", "Kerberos"):
            for tab in ("\t", ""):
                for service in ("HTTP", "WSMAN"):
                    client = self.sealed(scheme=scheme, service=service)
                    client.tab = tab
                    self.assertEqual(client.handshake()[0], 200)
                    for _ in range(3):
                        status, answer = client.ask(IDENTIFY)
                        self.assertEqual(status, 200)
                        self.assertIn(b"IdentifyResponse", answer)
                    status, answer = client.ask(b"<nonsense")
                    self.assertIn(b":Fault>", answer, "faults are sealed too")

    def test_clear_text_is_refused_before_anything_is_done(self):
        client = self.sealed()
        self.assertEqual(client.handshake()[0], 200)
        self.assertEqual(client.post(IDENTIFY)[0], 401)
        self.assertEqual(client.ask_status(IDENTIFY), 401, "and the connection is nobody's again")
        self.assertEqual(self.sealed().handshake(IDENTIFY)[0], 401)

    def test_basic_is_not_even_offered(self):
        status, headers, _ = self.sealed().post(IDENTIFY)
        self.assertEqual(status, 401)
        self.assertEqual(headers.get_all("WWW-Authenticate"), ["Negotiate", "Kerberos"])

    def test_a_message_counts_once_and_as_it_was_sealed(self):
        client = self.sealed()
        self.assertEqual(client.handshake()[0], 200)
        sealed = client.seal(IDENTIFY)
        self.assertEqual(client.send_sealed(sealed)[0], 200)
        self.assertEqual(client.send_sealed(sealed)[0], 400, "sent again")
        changed = bytearray(client.seal(IDENTIFY))
        changed[-60] ^= 1
        self.assertEqual(client.send_sealed(bytes(changed))[0], 400)
        lying = client.seal(IDENTIFY).replace(b"Length=", b"Length=9")
        self.assertEqual(client.send_sealed(lying)[0], 400)
        self.assertEqual(client.ask(IDENTIFY)[0], 200, "the connection has not suffered")

    def test_another_ones_seal_does_not_count(self):
        mine, other = self.sealed(), self.sealed()
        self.assertEqual(mine.handshake()[0], 200)
        self.assertEqual(other.handshake()[0], 200)
        self.assertEqual(mine.send_sealed(other.seal(IDENTIFY))[0], 400)
        nobody = self.sealed()
        self.assertEqual(nobody.send_sealed(other.seal(IDENTIFY))[0], 401)


if __name__ == "__main__":
    unittest.main()
