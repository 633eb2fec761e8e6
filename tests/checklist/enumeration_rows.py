"""E: Enumerate, Pull, Release."""

import threading

from checklist import fixture, soap, wire
from checklist.row import RowTest, at_most, at_once, mode

COLLECTION = fixture.COLLECTION
UNKNOWN = "n:InvalidEnumerationContext"


def ids_of(items) -> list:
    """The CollectionIDs of items that are instances, or have one first."""
    instances = (item[0] if soap.local(item) == "Item" else item for item in items)
    return [soap.values(instance)["CollectionID"] for instance in instances]


class EnumerationRows(RowTest):
    def begin(self, **more) -> str:
        return self.assertAnswer(self.enumerate(COLLECTION, **more)).context

    def test_E01(self):
        reply = self.assertAnswer(self.enumerate(COLLECTION))
        self.assertTrue(reply.context)
        self.assertEqual(reply.items, [])
        self.assertFalse(reply.ended)
        self.assertEqual(len(self.pull(reply.context, at_most(5)).items), 5)
        self.release(reply.context)

    def test_E02(self):
        context = self.begin()
        self.assertEqual(len(self.pull(context).items), 1)
        self.release(context)

    def test_E03(self):
        replies = self.pull_rest(self.begin(), at_most(10))
        found = [key for reply in replies for key in ids_of(reply.items)]
        self.assertCountEqual(found, self.site.ids)
        self.assertEqual(replies[-1].context, "")

    def test_E04(self):
        reply = self.enumerate(COLLECTION, at_once(1000))
        names = [child.tag for child in reply.content]
        self.assertIn(soap.tag("w:Items"), names)
        self.assertIn(soap.tag("w:EndOfSequence"), names)
        self.assertIn(soap.tag("n:EnumerationContext"), names)
        self.assertEqual(reply.context, "")
        self.assertCountEqual(ids_of(reply.items), self.site.ids)

    def test_E05(self):
        reply = self.assertAnswer(self.enumerate(COLLECTION, at_once()))
        self.assertLessEqual(len(reply.items), 1)
        self.release(reply.context)

    def test_E06(self):
        reply = self.enumerate(COLLECTION, at_once(10))
        self.assertEqual(len(reply.items), 10)
        rest = self.pull_rest(reply.context, at_most(100))
        found = ids_of(reply.items) + [key for one in rest for key in ids_of(one.items)]
        self.assertCountEqual(found, self.site.ids)

    def test_E07(self):
        reply = self.pull(self.begin(), at_most(100))
        names = [child.tag for child in reply.content]
        self.assertEqual(reply.content.tag, soap.tag("n:PullResponse"))
        self.assertIn(soap.tag("n:Items"), names)
        self.assertIn(soap.tag("n:EndOfSequence"), names)

    def test_E08(self):
        items = self.all_of(COLLECTION, mode("EnumerateEPR"))
        self.assertEqual(len(items), fixture.COLLECTIONS)
        for item in items[:3]:
            self.assertEqual(item.tag, soap.tag("a:EndpointReference"))
            keys = soap.keys_in(item)
            name_space = keys.pop("__cimnamespace")
            self.assertAnswer(self.get(COLLECTION, keys, name_space=name_space))

    def test_E09(self):
        for item in self.all_of(COLLECTION, mode("EnumerateObjectAndEPR")):
            self.assertEqual(item.tag, soap.tag("w:Item"))
            self.assertEqual(soap.local(item[0]), COLLECTION)
            self.assertEqual(item[1].tag, soap.tag("a:EndpointReference"))
            key = soap.keys_in(item[1])["CollectionID"]
            self.assertEqual(key, soap.values(item[0])["CollectionID"])

    def test_E10(self):
        reply = self.enumerate(COLLECTION, at_once(10) + mode("Foo"))
        self.assertFault(reply, "w:UnsupportedFeature", detail="EnumerationMode")

    def test_E11(self):
        reply = self.enumerate("Msvm_CollectionRecoveryPoint", at_once(10))
        self.assertAnswer(reply)
        self.assertTrue(reply.ended)
        self.assertEqual(reply.items, [])

    def test_E12(self):
        made = self.site.manage("<p:Name>of groups</p:Name><p:Type>1</p:Type>")
        items = self.all_of("CIM_CollectionOfMSEs")
        names = {(soap.space(item), soap.local(item)) for item in items}
        for name in (COLLECTION, "Msvm_ManagementCollection"):
            self.assertIn((soap.CLASS + name, name), names)
        self.assertEqual(len(items), fixture.COLLECTIONS + 1)
        given = soap.as_sent(made.content[0], "p:Collection")
        self.site.manage(given, "DestroyCollection")

    def polymorphic(self, name: str) -> str:
        return f"<b:PolymorphismMode>{name}</b:PolymorphismMode>"

    def test_E13(self):
        items = self.all_of("CIM_CollectionOfMSEs", self.polymorphic("ExcludeSubClassProperties"))
        self.assertEqual(len(items), fixture.COLLECTIONS)
        for item in items:
            self.assertEqual(soap.local(item), "CIM_CollectionOfMSEs")
            self.assertNotIn("ReplicationState", soap.values(item))

    def test_E14(self):
        self.assertEqual(self.all_of("CIM_CollectionOfMSEs", self.polymorphic("None")), [])

    def test_E15(self):
        reply = self.enumerate(COLLECTION, at_once(10) + self.polymorphic("Foo"))
        self.assertFault(reply, "b:PolymorphismModeNotSupported")

    def test_E16(self):
        context = self.begin()
        altered = context[:-1] + ("0" if context[-1] != "0" else "1")
        for wrong in ("uuid:" + fixture.random_name(), "", "x" * 10_000, altered):
            self.assertFault(self.pull(wrong), UNKNOWN)
        self.assertAnswer(self.release(context))

    def test_E17(self):
        context = self.begin()
        released = self.assertAnswer(self.release(context))
        self.assertEqual(len(released.body), 0)
        self.assertFault(self.pull(context), UNKNOWN)
        self.assertFault(self.release(context), UNKNOWN)

    def test_E18(self):
        context = self.begin()
        self.pull_rest(context, at_most(100))
        self.assertFault(self.pull(context), UNKNOWN)

    def test_E20(self):
        context = self.begin(who="reader")
        self.assertFault(self.pull(context, who="other"), UNKNOWN)
        self.assertFault(self.pull(context, who="admin"), UNKNOWN)
        self.assertEqual(len(self.pull(context, at_most(100), who="reader").items), 45)

    def test_E21(self):
        def ask(asked):
            with self.site.connect() as connection:
                http = connection.ask(wire.request(asked.encode(), self.site.fields()))
                return soap.Reply(http)

        uri = soap.CLASS + COLLECTION
        begun = ask(soap.envelope(soap.headers(soap.ENUMERATE, uri), "<n:Enumerate/>"))
        body = f"<n:Pull><n:EnumerationContext>{begun.context}</n:EnumerationContext></n:Pull>"
        pulled = ask(soap.envelope(soap.headers(soap.PULL, uri), body))
        self.assertEqual(len(pulled.items), 1)
        self.release(begun.context)

    def test_E22(self):
        context = self.begin()
        found, clashes = [], []

        def pull_all():
            while True:
                reply = self.pull(context, at_most(2))
                if not reply.is_fault:
                    found.extend(ids_of(reply.items))
                elif reply.subcode == "w:Concurrency":
                    clashes.append(reply)
                    continue
                if reply.is_fault or reply.ended:
                    return

        threads = [threading.Thread(target=pull_all) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertCountEqual(found, self.site.ids)

    def test_E23(self):
        made = self.site.manage("<p:Name>short of life</p:Name>")
        given = soap.as_sent(made.content[0], "p:Collection")
        context = self.begin()
        first = self.pull(context, at_most(1))
        self.site.manage(given, "DestroyCollection")
        rest = self.pull_rest(context, at_most(10))
        found = ids_of(first.items) + [key for one in rest for key in ids_of(one.items)]
        self.assertEqual(len(found), len(set(found)))
        self.assertLessEqual(set(self.site.ids), set(found))

    def test_E25(self):
        opened = []
        while True:
            reply = self.enumerate(COLLECTION, who="reader")
            if reply.is_fault:
                break
            opened.append(reply.context)
            self.assertLess(len(opened), 2000)
        self.assertFault(reply, "w:QuotaLimit", "w:InternalError")
        self.assertTrue(self.begin(who="other"))
        for context in opened:
            self.assertAnswer(self.release(context, who="reader"))
        self.assertTrue(self.begin(who="reader"))

    def test_E26(self):
        reply = self.enumerate(COLLECTION, at_once(10), more="<w:RequestTotalItemsCountEstimate/>")
        self.assertAnswer(reply)
        estimate = reply.root.find(f".//{soap.tag('w:TotalItemsCountEstimate')}")
        if estimate is not None and soap.value_of(estimate) is not None:
            self.assertGreaterEqual(int(estimate.text), 0)
        self.release(reply.context)

    def test_E27(self):
        for expires in ("PT1S", "2001-01-01T00:00:00Z"):
            reply = self.enumerate(COLLECTION, f"<n:Expires>{expires}</n:Expires>")
            if reply.is_fault:
                self.assertFault(reply, "n:InvalidExpirationTime")
            else:
                self.assertAnswer(self.pull(reply.context))
                self.release(reply.context)

    def test_E28(self):
        for verb in ("Renew", "GetStatus"):
            action = f"{soap.PREFIXES['n']}/{verb}"
            reply = self.ask(action, soap.CLASS + COLLECTION, soap.selectors({}), f"<n:{verb}/>")
            self.assertFault(reply, "a:ActionNotSupported")

    def test_E29(self):
        context = self.begin()
        for count in ("0", "-1", "abc"):
            self.assertFault(
                self.pull(context, at_most(count)), "w:SchemaValidationError", "w:InvalidParameter"
            )
            reply = self.enumerate(COLLECTION, at_once(count))
            self.assertFault(reply, "w:SchemaValidationError", "w:InvalidParameter")
        self.assertEqual(len(self.pull(context, at_most(4294967296)).items), 45)

    def test_E30(self):
        context = self.begin()
        reply = self.pull(context, "<n:MaxTime>PT1S</n:MaxTime>" + at_most(5))
        if reply.is_fault:
            self.assertFault(reply, "w:TimedOut")
        else:
            self.assertEqual(len(reply.items), 5)
        self.release(context)

    def test_E31(self):
        context = self.begin()
        body = f"<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext></n:Pull>"
        uri = soap.CLASS + COLLECTION
        self.assertEqual(len(self.ask(soap.PULL, uri, "", body).items), 1)
        self.assertEqual(len(self.pull(context).items), 1)
        self.release(context)
        text = f"select * from {COLLECTION}"
        inside = f'<w:Filter Dialect="{soap.WQL}">{text}</w:Filter>'
        context = self.assertAnswer(self.enumerate(soap.WMI + "*", inside)).context
        self.assertEqual(len(self.pull(context, uri=soap.WMI + "*").items), 1)
        self.release(context, soap.WMI + "*")
