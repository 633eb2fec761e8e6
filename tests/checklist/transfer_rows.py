"""X: Get, Put, Create, Delete. EV: eventing, which is refused."""

from checklist import fixture, soap
from checklist.header_rows import Listener
from checklist.row import RowTest

TRANSFER = (soap.PUT, soap.CREATE, soap.DELETE)


class TransferRows(RowTest):
    def test_X01(self):
        instance = self.assertAnswer(self.get_service()).content
        uri = soap.CLASS + fixture.SERVICE
        self.assertEqual(instance.tag, f"{{{uri}}}{fixture.SERVICE}")
        kind = instance.get(f"{{{soap.SCHEMA_INSTANCE}}}type")
        self.assertTrue(kind.endswith(f":{fixture.SERVICE}_Type"), kind)
        self.assertLessEqual(self.site.service_keys().items(), soap.values(instance).items())

    def test_X02(self):
        uri = soap.WMI.lower() + fixture.SERVICE.lower()
        keys = soap.selectors(self.site.service_keys(), None)
        instance = self.assertAnswer(self.ask(soap.GET, uri, keys)).content
        self.assertEqual(soap.local(instance), fixture.SERVICE)
        self.assertTrue(soap.space(instance).endswith("/" + fixture.SERVICE), instance.tag)
        self.assertEqual(soap.space(instance).lower(), uri.lower())

    def test_X03(self):
        keys = {name.upper(): value for name, value in self.site.service_keys().items()}
        self.assertAnswer(self.get(fixture.SERVICE.upper(), keys))
        self.assertAnswer(self.get_collection(self.site.ids[0].upper()))

    def test_X04(self):
        keys = self.site.service_keys()
        missing = {name: value for name, value in keys.items() if name != "Name"}
        reply = self.get(fixture.SERVICE, missing)
        self.assertFault(reply, "w:InvalidSelectors", detail="InsufficientSelectors")
        reply = self.get(fixture.SERVICE, {**keys, "Colour": "red"})
        self.assertFault(reply, "w:InvalidSelectors", detail="UnexpectedSelectors")
        reply = self.get(fixture.COLLECTION, {})
        self.assertFault(reply, "w:InvalidSelectors", detail="InsufficientSelectors")

    def test_X05(self):
        reply = self.assertAnswer(self.get(fixture.SERVICE, {}))
        self.assertEqual(soap.local(reply.content), fixture.SERVICE)

    def test_X06(self):
        reply = self.get_collection(fixture.random_name())
        self.assertFault(reply, "a:DestinationUnreachable", detail="ResourceNotFound", status=6)

    def test_X07(self):
        reply = self.get("NoSuch", {"Id": "1"})
        self.assertFault(reply, "a:DestinationUnreachable", detail="InvalidResourceURI", status=5)

    def test_X08(self):
        reply = self.get(fixture.SERVICE, {}, name_space="root/nosuch")
        self.assertFault(
            reply,
            "a:DestinationUnreachable",
            "w:InvalidSelectors",
            detail="InvalidNamespace",
            status=3,
        )

    def test_X09(self):
        reply = self.get("CIM_CollectionOfMSEs", {"CollectionID": self.site.ids[0]})
        if reply.is_fault:
            self.assertFault(reply, "a:DestinationUnreachable", detail="InvalidResourceURI")
        else:
            self.assertEqual(soap.local(reply.content), fixture.COLLECTION)

    def body_of(self, key, **change) -> str:
        uri = soap.CLASS + fixture.COLLECTION
        properties = {"CollectionID": key, **change}
        inside = "".join(f"<p:{name}>{value}</p:{name}>" for name, value in properties.items())
        return f'<p:{fixture.COLLECTION} xmlns:p="{uri}">{inside}</p:{fixture.COLLECTION}>'

    def change(self, action, key, body, more=""):
        keys = soap.selectors({"CollectionID": key})
        return self.ask(action, soap.CLASS + fixture.COLLECTION, keys, body, more)

    def assertRefusesChange(self, reply):
        self.assertFault(reply, "w:UnsupportedFeature", "w:AccessDenied", status=7)

    def test_X10(self):
        key = self.site.ids[1]
        for action in TRANSFER:
            self.assertRefusesChange(self.change(action, key, self.body_of(key, ElementName="x")))
        self.assertEqual(self.name_of(key), "group 01")

    def test_X11(self):
        key = self.site.ids[1]
        whole = soap.xml.tostring(self.get_collection(key).content, encoding="unicode")
        self.assertRefusesChange(self.change(soap.PUT, key, whole))

    def test_X12(self):
        key = self.site.ids[1]
        touched = soap.option("wmiarray:__MIInstanceModifiedPropertiesList", "ElementName")
        body = self.body_of(key, ElementName="x")
        reply = self.change(soap.PUT, key, body, f"<w:OptionSet>{touched}</w:OptionSet>")
        self.assertRefusesChange(reply)
        self.assertEqual(self.name_of(key), "group 01")

    def test_X13(self):
        key, other = self.site.ids[1:3]
        reply = self.change(soap.PUT, key, self.body_of(other, ElementName="x"))
        self.assertFault(
            reply, "w:UnsupportedFeature", "t:InvalidRepresentation", "w:InvalidSelectors"
        )
        self.assertEqual((self.name_of(key), self.name_of(other)), ("group 01", "group 02"))

    def test_X14(self):
        uri = soap.CLASS + fixture.COLLECTION
        body = self.body_of(fixture.random_name(), ElementName="made")
        self.assertRefusesChange(self.ask(soap.CREATE, uri, soap.selectors({}), body))
        self.assertEqual(len(self.all_of(fixture.COLLECTION)), fixture.COLLECTIONS)

    def test_X15(self):
        part = '<w:FragmentTransfer s:mustUnderstand="true">ElementName</w:FragmentTransfer>'
        reply = self.get_collection(more=part)
        if reply.is_fault:
            self.assertFault(reply, "w:UnsupportedFeature", detail="FragmentLevelAccess")
        else:
            self.assertEqual(soap.local(reply.content), "XmlFragment")

    def test_X16(self):
        reply = self.change(soap.DELETE, fixture.random_name(), "")
        self.assertFault(reply, "a:DestinationUnreachable", detail="ResourceNotFound", status=6)


