"""The JSON door as scripts use it: curl asks, what comes back is held against the OpenAPI document
that the door itself gives, and a method that one client calls is an event for another."""

import json
import os
import pathlib
import queue
import shutil
import subprocess
import threading
import unittest

import pages
from e2e.reviver_site import Site, short_path
from guest import embed
from jsonschema import Draft202012Validator, RefResolver

BUILD = pathlib.Path(os.environ["REVIVER_BUILD"]).resolve()
SPACE = "/api/v1/root:HyperVCluster:v2"
SERVICE = f"{SPACE}/instances/Msvm_CollectionManagementService/@/methods/"
REPLICATION = f"{SPACE}/instances/Msvm_CollectionReplicationService/@/methods/"
TIMEOUT_S = 30
STREAM_S = 2
# Of the page, in its order: a part of the command, and of what it says.
EXPECTED = [
    ("alias api=", ""),
    ("V2=", ""),
    ("Msvm_VirtualSystemCollection", '"ElementName":"shop"'),
    ("Msvm_VirtualSystemCollection/", '"ElementName":"shop"'),
    ("associators", '"ReplicationInterval":300'),
    ("filter=JobState < 7", '"instances":['),
    ("q=SELECT", '"instances":[]'),
    ("classes/Msvm_ConcreteJob", '"name":"Msvm_ConcreteJob"'),
    ("DefineCollection", '"DefinedCollection":{'),
    ("RenameCollection", '"ReturnValue":0'),
    ("events", "event: ready"),
]


def curl(site, path, *options, login=True):
    """The command that asks a site's JSON door."""
    command = ["curl", "--silent", "--show-error", "--max-time", str(TIMEOUT_S)]
    command += ["--cacert", str(site.directory / "keys/management.crt"), *options]
    if login:
        password = (site.directory / "admin.password").read_text().strip()
        command += ["--user", f"admin:{password}"]
    return [*command, f"https://127.0.0.1:{site.wsman_port}{path}"]


class Events:
    """curl on the event stream, read as a browser reads it."""

    def __init__(self, site, query="", last=""):
        options = ["--no-buffer"]
        if last:
            options += ["--header", f"Last-Event-ID: {last}"]
        command = curl(site, f"/api/v1/events{query}", *options)
        self.events = queue.Queue()
        self.curl = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        event = {}
        for line in self.curl.stdout:
            name, _, value = line.rstrip("\n").partition(": ")
            if name:
                event[name] = value
            elif event:
                self.events.put({**event, "data": json.loads(event["data"])})
                event = {}

    def next(self):
        return self.events.get(timeout=TIMEOUT_S)

    def until(self, wanted):
        while not wanted(event := self.next()):
            pass
        return event

    def close(self):
        self.curl.kill()
        self.curl.wait(TIMEOUT_S)
        self.reader.join(TIMEOUT_S)
        self.curl.stdout.close()


class JsonTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = BUILD / "e2e" / "json"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        cls.site = Site("east", short_path(directory) / "east", BUILD)
        cls.addClassCleanup(cls.site.pull_the_plug)
        cls.site.create()
        embed.prepare(cls.site.libvirt, BUILD / "guest/libvirt-cache")
        cls.site.start()
        cls.password = (cls.site.directory / "admin.password").read_text().strip()
        cls.address = f"https://127.0.0.1:{cls.site.wsman_port}"
        cls.site.reviver("collection", "create", "shop")
        cls.document = cls.get("/api/v1/openapi.json")

    # --- curl ---

    @classmethod
    def curl(cls, path, *options, login=True):
        return curl(cls.site, path, *options, login=login)

    @classmethod
    def ask(cls, path, *options, status=200, login=True):
        command = cls.curl(path, *options, "--write-out", "\n%{http_code}", login=login)
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        body, _, code = done.stdout.rpartition("\n")
        if int(code) != status:
            raise AssertionError(f"{path} answered {code}: {body}")
        return body

    @classmethod
    def get(cls, path, **more):
        return json.loads(cls.ask(path, **more))

    @classmethod
    def call(cls, path, status=200, **arguments):
        content = ("--header", "Content-Type: application/json", "--data", json.dumps(arguments))
        return json.loads(cls.ask(path, *content, status=status))

    def events(self, query="", last=""):
        events = Events(self.site, query, last)
        self.addCleanup(events.close)
        return events

    def assert_fits(self, value, component):
        schema = {"$ref": f"#/components/schemas/{component}"}
        resolver = RefResolver("", self.document)
        Draft202012Validator(schema, resolver=resolver).validate(value)

    # --- as written ---

    def test_the_commands_of_the_page_work(self):
        shop = self.get(f"{SPACE}/instances/Msvm_VirtualSystemCollection?filter=ElementName='shop'")
        words = {
            "SITE": str(self.site.directory),
            "PASSWORD": self.password,
            "127.0.0.1:5986": self.address.removeprefix("https://"),
            "ID": shop["instances"][0]["CollectionID"],
            # A stream has no end of its own.
            "api --no-buffer": f"! api --no-buffer --max-time {STREAM_S}",
        }
        blocks = [block for block in pages.blocks("docs/api.md") if block.language == "sh"]
        todo = [command for block in blocks for command in pages.commands(block)]
        runs = pages.run_shell(todo, words, self.site.directory, dict(os.environ))
        pages.judge(self, runs, EXPECTED)

    # --- reading ---

    def test_finds_its_way_by_links(self):
        root = self.get("/api/v1/")
        spaces = {space["name"]: space["@href"] for space in root["namespaces"]}
        self.assertEqual(spaces["root/HyperVCluster/v2"], SPACE)
        for space in spaces.values():
            classes = self.get(self.get(space)["classes"])["classes"]
            for one in classes:
                self.assertEqual(self.get(one["@href"])["name"], one["name"])

    def test_lists_and_filters(self):
        path = f"{SPACE}/instances/Msvm_VirtualSystemCollection"
        found = self.get(f"{path}?filter=ElementName%3D'shop'")["instances"]
        self.assertEqual([one["ElementName"] for one in found], ["shop"])
        self.assertEqual(self.get(found[0]["@href"]), found[0])
        settings = self.get(found[0]["@href"] + "/associators?class=CIM_SettingData")
        self.assertEqual(settings["instances"][0]["ReplicationInterval"], 300)
        self.assertEqual(
            self.get(f"{SPACE}/query?q=SELECT+*+FROM+CIM_ConcreteJob+WHERE+JobState=99"),
            {"instances": []},
        )

    def test_every_reply_fits_the_document(self):
        self.assertEqual(self.document["openapi"], "3.1.0")
        Draft202012Validator.check_schema({"$defs": self.document["components"]["schemas"]})
        validated = 0
        for space in self.get("/api/v1/")["namespaces"]:
            prefix = space["name"].replace("/", ".")
            for one in self.get(space["@href"] + "/classes")["classes"]:
                self.assertIn(f"{prefix}.{one['name']}", self.document["components"]["schemas"])
                if one["abstract"]:
                    continue
                page = self.get(one["instances"])
                self.assert_fits(page, "Instances")
                for instance in page["instances"]:
                    self.assert_fits(instance, f"{prefix}.{instance['@class']}")
                    self.assert_fits(instance, f"{prefix}.{one['name']}")
                    validated += 1
        self.assertGreater(validated, 10)

    # --- methods and events ---

    def test_a_method_is_an_event(self):
        events = self.events("?class=Msvm_VirtualSystemCollection")
        self.assertEqual(events.next()["event"], "ready")
        made = self.call(SERVICE + "DefineCollection", Name="by curl", Type=0)
        self.assert_fits(
            made, "root.HyperVCluster.v2.Msvm_CollectionManagementService" ".DefineCollection.out"
        )
        self.assertEqual(made["ReturnValue"], 0)
        href = made["DefinedCollection"]["@href"]
        created = events.until(lambda event: event["data"]["@href"] == href)
        self.assertEqual(created["event"], "created")
        self.assertEqual(created["data"]["instance"]["ElementName"], "by curl")

        self.call(SERVICE + "RenameCollection", Collection=href, NewName="renamed")
        renamed = events.until(lambda event: event["data"]["@href"] == href)
        self.assertEqual(renamed["event"], "modified")
        self.assertEqual(renamed["data"]["changed"], ["ElementName"])
        self.assertEqual(renamed["data"]["instance"]["ElementName"], "renamed")

        events.close()
        self.call(SERVICE + "DestroyCollection", Collection={"@href": href})
        self.get(href, status=404)
        again = self.events(last=renamed["id"])
        deleted = again.until(lambda event: event["event"] == "deleted")
        self.assertEqual(deleted["data"]["@href"], href)
        forgotten = self.events(last="somewhere-1")
        self.assertEqual(forgotten.next()["event"], "reset")

    def test_a_refused_operation_is_a_failed_job(self):
        events = self.events("?class=CIM_ConcreteJob")
        self.assertEqual(events.next()["event"], "ready")
        shop = self.get(f"{SPACE}/instances/Msvm_VirtualSystemCollection/@")
        answer = self.call(REPLICATION + "InitiateFailover", Collection=shop)
        self.assertNotEqual(answer["ReturnValue"], 0)
        job = events.next()["data"]["instance"]
        self.assertEqual(job["JobState"], 10)
        self.assertEqual(self.get(job["@href"])["ErrorDescription"], job["ErrorDescription"])
        self.assertIn(
            job["@href"], [one["@href"] for one in self.get(SPACE + "/jobs")["instances"]]
        )

    # --- who may come in, and what is wrong ---

    def test_nobody_comes_in_unknown(self):
        self.ask("/api/v1/", status=401, login=False)
        self.ask("/api/v1/events", status=401, login=False)

    def test_a_form_of_another_site_calls_nothing(self):
        before = self.get(f"{SPACE}/instances/Msvm_VirtualSystemCollection")
        for content in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data"):
            header = ("--header", f"Content-Type: {content}", "--data", '{"Name": "x", "Type": 0}')
            problem = json.loads(self.ask(SERVICE + "DefineCollection", *header, status=415))
            self.assert_fits(problem, "Problem")
        self.assertEqual(self.get(f"{SPACE}/instances/Msvm_VirtualSystemCollection"), before)

    def test_says_what_is_wrong(self):
        problem = self.get(f"{SPACE}/instances/NoSuch", status=404)
        self.assert_fits(problem, "Problem")
        self.assertEqual(problem["cimStatusName"], "CIM_ERR_INVALID_CLASS")
        problem = self.call(SERVICE + "DefineCollection", status=400, Nope=1)
        self.assertEqual(problem["cimStatus"], 4)


if __name__ == "__main__":
    unittest.main()
