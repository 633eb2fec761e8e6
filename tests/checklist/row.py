"""What the rows have in common: sending requests, and saying what a fault must look like."""

import unittest

from checklist import fixture, soap


class RowTest(unittest.TestCase):
    maxDiff = None

    @property
    def site(self) -> fixture.Fixture:
        return fixture.SITE

    # --- requests ---

    def ask(self, action, uri, selected="", body="", more="", without=(), who="admin", **fields):
        header = soap.headers(action, uri, selected)
        for name in without:
            del header[name]
        return self.site.post(soap.envelope(header, body, more), who, **fields)

    def get(self, class_name, keys, prefix=soap.CLASS, name_space=soap.NAMESPACE, **more):
        selected = soap.selectors(keys, name_space)
        return self.ask(soap.GET, prefix + class_name, selected, **more)

    def get_service(self, **more):
        return self.get(fixture.SERVICE, self.site.service_keys(), **more)

    def get_collection(self, key=None, **more):
        return self.get(fixture.COLLECTION, {"CollectionID": key or self.site.ids[0]}, **more)

    def enumerate(self, uri, inside="", keys=None, name_space=soap.NAMESPACE, **more):
        uri = uri if ":" in uri else soap.CLASS + uri
        body = f"<n:Enumerate>{inside}</n:Enumerate>"
        return self.ask(soap.ENUMERATE, uri, soap.selectors(keys or {}, name_space), body, **more)

    def all_of(self, uri, inside="", **more) -> list:
        """What an enumeration gives at once."""
        reply = self.enumerate(uri, at_once(32000) + inside, **more)
        self.assertFalse(reply.is_fault, reply)
        self.assertTrue(reply.ended, reply)
        return reply.items

    def pull(self, context, inside="", uri=soap.CLASS + fixture.COLLECTION, **more):
        context = f"<n:EnumerationContext>{soap.escape(context)}</n:EnumerationContext>"
        body = f"<n:Pull>{context}{inside}</n:Pull>"
        return self.ask(soap.PULL, uri, soap.selectors({}), body, **more)

    def pull_rest(self, context, inside, **more) -> list:
        """Replies up to the end."""
        replies = []
        while not replies or not replies[-1].ended:
            self.assertLess(len(replies), 200)
            replies.append(self.pull(context, inside, **more))
            self.assertFalse(replies[-1].is_fault, replies[-1])
            context = replies[-1].context or context
        return replies

    def release(self, context, uri=soap.CLASS + fixture.COLLECTION, **more):
        body = f"<n:Release><n:EnumerationContext>{context}</n:EnumerationContext></n:Release>"
        return self.ask(soap.RELEASE, uri, soap.selectors({}), body, **more)

    def query(self, text, uri=soap.WMI + "*", name_space=soap.NAMESPACE, inside="", **more):
        return self.enumerate(
            uri, at_once(32000) + filter_of(text) + inside, name_space=name_space, **more
        )

    def names_by(self, condition: str) -> set:
        """The last two characters of the names of the collections that a condition chooses."""
        text = f"select * from {fixture.COLLECTION} where {condition}"
        reply = self.query(text)
        self.assertFalse(reply.is_fault, reply)
        return {soap.values(item)["ElementName"][-2:] for item in reply.items}

    def invoke(self, method, arguments="", service=fixture.SERVICE, keys=None, **more):
        prefix = more.pop("prefix", soap.CLASS)
        uri = prefix + service
        action = more.pop("action", f"{uri}/{method}")
        body = f'<p:{method}_INPUT xmlns:p="{uri}">{arguments}</p:{method}_INPUT>'
        body = more.pop("body", body)
        keys = self.site.service_keys(service) if keys is None else keys
        return self.ask(action, uri, soap.selectors(keys), body, **more)

    def rename(self, group_argument: str, name: str, **more):
        """A call with a reference that is over at once, and whose effect can be seen."""
        arguments = f"{group_argument}<p:NewName>{name}</p:NewName>"
        return self.invoke("RenameCollection", arguments, fixture.MANAGEMENT, **more)

    def group(self, key=None, **more) -> str:
        keys = {"CollectionID": key or self.site.ids[0]}
        return soap.reference(fixture.COLLECTION, keys, **more)

    def name_of(self, key: str) -> str:
        return soap.values(self.get_collection(key).content)["ElementName"]

    # --- judgements ---

    def assertAnswer(self, reply):
        self.assertEqual(reply.status, 200, reply)
        self.assertFalse(reply.is_fault, reply)
        return reply

    def assertReturns(self, reply, *values):
        self.assertAnswer(reply)
        self.assertIn(int(soap.values(reply.content)["ReturnValue"]), values, reply)
        return reply

    def assertFault(self, reply, *subcodes, detail=None, status=None):
        """The form that every fault has, and what this one says."""
        self.assertEqual(reply.status, 500, reply)
        self.assertTrue(reply.is_fault, reply)
        self.assertIn("application/soap+xml", reply.http.field("Content-Type"))
        self.assertIn(reply.subcode, subcodes, reply)
        self.assertTrue(reply.reason.strip(), reply)
        self.assertEqual(reply.header("a:Action"), soap.FAULT_ACTIONS[reply.subcode[0]])
        if detail is not None:
            self.assertIn(reply.detail, detail if isinstance(detail, tuple) else (detail,), reply)
        if status is not None:
            self.assertEqual(reply.cim_status, status, reply)
        return reply

    def assertRefused(self, reply):
        """A fault of whatever kind, or an HTTP status that refuses."""
        self.assertIn(reply.status, (400, 401, 403, 413, 415, 431, 500, 501, 505), reply)


def at_once(count=None) -> str:
    most = "" if count is None else f"<w:MaxElements>{count}</w:MaxElements>"
    return f"<w:OptimizeEnumeration/>{most}"


def at_most(count) -> str:
    return f"<n:MaxElements>{count}</n:MaxElements>"


def mode(name: str) -> str:
    return f"<w:EnumerationMode>{name}</w:EnumerationMode>"


def filter_of(text: str, dialect=soap.WQL, name="w:Filter") -> str:
    return f'<{name} Dialect="{dialect}">{soap.escape(text)}</{name}>'


def neighbours(what: str, given: str, *more: str) -> str:
    """An association filter: AssociatedInstances or AssociationInstances of an object."""
    limits = "".join(
        f"<b:{name}>{value}</b:{name}>" for name, value in (one.split("=") for one in more)
    )
    inside = f"<b:{what}><b:Object>{given}</b:Object>{limits}</b:{what}>"
    return f'<w:Filter Dialect="{soap.ASSOCIATIONS}">{inside}</w:Filter>'
