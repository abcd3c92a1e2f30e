"""The client library that pymqi and ibmmq load where IBM's own is not installed.

Both are bindings to a shared object of IBM's. `preload` loads IBM's where it is there, and otherwise a
stand-in under the same name, so that the unmodified packages import and run. Call it before importing either.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import mock_mq

_NAMES = ("libmqm_r.so", "libmqic_r.so")
"""What ibmmq and pymqi are linked with."""


@dataclass(frozen=True, slots=True)
class Library:
    """The client library in use."""

    kind: Literal["IBM", "stand-in"]
    path: str

    @property
    def description(self) -> str:
        """For a log."""
        if self.kind == "IBM":
            return f"IBM MQ client {self.path}"
        return f"mock_mq stand-in client library {mock_mq.__version__}"


_lock = threading.Lock()
_loaded: Library | None = None


def preload() -> Library:
    """Loads the client library into this process, IBM's rather than ours; says which. Done once a process.

    IBM's is looked for where the loader looks (LD_LIBRARY_PATH and the rest), in MQ_INSTALLATION_PATH and
    MQ_FILE_PATH, and in /opt/mqm. Raises `ImportError` where there is neither IBM's nor a stand-in.
    """
    global _loaded  # noqa: PLW0603 - a process has one set of shared objects
    with _lock:
        if _loaded is None:
            _loaded = _load_ibm() or _load_standin()
        return _loaded


def _load_ibm() -> Library | None:
    for directory in _directories():
        found = []
        for name in _NAMES:
            try:
                library = ctypes.CDLL(str(directory / name) if directory else name, ctypes.RTLD_GLOBAL)
            except OSError:
                continue
            # What `sdk` lays out for building pymqi has the name, but no MQI.
            if not hasattr(library, "MQCONNX"):
                continue
            found.append(str(directory / name) if directory else name)
        if found:
            return Library("IBM", found[0])
    return None


def _directories() -> Iterator[Path | None]:
    """Where IBM's library may be; None is wherever the loader looks."""
    yield None
    for variable in ("MQ_INSTALLATION_PATH", "MQ_FILE_PATH"):
        if os.environ.get(variable):
            yield Path(os.environ[variable]) / "lib64"
    yield Path("/opt/mqm/lib64")


def _load_standin() -> Library:
    flags = sys.getdlopenflags()
    # Its symbols must be everybody's: the bindings find them by name.
    sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)
    try:
        from mock_mq.client import library  # noqa: PLC0415 - only where IBM's is not there
    finally:
        sys.setdlopenflags(flags)
    ctypes.CDLL(str(administration_library()), ctypes.RTLD_GLOBAL)
    return Library("stand-in", library.SHARED_OBJECT)


def administration_library() -> Path:
    """The stand-in's libmqic_r.so, as it was built; raises `ImportError` where it was not."""
    for found in Path(__file__).parent.glob("_libmqic_r.*.so"):
        return found
    raise ImportError("the stand-in client library is not built: pip install the project with a C compiler")
