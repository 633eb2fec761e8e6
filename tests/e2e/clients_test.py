"""Clients that others wrote, at both doors of one site: wbemcli (SBLIM) speaks CIM-XML, wsl speaks
WS-Management with curl. What they print is what their users see. The page about them is run as it
is written."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest

import pages
from e2e.reviver_site import Site, short_path
from guest import embed

BUILD = pathlib.Path(os.environ["REVIVER_BUILD"]).resolve()
NAMESPACE = "root/HyperVCluster/v2"
CLASS_URI = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"
WMI_URI = f"http://schemas.microsoft.com/wbem/wsman/1/wmi/{NAMESPACE}/*"
WQL = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
RELATIONSHIP = "Msvm_ReplicationRelationship"
PAGE = "docs/clients.md"
TIMEOUT_S = 30
# In the order of the page: a part of the command, and of what it says.
EXPECTED = [
    (" ei ", 'ElementName="shop"'),
    (" gc ", "JobState="),
    (" ai ", "ReplicationInterval="),
    (" cm ", "DefineCollection: 0"),
    ("export ", ""),
    ("C=", ""),
    ("wslid", "<i:ProductVendor>Reviver<"),
    ("wslenum", "<p:ElementName>shop<"),
    ("wslget", "<p:ElementName>shop<"),
    ("wslinvoke", "<p:ReturnValue>0<"),
    ("wslenum", "EndOfSequence"),
    ("/cimom", "<INSTANCENAME "),
    ("/api/v1/", '"ElementName":"shop"'),
]


class ClientsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = BUILD / "e2e" / "clients"
        shutil.rmtree(cls.directory, ignore_errors=True)
        cls.directory.mkdir(parents=True)
        cls.site = Site("east", short_path(cls.directory) / "east", BUILD)
        cls.addClassCleanup(cls.site.pull_the_plug)
        cls.site.create()
        embed.prepare(cls.site.libvirt, BUILD / "guest/libvirt-cache")
        cls.site.start()
        cls.password = (cls.site.directory / "admin.password").read_text().strip()
        cls.address = f"127.0.0.1:{cls.site.wsman_port}"
        cls.site.reviver("collection", "create", "shop")
        cls.shop = cls.wbemcli("ein", "Msvm_VirtualSystemCollection").split('"')[1]

    # --- the page ---

    def words(self) -> dict:
        return {
            "SITE": str(self.site.directory),
            "PASSWORD": self.password,
            "ID": self.shop,
            "127.0.0.1:5986": self.address,
            "localhost:5986": f"localhost:{self.site.wsman_port}",
        }

    def blocks(self, language) -> list:
        return [
            block
            for block in pages.blocks(PAGE)
            if (block.language, block.word, block.tried) == (language, "", True)
        ]

    def test_the_commands_of_the_page_work(self):
        pages.write_files(PAGE, self.directory)
        todo = [command for block in self.blocks("sh") for command in pages.commands(block)]
        runs = pages.run_shell(todo, self.words(), self.directory, self.environment())
        pages.judge(self, runs, EXPECTED)

    def test_the_programs_of_the_page_work(self):
        pages.write_files(PAGE, self.directory)
        (block,) = self.blocks("python")
        run = pages.run_python(block, self.words(), self.directory, self.environment())
        pages.judge(self, [run], [("winrm", "<i:ProductVendor>Reviver<")])

    def test_the_queries_of_the_page_are_answered(self):
        (block,) = self.blocks("wql")
        url = f"https://{self.address}/api/v1/root:HyperVCluster:v2/query"
        login = ("--insecure", "--user", f"admin:{self.password}")
        counts = []
        for query in pages.put_in_place(block.text, self.words()).splitlines():
            asked = ("--get", "--data-urlencode", f"q={query}", url)
            answer = self.run_client("curl", "--silent", "--fail-with-body", *login, *asked)
            counts.append(len(json.loads(answer)["instances"]))
        self.assertEqual(len(counts), 5)
        self.assertGreaterEqual(counts[2], 1)

    # --- the clients ---

    @classmethod
    def run_client(cls, *command, environment=None, fails=False):
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            cwd=cls.directory,
            env={**os.environ, **(environment or {})},
        )
        if (done.returncode == 0) == fails:
            raise AssertionError(f"{command[0]} said: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    @classmethod
    def wbemcli(
        cls, operation, path, *more, options=(), password=None, space=NAMESPACE, fails=False
    ):
        login = f"admin:{password or cls.password}"
        url = f"https://{login}@{cls.address}/{space}:{path}"
        options = ("-cacert", str(cls.site.directory / "keys/management.crt"), *options)
        return cls.run_client("wbemcli", *options, operation, url, *more, fails=fails)

    @classmethod
    def environment(cls):
        """In which wsl asks nobody and leaves nothing behind."""
        quiet = {"HOME": str(cls.directory), "IPINTERACTIVE": "0", "KEEPHISTORY": "0"}
        return {**os.environ, **quiet}

    @classmethod
    def wsl(cls, command, *arguments):
        environment = {
            **cls.environment(),
            "WSENDPOINT": cls.address,
            "WSUSER": "admin",
            "WSPASS": cls.password,
            "WSDONTASK": "y",
        }
        return cls.run_client(f"wsl{command}", *arguments, environment=environment)

    def collection(self):
        return f'Msvm_VirtualSystemCollection.CollectionID="{self.shop}"'

    def management_service(self):
        name = "Msvm_CollectionManagementService"
        return (
            f'{name}.CreationClassName="{name}",Name="collectionmgmtsvc",'
            'SystemCreationClassName="Msvm_ComputerSystem",SystemName="east"'
        )

    # --- CIM-XML ---

    def test_wbemcli_reads_instances(self):
        for found in (
            self.wbemcli("ei", "Msvm_VirtualSystemCollection"),
            self.wbemcli("gi", self.collection()),
        ):
            self.assertIn('ElementName="shop"', found)
            self.assertIn("ReplicationState=0", found)
        self.assertEqual(self.wbemcli("gp", self.collection(), "ElementName").strip(), "shop")

    def test_wbemcli_reads_every_class(self):
        names = self.wbemcli("ecn", "").split()
        self.assertIn(f"{self.address}/{NAMESPACE}:CIM_ManagedElement", names)
        found = self.wbemcli("gc", "Msvm_CollectionReplicationSettingData")
        self.assertIn("ReplicationInterval=", found)
        for name in names:
            self.wbemcli("ec", name.split(":")[-1])

    def test_wbemcli_follows_associations(self):
        settings = f'Msvm_CollectionReplicationSettingData.InstanceID="Reviver:{self.shop}'
        limits = ("-ac", "Msvm_ElementSettingData", "-arc", "CIM_SettingData")
        names = self.wbemcli("ain", self.collection(), options=limits)
        self.assertIn(settings, names)
        self.assertEqual(names.strip().count("\n"), 0)
        self.assertIn("ReplicationInterval=", self.wbemcli("ai", self.collection(), options=limits))
        self.assertIn("Msvm_SettingsDefineState", self.wbemcli("rin", self.collection()))
        self.assertIn("IsCurrent=1", self.wbemcli("ri", self.collection()))
        service = self.wbemcli("ain", self.management_service())
        self.assertIn(self.shop, service)

    def test_wbemcli_calls_methods(self):
        made = self.wbemcli(
            "cm", self.management_service(), "DefineCollection.Name=by wbemcli,Type=0"
        )
        self.assertIn("DefineCollection: 0", made)
        name = re.search(r'Msvm_VirtualSystemCollection\.CollectionID="[^"]*"', made).group()
        self.assertIn('ElementName="by wbemcli"', self.wbemcli("gi", name))
        gone = self.wbemcli("cm", self.management_service(), f"DestroyCollection.Collection={name}")
        self.assertIn("DestroyCollection: 0", gone)
        self.assertIn("CIM_ERR_NOT_FOUND", self.wbemcli("gi", name, fails=True))

    def test_wbemcli_finds_the_namespaces(self):
        for space in ("interop", "root/interop"):
            self.assertIn(NAMESPACE, self.wbemcli("ein", "CIM_Namespace", space=space))
        missing = self.wbemcli("ein", "CIM_Namespace", space="root/PG_InterOp", fails=True)
        self.assertIn("CIM_ERR_INVALID_NAMESPACE", missing)

    def test_wbemcli_looks_at_single_machines(self):
        space = "root/virtualization/v2"
        found = self.wbemcli("ei", "Msvm_VirtualSystemCollection", space=space)
        self.assertIn('ElementName="shop"', found)
        self.assertIn("ReplicationHealth=", self.wbemcli("gc", RELATIONSHIP, space=space))
        self.assertEqual(self.wbemcli("ein", RELATIONSHIP, space=space).strip(), "")

    def test_wbemcli_is_told_what_is_wrong(self):
        self.assertIn("CIM_ERR_INVALID_CLASS", self.wbemcli("ei", "NoSuch", fails=True))
        self.assertIn("CIM_ERR_NOT_SUPPORTED", self.wbemcli("di", self.collection(), fails=True))
        self.wbemcli("ei", "Msvm_VirtualSystemCollection", password="wrong", fails=True)

    def test_nobody_comes_in_unknown(self):
        status = self.run_client(
            "curl",
            "--silent",
            "--insecure",
            "--output",
            os.devnull,
            "--write-out",
            "%{http_code}",
            "--header",
            "Content-Type: application/xml",
            "--header",
            "CIMOperation: MethodCall",
            "--data",
            "<CIM/>",
            f"https://{self.address}/cimom",
        )
        self.assertEqual(status, "401")

    # --- WS-Management ---

    def test_wsl_identifies(self):
        self.assertIn("<i:ProductVendor>Reviver<", self.wsl("id", "-"))

    def test_wsl_reads_instances(self):
        uri = CLASS_URI + "Msvm_VirtualSystemCollection"
        self.assertIn("<p:ElementName>shop<", self.wsl("enum", uri))
        found = self.wsl("get", uri, f"__cimnamespace={NAMESPACE}", f"CollectionID={self.shop}")
        self.assertIn("<p:ElementName>shop<", found)

    def test_wsl_asks_queries(self):
        query = "select ElementName from Msvm_VirtualSystemCollection where ElementName like 's%'"
        found = self.wsl("enum", WMI_URI, "-dialect", WQL, "-filter", query)
        self.assertIn("<p:ElementName>shop<", found)
        self.assertNotIn("CollectionID", found)

    def test_wsl_calls_methods(self):
        service = CLASS_URI + "Msvm_CollectionManagementService"
        made = self.wsl("invoke", service, "DefineCollection", "Name=by-wsl", "Type=0")
        self.assertIn("<p:ReturnValue>0<", made)
        self.assertIn("by-wsl", self.wbemcli("ei", "Msvm_VirtualSystemCollection"))


if __name__ == "__main__":
    unittest.main()
