"""What each PCF command does to a queue manager, and what it answers of every object it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from mock_mq.constants import DefinitionType, OpenOption, QueueType, Reason, Selector
from mock_mq.core import QueueDefinition, QueueManager, Right
from mock_mq.core.attributes import of_alias, of_model, of_queue
from mock_mq.core.queue import Queue
from mock_mq.errors import MQError
from mock_mq.pcf.numbers import Attribute, ChannelAttribute, Command, Failure
from mock_mq.pcf.structures import Parameter

Answer = tuple[Parameter, ...]
T = TypeVar("T")
_ALL_TYPES = 1001  # MQQT_ALL
_SERVER_CONNECTION = 7  # MQCHT_SVRCONN
_RUNNING = 3  # MQCHS_RUNNING
_QUEUE_MANAGER_RUNNING = 2  # MQQMSTA_RUNNING
_CURRENT = 1011  # MQOT_CURRENT_CHANNEL
_YES = 1


class CommandError(Exception):
    """A command that was refused: MQRCCF_* or MQRC_*, and the parameter it is about, if one is."""

    def __init__(self, reason: int, parameter: int | None = None) -> None:
        super().__init__(f"PCF reason {reason}")
        self.reason = reason
        self.parameter = parameter


class Given:
    """The parameters of a command, each asked for as what it has to be."""

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        self._values: dict[int, object] = {each.id: each.value for each in parameters}

    def get(self, parameter: int, kind: type[T], default: T) -> T:
        """A parameter's value; raises `CommandError` where it is of another kind."""
        return self.need(parameter, kind) if parameter in self._values else default

    def need(self, parameter: int, kind: type[T]) -> T:
        """The same, of a parameter that there has to be."""
        if parameter not in self._values:
            raise CommandError(Failure.PARAMETER_MISSING, parameter)
        value = self._values[parameter]
        if isinstance(value, kind):
            return value
        failure = Failure.INTEGER_PARAMETER if isinstance(value, int) else Failure.STRING_PARAMETER
        raise CommandError(failure, parameter)

    def __contains__(self, parameter: int) -> bool:
        return parameter in self._values


def run(
    queue_manager: QueueManager, command: int, parameters: Sequence[Parameter], user: str
) -> list[Answer]:
    """Does what a command says, and gives an answer for every object it is about.

    Raises `CommandError`, and `MQError` where the queue manager refuses.
    """
    handler = _COMMANDS.get(command)
    if handler is None:
        raise CommandError(Failure.COMMAND)
    if queue_manager.definition.denies(user, "", Right.ADMINISTER):
        raise MQError(Reason.NOT_AUTHORIZED, f"user {user!r} may not administer")
    return handler(queue_manager, Given(parameters))


def _ping(_queue_manager: QueueManager, _given: Given) -> list[Answer]:
    return [()]


def _inquire_queue_manager(queue_manager: QueueManager, given: Given) -> list[Answer]:
    wanted = given.get(Attribute.QUEUE_MANAGER_ATTRIBUTES, tuple, (Attribute.ALL,))
    table = queue_manager.attributes
    return [(_of(table, Selector.Q_MGR_NAME), *_chosen(table, wanted, {int(Selector.Q_MGR_NAME)}))]


def _inquire_queue_manager_status(queue_manager: QueueManager, _given: Given) -> list[Answer]:
    return [
        (
            _of(queue_manager.attributes, Selector.Q_MGR_NAME),
            Parameter(Attribute.QUEUE_MANAGER_STATUS, _QUEUE_MANAGER_RUNNING),
            Parameter(Attribute.COMMAND_SERVER_STATUS, _QUEUE_MANAGER_RUNNING),
            Parameter(Attribute.CONNECTION_COUNT, len(queue_manager.connections())),
        )
    ]


def _inquire_queue(queue_manager: QueueManager, given: Given) -> list[Answer]:
    wanted = given.get(Attribute.QUEUE_ATTRIBUTES, tuple, (Attribute.ALL,))
    first: set[int] = {Selector.Q_NAME, Selector.Q_TYPE}
    answers: list[Answer] = []
    for definition in _named(queue_manager, given):
        table = _table(queue_manager, definition)
        answers.append(
            (_of(table, Selector.Q_NAME), _of(table, Selector.Q_TYPE), *_chosen(table, wanted, first))
        )
    return answers


