"""A site as a client sees it that others wrote: WS-Management messages carried by python3-winrm's
protocol layer, as PowerShell's Invoke-CimMethod writes them. Nothing of Reviver's own is used."""

import dataclasses
import uuid
import xml.etree.ElementTree as xml
from xml.sax.saxutils import escape

from winrm.protocol import Protocol

from e2e.reviver_site import Failed, Site, wait_for

CLUSTER, SINGLE = "root/HyperVCluster/v2", "root/virtualization/v2"
CLASS = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"
ANONYMOUS = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
NAMES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "n": "http://schemas.xmlsoap.org/ws/2004/09/enumeration",
    "b": "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd",
}
GET = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get"
ENUMERATE = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate"
PULL = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Pull"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
ASSOCIATION = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/associationFilter"
STARTED, COMPLETED = 4096, "7"
AT_WORK = ("3", "4")


@dataclasses.dataclass(frozen=True)
class Path:
    class_name: str
    keys: dict
    space: str = CLUSTER

    def selectors(self) -> str:
        keys = {**self.keys, "__cimnamespace": self.space}
        return "".join(
            f'<w:Selector Name="{name}">{escape(value)}</w:Selector>'
            for name, value in keys.items()
        )

    def endpoint(self) -> str:
        return (
            f"<a:Address>{ANONYMOUS}</a:Address><a:ReferenceParameters>"
            f"<w:ResourceURI>{CLASS}{self.class_name}</w:ResourceURI>"
            f"<w:SelectorSet>{self.selectors()}</w:SelectorSet></a:ReferenceParameters>"
        )


def embedded(class_name: str, **properties) -> str:
    """An instance as GetText writes it."""

    def value_of_property(value) -> str:
        text = str(value).upper() if isinstance(value, bool) else str(value)
        return f"<VALUE>{escape(text)}</VALUE>"

    def property_of(name, value):
        if isinstance(value, list):
            inside = "".join(map(value_of_property, value))
            array = f'<PROPERTY.ARRAY NAME="{name}" TYPE="string"><VALUE.ARRAY>{inside}'
            return array + "</VALUE.ARRAY></PROPERTY.ARRAY>"
        kind = {bool: "boolean", int: "uint16"}.get(type(value), "string")
        return f'<PROPERTY NAME="{name}" TYPE="{kind}">{value_of_property(value)}</PROPERTY>'

    inside = "".join(property_of(*each) for each in properties.items())
    return f'<INSTANCE CLASSNAME="{class_name}">{inside}</INSTANCE>'


def local(element) -> str:
    return element.tag.rsplit("}", 1)[-1]


def value_of(element):
    """Text, or the path that an endpoint reference stands for, or None."""
    uri = element.find(".//w:ResourceURI", NAMES)
    if uri is None:
        return None if element.get(NIL) else "".join(element.itertext())
    keys = {each.get("Name"): each.text for each in element.iterfind(".//w:Selector", NAMES)}
    space = keys.pop("__cimnamespace", CLUSTER)
    return Path(uri.text.rsplit("/", 1)[1], keys, space)


def properties_of(element) -> dict:
    """By name; an array is a list, a single value of one is not told apart."""
    result = {}
    for each in element:
        value = value_of(each)
        if local(each) in result:
            before = result[local(each)]
            result[local(each)] = [*(before if isinstance(before, list) else [before]), value]
        else:
            result[local(each)] = value
    return result


