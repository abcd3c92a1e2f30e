"""The values a configuration is made of, each checked and explained: sizes, names, ARNs, ciphers.

Every check takes the value as YAML gave it, returns it as the models hold it and raises `wrong(...)`.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from bridge.configuration.mistakes import VALUE, wrong
from bridge.nearness import near
from code_pages.ccsid import codec

KIB = 1024
MIB = 1024 * KIB

_UNITS = {"": 1, "b": 1, "kib": KIB, "mib": MIB}
_DECIMAL_UNITS = {"k": "KiB", "kb": "KiB", "m": "MiB", "mb": "MiB"}

# IBM MQ 9.x, "Enabling CipherSpecs": those of TLS 1.2 and 1.3, and the aliases that leave the choice.
# TLS 1.0, NULL, RC4 and 3DES are left out on purpose, and with them `ANY`, which allows whatever is enabled.
CIPHER_SPECS = (
    "ANY_TLS12",
    "ANY_TLS12_OR_HIGHER",
    "ANY_TLS13",
    "ANY_TLS13_OR_HIGHER",
    "ECDHE_ECDSA_AES_128_CBC_SHA256",
    "ECDHE_ECDSA_AES_128_GCM_SHA256",
    "ECDHE_ECDSA_AES_256_CBC_SHA384",
    "ECDHE_ECDSA_AES_256_GCM_SHA384",
    "ECDHE_RSA_AES_128_CBC_SHA256",
    "ECDHE_RSA_AES_128_GCM_SHA256",
    "ECDHE_RSA_AES_256_CBC_SHA384",
    "ECDHE_RSA_AES_256_GCM_SHA384",
    "TLS_AES_128_CCM_8_SHA256",
    "TLS_AES_128_CCM_SHA256",
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_CBC_SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
)
_WEAK = re.compile(r"NULL|RC4|RC2|3DES|DES|MD5|EXPORT|SHA$|^ANY$|^SSL|FIPS_WITH")

# "Distinguished names" in the same manual: the attributes that SSLPEER may match.
_PEER_ATTRIBUTES = re.compile(
    r"SERIALNUMBER|MAIL|E|UID|USERID|CN|T|OU|DC|O|STREET|L|ST|SP|S|PC|C|UNSTRUCTUREDNAME|UNSTRUCTUREDADDRESS|DNQ"
)


def text(value: object) -> str:
    """Text that is not empty and has no blanks around it."""
    if isinstance(value, bool):
        raise wrong(f"{VALUE} is read as true or false, text is wanted", "put quotes around it")
    if isinstance(value, int | float):
        raise wrong(f"{VALUE} is a number, text is wanted", "put quotes around it")
    if isinstance(value, tuple):
        raise wrong("is a list, one text is wanted", "write the text alone, without a dash or brackets")
    if not isinstance(value, str):
        raise wrong("is a mapping, text is wanted", "write the text alone, without keys")
    if not value.strip():
        raise wrong(f"{VALUE} is empty", "give it a value or leave the key out")
    if value != value.strip():
        raise wrong(f"{VALUE} has blanks around it", "leave them out")
    return value


def whole_number(value: Any, *, least: int, most: int, unit: str = "") -> int:
    """A whole number within its bounds; `unit` is told to whoever wrote another."""
    wanted = f"a whole number{f' of {unit}' if unit else ''} from {least} to {most}"
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,9}", value):
        raise wrong(
            f"{VALUE} is text, a number is wanted", "write it without quotes", suggestion=f"write {value}"
        )
    if isinstance(value, bool) or not isinstance(value, int):
        seconds = re.fullmatch(r"(\d{1,6})\s*(s|sec|seconds?)", value) if isinstance(value, str) else None
        suggestion = f"write {seconds[1]}" if seconds and unit == "seconds" else ""
        raise wrong(f"{_kind(value)} is not a whole number", f"write {wanted}", suggestion=suggestion)
    if not least <= value <= most:
        raise wrong(f"{VALUE} is out of range", f"write {wanted}")
    return value


def ccsid(value: Any) -> int:
    """A CCSID that text can be written in."""
    number = whole_number(value, least=1, most=65535)
    if codec(number, 0) is None:
        raise wrong(
            f"the bridge can't write text in CCSID {VALUE}", "write 1208 (UTF-8), or see docs/messages.md"
        )
    return number


def size(value: Any, *, least: int, most: int) -> int:
    """A size in bytes, from a plain number or `256KiB`, `1MiB`."""
    wanted = f"write a size from {readable(least)} to {readable(most)}, such as 256KiB or 262144"
    if isinstance(value, str):
        match = re.fullmatch(r"(\d{1,12})\s*([A-Za-z]*)", value.strip())
        unit = match[2].lower() if match else None
        if match and unit in _DECIMAL_UNITS:
            right = f"{match[1]}{_DECIMAL_UNITS[unit]}"
            raise wrong(
                f"{VALUE} leaves open whether 1000 or 1024 is meant",
                "write KiB or MiB (1024 and 1024 times 1024 bytes)",
                suggestion=f"write {right} ({int(match[1]) * _UNITS[_DECIMAL_UNITS[unit].lower()]} bytes)",
            )
        if not match or unit not in _UNITS:
            raise wrong(f"{VALUE} is not a size", wanted)
        value = int(match[1]) * _UNITS[unit]
    elif isinstance(value, bool) or not isinstance(value, int):
        raise wrong(f"{_kind(value)} is not a size", wanted)
    if not least <= value <= most:
        raise wrong(f"{VALUE} is out of range", wanted)
    return int(value)


def flag(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise wrong(f"{_kind(value)} is neither true nor false", "write true or false, without quotes")
    return value


def when_away(value: object) -> str:
    """What a route does while its destination is away: hold or set_aside."""
    given = text(value)
    names = ("hold", "set_aside")
    if given not in names:
        meant = near(given.replace("-", "_"), names)
        suggestion = f"write {meant}" if meant else ""
        raise wrong(
            f"{VALUE} is nothing a route can do", f"write {' or '.join(names)}", suggestion=suggestion
        )
    return given


def not_empty(value: object, *, what: str) -> object:
    """A list that holds something."""
    if not isinstance(value, tuple):
        raise wrong(
            "is not a list", f"write each {what} on a line of its own after a dash, even a single one"
        )
    if not value:
        raise wrong("is empty", f"name at least one {what}")
    return value


def mq_name(value: object, *, what: str, longest: int) -> str:
    """The name of a queue, channel or queue manager: A-Z a-z 0-9 . / _ %, 48 or 20 of them."""
    name = text(value)
    if len(name) > longest:
        raise wrong(f"{VALUE} has {len(name)} characters", f"a {what}'s name has at most {longest}")
    if illegal := re.search(r"[^A-Za-z0-9./_%]", name):
        raise wrong(
            f"{VALUE} is not a {what}'s name",
            "use only the characters A-Z a-z 0-9 . / _ %",
            suggestion=f"leave out the {_character(illegal[0])}, only A-Z a-z 0-9 . / _ % are allowed",
        )
    return name


def connection(value: object) -> str:
    """A queue manager's address in MQ's own form, `host(port)`."""
    given = text(value)
    match = re.fullmatch(r"([^\s(),]+)\((\d{1,9})\)", given)
    if match and not 1 <= int(match[2]) <= 65535:
        raise wrong(f"{VALUE} has a port that is out of range", "a port is a number from 1 to 65535")
    host = match[1] if match else ""
    if match and _is_host(host):
        return given
    if "," in given:
        raise wrong(f"{VALUE} holds several connections", 'make each an entry: ["mq-a(1414)", "mq-b(1414)"]')
    remedy = "write host(port), such as mq-a.example(1414)"
    with_colon = re.fullmatch(r"(?:[a-z]+://)?([^\s()/:,]+)(?::(\d{1,5}))?/?", given)
    suggestion = ""
    if with_colon and _is_host(with_colon[1]):
        suggestion = f"write {with_colon[1]}({with_colon[2] or 1414})"
    raise wrong(f"{VALUE} is not a connection", remedy, suggestion=suggestion)


def address(value: object) -> str:
    """An IP address of this machine's to listen on."""
    given = text(value)
    if not is_address(given):
        raise wrong(
            f"{VALUE} is not an IP address", "write 127.0.0.1 for this machine alone, or 0.0.0.0 for all"
        )
    return given


