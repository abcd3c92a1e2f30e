"""An MQ application: puts and gets with pymqi, over mutual TLS, as any program of a user's would."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bridge.credentials import from_directory
from bridge.key_repository import KeyRepository
from examples.demo.setting import CHANNEL, PASSWORD, QUEUE_MANAGER, USER, Setting
from mock_mq.client import preload

WAIT = 20
"""Seconds that a get waits."""


@dataclass(frozen=True, slots=True)
class Got:
    """A message as it was got, with what its descriptor says."""

    body: bytes = field(repr=False)
    format: str
    ccsid: int
    message_id: bytes


class MqApplication:
    """A connection to the queue manager. `put` and `get` are outside syncpoint."""

    def __init__(self, queue_manager: Any, pymqi: Any) -> None:
        self._queue_manager = queue_manager
        self._pymqi = pymqi

    def put(self, queue: str, body: bytes, *, format_: str = "", ccsid: int = 1208) -> bytes:
        """Puts a message; returns the MsgId it was given."""
        md = self._pymqi.MD()
        md.Format, md.CodedCharSetId = format_.encode(), ccsid
        opened = self._pymqi.Queue(self._queue_manager, queue, self._pymqi.CMQC.MQOO_OUTPUT)
        opened.put(body, md)
        opened.close()
        return bytes(md.MsgId)

    def get(self, queue: str) -> Got:
        """Takes the next message, waiting for it."""
        constants = self._pymqi.CMQC
        md, gmo = self._pymqi.MD(), self._pymqi.GMO()
        gmo.Options = constants.MQGMO_WAIT | constants.MQGMO_NO_SYNCPOINT
        gmo.WaitInterval = WAIT * 1000
        opened = self._pymqi.Queue(self._queue_manager, queue, constants.MQOO_INPUT_SHARED)
        body = opened.get(None, md, gmo)
        opened.close()
        return Got(body, md.Format.decode().strip(), md.CodedCharSetId, bytes(md.MsgId))

    def depth(self, queue: str) -> int:
        """How many messages are on a queue."""
        constants = self._pymqi.CMQC
        opened = self._pymqi.Queue(self._queue_manager, queue, constants.MQOO_INQUIRE)
        depth: int = opened.inquire(constants.MQIA_CURRENT_Q_DEPTH)
        opened.close()
        return depth


@contextlib.contextmanager
def connected(setting: Setting) -> Iterator[MqApplication]:
    """Connects with the bridge's certificate, as the application needs one too."""
    preload()
    import pymqi  # noqa: PLC0415 - once there is a client library

    definition = pymqi.CD(
        ChannelName=CHANNEL.encode(),
        ConnectionName=setting.connection_name.encode(),
        ChannelType=pymqi.CMQC.MQCHT_CLNTCONN,
        TransportType=pymqi.CMQC.MQXPT_TCP,
        SSLCipherSpec=b"ANY_TLS12_OR_HIGHER",
        MaxMsgLength=104_857_600,
    )
    with KeyRepository(from_directory(setting.certificates.bridge)) as keys:
        os.environ["MQKEYRPWD"] = keys.password
        options = pymqi.SCO(KeyRepository=str(keys.path).encode(), CertificateLabel=keys.label.encode())
        queue_manager = pymqi.QueueManager(None)
        queue_manager.connect_with_options(
            QUEUE_MANAGER, cd=definition, sco=options, user=USER, password=PASSWORD
        )
    try:
        yield MqApplication(queue_manager, pymqi)
    finally:
        queue_manager.disconnect()
