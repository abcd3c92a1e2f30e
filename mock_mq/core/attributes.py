"""MQINQ: what a queue manager and its queues tell of themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mock_mq.constants import OpenOption, Reason, Selector
from mock_mq.core.definition import Definition
from mock_mq.core.queue import Queue
from mock_mq.errors import MQError

_KNOWN = frozenset(int(each) for each in Selector)
_MAX_SELECTORS = 256
_UNIX = 3  # MQPL_UNIX
_COMMAND_LEVEL = 940
_LOCAL = 1  # MQQT_LOCAL
_PREDEFINED = 1  # MQQDT_PREDEFINED
_AVAILABLE = 1  # MQSP_AVAILABLE
_SHAREABLE, _NOT_SHAREABLE = 1, 0
_PROPERTIES_COMPATIBILITY = 0  # MQPROP_COMPATIBILITY


@dataclass(frozen=True, slots=True)
class Attributes:
    """An answer to MQINQ: integers and one string of characters, each in the order of their selectors."""

    integers: tuple[int, ...]
    characters: str


def inquire(
    selectors: Sequence[int], integers: Mapping[int, int], characters: Mapping[int, tuple[str, int]]
) -> Attributes:
    """Picks what was asked for; raises 2067 for an unknown selector, 2068 for another kind of object's."""
    if len(selectors) > _MAX_SELECTORS:
        raise MQError(Reason.SELECTOR_LIMIT_EXCEEDED)
    numbers: list[int] = []
    text = ""
    for selector in selectors:
        if selector in integers:
            numbers.append(integers[selector])
        elif selector in characters:
            value, width = characters[selector]
            text += value[:width].ljust(width)
        elif selector in _KNOWN:
            raise MQError(Reason.SELECTOR_NOT_FOR_TYPE, Selector(selector).name)
        else:
            raise MQError(Reason.SELECTOR_ERROR, str(selector))
    return Attributes(tuple(numbers), text)


def of_queue_manager(
    definition: Definition, identifier: str, started: float
) -> Callable[[Sequence[int]], Attributes]:
    """Answers MQINQ for the queue manager."""
    integers: dict[int, int] = {
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
    }
    characters: dict[int, tuple[str, int]] = {
        Selector.Q_MGR_NAME: (definition.name, 48),
        Selector.Q_MGR_IDENTIFIER: (identifier, 48),
        Selector.Q_MGR_DESC: ("", 64),
        Selector.DEAD_LETTER_Q_NAME: (definition.dead_letter_queue, 48),
        Selector.DEF_XMIT_Q_NAME: ("", 48),
        Selector.QSG_NAME: ("", 4),
        **_created(started),
    }
    return lambda selectors: inquire(selectors, integers, characters)


def of_queue(queue: Queue) -> Callable[[Sequence[int]], Attributes]:
    """Answers MQINQ for a local queue."""

    def answer(selectors: Sequence[int]) -> Attributes:
        definition = queue.definition
        integers: dict[int, int] = {
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
        }
        characters: dict[int, tuple[str, int]] = {
            Selector.Q_NAME: (definition.name, 48),
            Selector.Q_DESC: (definition.description, 64),
            Selector.BACKOUT_REQ_Q_NAME: (definition.backout_queue, 48),
            **_created(queue.created),
        }
        return inquire(selectors, integers, characters)

    return answer


def _created(when: float) -> dict[int, tuple[str, int]]:
    """Creation date and time, as MQ writes them."""
    created = datetime.fromtimestamp(when, UTC)
    return {
        Selector.CREATION_DATE: (f"{created:%Y-%m-%d}", 12),
        Selector.CREATION_TIME: (f"{created:%H.%M.%S}", 8),
    }
