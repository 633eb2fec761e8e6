"""Q: queries in WQL, filters of selectors, and associations."""

import time

from checklist import fixture, soap
from checklist.row import RowTest, at_once, filter_of, mode, neighbours

COLLECTION, MACHINE, MEMBERSHIP = fixture.COLLECTION, fixture.MACHINE, fixture.MEMBERSHIP
ALL_OF_THEM = f"select * from {COLLECTION}"


class QueryRows(RowTest):
    def assertCount(self, reply, count):
        self.assertAnswer(reply)
        self.assertEqual(len(reply.items), count, reply)

    def assertBadQuery(self, text, status=15):
        return self.assertFault(self.query(text), "n:CannotProcessFilter", status=status)

    def test_Q01(self):
        self.assertCount(self.query(ALL_OF_THEM), 45)

    def test_Q02(self):
        for uri in (
            soap.CLASS + "*",
            soap.ALL,
            soap.CLASS + COLLECTION,
            soap.CLASS + "CIM_Collection",
        ):
            self.assertCount(self.query(ALL_OF_THEM, uri), 45)

    def test_Q03(self):
        reply = self.query(ALL_OF_THEM, soap.CLASS + MACHINE)
        self.assertFault(reply, "n:CannotProcessFilter")

    def test_Q04(self):
        key = self.site.ids[5]
        found = self.names_by(
            "ReplicationMode = 0 and (ElementName like 'group 1%' or not "
            f'CollectionID <> "{key}")'
        )
        self.assertLessEqual({"11", "12", "13", "14", "15", "16", "17", "18", "19"}, found)
        self.assertLessEqual(found, {f"{n}" for n in range(10, 20)} | {"05"})

    def test_Q05(self):
        self.assertEqual(self.names_by("ElementName > 'group 42'"), {"43", "44"})
        self.assertEqual(self.names_by("ElementName >= 'group 43'"), {"43", "44"})
        below = "ElementName like 'group%' and ElementName"
        self.assertEqual(self.names_by(f"{below} < 'group 02'"), {"01"})
        self.assertEqual(self.names_by(f"{below} <= 'group 02'"), {"01", "02"})

    def test_Q06(self):
        everything = self.names_by("LastApplyTime Is nUlL")
        self.assertEqual(len(everything), 45)
        self.assertEqual(self.names_by("lastapplytime is not null"), set())
        reply = self.query(f"SELECT * FROM {COLLECTION.lower()} WHERE ELEMENTNAME = 'group 07'")
        self.assertCount(reply, 1)

    def test_Q07(self):
        self.assertEqual(self.names_by("ElementName like 'group 4_'"), {f"4{n}" for n in range(5)})
        self.assertEqual(self.names_by("ElementName like 'group 0[1-3]'"), {"01", "02", "03"})
        self.assertEqual(self.names_by("ElementName like 'group 4[^0-3]'"), {"44"})
        self.assertEqual(self.names_by("ElementName like 'group[%]'"), set())
        self.assertEqual(self.names_by("ElementName like 'group.*'"), set())
        start = time.monotonic()
        self.names_by("ElementName like '%o%o%o%o%o%o%o%o%o%o%o%o%o%o%o%x'")
        self.assertLess(time.monotonic() - start, 2)

    def test_Q08(self):
        for text in (r"'a&<\"\'>é😀'", r'''"a&<\"'>é😀"'''):
            self.assertEqual(self.names_by(f"ElementName = {text}"), {fixture.ODD_NAME[-2:]}, text)
        self.assertEqual(self.names_by(r"ElementName = 'no\\such'"), set())

    def test_Q09(self):
        reply = self.query(f"select CollectionID,ElementName from {COLLECTION}")
        self.assertCount(reply, 45)
        for item in reply.items:
            self.assertEqual(set(soap.values(item)), {"CollectionID", "ElementName"})

    def test_Q10(self):
        both = mode("EnumerateObjectAndEPR")
        reply = self.query(f"select ElementName from {COLLECTION}", inside=both)
        self.assertCount(reply, 45)
        for item in reply.items:
            self.assertIn(soap.keys_in(item[1])["CollectionID"], self.site.ids)

    def test_Q11(self):
        for text in (
            f"{ALL_OF_THEM} where Nonsense = 1",
            f"select Nonsense from {COLLECTION}",
            f"{ALL_OF_THEM} where (ElementName = 'x'",
            "",
        ):
            self.assertBadQuery(text)

    def test_Q12(self):
        reply = self.query("select * from NoSuch")
        self.assertFault(reply, "a:DestinationUnreachable", "n:CannotProcessFilter", status=5)

    def test_Q13(self):
        xpath = "http://www.w3.org/TR/1999/REC-xpath-19991116"
        undeclared = f"<w:Filter>{ALL_OF_THEM}</w:Filter>"
        for inside in (
            filter_of(ALL_OF_THEM, "http://example/x"),
            filter_of("ElementName", xpath),
            undeclared,
        ):
            reply = self.enumerate(COLLECTION, at_once(10) + inside)
            self.assertFault(reply, "n:FilterDialectRequestedUnavailable")

    def test_Q14(self):
        inside = at_once(100) + filter_of(ALL_OF_THEM, soap.WQL.upper().replace("HTTP", "http"))
        self.assertCount(self.enumerate(soap.WMI + "*", inside), 45)

    def test_Q15(self):
        other = filter_of(ALL_OF_THEM, name="n:Filter")
        self.assertCount(self.enumerate(soap.WMI + "*", at_once(100) + other), 45)
        both = at_once(100) + other + filter_of(ALL_OF_THEM)
        self.assertFault(self.enumerate(soap.WMI + "*", both), "n:CannotProcessFilter")

    def selecting(self, uri, **pairs):
        inside = "".join(soap.selector(name, value) for name, value in pairs.items())
        chosen = f"<w:SelectorSet>{inside}</w:SelectorSet>"
        filter_ = f'<w:Filter Dialect="{soap.SELECTORS}">{chosen}</w:Filter>'
        return self.enumerate(uri, at_once(100) + filter_)

    def test_Q16(self):
        self.assertCount(self.selecting(COLLECTION, ElementName="group 07"), 1)
        self.assertCount(self.selecting(COLLECTION, ElementName="group 07", Caption="x"), 0)

    def test_Q17(self):
        for reply in (
            self.selecting(soap.ALL, ElementName="group 07"),
            self.selecting(COLLECTION, LastApplyVirtualMachineIds="x"),
            self.selecting(COLLECTION, LastApplyTime="2025-01-01T00:00:00Z"),
        ):
            self.assertFault(reply, "n:CannotProcessFilter")

    def test_Q18(self):
        cql = filter_of(ALL_OF_THEM, "http://schemas.dmtf.org/wbem/cql/1/dsp0202.pdf")
        reply = self.enumerate(soap.ALL, at_once(100) + cql)
        if reply.is_fault:
            self.assertFault(reply, "n:FilterDialectRequestedUnavailable")
        else:
            self.assertCount(reply, 45)

    # --- associations ---

    def around(self, what, *limits, given=None, uri=soap.ALL, inside=""):
        chosen = neighbours(what, given or self.group(), *limits)
        return self.enumerate(uri, at_once(1000) + chosen + inside)

    def classes_around(self, what, *limits, **more):
        reply = self.assertAnswer(self.around(what, *limits, **more))
        return [soap.local(item) for item in reply.items]

    def test_Q19(self):
        found = self.classes_around("AssociatedInstances")
        self.assertEqual(found.count(MACHINE), 3)
        self.assertIn(fixture.SETTINGS, found)

    def test_Q20(self):
        chosen = f"AssociationClassName={MEMBERSHIP}"
        for limits in (
            (chosen,),
            (chosen, f"ResultClassName={MACHINE}"),
            (chosen, "Role=Collection", "ResultRole=Member"),
        ):
            self.assertEqual(self.classes_around("AssociatedInstances", *limits), [MACHINE] * 3)
        self.assertEqual(self.classes_around("AssociatedInstances", chosen, "Role=Member"), [])

    def test_Q21(self):
        reply = self.around("AssociationInstances", f"ResultClassName={MEMBERSHIP}")
        self.assertCount(reply, 3)
        for item in reply.items:
            for role in ("Collection", "Member"):
                end = item.find(f"{{{soap.CLASS}{MEMBERSHIP}}}{role}")
                self.assertIsNotNone(end.find(soap.tag("a:ReferenceParameters")))

    def test_Q22(self):
        limits = ("AssociationClassName=CIM_CollectedMSEs", "ResultClassName=CIM_System")
        self.assertEqual(self.classes_around("AssociatedInstances", *limits), [MACHINE] * 3)

    def test_Q23(self):
        without = self.group(name_space=None)
        windows = self.group(prefix=soap.WMI)
        qualified = self.group().replace("Selector Name=", "Selector w:Name=")
        for given in (without, windows, qualified):
            found = self.classes_around(
                "AssociatedInstances", f"ResultClassName={MACHINE}", given=given
            )
            self.assertEqual(found, [MACHINE] * 3)

    def test_Q24(self):
        reply = self.around("AssociatedInstances", given=self.group(fixture.random_name()))
        self.assertFault(reply, "a:DestinationUnreachable", detail="ResourceNotFound", status=6)
        nothing = f'<w:Filter Dialect="{soap.ASSOCIATIONS}"><b:AssociatedInstances/></w:Filter>'
        reply = self.enumerate(soap.ALL, at_once(10) + nothing)
        self.assertFault(reply, "n:CannotProcessFilter")

    def test_Q25(self):
        reply = self.around(
            "AssociatedInstances", f"ResultClassName={MACHINE}", "IncludeResultProperty=ElementName"
        )
        self.assertCount(reply, 3)
        for item in reply.items:
            self.assertEqual(list(soap.values(item)), ["ElementName"])

    def test_Q26(self):
        path = rf'\\.\root\HyperVCluster\v2:{COLLECTION}.CollectionID="{self.site.ids[0]}"'
        text = f"{{{path}}} where ResultClass={MACHINE}"
        self.assertCount(self.query(f"associators of {text}"), 3)
        text = f"{{{path}}} where ResultClass={MEMBERSHIP}"
        self.assertCount(self.query(f"references of {text}"), 3)

    def test_Q27(self):
        reply = self.around(
            "AssociatedInstances", f"ResultClassName={MACHINE}", inside=mode("EnumerateEPR")
        )
        self.assertCount(reply, 3)
        for item in reply.items:
            self.assertEqual(item.tag, soap.tag("a:EndpointReference"))
            self.assertIn(soap.keys_in(item)["Name"], self.site.machines[:3])

    def test_Q28(self):
        reply = self.around(
            "AssociatedInstances", f"ResultClassName={MACHINE}", uri=soap.CLASS + COLLECTION
        )
        if reply.is_fault:
            self.assertFault(reply, "n:FilteringNotSupported")
        else:
            self.assertCount(reply, 3)
