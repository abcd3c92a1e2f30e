"""MQ's reason codes: what each asks of the bridge, and what each asks of a person.

Source: "API completion and reason codes", IBM MQ documentation.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

NOT_AUTHORISED = 2035
"""MQRC_NOT_AUTHORIZED."""


class Action(Enum):
    """What a reason code asks for, whichever call it came from."""

    WAIT = auto()
    """Back out, wait, go on with the same connection."""
    RECONNECT = auto()
    """The connection, or a handle of it, is of no use any more: close all, wait, connect anew."""
    PERSON = auto()
    """As RECONNECT, but slowly: somebody has to put it right."""
    SET_ASIDE = auto()
    """It is the message's own: no other try will do."""
    UNCLEAR = auto()
    """Not known: as RECONNECT, but a message that it comes with may be the cause."""


class Reason(NamedTuple):
    """A reason code: MQ's name (without MQRC_), what to do, what it means, and what a person can do."""

    name: str
    action: Action
    meaning: str
    remedy: str = ""


_TABLE: dict[int, Reason] = {
    2003: Reason("BACKED_OUT", Action.WAIT, "the unit of work was backed out"),
    2009: Reason("CONNECTION_BROKEN", Action.RECONNECT, "the connection broke"),
    2010: Reason(
        "DATA_LENGTH_ERROR",
        Action.PERSON,
        "a message is longer than the channel lets through",
        "raise the channel's MAXMSGL",
    ),
    2013: Reason("EXPIRY_ERROR", Action.SET_ASIDE, "its expiry is not valid"),
    2014: Reason("FEEDBACK_ERROR", Action.SET_ASIDE, "its feedback code is not valid"),
    2016: Reason("GET_INHIBITED", Action.WAIT, "gets are inhibited", "set GET(ENABLED)"),
    2017: Reason("HANDLE_NOT_AVAILABLE", Action.RECONNECT, "no more handles", "raise MAXHANDS"),
    2018: Reason("HCONN_ERROR", Action.RECONNECT, "the connection handle is not valid any more"),
    2019: Reason("HOBJ_ERROR", Action.RECONNECT, "the object handle is not valid any more"),
    2024: Reason("SYNCPOINT_LIMIT_REACHED", Action.WAIT, "the unit of work is too large", "raise MAXUMSGS"),
    2025: Reason("MAX_CONNS_LIMIT_REACHED", Action.RECONNECT, "too many connections", "raise MAXINST"),
    2026: Reason("MD_ERROR", Action.SET_ASIDE, "its message descriptor is not valid"),
    2027: Reason("MISSING_REPLY_TO_Q", Action.SET_ASIDE, "it is a request without a reply-to queue"),
    2029: Reason("MSG_TYPE_ERROR", Action.SET_ASIDE, "its message type is not valid"),
    2030: Reason("MSG_TOO_BIG_FOR_Q", Action.SET_ASIDE, "too big for the queue", "raise the queue's MAXMSGL"),
    2031: Reason(
        "MSG_TOO_BIG_FOR_Q_MGR",
        Action.SET_ASIDE,
        "too big for the queue manager",
        "raise the queue manager's MAXMSGL",
    ),
    2035: Reason("NOT_AUTHORIZED", Action.PERSON, "not authorised"),
    2041: Reason("OBJECT_CHANGED", Action.RECONNECT, "the queue's definition was changed meanwhile"),
    2042: Reason(
        "OBJECT_IN_USE",
        Action.PERSON,
        "another program has it open, and one of the two wants it for itself",
        "wait for the other to end, or set SHARE on the queue",
    ),
    2043: Reason("OBJECT_TYPE_ERROR", Action.PERSON, "not of the right type"),
    2045: Reason("OPTION_NOT_VALID_FOR_TYPE", Action.PERSON, "not a queue that can be used so"),
    2047: Reason("PERSISTENCE_ERROR", Action.SET_ASIDE, "its persistence is not valid"),
    2048: Reason("PERSISTENT_NOT_ALLOWED", Action.SET_ASIDE, "the queue takes no persistent messages"),
    2050: Reason("PRIORITY_ERROR", Action.SET_ASIDE, "its priority is not valid"),
    2051: Reason("PUT_INHIBITED", Action.WAIT, "puts are inhibited", "set PUT(ENABLED)"),
    2052: Reason("Q_DELETED", Action.PERSON, "the queue was deleted", "define it again"),
    2053: Reason("Q_FULL", Action.WAIT, "the queue is full", "have its messages taken, or raise MAXDEPTH"),
    2056: Reason("Q_SPACE_NOT_AVAILABLE", Action.WAIT, "no disk space for the queue", "free some"),
    2058: Reason("Q_MGR_NAME_ERROR", Action.PERSON, "there is no queue manager of that name", "correct name"),
    2059: Reason("Q_MGR_NOT_AVAILABLE", Action.RECONNECT, "the queue manager is not available"),
    2061: Reason("REPORT_OPTIONS_ERROR", Action.SET_ASIDE, "its report options are not valid"),
    2063: Reason("SECURITY_ERROR", Action.PERSON, "a security error", "see the queue manager's error log"),
    2071: Reason("STORAGE_NOT_AVAILABLE", Action.RECONNECT, "not enough storage"),
    2082: Reason(
        "UNKNOWN_ALIAS_BASE_Q", Action.PERSON, "the queue that it stands for does not exist", "define it"
    ),
    2085: Reason(
        "UNKNOWN_OBJECT_NAME", Action.PERSON, "there is no such queue", "define it, or correct the name"
    ),
    2086: Reason("UNKNOWN_OBJECT_Q_MGR", Action.PERSON, "its queue manager is not known"),
    2087: Reason("UNKNOWN_REMOTE_Q_MGR", Action.PERSON, "its remote queue manager is not known"),
    2101: Reason("OBJECT_DAMAGED", Action.PERSON, "damaged", "recover it"),
    2102: Reason("RESOURCE_PROBLEM", Action.RECONNECT, "the queue manager is short of resources"),
    2124: Reason("OUTCOME_PENDING", Action.RECONNECT, "the outcome of the commit is not known yet"),
    2142: Reason("HEADER_ERROR", Action.SET_ASIDE, "a header in it is not valid"),
    2161: Reason("Q_MGR_QUIESCING", Action.RECONNECT, "the queue manager is stopping"),
    2162: Reason("Q_MGR_STOPPING", Action.RECONNECT, "the queue manager is stopping"),
    2189: Reason("CLUSTER_RESOLUTION_ERROR", Action.WAIT, "its cluster does not answer"),
    2192: Reason("STORAGE_MEDIUM_FULL", Action.WAIT, "the queue manager's log or disk is full", "free some"),
    2195: Reason(
        "UNEXPECTED_ERROR", Action.RECONNECT, "an error inside MQ", "see the queue manager's error log"
    ),
    2202: Reason("CONNECTION_QUIESCING", Action.RECONNECT, "the connection is being ended"),
    2203: Reason("CONNECTION_STOPPING", Action.RECONNECT, "the connection is being ended"),
    2218: Reason(
        "MSG_TOO_BIG_FOR_CHANNEL", Action.SET_ASIDE, "too big for the channel", "raise the channel's MAXMSGL"
    ),
    2219: Reason("CALL_IN_PROGRESS", Action.RECONNECT, "another call is in progress"),
    2223: Reason("Q_MGR_NOT_ACTIVE", Action.RECONNECT, "the queue manager is not active"),
    2268: Reason(
        "CLUSTER_PUT_INHIBITED", Action.WAIT, "puts are inhibited in its cluster", "set PUT(ENABLED)"
    ),
    2269: Reason("CLUSTER_RESOURCE_ERROR", Action.WAIT, "its cluster is short of resources"),
    2270: Reason("NO_DESTINATIONS_AVAILABLE", Action.WAIT, "its cluster has no queue to put to now"),
    2273: Reason("CONNECTION_ERROR", Action.RECONNECT, "the connection failed"),
    2277: Reason("CD_ERROR", Action.PERSON, "the channel's definition is not valid", "correct queue_manager"),
    2278: Reason("CLIENT_CONN_ERROR", Action.PERSON, "the connection's definition is not valid"),
    2279: Reason("CHANNEL_STOPPED_BY_USER", Action.RECONNECT, "the channel is stopped", "start it"),
    2334: Reason("RFH_ERROR", Action.SET_ASIDE, "its MQRFH2 header is not valid"),
    2381: Reason("KEY_REPOSITORY_ERROR", Action.PERSON, "the key repository can't be used"),
    2392: Reason("SSL_CONFIG_ERROR", Action.PERSON, "the TLS options are not valid", "correct queue_manager"),
    2393: Reason(
        "SSL_INITIALIZATION_ERROR",
        Action.PERSON,
        "TLS could not be agreed on",
        "compare cipher_spec and certificates with the channel's",
    ),
    2397: Reason(
        "JSSE_ERROR",
        Action.PERSON,
        "TLS could not be agreed on",
        "compare cipher_spec and certificates with the channel's",
    ),
    2398: Reason(
        "SSL_PEER_NAME_MISMATCH",
        Action.PERSON,
        "the queue manager's certificate is another's",
        "compare peer_name with it",
    ),
    2399: Reason("SSL_PEER_NAME_ERROR", Action.PERSON, "peer_name is not a distinguished name", "correct it"),
    2400: Reason(
        "UNSUPPORTED_CIPHER_SUITE",
        Action.PERSON,
        "the CipherSpec is not known to the client",
        "correct cipher_spec",
    ),
    2537: Reason("CHANNEL_NOT_AVAILABLE", Action.RECONNECT, "the channel is not available", "start it"),
    2538: Reason("HOST_NOT_AVAILABLE", Action.RECONNECT, "no queue manager answers there"),
    2539: Reason(
        "CHANNEL_CONFIG_ERROR", Action.PERSON, "the channel does not fit", "compare both ends of it"
    ),
    2540: Reason(
        "UNKNOWN_CHANNEL_NAME", Action.PERSON, "there is no such channel", "define it, or correct channel"
    ),
    2548: Reason("RECONNECT_FAILED", Action.RECONNECT, "reconnecting failed"),
    2549: Reason("CALL_INTERRUPTED", Action.RECONNECT, "the call was interrupted; its outcome is not known"),
    2556: Reason("RECONNECT_TIMED_OUT", Action.RECONNECT, "reconnecting took too long"),
    2594: Reason(
        "PASSWORD_PROTECTION_ERROR", Action.PERSON, "the password can't be protected as asked", "use TLS"
    ),
}

_UNLISTED = Reason("", Action.UNCLEAR, "MQ refused", "look the reason code up in MQ's documentation")


def reason(code: int) -> Reason:
    """What is known of a reason code; one that is not listed is `UNCLEAR`."""
    return _TABLE.get(code, _UNLISTED)


def sentence(thing: str, code: int, *, doing: str = "", remedy: str = "") -> str:
    """What to tell a person: the thing, what is wrong with it, and what to do.

    `doing` is what was refused (`to get`), `remedy` better advice than the code alone has.
    """
    known = reason(code)
    name = f" MQRC_{known.name}" if known.name else ""
    what = f"{known.meaning} {doing}".rstrip() if code == NOT_AUTHORISED else known.meaning
    advice = remedy or known.remedy
    return f"{thing}: {what} ({code}{name})" + (f": {advice}" if advice else "")
