"""A queue manager from a file: YAML, or MQSC lines in a file whose name ends in `.mqsc`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from mock_mq import mqsc
from mock_mq.constants import QueueType
from mock_mq.core import Authority, Channel, ChannelRule, Definition, QueueDefinition, Right
from mock_mq.faults import Fault

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9./_%]{1,48}$")]
Pattern = Annotated[str, Field(pattern=r"^[A-Za-z0-9./_%*?]{1,48}$")]


class DefinitionError(ValueError):
    """A file that can't be followed: every mistake on a line of its own."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class _User(_Model):
    password: str
    rights: dict[Pattern, list[Right]] | None = None


class _File(_Model):
    """What a YAML file may have."""

    queue_manager: Name | None = None
    queues: list[QueueDefinition | Name] = []
    rules: list[Pattern] = []
    channels: list[Channel] | None = None
    users: dict[str, _User] = {}
    channel_rules: list[ChannelRule] = []
    dead_letter_queue: Name | None = None
    max_connections: int | None = None
    faults: list[Fault] = []
    mqsc: str = ""

    @field_validator("queues", mode="before")
    @classmethod
    def _types_by_name(cls, queues: Any) -> Any:
        """MQ's numbers for kinds of queues are for programs: a file says `type: ALIAS`."""
        if not isinstance(queues, list):
            return queues
        return [
            each | {"type": QueueType[each["type"]]}
            if isinstance(each, dict) and each.get("type") in QueueType.__members__
            else each
            for each in queues
        ]


def read(path: Path, base: Definition) -> tuple[Definition, tuple[Fault, ...]]:
    """The definition that a file makes of `base`, and the faults that it sets.

    Raises `DefinitionError`, and `OSError` where the file can't be read.
    """
    text = path.read_text(encoding="utf-8")
    try:
        if path.suffix == ".mqsc":
            return mqsc.apply(text, base), ()
        content = yaml.safe_load(text)
        file = _File.model_validate(content if content is not None else {})
        return mqsc.apply(file.mqsc, _defined(file, base)), tuple(file.faults)
    except mqsc.MQSCError as e:
        raise DefinitionError(f"{path}: {e}") from None
    except yaml.YAMLError as e:
        raise DefinitionError(f"{path}: not YAML: {' '.join(str(e).split())}") from None
    except ValidationError as e:
        raise DefinitionError("\n".join(f"{path}: {_told(each)}" for each in e.errors())) from None


def _told(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    return f"{where}: {error['msg']}" if where else str(error["msg"])


def _defined(file: _File, base: Definition) -> Definition:
    queues = {each.name: each for each in base.queues}
    for each in file.queues:
        queue = QueueDefinition(each) if isinstance(each, str) else each
        queues[queue.name] = queue
    changes: dict[str, Any] = {
        "queues": tuple(queues.values()),
        "rules": (*base.rules, *(QueueDefinition(each) for each in file.rules)),
        "users": {**base.users, **{name: user.password for name, user in file.users.items()}},
        "authorities": tuple(_authorities(file)),
        "channel_rules": tuple(file.channel_rules),
    }
    given: dict[str, Any] = {
        "name": file.queue_manager,
        "channels": tuple(file.channels) if file.channels is not None else None,
        "dead_letter_queue": file.dead_letter_queue,
        "max_connections": file.max_connections,
    }
    changes |= {name: value for name, value in given.items() if value is not None}
    return replace(base, **changes)


def _authorities(file: _File) -> list[Authority]:
    found = []
    for name, user in file.users.items():
        if user.rights is not None:
            found.append(Authority(name, "", frozenset({Right.CONNECT})))
            found += [Authority(name, queue, frozenset(rights)) for queue, rights in user.rights.items()]
    return found
