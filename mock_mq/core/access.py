"""Who may come in over a channel and as whom, and who may do what: MQ's channel rules and authorities."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase


class Right(Enum):
    """What a user may do, or be denied: to the queue manager (connect), or on a queue."""

    CONNECT = "connect"
    GET = "get"
    PUT = "put"
    BROWSE = "browse"
    INQUIRE = "inquire"
    SET = "set"
    ADMINISTER = "administer"


@dataclass(frozen=True, slots=True)
class Authority:
    """Rights of a user on the queues whose names match `queue` (SET AUTHREC).

    CONNECT and ADMINISTER are the queue manager's.
    """

    user: str
    queue: str
    rights: frozenset[Right]

    def gives(self, queue: str, right: Right) -> bool:
        """Whether it gives that right on that queue; the queue manager's name is empty."""
        return right in self.rights and (not queue or fnmatchcase(queue, self.queue))


class RuleType(Enum):
    """What a channel rule looks at (SET CHLAUTH TYPE)."""

    ADDRESS = "ADDRESSMAP"
    CERTIFICATE = "SSLPEERMAP"
    USER = "USERMAP"
    BLOCK_USER = "BLOCKUSER"


@dataclass(frozen=True, slots=True)
class ChannelRule:
    """A rule for the channels that match `channel`: who `matches` is `user`, or nobody where that is empty.

    `matches` is an address (`10.1.*`), parts of a certificate's name (`CN=app*,O=Bank`), or a user.
    """

    channel: str
    type: RuleType
    matches: str
    user: str = ""

    def applies(self, channel: str, caller: Caller) -> bool:
        """Whether the rule is about this client."""
        if not fnmatchcase(channel, self.channel):
            return False
        if self.type is RuleType.ADDRESS:
            return fnmatchcase(caller.address, self.matches)
        if self.type is RuleType.CERTIFICATE:
            return bool(caller.certificate_name) and name_matches(self.matches, caller.certificate_name)
        return fnmatchcase(caller.user, self.matches)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: an address, the user that the client named, and what TLS knows.

    `certificate_name` is empty without a certificate, `cipher` without TLS; that is the cipher suite's name
    as TLS has it, `TLS_AES_256_GCM_SHA384`.
    """

    address: str
    user: str = ""
    certificate_name: str = ""
    cipher: str = ""
    protocol: str = ""


_STRENGTH = {RuleType.ADDRESS: 0, RuleType.USER: 1, RuleType.CERTIFICATE: 2}


def user_by_rules(rules: Iterable[ChannelRule], channel: str, caller: Caller) -> str | None:
    """Who the client is by the rules: its own user where none applies, None where it is kept out.

    As MQ weighs them: a certificate's rule before a user's, a user's before an address's, the narrower
    pattern first; a blocked user is kept out whatever he was made of.
    """
    found = [each for each in rules if each.applies(channel, caller)]
    mapped = [each for each in found if each.type is not RuleType.BLOCK_USER]
    user: str | None = caller.user
    if mapped:
        best = max(mapped, key=lambda each: (_STRENGTH[each.type], len(each.matches.replace("*", ""))))
        user = best.user or None
    blocked = [
        each for each in rules if each.type is RuleType.BLOCK_USER and fnmatchcase(channel, each.channel)
    ]
    if user is not None and any(fnmatchcase(user, each.matches) for each in blocked):
        return None
    return user


def fits(cipher_spec: str, caller: Caller) -> bool:
    """Whether a client speaks TLS as a CipherSpec asks: a suite by MQ's name, or any of a version.

    `ANY_TLS12` and `ANY_TLS13` are that version, with `_OR_HIGHER` also a later one; `ANY` is any TLS.
    """
    if not caller.cipher:
        return False
    versions = _VERSIONS.get(cipher_spec)
    if versions is not None:
        return caller.protocol in versions
    return _bare(cipher_spec) == _bare(caller.cipher)


_VERSIONS = {
    "ANY": ("TLSv1.2", "TLSv1.3"),
    "ANY_TLS12": ("TLSv1.2",),
    "ANY_TLS12_OR_HIGHER": ("TLSv1.2", "TLSv1.3"),
    "ANY_TLS13": ("TLSv1.3",),
    "ANY_TLS13_OR_HIGHER": ("TLSv1.3",),
}


def _bare(suite: str) -> str:
    """A suite's name without what MQ, TLS and OpenSSL write differently."""
    return re.sub(r"TLS_|WITH_|[-_]", "", suite)


def name_matches(pattern: str, name: str) -> bool:
    """Whether a certificate's name has every part of a pattern: SSLPEER, `CN=app*,OU=Payments`."""
    has = _parts(name)
    return all(
        any(fnmatchcase(value, wanted) for kind, value in has if kind == wanted_kind)
        for wanted_kind, wanted in _parts(pattern)
    )


def _parts(name: str) -> list[tuple[str, str]]:
    found = re.findall(r'\s*([A-Za-z]+)\s*=\s*("[^"]*"|(?:[^,\\]|\\.)*)', name)
    return [(kind.upper(), re.sub(r"\\(.)", r"\1", value.strip().strip('"'))) for kind, value in found]
