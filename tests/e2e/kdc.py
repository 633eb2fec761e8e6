"""A Kerberos realm of a test's own: a real KDC on the loopback, its files in one directory, its
clients and services told of it by their environment alone.
"""

import os
import pathlib
import signal
import subprocess

from e2e.reviver_site import free_tcp_port, wait_for

REALM = "TEST.REVIVER"
TIMEOUT_S = 30


class Kdc:
    def __init__(self, directory: pathlib.Path):
        self.directory = directory
        self.port = free_tcp_port()
        self.process = None
        self.environment = {
            "KRB5_CONFIG": str(directory / "krb5.conf"),
            "KRB5_KDC_PROFILE": str(directory / "kdc.conf"),
            "KRB5CCNAME": f"FILE:{directory}/tickets",
            "KRB5RCACHEDIR": str(directory),
        }

    def start(self) -> None:
        self.directory.mkdir(parents=True)
        (self.directory / "krb5.conf").write_text(
            f"""[libdefaults]
 default_realm = {REALM}
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 udp_preference_limit = 1
[realms]
 {REALM} = {{
  kdc = 127.0.0.1:{self.port}
 }}
[domain_realm]
 localhost = {REALM}
"""
        )
        (self.directory / "kdc.conf").write_text(
            f"""[realms]
 {REALM} = {{
  kdc_listen = 127.0.0.1:{self.port}
  kdc_tcp_listen = 127.0.0.1:{self.port}
  database_name = {self.directory}/principal
  key_stash_file = {self.directory}/stash
  acl_file = {self.directory}/acl
  supported_enctypes = aes256-cts-hmac-sha1-96:normal
 }}
"""
        )
        self._run("kdb5_util", "create", "-s", "-r", REALM, "-P", "master")
        with open(self.directory / "kdc.log", "wb") as log:
            self.process = subprocess.Popen(
                [self._program("krb5kdc"), "-n", "-r", REALM],
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.add("ready", "ready")
        wait_for("the KDC", lambda: self._kinit("ready", "ready").returncode == 0, TIMEOUT_S)

    def stop(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(TIMEOUT_S)

    def add(self, user: str, password: str) -> None:
        self._admin(f"addprinc -pw {password} {user}")

    def keytab(self, *services: str) -> pathlib.Path:
        path = self.directory / "keytab"
        for service in services:
            self._admin(f"addprinc -randkey {service}")
            self._admin(f"ktadd -k {path} {service}")
        return path

    def log_in(self, user: str, password: str) -> None:
        done = self._kinit(user, password)
        if done.returncode != 0:
            raise AssertionError(f"kinit said: {done.stderr}")

    def _kinit(self, user, password):
        return subprocess.run(
            ["kinit", f"{user}@{REALM}"],
            input=password + "\n",
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )

    def _admin(self, command: str) -> None:
        self._run("kadmin.local", "-r", REALM, "-q", command)

    def _run(self, program, *arguments) -> None:
        done = subprocess.run(
            [self._program(program), *arguments],
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )
        if done.returncode != 0:
            raise AssertionError(f"{program} said: {done.stderr}")

    def _program(self, name: str) -> str:
        """Where administrators' programs are, which not everybody has in PATH."""
        return str(pathlib.Path("/usr/sbin") / name)
