"""The MQ binding: pymqi or ibmmq, whose calls are the same. Nothing else imports either."""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import structlog

from bridge.errors import Stop
from mock_mq.client import Library, preload

log = structlog.get_logger(__name__)

CHOICE = "BRIDGE_MQ_BINDING"
"""The environment variable that chooses one."""
_NAMES = ("pymqi", "ibmmq")


@dataclass(frozen=True, slots=True)
class Binding:
    """A binding and the client library it runs on. `mq` is the package itself, `constants` its CMQC."""

    name: str
    library: Library
    mq: Any
    constants: Any
    channel_constants: Any


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
    module = _import((wanted,) if wanted else _NAMES)
    binding = Binding(module.__name__, library, module, module.CMQC, module.CMQXC)
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


def _import(names: tuple[str, ...]) -> ModuleType:
    problems = []
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError as e:
            problems.append(f"{name}: {e}")
    raise Stop(f"no MQ binding can be imported ({'; '.join(problems)}): install pymqi or ibmmq")