def collector(value: object) -> str:
    """The base URL of a collector that takes OTLP over HTTP; what lets one in does not belong in it."""
    given = text(value)
    example = "write such as http://127.0.0.1:4318"
    if "@" in given:
        raise wrong(
            "holds a user or a password",
            "leave it out, and set OTEL_EXPORTER_OTLP_HEADERS in the environment",
        )
    host = r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
    if re.fullmatch(host, given):
        raise wrong(f"{VALUE} is not a URL", example, suggestion=f"write http://{given}")
    if not re.fullmatch(rf"https?://{host}(?:/[A-Za-z0-9._~/-]*)?", given):
        raise wrong(f"{VALUE} is not a collector's URL", example)
    base = given.rstrip("/").removesuffix("/v1/traces")
    if base != given.rstrip("/"):
        raise wrong(
            f"{VALUE} is not its base URL", "leave /v1/traces out, which is added", suggestion=f"write {base}"
        )
    return base


def cipher_spec(value: object) -> str:
    """A CipherSpec in MQ's own spelling; empty for plain TCP."""
    if value == "":
        return ""
    name = text(value)
    if name in CIPHER_SPECS:
        return name
    meant = {_cipher_core(known): known for known in CIPHER_SPECS}.get(_cipher_core(name), "")
    if not meant and _WEAK.search(name.upper()):
        raise wrong(
            f"{VALUE} allows what is no longer secure",
            "write ANY_TLS12_OR_HIGHER or a CipherSpec of TLS 1.2 or 1.3",
        )
    meant = meant or near(name, CIPHER_SPECS)
    raise wrong(
        f"{VALUE} is not a CipherSpec of MQ's",
        "write ANY_TLS12_OR_HIGHER, or the channel's own SSLCIPH",
        suggestion=f"write {meant}" if meant else "",
    )