def _inquire_queue_names(queue_manager: QueueManager, given: Given) -> list[Answer]:
    found = _named(queue_manager, given)
    return [
        (
            Parameter(Attribute.QUEUE_NAMES, tuple(each.name.ljust(48) for each in found)),
            Parameter(Selector.Q_TYPE, tuple(int(each.type) for each in found)),
        )
    ]


def _inquire_queue_status(queue_manager: QueueManager, given: Given) -> list[Answer]:
    pattern = given.need(Selector.Q_NAME, str)
    queues = [each for each in queue_manager.local_queues() if _fits(each.definition.name, pattern)]
    if not queues:
        raise MQError(Reason.UNKNOWN_OBJECT_NAME, pattern)
    return [_status(each) for each in sorted(queues, key=lambda each: each.definition.name)]


def _status(queue: Queue) -> Answer:
    put_date, put_time = _date_and_time(queue.last_put)
    get_date, get_time = _date_and_time(queue.last_get)
    age = queue.oldest_age
    return (
        Parameter(Selector.Q_NAME, queue.definition.name.ljust(48)),
        Parameter(Attribute.STATUS_TYPE, Attribute.QUEUE_STATUS),
        Parameter(Selector.CURRENT_Q_DEPTH, queue.depth),
        Parameter(Selector.OPEN_INPUT_COUNT, queue.open_input),
        Parameter(Selector.OPEN_OUTPUT_COUNT, queue.open_output),
        Parameter(Attribute.UNCOMMITTED, queue.uncommitted),
        Parameter(Attribute.OLDEST_AGE, -1 if age is None else int(age)),
        Parameter(Attribute.LAST_PUT_DATE, put_date),
        Parameter(Attribute.LAST_PUT_TIME, put_time),
        Parameter(Attribute.LAST_GET_DATE, get_date),
        Parameter(Attribute.LAST_GET_TIME, get_time),
    )


def _date_and_time(when: float | None) -> tuple[str, str]:
    if when is None:
        return " " * 12, " " * 8
    moment = datetime.fromtimestamp(when, UTC)
    return f"{moment:%Y-%m-%d}".ljust(12), f"{moment:%H.%M.%S}"


def _create(queue_manager: QueueManager, given: Given) -> list[Answer]:
    name = given.need(Selector.Q_NAME, str)
    kind = _queue_type(given)
    changes = _changes(given)
    if kind is QueueType.MODEL and "definition_type" not in changes:
        changes["definition_type"] = DefinitionType.TEMPORARY_DYNAMIC
    replaces = given.get(Attribute.REPLACE, int, 0) == _YES
    queue_manager.define(QueueDefinition(name, kind, **changes), replace=replaces)
    return [()]


def _change(queue_manager: QueueManager, given: Given) -> list[Answer]:
    name = given.need(Selector.Q_NAME, str)
    definition = queue_manager.definition_of(name)
    if Selector.Q_TYPE in given and _queue_type(given) is not definition.type:
        raise CommandError(Failure.QUEUE_WRONG_TYPE, Selector.Q_TYPE)
    queue_manager.alter(name, **_changes(given))
    return [()]


def _copy(queue_manager: QueueManager, given: Given) -> list[Answer]:
    source = queue_manager.definition_of(given.need(Attribute.FROM_QUEUE, str))
    copied = source.named(given.need(Attribute.TO_QUEUE, str))
    replaces = given.get(Attribute.REPLACE, int, 0) == _YES
    queue_manager.define(copied, replace=replaces)
    queue_manager.alter(copied.name, **_changes(given))
    return [()]


def _clear(queue_manager: QueueManager, given: Given) -> list[Answer]:
    queue_manager.clear(given.need(Selector.Q_NAME, str))
    return [()]


