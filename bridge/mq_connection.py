"""A connection to the queue manager, made again whenever it is needed and gone."""

from __future__ import annotations

import contextlib
import ctypes
import os
from typing import Any

from bridge import mq_reasons
from bridge.access import Access
from bridge.binding import Binding, Package, Queue, Structure
from bridge.binding import QueueManager as Connected
from bridge.configuration import QueueManager
from bridge.errors import Away
from bridge.key_repository import KeyRepository
from bridge.mq_reasons import Action

_MAX_MESSAGE_LENGTH = 104_857_600
_CD_VERSION = 11  # the first with a certificate label, and all that is set here
_SCO_WITH_PASSWORD = 6
_WARNING = 1
_GONE = {2009, 2018}
"""MQRC_CONNECTION_BROKEN and MQRC_HCONN_ERROR: the queue manager backs out by itself."""
_HANDLE_GONE = 2018  # MQRC_HCONN_ERROR
_ALREADY_INITIALISED = (
    2391  # MQRC_SSL_ALREADY_INITIALIZED: TLS is set up once a process, and for the same here
)


class MqError(Exception):
    """An MQI call that did not complete OK. `data` and `length` are what an MQGET with a warning brought."""

    def __init__(self, code: int, completion: int = 2, data: bytes = b"", length: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.warning = completion == _WARNING
        self.data = data
        self.length = length


class _Errors:
    """Makes a binding's errors `MqError`. No generator: it is entered for each message."""

    __slots__ = ("_mq",)

    def __init__(self, mq: Package) -> None:
        self._mq = mq

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        if isinstance(error, self._mq.MQMIError):
            refused: Any = error
            message, length = getattr(refused, "message", b""), getattr(refused, "original_length", 0)
            raise MqError(refused.reason, refused.comp, message or b"", length or 0) from None
        if isinstance(error, self._mq.PYIFError):
            # The binding's own word for a handle that is gone.
            raise MqError(_HANDLE_GONE) from error


class MqConnection:
    """One MQCONNX at a time; for one thread. Queues opened on it are closed with it.

    It is made with what `access` holds at that time. Refusals are `MqError` where the caller must judge them,
    else `Away`.
    """

    def __init__(self, binding: Binding, settings: QueueManager, access: Access) -> None:
        self._binding = binding
        self._settings = settings
        self._access = access
        self._errors = _Errors(binding.mq)
        self._queue_manager: Connected | None = None
        self._leaving: Connected | None = None
        self.connects = 0
        """How often it was connected so far."""

    @property
    def binding(self) -> Binding:
        """What it is made with."""
        return self._binding

    @property
    def connected(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self._queue_manager is not None

    @property
    def queue_manager_name(self) -> str:
        """As configured."""
        return self._settings.name

    def connect(self) -> None:
        """Connects, if it is not connected; raises `Away` with what is wrong and what to do."""
        if self.connected:
            return
        try:
            self._leave()
        except MqError as e:
            thing = f"queue manager {self._settings.name}, backing out the unit of work in hand"
            raise self._away(thing, e.code, "to back out") from None
        mq = self._binding.mq
        # Dropping the object must not disconnect, for that commits.
        queue_manager = mq.QueueManager(None, disconnect_on_exit=False)
        definition, peer_name = self._channel_definition()
        options: dict[str, Any] = {"cd": definition}
        credentials, keys = self._access.credentials, self._access.keys
        if credentials and credentials.user:
            options |= {"user": credentials.user, "password": credentials.password}
        if keys:
            options["sco"] = self._tls_options(keys)
        try:
            with self.errors():
                queue_manager.connect_with_options(self._settings.name, **options)
        except MqError as e:
            if not e.warning or e.code != _ALREADY_INITIALISED:
                raise self._refused(e.code) from None
        finally:
            del peer_name  # what the definition points to had to live until now
        self._queue_manager = queue_manager
        self._access.connections.add(self)
        self.connects += 1

    def open(self, queue: str, options: int) -> Queue:
        """MQOPEN: the binding's queue; raises `MqError`."""
        opened = self._binding.mq.Queue(self._connected())
        with self.errors():
            opened.open(queue.encode("ascii"), options)
        return opened

    def commit(self) -> None:
        """MQCMIT; raises `MqError`."""
        with self.errors():
            self._connected().commit()

    def back_out(self) -> None:
        """MQBACK; raises `MqError`."""
        with self.errors():
            self._connected().backout()

    def close(self) -> None:
        """MQBACK and MQDISC. Never raises: `connect` tries again what was refused, before all else."""
        if self._queue_manager is not None:
            self._leaving, self._queue_manager = self._queue_manager, None
        with contextlib.suppress(MqError):
            self._leave()

    def _leave(self) -> None:
        """Ends the last connection, if that is yet to be done; raises `MqError`.

        MQDISC commits: only with nothing left to commit, or no connection to do it over. And without it what
        was in hand would stay so, out of everybody's reach.
        """
        if self._leaving is None:
            return
        try:
            with self.errors():
                self._leaving.backout()
        except MqError as e:
            if e.code not in _GONE:
                raise
        leaving, self._leaving = self._leaving, None
        with contextlib.suppress(MqError), self.errors():
            leaving.disconnect()
        self._access.connections.discard(self)

    def refused(self, queue: str, code: int, doing: str) -> Away:
        """What to raise for a failed call on a queue; closes the connection unless it is still of use."""
        if mq_reasons.reason(code).action is not Action.WAIT:
            self.close()
        return self._away(f"queue {queue} on {self._settings.name}", code, doing)

    def errors(self) -> _Errors:
        """Makes the binding's errors `MqError`."""
        return self._errors

    def _connected(self) -> Connected:
        if self._queue_manager is None:
            raise MqError(_HANDLE_GONE)
        return self._queue_manager

    def _refused(self, code: int) -> Away:
        at = ", ".join(self._settings.connections)
        return self._away(
            f"queue manager {self._settings.name} at {at}, channel {self._settings.channel}",
            code,
            "to connect",
        )

    def _away(self, thing: str, code: int, doing: str) -> Away:
        remedy = ""
        if code == mq_reasons.NOT_AUTHORISED:
            user = self._access.credentials.user if self._access.credentials else ""
            who = f"user {user}" if user else "the channel's user"
            remedy = f"check the password, or let {who} connect" if doing == "to connect" else ""
            remedy = remedy or f"grant {doing.removeprefix('to ').upper()} to {who}"
        slowly = mq_reasons.reason(code).action is Action.PERSON
        return Away(mq_reasons.sentence(thing, code, doing=doing, remedy=remedy), slowly=slowly, code=code)

    def _channel_definition(self) -> tuple[Structure, object]:
        """The MQCD, and what must stay alive as long as it is used."""
        settings = self._settings
        definition = self._binding.mq.CD()
        definition.Version = _CD_VERSION
        definition.ChannelName = settings.channel.encode("ascii")
        definition.ConnectionName = ",".join(settings.connections).encode("ascii")
        definition.ChannelType = self._binding.channel_constants.MQCHT_CLNTCONN
        definition.TransportType = self._binding.channel_constants.MQXPT_TCP
        definition.HeartbeatInterval = settings.heartbeat
        definition.MaxMsgLength = _MAX_MESSAGE_LENGTH
        if not settings.cipher_spec:
            return definition, None
        definition.SSLCipherSpec = settings.cipher_spec.encode("ascii")
        if not settings.peer_name:
            return definition, None
        name = settings.peer_name.encode()
        if self._binding.name == "ibmmq":
            definition.SSLPeerNamePtr = name
            return definition, None
        buffer = ctypes.create_string_buffer(name)
        definition.SSLPeerNamePtr = ctypes.addressof(buffer)
        definition.SSLPeerNameLength = len(name)
        return definition, buffer

    def _tls_options(self, keys: KeyRepository) -> Structure:
        options = self._binding.mq.SCO()
        options.KeyRepository = str(keys.path).encode()
        options.CertificateLabel = keys.label.encode()
        if self._binding.name == "ibmmq":
            options.Version = max(options.Version, _SCO_WITH_PASSWORD)
            options.KeyRepoPassword = keys.password
        else:
            # pymqi's MQSCO has no room for it; MQ's client reads it here.
            os.environ["MQKEYRPWD"] = keys.password
        return options
