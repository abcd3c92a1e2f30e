"""MQINQ: what a queue manager and its queues tell of themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mock_mq.constants import CompletionCode, OpenOption, QueueType, Reason, Selector
from mock_mq.core.definition import COMMAND_QUEUE, Definition, QueueDefinition
from mock_mq.core.queue import Queue
from mock_mq.errors import MQError

Table = Mapping[int, int | str]
"""An object's attributes by selector: MQIA_* are integers, MQCA_* strings."""

_MAX_SELECTORS = 256
_FIRST_CHARACTER_SELECTOR = 2001  # MQCA_FIRST
_WIDTHS = {
    Selector.CREATION_DATE: 12,
    Selector.CREATION_TIME: 8,
    Selector.Q_DESC: 64,
    Selector.Q_MGR_DESC: 64,
    Selector.QSG_NAME: 4,
    Selector.ALTERATION_DATE: 12,
    Selector.ALTERATION_TIME: 8,
    Selector.TRIGGER_DATA: 64,
}
_NAME_WIDTH = 48
_KNOWN = frozenset(int(each) for each in Selector)
_NOT_APPLICABLE = -1  # MQIAV_NOT_APPLICABLE
_UNIX = 3  # MQPL_UNIX
_COMMAND_LEVEL = 940
_AVAILABLE = 1  # MQSP_AVAILABLE
_SHAREABLE, _NOT_SHAREABLE = 1, 0
_ON_TRIGGER_FIRST = 1  # MQTT_FIRST
_QUEUE_MANAGER_SCOPE = 1  # MQSCO_Q_MGR
_PRIORITY, _FIFO = 0, 1  # MQMDS_*


@dataclass(frozen=True, slots=True)
class Attributes:
    """An answer to MQINQ: integers and one string of characters, each in the order of their selectors.

    `reason` is NONE, or a warning: 2068 (an attribute of another kind of object: -1, or asterisks), 2008 or
    2022 (more than there is room for).
    """

    integers: tuple[int, ...]
    characters: str
    reason: Reason = Reason.NONE

    @property
    def completion(self) -> CompletionCode:
        """The completion code that goes with the reason."""
        return CompletionCode.WARNING if self.reason else CompletionCode.OK


def inquire(table: Table, selectors: Sequence[int], integer_count: int, character_length: int) -> Attributes:
    """What was asked for, as much of it as there is room for.

    Raises 2066 (too many selectors), 2067 (an unknown one), 2021 and 2006 (no such room).
    """
    if len(selectors) > _MAX_SELECTORS:
        raise MQError(Reason.SELECTOR_LIMIT_EXCEEDED)
    if integer_count < 0:
        raise MQError(Reason.INT_ATTR_COUNT_ERROR, str(integer_count))
    if character_length < 0:
        raise MQError(Reason.CHAR_ATTR_LENGTH_ERROR, str(character_length))
    unknown = [each for each in selectors if each not in _KNOWN]
    if unknown:
        raise MQError(Reason.SELECTOR_ERROR, str(unknown[0]))
    numbers = [table.get(each, _NOT_APPLICABLE) for each in selectors if each < _FIRST_CHARACTER_SELECTOR]
    text = "".join(_padded(table, each) for each in selectors if each >= _FIRST_CHARACTER_SELECTOR)
    reason = Reason.NONE
    if any(each not in table for each in selectors):
        reason = Reason.SELECTOR_NOT_FOR_TYPE
    elif len(text) > character_length:
        reason = Reason.CHAR_ATTRS_TOO_SHORT
    elif len(numbers) > integer_count:
        reason = Reason.INT_ATTR_COUNT_TOO_SMALL
    return Attributes(tuple(int(each) for each in numbers[:integer_count]), text[:character_length], reason)


def _padded(table: Table, selector: int) -> str:
    width = _WIDTHS.get(Selector(selector), _NAME_WIDTH)
    return str(table[selector])[:width].ljust(width) if selector in table else "*" * width


def of_queue_manager(definition: Definition, identifier: str, started: float) -> Table:
    """A queue manager's attributes; `started` is seconds since the epoch."""
    return {
        Selector.CODED_CHAR_SET_ID: definition.ccsid,
        Selector.COMMAND_LEVEL: _COMMAND_LEVEL,
        Selector.PLATFORM: _UNIX,
        Selector.MAX_PRIORITY: 9,
        Selector.MAX_MSG_LENGTH: definition.max_message_length,
        Selector.MAX_UNCOMMITTED_MSGS: definition.max_uncommitted,
        Selector.MAX_HANDLES: definition.max_handles,
        Selector.SYNCPOINT: _AVAILABLE,
        Selector.DIST_LISTS: 0,
        Selector.PUBSUB_MODE: 0,
        Selector.ADVANCED_CAPABILITY: 0,
        Selector.Q_MGR_NAME: definition.name,
        Selector.Q_MGR_IDENTIFIER: identifier,
        Selector.Q_MGR_DESC: "",
        Selector.DEAD_LETTER_Q_NAME: definition.dead_letter_queue,
        Selector.DEF_XMIT_Q_NAME: "",
        Selector.QSG_NAME: "",
        Selector.COMMAND_INPUT_Q_NAME: COMMAND_QUEUE,
        Selector.MSG_MARK_BROWSE_INTERVAL: definition.mark_interval,
        **_created(started),
    }