class EventingRows(RowTest):
    def subscribe(self, delivery: str):
        query = f'<w:Filter Dialect="{soap.WQL}">select * from CIM_InstModification</w:Filter>'
        body = f"<e:Subscribe>{delivery}{query}</e:Subscribe>"
        return self.ask(soap.SUBSCRIBE, soap.ALL, soap.selectors({}), body)

    def assertNotOffered(self, reply):
        self.assertFault(reply, "a:ActionNotSupported", status=17)

    def test_EV1(self):
        pull = "http://schemas.dmtf.org/wbem/wsman/1/wsman/Pull"
        self.assertNotOffered(self.subscribe(f'<e:Delivery Mode="{pull}"/>'))

    def test_EV2(self):
        # There is no subscription to pull from: a name of one is as unknown as any other.
        self.assertFault(self.pull("uuid:1", uri=soap.ALL), "n:InvalidEnumerationContext")

    def test_EV3(self):
        self.test_EV1()

    def test_EV4(self):
        for verb in ("Renew", "GetStatus", "Unsubscribe"):
            action = soap.PREFIXES["e"] + "/" + verb
            identifier = "<e:Identifier>uuid:1</e:Identifier>"
            reply = self.ask(action, soap.ALL, soap.selectors({}), f"<e:{verb}/>", identifier)
            self.assertNotOffered(reply)

    def test_EV5(self):
        with Listener() as listener:
            notify = (
                f"<e:NotifyTo><a:Address>http://127.0.0.1:{listener.port}/</a:Address></e:NotifyTo>"
            )
            for mode in (
                "http://schemas.xmlsoap.org/ws/2004/08/eventing/DeliveryModes/Push",
                "http://schemas.dmtf.org/wbem/wsman/1/wsman/PushWithAck",
                "http://schemas.dmtf.org/wbem/wsman/1/wsman/Events",
            ):
                reply = self.subscribe(f'<e:Delivery Mode="{mode}">{notify}</e:Delivery>')
                self.assertFault(
                    reply, "a:ActionNotSupported", "e:DeliveryModeRequestedUnavailable"
                )
            self.assertEqual(listener.visits, 0)
