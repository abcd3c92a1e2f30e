"""Message context: who may set it, and what is passed on."""

from __future__ import annotations

from typing import Any

import pytest

from mock_mq.constants import OpenOption, PutOption
from mock_mq.wire.structures import MessageDescriptor
from tests.mock_mq.core.house import EVERYTHING, Client, House, refused

MINE: dict[str, Any] = {
    "user": "alice",
    "accounting_token": b"t" * 32,
    "application_identity": "identity",
    "application_type": 28,
    "application_name": "elsewhere",
    "put_date": "20200102",
    "put_time": "03040506",
    "application_origin": "orig",
}
IDENTITY = ("alice", b"t" * 32, "identity")
ORIGIN = (28, "elsewhere", "20200102", "03040506", "orig")
OWN_IDENTITY = ("app", bytes(32), "")
OWN_ORIGIN = (6, "tests", "20231114", "22132050", "")


def _identity(descriptor: MessageDescriptor) -> tuple[object, ...]:
    return descriptor.user, descriptor.accounting_token, descriptor.application_identity


def _origin(descriptor: MessageDescriptor) -> tuple[object, ...]:
    return (
        descriptor.application_type,
        descriptor.application_name,
        descriptor.put_date,
        descriptor.put_time,
        descriptor.application_origin,
    )


@pytest.mark.parametrize(
    ("option", "identity", "origin"),
    [
        (0, OWN_IDENTITY, OWN_ORIGIN),
        (PutOption.DEFAULT_CONTEXT, OWN_IDENTITY, OWN_ORIGIN),
        (PutOption.NO_CONTEXT, ("", bytes(32), ""), (0, "", "", "", "")),
        (PutOption.SET_IDENTITY_CONTEXT, IDENTITY, OWN_ORIGIN),
        (PutOption.SET_ALL_CONTEXT, IDENTITY, ORIGIN),
    ],
)
def test_given_a_context_when_put_then_it_is_kept_as_far_as_asked(
    option: int, identity: tuple[object, ...], origin: tuple[object, ...]
) -> None:
    client = House().client(options=EVERYTHING | OpenOption.SET_ALL_CONTEXT)
    client.put(b"x", option, **MINE)
    got = client.get().descriptor
    assert (_identity(got), _origin(got)) == (identity, origin)


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        (PutOption.PASS_ALL_CONTEXT, 2093),
        (PutOption.PASS_IDENTITY_CONTEXT, 2094),
        (PutOption.SET_ALL_CONTEXT, 2095),
        (PutOption.SET_IDENTITY_CONTEXT, 2096),
    ],
)
def test_given_a_queue_not_opened_for_it_when_put_with_a_context_then_it_is_refused(
    option: int, reason: int
) -> None:
    with refused(reason):
        House().client().put(b"x", option)


def _reader_and_writer() -> tuple[Client, Client]:
    """A handle that saves contexts, and one on the same connection that passes them on; a message waits."""
    house = House()
    house.client(options=EVERYTHING | OpenOption.SET_ALL_CONTEXT).put(b"x", PutOption.SET_ALL_CONTEXT, **MINE)
    reader = house.client(options=OpenOption.INPUT_SHARED | OpenOption.SAVE_ALL_CONTEXT)
    writer = Client(reader.connection, "DEV.QUEUE.2", EVERYTHING | OpenOption.PASS_ALL_CONTEXT)
    return reader, writer


@pytest.mark.parametrize(
    ("option", "origin"),
    [(PutOption.PASS_ALL_CONTEXT, ORIGIN), (PutOption.PASS_IDENTITY_CONTEXT, OWN_ORIGIN)],
)
def test_given_a_message_got_when_its_context_is_passed_then_the_new_one_has_it(
    option: int, origin: tuple[object, ...]
) -> None:
    reader, writer = _reader_and_writer()
    reader.get()
    writer.put(b"y", option, context=reader.handle)
    got = writer.get().descriptor
    assert (_identity(got), _origin(got)) == (IDENTITY, origin)


def test_given_nothing_got_yet_when_its_context_is_passed_then_2098() -> None:
    reader, writer = _reader_and_writer()
    with refused(2098):
        writer.put(b"y", PutOption.PASS_ALL_CONTEXT, context=reader.handle)


@pytest.mark.parametrize("handle", [0, 999])
def test_given_a_handle_that_saves_none_when_its_context_is_passed_then_2097(handle: int) -> None:
    _, writer = _reader_and_writer()
    with refused(2097):
        writer.put(b"y", PutOption.PASS_ALL_CONTEXT, context=handle)