def of_queue(queue: Queue) -> Table:
    """A local queue's attributes as they are now."""
    return {
        **_of_definition(queue.definition),
        Selector.CURRENT_Q_DEPTH: queue.depth,
        Selector.OPEN_INPUT_COUNT: queue.open_input,
        Selector.OPEN_OUTPUT_COUNT: queue.open_output,
        **_created(queue.created),
    }


def of_alias(definition: QueueDefinition) -> Table:
    """An alias's own attributes."""
    return {
        Selector.Q_TYPE: int(QueueType.ALIAS),
        Selector.Q_NAME: definition.name,
        Selector.Q_DESC: definition.description,
        Selector.BASE_OBJECT_NAME: definition.target,
        Selector.BASE_TYPE: 1,  # MQOT_Q
        Selector.INHIBIT_GET: int(definition.get_inhibited),
        Selector.INHIBIT_PUT: int(definition.put_inhibited),
        Selector.DEF_PERSISTENCE: definition.default_persistence,
        Selector.DEF_PRIORITY: definition.default_priority,
        Selector.DEF_PUT_RESPONSE_TYPE: definition.default_put_response,
        Selector.DEF_READ_AHEAD: definition.default_read_ahead,
        Selector.DEF_BIND: 0,
        Selector.SCOPE: _QUEUE_MANAGER_SCOPE,
        Selector.PROPERTY_CONTROL: definition.property_control,
        Selector.CLUSTER_NAME: "",
        Selector.CLUSTER_NAMELIST: "",
    }


def of_model(definition: QueueDefinition) -> Table:
    """A model's attributes: those of the queues that are made from it."""
    return _of_definition(definition)


def _of_definition(definition: QueueDefinition) -> Table:
    exclusive = definition.default_input_exclusive
    return {
        Selector.Q_TYPE: int(definition.type),
        Selector.MAX_Q_DEPTH: definition.max_depth,
        Selector.MAX_MSG_LENGTH: definition.max_message_length,
        Selector.INHIBIT_GET: int(definition.get_inhibited),
        Selector.INHIBIT_PUT: int(definition.put_inhibited),
        Selector.DEF_INPUT_OPEN_OPTION: int(
            OpenOption.INPUT_EXCLUSIVE if exclusive else OpenOption.INPUT_SHARED
        ),
        Selector.DEF_PERSISTENCE: definition.default_persistence,
        Selector.DEF_PRIORITY: definition.default_priority,
        Selector.DEF_PUT_RESPONSE_TYPE: definition.default_put_response,
        Selector.DEF_READ_AHEAD: definition.default_read_ahead,
        Selector.DEFINITION_TYPE: int(definition.definition_type),
        Selector.DEF_BIND: 0,
        Selector.SCOPE: _QUEUE_MANAGER_SCOPE,
        Selector.HARDEN_GET_BACKOUT: int(definition.harden_backout),
        Selector.USAGE: 0,
        Selector.TRIGGER_CONTROL: int(definition.trigger_control),
        Selector.TRIGGER_TYPE: _ON_TRIGGER_FIRST,
        Selector.TRIGGER_DEPTH: 1,
        Selector.TRIGGER_MSG_PRIORITY: 0,
        Selector.TRIGGER_DATA: "",
        Selector.INITIATION_Q_NAME: "",
        Selector.PROCESS_NAME: "",
        Selector.DIST_LISTS: 0,
        Selector.MSG_DELIVERY_SEQUENCE: _PRIORITY if definition.priority_sequence else _FIFO,
        Selector.SHAREABILITY: _SHAREABLE if definition.shareable else _NOT_SHAREABLE,
        Selector.BACKOUT_THRESHOLD: definition.backout_threshold,
        Selector.PROPERTY_CONTROL: definition.property_control,
        Selector.Q_NAME: definition.name,
        Selector.Q_DESC: definition.description,
        Selector.BACKOUT_REQ_Q_NAME: definition.backout_queue,
        Selector.CLUSTER_NAME: "",
        Selector.CLUSTER_NAMELIST: "",
    }


def settings(selectors: Sequence[int], integers: Sequence[int]) -> dict[str, Any]:
    """What MQSET changes, as fields of `QueueDefinition`.

    Raises 2067 for what can't be set, 2021 for too few values and 2020 for one that is not possible.
    """
    if len(integers) < len(selectors):
        raise MQError(Reason.INT_ATTR_COUNT_ERROR, f"{len(integers)} values for {len(selectors)} selectors")
    changed: dict[str, Any] = {}
    for selector, value in zip(selectors, integers, strict=False):
        field = _SETTABLE.get(selector)
        if field is None:
            raise MQError(Reason.SELECTOR_ERROR, f"{selector} can't be set")
        if value not in (0, 1):
            raise MQError(Reason.INHIBIT_VALUE_ERROR, f"{field} {value}")
        changed[field] = bool(value)
    return changed


_SETTABLE: Mapping[int, str] = {
    Selector.INHIBIT_GET: "get_inhibited",
    Selector.INHIBIT_PUT: "put_inhibited",
    Selector.TRIGGER_CONTROL: "trigger_control",
}


def _created(when: float) -> Table:
    """Creation date and time, as MQ writes them."""
    created = datetime.fromtimestamp(when, UTC)
    return {
        Selector.CREATION_DATE: f"{created:%Y-%m-%d}",
        Selector.CREATION_TIME: f"{created:%H.%M.%S}",
        Selector.ALTERATION_DATE: f"{created:%Y-%m-%d}",
        Selector.ALTERATION_TIME: f"{created:%H.%M.%S}",
    }
