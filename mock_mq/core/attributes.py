"""MQINQ: what a queue manager and its queues tell of themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mock_mq.constants import CompletionCode, OpenOption, Reason, Selector
from mock_mq.core.definition import Definition
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
}
_NAME_WIDTH = 48
_KNOWN = frozenset(int(each) for each in Selector)
_NOT_APPLICABLE = -1  # MQIAV_NOT_APPLICABLE
_UNIX = 3  # MQPL_UNIX
_COMMAND_LEVEL = 940
_LOCAL = 1  # MQQT_LOCAL
_PREDEFINED = 1  # MQQDT_PREDEFINED
_AVAILABLE = 1  # MQSP_AVAILABLE
_SHAREABLE, _NOT_SHAREABLE = 1, 0
_PROPERTIES_COMPATIBILITY = 0  # MQPROP_COMPATIBILITY


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
        **_created(started),
    }


def of_queue(queue: Queue) -> Table:
    """A local queue's attributes as they are now."""
    definition = queue.definition
    return {
        Selector.Q_TYPE: _LOCAL,
        Selector.CURRENT_Q_DEPTH: queue.depth,
        Selector.MAX_Q_DEPTH: definition.max_depth,
        Selector.MAX_MSG_LENGTH: definition.max_message_length,
        Selector.INHIBIT_GET: int(definition.get_inhibited),
        Selector.INHIBIT_PUT: int(definition.put_inhibited),
        Selector.OPEN_INPUT_COUNT: queue.open_input,
        Selector.OPEN_OUTPUT_COUNT: queue.open_output,
        Selector.DEF_INPUT_OPEN_OPTION: int(OpenOption.INPUT_SHARED),
        Selector.DEF_PERSISTENCE: definition.default_persistence,
        Selector.DEF_PRIORITY: definition.default_priority,
        Selector.DEFINITION_TYPE: _PREDEFINED,
        Selector.HARDEN_GET_BACKOUT: 1,
        Selector.USAGE: 0,
        Selector.TRIGGER_CONTROL: 0,
        Selector.DIST_LISTS: 0,
        Selector.MSG_DELIVERY_SEQUENCE: 0,
        Selector.SHAREABILITY: _SHAREABLE if definition.shareable else _NOT_SHAREABLE,
        Selector.BACKOUT_THRESHOLD: definition.backout_threshold,
        Selector.PROPERTY_CONTROL: _PROPERTIES_COMPATIBILITY,
        Selector.Q_NAME: definition.name,
        Selector.Q_DESC: definition.description,
        Selector.BACKOUT_REQ_Q_NAME: definition.backout_queue,
        **_created(queue.created),
    }


def _created(when: float) -> Table:
    """Creation date and time, as MQ writes them."""
    created = datetime.fromtimestamp(when, UTC)
    return {
        Selector.CREATION_DATE: f"{created:%Y-%m-%d}",
        Selector.CREATION_TIME: f"{created:%H.%M.%S}",
    }
