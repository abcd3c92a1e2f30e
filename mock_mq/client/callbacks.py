"""How a Python function becomes a call of the MQI that C programs make: no exception ever reaches C."""

from __future__ import annotations

import ctypes
import errno
import functools
import logging
import threading
from collections.abc import Callable
from typing import Any

from mock_mq.client._standin import ffi
from mock_mq.constants import CompletionCode, Reason
from mock_mq.errors import MQError

log = logging.getLogger(__name__)

# C can't hand on what a signal's handler raises in the middle of a call (KeyboardInterrupt, above all), so it
# is raised again in Python once the call has returned. No bytecode of ours may run for that, or it would come
# at once: this is C's function, which reads a thread and a class, and not the two arguments that cffi adds.
_raise_after = functools.partial(
    ctypes.PYFUNCTYPE(None, ctypes.c_ulong, *3 * [ctypes.py_object])(
        ("PyThreadState_SetAsyncExc", ctypes.pythonapi)
    ),
    threading.main_thread().ident,
)

_OK = int(CompletionCode.OK), int(Reason.NONE)
_INTERRUPTED = int(CompletionCode.FAILED), int(Reason.CONNECTION_BROKEN)
_UNEXPECTED = int(CompletionCode.FAILED), int(Reason.UNEXPECTED_ERROR)


def mqi(function: Callable[..., Reason | None]) -> Callable[..., Reason | None]:
    """Makes `function` the MQI call of its name; its reason, or what it raises, goes to the last two."""

    @functools.wraps(function)
    def callback(*arguments: Any) -> None:
        *given, completion, reason = arguments
        # What stays if a signal's handler raises: the connection can't be used any more.
        completion[0], reason[0] = _INTERRUPTED
        try:
            warning = function(*given)
            outcome = (int(CompletionCode.WARNING), int(warning)) if warning else _OK
        except MQError as e:
            log.debug("%s: %s", function.__name__, e)
            outcome = int(e.completion), int(e.reason)
        except Exception:
            log.exception("%s failed in the stand-in client library", function.__name__)
            outcome = _UNEXPECTED
        completion[0], reason[0] = outcome

    ffi.def_extern(function.__name__, onerror=_raise_after)(callback)
    return function


def passing(function: Callable[..., int]) -> Callable[..., int]:
    """Has C call `function`, which returns a number; minus EIO is what C gets where it raises."""
    ffi.def_extern(function.__name__, onerror=_raise_after, error=-errno.EIO)(function)
    return function


def not_supported(name: str) -> None:
    """Has the MQI call of that name refused with 2298."""

    def refuse(*_arguments: Any) -> None:
        raise MQError(Reason.FUNCTION_NOT_SUPPORTED, name)

    refuse.__name__ = name
    mqi(refuse)
