"""A program that uses a binding as its documentation says, for tests of the library beneath it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bridge.binding import Binding
from bridge.key_repository import KeyRepository
from mock_mq.running import RunningQueueManager

QUEUE = "DEV.QUEUE.1"
ANY = b"ANY_TLS12_OR_HIGHER"


@contextmanager
def refused(binding: Binding, reason: int) -> Iterator[Any]:
    """Expects an MQMIError with that reason."""
    with pytest.raises(binding.mq.MQMIError) as error:
        yield error
    assert error.value.reason == reason


def channel(binding: Binding, queue_manager: RunningQueueManager, **fields: Any) -> Any:
    """An MQCD."""
    definition = binding.mq.CD()
    definition.Version = 11
    definition.ChannelName = queue_manager.channel.encode()
    definition.ConnectionName = queue_manager.connection_name.encode()
    definition.MaxMsgLength = 104_857_600
    for name, value in fields.items():
        setattr(definition, name, value)
    return definition


class Program:
    """A connection to `queue_manager`, or to wherever `cd` in the options says."""

    def __init__(
        self, binding: Binding, queue_manager: RunningQueueManager | None, *, name: str = "", **options: Any
    ) -> None:
        # More of it than the bridge uses, and so than its types tell.
        self.mq: Any = binding.mq
        self.binding, self.constants = binding, binding.constants
        if queue_manager is not None:
            name = name or queue_manager.name
            options.setdefault("cd", channel(binding, queue_manager))
        self.connection: Any = self.mq.QueueManager(None)
        self.connection.connect_with_options(name, **options)

    def open(self, queue: str = QUEUE, options: int = 0) -> Any:
        constants = self.constants
        everything = (
            constants.MQOO_INPUT_SHARED
            | constants.MQOO_OUTPUT
            | constants.MQOO_BROWSE
            | constants.MQOO_INQUIRE
        )
        opened = self.mq.Queue(self.connection)
        opened.open(queue.encode(), options or everything)
        return opened

    def put(self, queue: Any, body: bytes, *, syncpoint: bool = False, **fields: Any) -> Any:
        md, pmo = self.mq.MD(), self.mq.PMO()
        for name, value in fields.items():
            setattr(md, name, value)
        pmo.Options = self.constants.MQPMO_SYNCPOINT if syncpoint else self.constants.MQPMO_NO_SYNCPOINT
        queue.put(body, md, pmo)
        return md

    def get(
        self, queue: Any, options: int = 0, *, length: int | None = 65_536, **fields: Any
    ) -> tuple[bytes, Any]:
        md, gmo = self.mq.MD(), self.mq.GMO()
        gmo.Options = options
        for name, value in fields.items():
            setattr(gmo if hasattr(gmo, name) else md, name, value)
        return queue.get(length, md, gmo), md


def tls_options(binding: Binding, keys: KeyRepository, monkeypatch: pytest.MonkeyPatch, **fields: Any) -> Any:
    """An MQSCO; the password goes where the binding has a place for it."""
    options = binding.mq.SCO()
    options.KeyRepository = str(keys.path).encode()
    options.CertificateLabel = keys.label.encode()
    password = fields.pop("password", keys.password)
    if binding.name == "ibmmq":
        options.Version = 6
        options.KeyRepoPassword = password
    else:
        monkeypatch.setenv("MQKEYRPWD", password)
    for name, value in fields.items():
        setattr(options, name, value)
    return options


def connect(
    binding: Binding, queue_manager: RunningQueueManager, options: Any, *, cipher: bytes = ANY, **fields: Any
) -> Program:
    definition = channel(binding, queue_manager, SSLCipherSpec=cipher, **fields)
    return Program(binding, queue_manager, cd=definition, sco=options)