def _delete(queue_manager: QueueManager, given: Given) -> list[Answer]:
    name = given.need(Selector.Q_NAME, str)
    definition = queue_manager.definition_of(name)
    if Selector.Q_TYPE in given and _queue_type(given) is not definition.type:
        raise CommandError(Failure.QUEUE_WRONG_TYPE, Selector.Q_TYPE)
    queue_manager.delete(name, purge=given.get(Attribute.PURGE, int, 0) == _YES)
    return [()]


def _inquire_channel(queue_manager: QueueManager, given: Given) -> list[Answer]:
    pattern = given.need(ChannelAttribute.NAME, str)
    found = [each for each in queue_manager.channels() if _fits(each.name, pattern)]
    if not found:
        raise CommandError(Failure.CHANNEL_NOT_FOUND)
    return [
        (
            Parameter(ChannelAttribute.NAME, each.name.ljust(20)),
            Parameter(ChannelAttribute.TYPE, _SERVER_CONNECTION),
            Parameter(ChannelAttribute.MAX_SHARING_CONVERSATIONS, each.sharing_conversations),
            Parameter(ChannelAttribute.MCA_USER, each.user),
        )
        for each in found
    ]


def _inquire_channel_names(queue_manager: QueueManager, given: Given) -> list[Answer]:
    pattern = given.need(ChannelAttribute.NAME, str)
    found = [each for each in queue_manager.channels() if _fits(each.name, pattern)]
    return [
        (
            Parameter(ChannelAttribute.NAMES, tuple(each.name.ljust(20) for each in found)),
            Parameter(ChannelAttribute.TYPE, tuple(_SERVER_CONNECTION for _ in found)),
        )
    ]


def _inquire_channel_status(queue_manager: QueueManager, given: Given) -> list[Answer]:
    pattern = given.need(ChannelAttribute.NAME, str)
    found = [each for each in queue_manager.connections() if _fits(each.identity.channel, pattern)]
    if not found:
        raise CommandError(Failure.CHANNEL_STATUS_NOT_FOUND)
    answers: list[Answer] = []
    for each in found:
        date, time = _date_and_time(each.identity.connected_at)
        answers.append(
            (
                Parameter(ChannelAttribute.NAME, each.identity.channel.ljust(20)),
                Parameter(ChannelAttribute.TYPE, _SERVER_CONNECTION),
                Parameter(ChannelAttribute.INSTANCE_TYPE, _CURRENT),
                Parameter(ChannelAttribute.STATUS, _RUNNING),
                Parameter(ChannelAttribute.CONNECTION_NAME, each.identity.address),
                Parameter(ChannelAttribute.REMOTE_APPLICATION, each.identity.application),
                Parameter(ChannelAttribute.MCA_USER, each.identity.user),
                Parameter(ChannelAttribute.MESSAGES, each.calls),
                Parameter(ChannelAttribute.START_DATE, date),
                Parameter(ChannelAttribute.START_TIME, time),
            )
        )
    return answers


def _named(queue_manager: QueueManager, given: Given) -> list[QueueDefinition]:
    """The queues that a command is about; raises 2085 where there are none."""
    pattern = given.need(Selector.Q_NAME, str)
    kind = given.get(Selector.Q_TYPE, int, _ALL_TYPES)
    found = [
        each
        for each in queue_manager.queue_definitions()
        if _fits(each.name, pattern) and kind in (_ALL_TYPES, each.type)
    ]
    if not found:
        raise MQError(Reason.UNKNOWN_OBJECT_NAME, pattern)
    return found


def _fits(name: str, pattern: str) -> bool:
    """Whether a name is the one given, or begins as a generic one does: `ORDERS.*`."""
    return fnmatchcase(name, pattern) if pattern.endswith("*") else name == pattern


def _table(queue_manager: QueueManager, definition: QueueDefinition) -> Mapping[int, int | str]:
    if definition.type is QueueType.ALIAS:
        return of_alias(definition)
    if definition.type is QueueType.MODEL:
        return of_model(definition)
    return of_queue(queue_manager.queue(definition.name))


def _of(table: Mapping[int, int | str], selector: int) -> Parameter:
    value = table[selector]
    return Parameter(selector, value.ljust(_WIDTHS.get(selector, 48)) if isinstance(value, str) else value)


