"""WS-Management messages: envelopes as text, replies as trees."""

import io
import re
import uuid
import xml.etree.ElementTree as xml
from xml.sax.saxutils import escape, quoteattr

NAMESPACE = "root/HyperVCluster/v2"
CIM = "http://schemas.dmtf.org/wbem/wscim/1/common"
CLASS = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"
WMI = f"http://schemas.microsoft.com/wbem/wsman/1/wmi/{NAMESPACE}/"
CLASSES = "http://schemas.dmtf.org/wbem/cim-xml/2/cim-schema/2/*"
ALL = "http://schemas.dmtf.org/wbem/wscim/1/*"
ANONYMOUS = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
ASSOCIATIONS = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/associationFilter"
SELECTORS = "http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter"
WQL = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
FAULT_OF_WINDOWS = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
IDENTITY_MISPRINTED = "http://schemas.dmtf.org/wbem/wsman/identify/1/wsmanidentity.xsd"

PREFIXES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "n": "http://schemas.xmlsoap.org/ws/2004/09/enumeration",
    "t": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "e": "http://schemas.xmlsoap.org/ws/2004/08/eventing",
    "b": "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd",
    "m": "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd",
    "xsi": SCHEMA_INSTANCE,
}
FAULT_ACTIONS = {
    "s": "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault",
    "a": PREFIXES["a"] + "/fault",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault",
    "n": PREFIXES["n"] + "/fault",
    "t": PREFIXES["t"] + "/fault",
    "e": PREFIXES["e"] + "/fault",
    "b": "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/fault",
}
GET, PUT, CREATE, DELETE = (
    f"{PREFIXES['t']}/{verb}" for verb in ("Get", "Put", "Create", "Delete")
)
ENUMERATE, PULL, RELEASE = (f"{PREFIXES['n']}/{verb}" for verb in ("Enumerate", "Pull", "Release"))
SUBSCRIBE = PREFIXES["e"] + "/Subscribe"
DETAIL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/"


def tag(name: str) -> str:
    """ "s:Body" as ElementTree names it."""
    prefix, local = name.split(":")
    return f"{{{PREFIXES[prefix]}}}{local}"


def local(element) -> str:
    return element.tag.rsplit("}", 1)[-1]


def space(element) -> str:
    return element.tag[1:].split("}")[0] if element.tag.startswith("{") else ""


def selector(name: str, value: str) -> str:
    return f"<w:Selector Name={quoteattr(name)}>{escape(value)}</w:Selector>"


def selectors(pairs: dict, name_space=NAMESPACE) -> str:
    whole = {**pairs, "__cimnamespace": name_space} if name_space else pairs
    inside = "".join(selector(name, value) for name, value in whole.items())
    return f"<w:SelectorSet>{inside}</w:SelectorSet>" if inside else ""


def reference(class_name: str, keys: dict, name_space=NAMESPACE, prefix=CLASS) -> str:
    """The children of an endpoint reference."""
    return (
        f"<a:Address>{ANONYMOUS}</a:Address><a:ReferenceParameters><w:ResourceURI>{prefix}"
        f"{class_name}</w:ResourceURI>{selectors(keys, name_space)}</a:ReferenceParameters>"
    )


def option(name: str, value: str, more="") -> str:
    return f"<w:Option Name={quoteattr(name)} {more}>{escape(value)}</w:Option>"


def headers(action, uri, selected="", message_id=None, to="https://h:5986/wsman") -> dict:
    """The headers of a request, by name, so that a test can take one out or change it."""
    return {
        "To": f"<a:To>{to}</a:To>",
        "ResourceURI": f'<w:ResourceURI s:mustUnderstand="true">{escape(uri)}</w:ResourceURI>',
        "ReplyTo": f"<a:ReplyTo><a:Address>{ANONYMOUS}</a:Address></a:ReplyTo>",
        "Action": f'<a:Action s:mustUnderstand="true">{escape(action)}</a:Action>',
        "MessageID": f"<a:MessageID>{message_id or 'uuid:' + str(uuid.uuid4())}</a:MessageID>",
        "SelectorSet": selected,
    }