def peer_name(value: object) -> str:
    """A distinguished name to match the queue manager's certificate against, as in SSLPEER; empty for any."""
    if value == "":
        return ""
    name = text(value)
    example = "write it as in SSLPEER, such as CN=QM1,O=Example"
    if len(name) > 1024:
        raise wrong(f"has {len(name)} characters", "SSLPEER has at most 1024")
    attribute = re.match(r"([A-Za-z]+)\s*=", name)
    if not attribute:
        raise wrong(f"{VALUE} is not a distinguished name", example)
    if not _PEER_ATTRIBUTES.fullmatch(attribute[1].upper()):
        raise wrong(f"{VALUE} starts with an attribute that MQ does not match", example)
    return name


def certificate_label(value: object) -> str:
    """The label of the client's certificate in the key repository; empty for the bridge's own."""
    if value == "":
        return ""
    label = text(value)
    if len(label) > 64 or not (label.isascii() and label.isprintable()):
        raise wrong(f"{VALUE} is not a certificate's label", "write at most 64 printable ASCII characters")
    return label


def route_name(value: object) -> str:
    """A route's name, as it appears in logs and in the keys of dead letters."""
    name = text(value)
    if not re.fullmatch(r"[a-z0-9-]{1,63}", name):
        usable = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:63]
        raise wrong(
            f"{VALUE} is not a route's name",
            "write 1 to 63 of a-z 0-9 and -",
            suggestion=f"write 1 to 63 of a-z 0-9 and -, such as {usable}" if usable else "",
        )
    return name


def message_format(value: object) -> str:
    """A message's Format: what its descriptor says of its body, at most 8 characters."""
    name = text(value)
    if (
        len(name) > 8
        or not (name.isascii() and name.isprintable())
        or (name.upper().startswith("MQ") and name != name.upper())
    ):
        suggestion = f"write {name.upper()}" if len(name) <= 8 and name.isascii() else ""
        raise wrong(
            f"{VALUE} is not a format", "write at most 8 characters, such as MQSTR", suggestion=suggestion
        )
    return name


def _kind(value: object) -> str:
    if isinstance(value, tuple):
        return "a list"
    return "a mapping" if isinstance(value, dict) else VALUE


def readable(count: int) -> str:
    """A size as it is written in a configuration."""
    return f"{count // MIB}MiB" if count % MIB == 0 else f"{count // KIB}KiB"


def _character(char: str) -> str:
    return "blank" if char.isspace() else f"'{char}'" if char.isprintable() else "control character"


def _cipher_core(name: str) -> str:
    """A cipher's name without what Java's and OpenSSL's spellings add to MQ's."""
    core = name.upper().replace("-", "_").replace("_WITH_", "_")
    return re.sub(r"^(TLS|SSL)_", "", core).replace("AES128", "AES_128").replace("AES256", "AES_256")


def _is_host(host: str) -> bool:
    if is_address(host):
        return True
    return len(host) <= 253 and all(
        re.fullmatch(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?", label) for label in host.split(".")
    )


def is_address(host: str) -> bool:
    """Whether the host is an IP address, of either version."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def one_of(value: object, *, names: tuple[str, ...]) -> str:
    """One of these words."""
    given = text(value)
    if given not in names:
        meant = near(given, names)
        suggestion = f"write {meant}" if meant else ""
        raise wrong(f"{VALUE} is none of them", f"write {' or '.join(names)}", suggestion=suggestion)
    return given
