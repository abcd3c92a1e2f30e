"""The MQ binding: pymqi or ibmmq, whose calls are the same. Nothing else imports either."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, cast

import structlog

from bridge.errors import Stop
from mock_mq.client import Library, preload

log = structlog.get_logger(__name__)

CHOICE = "BRIDGE_MQ_BINDING"
"""The environment variable that chooses one."""
_NAMES = ("pymqi", "ibmmq")


Structure = Any
"""MQMD, MQGMO, ...: the binding gives an object its fields when it makes it."""


class QueueManager(Protocol):
    """A connection, as both bindings have it. Each call raises `MQMIError` or `PYIFError`."""

    def connect_with_options(self, name: str, **options: Any) -> None:
        """MQCONNX; `options` are `cd`, `sco`, `user` and `password`."""

    def commit(self) -> None:
        """MQCMIT."""

    def backout(self) -> None:
        """MQBACK."""

    def disconnect(self) -> None:
        """MQDISC, which commits."""


class Queue(Protocol):
    """An open queue, as both bindings have it. Each call raises `MQMIError` or `PYIFError`."""

    def open(self, name: bytes, options: int) -> None:
        """MQOPEN."""

    def put(self, body: bytes, *structures: Structure) -> None:
        """MQPUT with MQMD and MQPMO."""

    def inquire(self, selector: int) -> Any:
        """MQINQ of one attribute: a number, or bytes."""

    def get(self, length: int | None, *structures: Structure) -> bytes:
        """MQGET with MQMD and MQGMO into a buffer of that length; None asks for whatever is there."""
        ...


class Package(Protocol):
    """What the bridge uses of `pymqi` or `ibmmq`."""

    QueueManager: Callable[..., QueueManager]
    Queue: Callable[..., Queue]
    MD: type[Structure]
    GMO: type[Structure]
    PMO: type[Structure]
    CD: Callable[[], Structure]
    SCO: Callable[[], Structure]
    MQMIError: Any
    PYIFError: Any
    CMQC: Any
    CMQXC: Any


@dataclass(frozen=True, slots=True)
class Binding:
    """A binding and the client library it runs on. `mq` is the package itself, `constants` its CMQC."""

    name: str
    library: Library
    mq: Package
    constants: Any
    channel_constants: Any


def as_bytes(kind: Any) -> Callable[[bytes], Structure]:
    """A structure of a binding's that is made of bytes, which go to MQ's client: what comes back is `packed`.

    A binding packs and unpacks its own field by field at each call: most of what it takes of a processor.
    """

    class Packed(kind):  # type: ignore[misc]
        # What ibmmq wants to know of an MQMD, in case that it asked again by itself.
        Encoding = CodedCharSetId = 0

        def __init__(self, packed: bytes) -> None:  # the base's makes the fields
            self.packed = packed

        def pack(self) -> bytes:
            return self.packed

        def unpack(self, buffer: bytes) -> None:
            self.packed = buffer

    return Packed


def load_binding(name: str = "") -> Binding:
    """The binding of that name, or of BRIDGE_MQ_BINDING's, or the first of pymqi and ibmmq that is installed.

    Raises `Stop` where it can't be imported.
    """
    wanted = name or os.environ.get(CHOICE, "")
    if wanted and wanted not in _NAMES:
        raise Stop(f"{CHOICE}: {wanted!r} is no MQ binding: choose {' or '.join(_NAMES)}")
    try:
        library = preload()
    except ImportError as e:
        raise Stop(f"no MQ client library: {e}") from None
    found, package = _import((wanted,) if wanted else _NAMES)
    binding = Binding(found, library, package, package.CMQC, package.CMQXC)
    if library.kind == "stand-in":
        log.warning(
            "mq_library",
            binding=binding.name,
            library=library.description,
            note="not IBM's: for rehearsals, tests and mock-mq only",
        )
    else:
        log.info("mq_library", binding=binding.name, library=library.description)
    return binding


def _import(names: tuple[str, ...]) -> tuple[str, Package]:
    # Where OpenTelemetry is installed, ibmmq traces by itself, whether or not anybody wants it: it loads it,
    # changes how properties are got, and fails at a header that it can't read. None makes it do without.
    sys.modules.setdefault("mqotel", None)  # type: ignore[arg-type]
    problems = []
    for name in names:
        try:
            return name, cast("Package", importlib.import_module(name))
        except ImportError as e:
            problems.append(f"{name}: {e}")
    raise Stop(f"no MQ binding can be imported ({'; '.join(problems)}): install pymqi or ibmmq")