_WIDTHS: Mapping[int, int] = {Selector.Q_DESC: 64, Selector.CREATION_DATE: 12, Selector.CREATION_TIME: 8}


def _chosen(table: Mapping[int, int | str], wanted: Sequence[int], without: set[int]) -> Iterator[Parameter]:
    everything = Attribute.ALL in wanted
    for selector in table:
        if selector not in without and (everything or selector in wanted):
            yield _of(table, selector)


def _queue_type(given: Given) -> QueueType:
    value = given.get(Selector.Q_TYPE, int, int(QueueType.LOCAL))
    try:
        return QueueType(value)
    except ValueError:
        raise CommandError(Failure.QUEUE_TYPE, Selector.Q_TYPE) from None


def _definition_type(value: Any) -> DefinitionType:
    try:
        return DefinitionType(value)
    except ValueError:
        raise CommandError(Failure.PARAMETER_VALUE, Selector.DEFINITION_TYPE) from None


def _changes(given: Given) -> dict[str, Any]:
    """The attributes that a command gives, as fields of `QueueDefinition`."""
    changes: dict[str, Any] = {}
    for selector, (field, of) in _FIELDS.items():
        if selector in given:
            raw: Any = given.need(selector, str if selector >= 2001 else int)
            changes[field] = of(raw)
    return changes


_FIELDS: Mapping[int, tuple[str, Callable[[Any], Any]]] = {
    Selector.Q_DESC: ("description", str),
    Selector.MAX_Q_DEPTH: ("max_depth", int),
    Selector.MAX_MSG_LENGTH: ("max_message_length", int),
    Selector.INHIBIT_GET: ("get_inhibited", bool),
    Selector.INHIBIT_PUT: ("put_inhibited", bool),
    Selector.DEF_PERSISTENCE: ("default_persistence", int),
    Selector.DEF_PRIORITY: ("default_priority", int),
    Selector.DEF_PUT_RESPONSE_TYPE: ("default_put_response", int),
    Selector.DEF_READ_AHEAD: ("default_read_ahead", int),
    Selector.SHAREABILITY: ("shareable", bool),
    Selector.DEF_INPUT_OPEN_OPTION: (
        "default_input_exclusive",
        lambda value: value == OpenOption.INPUT_EXCLUSIVE,
    ),
    Selector.MSG_DELIVERY_SEQUENCE: ("priority_sequence", lambda value: value == 0),
    Selector.BACKOUT_THRESHOLD: ("backout_threshold", int),
    Selector.BACKOUT_REQ_Q_NAME: ("backout_queue", str),
    Selector.HARDEN_GET_BACKOUT: ("harden_backout", bool),
    Selector.PROPERTY_CONTROL: ("property_control", int),
    Selector.TRIGGER_CONTROL: ("trigger_control", bool),
    Selector.BASE_OBJECT_NAME: ("target", str),
    Selector.DEFINITION_TYPE: ("definition_type", _definition_type),
}
_COMMANDS: Mapping[int, Callable[[QueueManager, Given], list[Answer]]] = {
    Command.PING_QUEUE_MANAGER: _ping,
    Command.INQUIRE_QUEUE_MANAGER: _inquire_queue_manager,
    Command.INQUIRE_QUEUE_MANAGER_STATUS: _inquire_queue_manager_status,
    Command.INQUIRE_QUEUE: _inquire_queue,
    Command.INQUIRE_QUEUE_NAMES: _inquire_queue_names,
    Command.INQUIRE_QUEUE_STATUS: _inquire_queue_status,
    Command.CREATE_QUEUE: _create,
    Command.CHANGE_QUEUE: _change,
    Command.COPY_QUEUE: _copy,
    Command.CLEAR_QUEUE: _clear,
    Command.DELETE_QUEUE: _delete,
    Command.INQUIRE_CHANNEL: _inquire_channel,
    Command.INQUIRE_CHANNEL_NAMES: _inquire_channel_names,
    Command.INQUIRE_CHANNEL_STATUS: _inquire_channel_status,
}
