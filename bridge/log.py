"""The log: JSON lines on stdout, one an event; text a person can read where stdout is a terminal.

Every line has `timestamp` (ISO 8601, UTC), `level` and `event`, then what the event is about: `route`,
counts, ids. Never a body and never a secret: bytes and objects are named by their kind alone.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from enum import Enum
from pathlib import PurePath
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_OURS = ("bridge", "mock_mq")


def configure(stream: TextIO | None = None, *, process: int = 0) -> None:
    """Sends structlog's events and the standard library's to `stream`, stdout by default.

    Our own are kept from INFO up, those of the libraries (boto3, urllib3, ...) from WARNING up. Of several
    processes each has its number in every line. May be called again.
    """
    out = stream if stream is not None else sys.stdout
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([_numbered(process)] if process else []),
        _plain,
    ]
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(out)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in _OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def silence() -> None:
    """Keeps everything back: for a command whose output says it all."""
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def _rendering(out: TextIO) -> list[Processor]:
    # Neither form of traceback shows local variables: they hold bodies and passwords.
    if out.isatty():
        return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    return [
        structlog.processors.format_exc_info,
        _ordered,
        structlog.processors.JSONRenderer(),
    ]


def _numbered(process: int) -> Processor:
    def numbered(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {**event, "process": process}

    return numbered


def _plain(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replaces every value whose `repr` could show more than was meant."""
    return {
        name: value if name in {"exc_info", "_record"} else _shown(value) for name, value in event.items()
    }


def _shown(value: Any) -> Any:
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _shown(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_shown(one) for one in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    return str(value) if isinstance(value, PurePath | BaseException) else f"<{type(value).__name__}>"


def _ordered(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """What is in every line comes first."""
    first = {name: event.pop(name) for name in ("timestamp", "level", "event") if name in event}
    return {**first, **event}
