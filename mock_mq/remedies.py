"""What to do about a reason code, for whoever typed a command."""

from __future__ import annotations

from mock_mq.constants import Reason
from mock_mq.errors import MQError

_REMEDIES = {
    Reason.CONNECTION_BROKEN: "the queue manager hung up: its log says why; does it want TLS (--tls-ca)?",
    Reason.GET_INHIBITED: "gets are inhibited on this queue: allow them on the queue manager",
    Reason.NO_MSG_AVAILABLE: "there is no message: put one, or wait for one with --wait",
    Reason.NOT_AUTHORIZED: "user or password wrong, or the right is missing: give --user, and the password "
    "in MOCK_MQ_PASSWORD",
    Reason.MSG_TOO_BIG_FOR_Q: "the message is longer than the queue takes (MAXMSGL)",
    Reason.MSG_TOO_BIG_FOR_Q_MGR: "the message is longer than the queue manager takes (MAXMSGL)",
    Reason.MSG_TOO_BIG_FOR_CHANNEL: "the message is longer than the channel takes (MAXMSGL)",
    Reason.OBJECT_IN_USE: "somebody has the queue open for himself alone: close it there",
    Reason.PUT_INHIBITED: "puts are inhibited on this queue: allow them on the queue manager",
    Reason.Q_FULL: "the queue is full: get some of its messages first",
    Reason.Q_MGR_NAME_ERROR: "the queue manager there has another name: give it with --queue-manager",
    Reason.Q_MGR_NOT_AVAILABLE: "the queue manager is not running: start it",
    Reason.Q_MGR_STOPPING: "the queue manager was stopped: try again once it runs",
    Reason.UNKNOWN_OBJECT_NAME: "there is no such queue: name one that there is, or serve it with --queue",
    Reason.HOST_NOT_AVAILABLE: "nothing answers there: start `mock-mq serve`, or give its --host and --port",
    Reason.UNKNOWN_CHANNEL_NAME: "the queue manager has no such channel: give one it has with --channel",
    Reason.CHANNEL_CONFIG_ERROR: "the channel is not one for clients: give a SVRCONN channel with --channel",
    Reason.SSL_INITIALIZATION_ERROR: "the TLS handshake failed: check --tls-ca, --tls-cert and --tls-key, "
    "and that the port speaks TLS",
}


def explain(error: MQError) -> str:
    """One line: the reason's number and name, what was the matter, what to do."""
    remedy = _REMEDIES.get(error.reason, "see this reason code in IBM MQ's documentation")
    return f"{error}; {remedy}"