def envelope(header: dict, body: str, more="") -> str:
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in PREFIXES.items())
    inside = "".join(header.values()) + more
    return (
        f"<s:Envelope {declared}><s:Header>{inside}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )


def identify(name_space=IDENTITY) -> str:
    return (
        f'<s:Envelope xmlns:s="{PREFIXES["s"]}" xmlns:i="{name_space}"><s:Header/>'
        "<s:Body><i:Identify/></s:Body></s:Envelope>"
    )


def parse(data: bytes) -> tuple:
    """The tree, and the prefixes that are declared anywhere in it."""
    declared = {}
    root = None
    for event, item in xml.iterparse(io.BytesIO(data), events=("start-ns", "end")):
        if event == "start-ns":
            declared[item[0]] = item[1]
        else:
            root = item
    return root, declared


class Reply:
    """An HTTP reply that holds an envelope."""

    def __init__(self, http):
        self.http = http
        self.status = http.status
        try:
            self.root, self.declared = parse(http.body)
        except xml.ParseError as error:
            raise AssertionError(f"{http.status}: no XML ({error}): {http.body[:300]}") from error

    def __repr__(self):
        return f"{self.status} {self.http.body.decode(errors='replace')[-1500:]}"

    def header(self, name: str) -> str:
        found = self.root.find(f"{tag('s:Header')}/{tag(name)}")
        return "" if found is None else found.text or ""

    @property
    def body(self):
        return self.root.find(tag("s:Body"))

    @property
    def content(self):
        return self.body[0]

    @property
    def is_fault(self) -> bool:
        return len(self.body) == 1 and self.content.tag == tag("s:Fault")

    @property
    def subcode(self) -> str:
        """With the prefix that PREFIXES gives its namespace."""
        code = self.content.find(tag("s:Code"))
        value = code.find(f"{tag('s:Subcode')}/{tag('s:Value')}")
        value = code.find(tag("s:Value")) if value is None else value
        prefix, name = value.text.strip().split(":")
        uri = self.declared[prefix]
        return next(key for key, known in PREFIXES.items() if known == uri) + ":" + name

    @property
    def detail(self) -> str:
        found = self.content.find(f"{tag('s:Detail')}/{tag('w:FaultDetail')}")
        return "" if found is None else found.text.removeprefix(DETAIL)

    @property
    def reason(self) -> str:
        return self.content.find(f"{tag('s:Reason')}/{tag('s:Text')}").text or ""

    @property
    def cim_error(self):
        marked = tag("b:IsCIM_Error")
        found = [one for one in self.content.find(tag("s:Detail")) if one.get(marked) == "true"]
        return found[0] if found else None

    @property
    def cim_status(self) -> int:
        return int(values(self.cim_error)["CIMStatusCode"])

    @property
    def code_of_windows(self) -> int:
        found = self.content.find(f"{tag('s:Detail')}/{{{FAULT_OF_WINDOWS}}}WSManFault")
        return int(found.get("Code"))

    # --- enumerations ---

    @property
    def context(self) -> str:
        found = self.content.find(tag("n:EnumerationContext"))
        return "" if found is None else found.text or ""

    @property
    def ended(self) -> bool:
        names = [tag("n:EndOfSequence"), tag("w:EndOfSequence")]
        return any(child.tag in names for child in self.content)

    @property
    def items(self) -> list:
        for name in ("n:Items", "w:Items"):
            found = self.content.find(tag(name))
            if found is not None:
                return list(found)
        return []


def value_of(element):
    """The text of a property, whatever it is wrapped in; None for null."""
    if element.get(f"{{{SCHEMA_INSTANCE}}}nil") in ("true", "1"):
        return None
    if len(element) == 0:
        return element.text or ""
    return "".join(element.itertext())


def values(instance) -> dict:
    """Properties by name; of an array, the list of what is there."""
    found = {}
    for child in instance:
        name = local(child)
        if name not in found:
            found[name] = value_of(child)
            continue
        if not isinstance(found[name], list):
            found[name] = [found[name]]
        found[name].append(value_of(child))
    return found


def keys_in(reference_element) -> dict:
    """Selectors by name, those of an endpoint reference in the order in which they stand."""
    set_of = reference_element.iter(tag("w:SelectorSet"))
    return {one.get("Name"): one.text or "" for one in next(set_of)}


def as_sent(element, name: str) -> str:
    """The inside of an element as text, its namespaces declared, to be sent back."""
    text = "".join(xml.tostring(child, encoding="unicode") for child in element)
    return f"<{name}>{text}</{name}>"


def prefixes_are_declared(data: bytes) -> bool:
    """Whether every xsi:type names a prefix that is declared where it stands."""
    scope, found = [], []
    parser = xml.XMLPullParser(("start", "end", "start-ns", "end-ns"))
    parser.feed(data)
    for event, item in parser.read_events():
        if event == "start-ns":
            scope.append(item[0])
        elif event == "end-ns":
            scope.pop()
        elif event == "start":
            declared = item.get(f"{{{SCHEMA_INSTANCE}}}type")
            found.append(declared is None or declared.split(":")[0] in scope)
    return all(found)


def has_doctype(data: bytes) -> bool:
    return re.search(rb"<!DOCTYPE", data) is not None