class Client:
    def __init__(self, site: Site):
        self.site = site
        self.protocol = Protocol(
            endpoint=f"https://127.0.0.1:{site.wsman_port}/wsman",
            transport="basic",
            username="admin",
            password=(site.directory / "admin.password").read_text().strip(),
            ca_trust_path=str(site.directory / "keys/management.crt"),
        )

    def close(self) -> None:
        if self.protocol.transport.session:
            self.protocol.transport.session.close()

    def send(self, action: str, uri: str, selectors: str, body: str):
        """The reply's Body; a fault is an exception of winrm."""
        names = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMES.items())
        message = (
            f"<s:Envelope {names}><s:Header>"
            f"<a:To>https://127.0.0.1:{self.site.wsman_port}/wsman</a:To>"
            f'<w:ResourceURI s:mustUnderstand="true">{uri}</w:ResourceURI>'
            f"<a:ReplyTo><a:Address>{ANONYMOUS}</a:Address></a:ReplyTo>"
            f'<a:Action s:mustUnderstand="true">{action}</a:Action>'
            f"<a:MessageID>uuid:{uuid.uuid4()}</a:MessageID>"
            '<w:MaxEnvelopeSize s:mustUnderstand="true">512000</w:MaxEnvelopeSize>'
            "<w:OperationTimeout>PT60S</w:OperationTimeout>"
            f"<w:SelectorSet>{selectors}</w:SelectorSet></s:Header><s:Body>{body}</s:Body>"
            "</s:Envelope>"
        )
        return xml.fromstring(self.protocol.send_message(message)).find("s:Body", NAMES)

    # --- reading

    def get(self, path: Path) -> dict:
        body = self.send(GET, CLASS + path.class_name, path.selectors(), "")
        return properties_of(body[0])

    def instances(self, class_name: str, space: str = CLUSTER, inside: str = "") -> list:
        uri = CLASS + class_name
        selectors = Path(class_name, {}, space).selectors()
        asked = f"<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>50</w:MaxElements>{inside}"
        body = self.send(ENUMERATE, uri, selectors, asked + "</n:Enumerate>")
        found = []
        while True:
            for items in (*body.iterfind(".//w:Items", NAMES), *body.iterfind(".//n:Items", NAMES)):
                found += [properties_of(each) for each in items]
            context = body.find(".//n:EnumerationContext", NAMES)
            if context is None or not context.text:
                return found
            asked = f"<n:EnumerationContext>{context.text}</n:EnumerationContext>"
            asked += "<n:MaxElements>50</n:MaxElements>"
            body = self.send(PULL, uri, selectors, f"<n:Pull>{asked}</n:Pull>")

    def associated(self, path: Path, association: str, result: str) -> list:
        wanted = (
            f'<w:Filter Dialect="{ASSOCIATION}"><b:AssociatedInstances>'
            f"<b:Object>{path.endpoint()}</b:Object>"
            f"<b:AssociationClassName>{association}</b:AssociationClassName>"
            f"<b:ResultClassName>{result}</b:ResultClassName>"
            "</b:AssociatedInstances></w:Filter>"
        )
        return self.instances("*", path.space, wanted)

    def service(self, class_name: str, space: str = CLUSTER) -> Path:
        found = self.instances(class_name, space)[0]
        keys = ("CreationClassName", "Name", "SystemCreationClassName", "SystemName")
        return Path(class_name, {key: found[key] for key in keys}, space)

    # --- methods

    def invoke(self, path: Path, method: str, **arguments) -> dict:
        """The out-parameters and ReturnValue."""
        uri = CLASS + path.class_name

        def argument(name, value):
            for each in value if isinstance(value, list) else [value]:
                inside = each.endpoint() if isinstance(each, Path) else escape(str(each))
                yield f"<p:{name}>{inside}</p:{name}>"

        inside = "".join(part for each in arguments.items() for part in argument(*each))
        body = f'<p:{method}_INPUT xmlns:p="{uri}">{inside}</p:{method}_INPUT>'
        return properties_of(self.send(f"{uri}/{method}", uri, path.selectors(), body)[0])

    def done(self, path: Path, method: str, **arguments) -> dict:
        """Calls, waits for the job that was begun, and fails with its text."""
        result = self.invoke(path, method, **arguments)
        if int(result["ReturnValue"]) == STARTED:
            self.wait_for_job(result["Job"], method)
        elif int(result["ReturnValue"]) != 0:
            raise Failed(f"{method} answers {result['ReturnValue']}: {self.reason(result)}")
        return result

    def wait_for_job(self, job: Path, what: str) -> None:
        ended = wait_for(
            f"the end of {what}",
            lambda: (state := self.get(job))["JobState"] not in AT_WORK and state,
            180,
        )
        if ended["JobState"] != COMPLETED:
            raise Failed(f"{what}: {ended['ErrorDescription']}")

    def reason(self, result: dict) -> str:
        """Why a call was refused, from the job that goes with it."""
        return self.get(result["Job"])["ErrorDescription"]

    def refusal(self, path: Path, method: str, **arguments) -> tuple:
        result = self.invoke(path, method, **arguments)
        return int(result["ReturnValue"]), self.reason(result)
