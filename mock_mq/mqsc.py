"""The common MQSC lines, as far as they define what this queue manager has.

DEFINE, ALTER and DELETE of QLOCAL, QALIAS and QMODEL, DEFINE and ALTER CHANNEL of type SVRCONN, and ALTER
QMGR, with their usual attributes; `*` starts a comment, `+` or `-` at its end continues a line. As in "MQSC
commands" of the IBM MQ documentation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mock_mq.constants import DefinitionType, QueueType
from mock_mq.core import Channel, Definition, QueueDefinition

_WORD = re.compile(r"\s*([A-Za-z0-9]+)\s*(?:\(\s*('(?:[^']|'')*'|[^()']*?)\s*\))?")
_NAME = re.compile(r"[A-Za-z0-9./_%]{1,48}")


class MQSCError(ValueError):
    """A line that can't be followed: `line` counts from 1."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}")
        self.line = line


@dataclass(frozen=True, slots=True)
class _Command:
    line: int
    verb: str
    object: str
    name: str
    attributes: Mapping[str, str | None]


def apply(text: str, definition: Definition) -> Definition:
    """What comes of a definition by these lines. Raises `MQSCError` for the first that can't be followed."""
    for line, command in _lines(text):
        definition = _follow(_command(line, command), definition)
    return definition


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Commands with the number of the line they begin at."""
    whole, start = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line.startswith("*") or (not line and not whole):
            continue
        start = start or number
        if line.endswith(("+", "-")):
            whole += line[:-1] + (" " if line.endswith("+") else "")
            continue
        yield start, whole + line.removesuffix(";")
        whole, start = "", 0
    if whole:
        raise MQSCError(start, "the text ends in the middle of a command")


def _command(line: int, text: str) -> _Command:
    words: list[tuple[str, str | None]] = []
    at = 0
    while at < len(text.rstrip()):
        found = _WORD.match(text, at)
        if found is None or not found[0]:
            raise MQSCError(line, f"can't be read at {text[at : at + 20]!r}")
        words.append((found[1].upper(), _value(found[2])))
        at = found.end()
    if len(words) < 2:
        raise MQSCError(line, f"{text.strip()!r} is no command: write DEFINE QLOCAL(NAME) MAXDEPTH(10)")
    (verb, _), (kind, name), *rest = words
    return _Command(line, verb, _OBJECTS.get(kind, kind), name or "", dict(rest))


def _value(raw: str | None) -> str | None:
    if raw is None:
        return None
    return raw[1:-1].replace("''", "'") if raw.startswith("'") else raw.upper()


_OBJECTS = {"QL": "QLOCAL", "QA": "QALIAS", "QM": "QMODEL", "CHL": "CHANNEL"}
_QUEUES = {"QLOCAL": QueueType.LOCAL, "QALIAS": QueueType.ALIAS, "QMODEL": QueueType.MODEL}


def _follow(command: _Command, definition: Definition) -> Definition:
    if command.object == "QMGR" and command.verb == "ALTER":
        return replace(definition, **_fields(command, _OF_QUEUE_MANAGER))
    if command.object != "QMGR" and not _NAME.fullmatch(command.name):
        raise MQSCError(command.line, f"{command.object}({command.name}) has no name that MQ takes")
    if command.object in _QUEUES:
        return _queue(command, definition)
    if command.object == "CHANNEL":
        return _channel(command, definition)
    raise MQSCError(
        command.line,
        f"{command.verb} {command.object} is not known here: there are QLOCAL, QALIAS, QMODEL, CHANNEL, QMGR",
    )


def _queue(command: _Command, definition: Definition) -> Definition:
    queues = {each.name: each for each in definition.queues}
    existing = queues.get(command.name)
    kind = _QUEUES[command.object]
    if command.verb == "DELETE":
        if existing is None:
            raise MQSCError(command.line, f"there is no {command.object}({command.name}) to delete")
        del queues[command.name]
    else:
        changed = _fields(command, _OF_QUEUE)
        queues[command.name] = replace(_base(command, existing, kind, changed), **changed)
    return replace(definition, queues=tuple(queues.values()))


def _base(
    command: _Command, existing: QueueDefinition | None, kind: QueueType, changed: Mapping[str, Any]
) -> QueueDefinition:
    """What a command starts from."""
    if command.verb == "ALTER":
        if existing is None:
            raise MQSCError(command.line, f"there is no {command.object}({command.name}) to alter: DEFINE it")
        return existing
    if command.verb != "DEFINE":
        raise MQSCError(command.line, f"{command.verb} is not known here: there are DEFINE, ALTER, DELETE")
    if existing is not None and "REPLACE" not in command.attributes:
        raise MQSCError(command.line, f"{command.object}({command.name}) is defined already: add REPLACE")
    if kind is QueueType.ALIAS and not changed.get("target"):
        raise MQSCError(command.line, f"QALIAS({command.name}) has no TARGET(QUEUE)")
    dynamic = DefinitionType.TEMPORARY_DYNAMIC if kind is QueueType.MODEL else DefinitionType.PREDEFINED
    return QueueDefinition(command.name, kind, definition_type=dynamic)


def _channel(command: _Command, definition: Definition) -> Definition:
    channels = {each.name: each for each in definition.channels}
    existing = channels.get(command.name)
    if command.verb not in ("DEFINE", "ALTER"):
        raise MQSCError(command.line, f"{command.verb} CHANNEL is not known here: there are DEFINE and ALTER")
    if command.verb == "ALTER" and existing is None:
        raise MQSCError(command.line, f"there is no CHANNEL({command.name}) to alter: DEFINE it")
    if command.verb == "DEFINE" and existing is not None and "REPLACE" not in command.attributes:
        raise MQSCError(command.line, f"CHANNEL({command.name}) is defined already: add REPLACE")
    kind = command.attributes.get("CHLTYPE") or "SVRCONN"
    if kind != "SVRCONN":
        raise MQSCError(command.line, f"CHLTYPE({kind}): clients come in over SVRCONN, and there is no other")
    changed = _fields(command, _OF_CHANNEL)
    channels[command.name] = replace(existing or Channel(command.name), **changed)
    return replace(definition, channels=tuple(channels.values()))


def _fields(command: _Command, known: Mapping[str, tuple[str, Callable[[str], Any]]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for word, value in command.attributes.items():
        if word in _IGNORED:
            continue
        if word in _FLAGS and value is None:
            field, set_to = _FLAGS[word]
            fields[field] = set_to
            continue
        if word not in known:
            raise MQSCError(
                command.line, f"{word} is no attribute known here: there are {', '.join(sorted(known))}"
            )
        field, of = known[word]
        try:
            fields[field] = of(value or "")
        except (ValueError, KeyError):
            raise MQSCError(command.line, f"{word}({value}) is not possible") from None
    return fields


def _choice(**choices: Any) -> Callable[[str], Any]:
    return lambda value: choices[value]


# What says nothing about what this queue manager keeps.
_IGNORED = frozenset({"REPLACE", "NOREPLACE", "CHLTYPE", "TRPTYPE"})
_FLAGS: Mapping[str, tuple[str, Any]] = {
    "SHARE": ("shareable", True),
    "NOSHARE": ("shareable", False),
    "HARDENBO": ("harden_backout", True),
    "NOHARDENBO": ("harden_backout", False),
    "TRIGGER": ("trigger_control", True),
    "NOTRIGGER": ("trigger_control", False),
}
_INHIBITED = _choice(ENABLED=False, DISABLED=True)
_OF_QUEUE: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "DESCR": ("description", str),
    "MAXDEPTH": ("max_depth", int),
    "MAXMSGL": ("max_message_length", int),
    "GET": ("get_inhibited", _INHIBITED),
    "PUT": ("put_inhibited", _INHIBITED),
    "DEFPSIST": ("default_persistence", _choice(NO=0, YES=1)),
    "DEFPRTY": ("default_priority", int),
    "DEFPRESP": ("default_put_response", _choice(SYNC=1, ASYNC=2)),
    "DEFSOPT": ("default_input_exclusive", _choice(EXCL=True, SHARED=False)),
    "MSGDLVSQ": ("priority_sequence", _choice(PRIORITY=True, FIFO=False)),
    "BOTHRESH": ("backout_threshold", int),
    "BOQNAME": ("backout_queue", str),
    "TARGET": ("target", str),
    "TARGQ": ("target", str),
    "DEFTYPE": (
        "definition_type",
        _choice(TEMPDYN=DefinitionType.TEMPORARY_DYNAMIC, PERMDYN=DefinitionType.PERMANENT_DYNAMIC),
    ),
}
_OF_CHANNEL: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "MAXMSGL": ("max_message_length", int),
    "SHARECNV": ("sharing_conversations", lambda value: min(1, int(value))),
    "SSLCIPH": ("cipher_spec", str),
    "SSLPEER": ("peer_name", str),
    "MCAUSER": ("user", str),
    "MAXINST": ("max_instances", int),
}
_OF_QUEUE_MANAGER: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "DEADQ": ("dead_letter_queue", str),
    "MAXMSGL": ("max_message_length", int),
    "MAXUMSGS": ("max_uncommitted", int),
    "MAXHANDS": ("max_handles", int),
    "MARKINT": ("mark_interval", int),
    "CCSID": ("ccsid", int),
}
