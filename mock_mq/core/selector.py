"""Message selectors: the part of SQL-92 that JMS has, over a message's header and its properties.

As in "Message selector syntax" of the IBM MQ documentation and of JMS. What is not there is unknown: neither
true nor false; a message is selected where the whole is true.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mock_mq.constants import Reason
from mock_mq.core import properties
from mock_mq.errors import MQError
from mock_mq.wire.fields import Buffer
from mock_mq.wire.properties import Value
from mock_mq.wire.structures import MessageDescriptor

_MAX_LENGTH = 10_240  # MQ's own limit
_MAX_DEPTH = 50
_MAX_DIGITS = 40
_TOKENS = re.compile(
    r"""\s*(?:
      (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[dDfFlL]?(?![\w$.]))
    | (?P<text>'(?:[^']|'')*')
    | (?P<quoted>"[^"]+")
    | (?P<name>[^\W\d][\w$.]*)
    | (?P<sign><>|<=|>=|=|<|>|\+|-|\*|/|\(|\)|,)
    )""",
    re.VERBOSE,
)
Row = Mapping[str, Value]
Evaluate = Callable[[Row], Value]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str

    def word(self, *words: str) -> bool:
        """Whether it is one of these keywords or signs."""
        return self.kind in ("name", "sign") and self.text.upper() in words


def parse(text: str) -> Callable[[MessageDescriptor, Buffer], bool]:
    """What tells whether a message is selected. Raises 2459 for what is no selector."""
    evaluate = _Parser(text).whole()

    def selects(descriptor: MessageDescriptor, data: Buffer) -> bool:
        return evaluate(_Message(descriptor, data)) is True

    return selects


class _Message(dict[str, Value]):
    """A message's header fields and properties by name, read when first asked for."""

    def __init__(self, descriptor: MessageDescriptor, data: Buffer) -> None:
        super().__init__(properties.of(descriptor, data))
        self._descriptor = descriptor

    def get(self, name: str, default: Value = None) -> Value:  # type: ignore[override]
        field = _HEADER.get(name)
        if field is not None:
            return field(self._descriptor, self)
        return super().get(name, default)


def _identifier(raw: bytes) -> Value:
    return "ID:" + raw.hex() if any(raw) else None


_HEADER: dict[str, Callable[[MessageDescriptor, Row], Value]] = {
    "JMSMessageID": lambda md, _row: _identifier(md.message_id),
    "JMSCorrelationID": lambda md, row: dict(row).get("jms.Cid") or _identifier(md.correlation_id),
    "JMSPriority": lambda md, _row: md.priority,
    "JMSDeliveryMode": lambda md, _row: "PERSISTENT" if md.persistence == 1 else "NON_PERSISTENT",
    "JMSTimestamp": lambda _md, row: dict(row).get("jms.Tms"),
    "JMSType": lambda _md, row: dict(row).get("mcd.Type"),
    "JMS_IBM_Format": lambda md, _row: md.format.ljust(8),
    "JMS_IBM_MsgType": lambda md, _row: md.message_type,
    "JMS_IBM_Encoding": lambda md, _row: md.encoding,
    "JMS_IBM_Feedback": lambda md, _row: md.feedback,
    "JMS_IBM_PutApplType": lambda md, _row: md.application_type,
    "JMSXAppID": lambda md, _row: md.application_name,
    "JMSXUserID": lambda md, _row: md.user,
    "JMSXDeliveryCount": lambda md, _row: md.backout_count + 1,
    "JMSXGroupID": lambda md, row: dict(row).get("JMSXGroupID") or _identifier(md.group_id),
    "JMSXGroupSeq": lambda md, _row: md.sequence_number,
    "Root.MQMD.Format": lambda md, _row: md.format,
    "Root.MQMD.Priority": lambda md, _row: md.priority,
    "Root.MQMD.Persistence": lambda md, _row: md.persistence,
    "Root.MQMD.MsgType": lambda md, _row: md.message_type,
    "Root.MQMD.MsgId": lambda md, _row: md.message_id,
    "Root.MQMD.CorrelId": lambda md, _row: md.correlation_id,
    "Root.MQMD.ReplyToQ": lambda md, _row: md.reply_to_queue,
    "Root.MQMD.PutApplName": lambda md, _row: md.application_name,
    "Root.MQMD.UserIdentifier": lambda md, _row: md.user,
}


class _Parser:
    """Recursive descent, a method a level of precedence."""

    def __init__(self, text: str) -> None:
        if len(text) > _MAX_LENGTH:
            raise MQError(Reason.SELECTOR_SYNTAX_ERROR, f"{len(text)} characters, at most {_MAX_LENGTH}")
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0

    def whole(self) -> Evaluate:
        """The whole text."""
        found = self._either()
        if self._at != len(self._tokens):
            raise self._wrong()
        return found

    def _either(self) -> Evaluate:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise MQError(Reason.SELECTOR_SYNTAX_ERROR, f"nested deeper than {_MAX_DEPTH}")
        parts = [self._both()]
        while self._take("OR"):
            parts.append(self._both())
        self._depth -= 1
        return parts[0] if len(parts) == 1 else _logic(parts, decides=True)

    def _both(self) -> Evaluate:
        parts = [self._not()]
        while self._take("AND"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else _logic(parts, decides=False)

    def _not(self) -> Evaluate:
        negated = False
        while self._take("NOT"):
            negated = not negated
        found = self._comparison()
        return _negation(found) if negated else found

    def _comparison(self) -> Evaluate:
        left = self._sum()
        for sign, compare in _COMPARE.items():
            if self._take(sign):
                return _compared(left, self._sum(), compare, ordered=sign not in ("=", "<>"))
        if self._take("IS"):
            negated = self._take("NOT")
            self._need("NULL")
            return lambda row: (left(row) is None) is not negated
        negated = self._take("NOT")
        if self._take("BETWEEN"):
            low = self._sum()
            self._need("AND")
            high = self._sum()
            parts = [
                _compared(left, low, _COMPARE[">="], ordered=True),
                _compared(left, high, _COMPARE["<="], ordered=True),
            ]
            found = _logic(parts, decides=False)
        elif self._take("IN"):
            found = self._among(left)
        elif self._take("LIKE"):
            found = self._like(left)
        elif negated:
            raise self._wrong()
        else:
            return left
        return _negation(found) if negated else found

    def _among(self, left: Evaluate) -> Evaluate:
        self._need("(")
        choices = {self._string()}
        while self._take(","):
            choices.add(self._string())
        self._need(")")

        def found(row: Row) -> Value:
            value = left(row)
            return None if value is None else value in choices

        return found

    def _like(self, left: Evaluate) -> Evaluate:
        pattern = self._string()
        escape = self._string() if self._take("ESCAPE") else ""
        if len(escape) > 1:
            raise self._wrong()
        # Matched part by part, so that no pattern takes longer than its length times the value's.
        parts = _like_parts(pattern, escape)

        def found(row: Row) -> Value:
            value = left(row)
            return _is_like(value, parts) if isinstance(value, str) else None

        return found

    def _sum(self) -> Evaluate:
        left = self._product()
        while True:
            if self._take("+"):
                left = _arithmetic(left, self._product(), lambda a, b: a + b)
            elif self._take("-"):
                left = _arithmetic(left, self._product(), lambda a, b: a - b)
            else:
                return left

    def _product(self) -> Evaluate:
        left = self._signed()
        while True:
            if self._take("*"):
                left = _arithmetic(left, self._signed(), lambda a, b: a * b)
            elif self._take("/"):
                left = _arithmetic(left, self._signed(), _quotient)
            else:
                return left

    def _signed(self) -> Evaluate:
        negative = False
        while True:
            if self._take("-"):
                negative = not negative
            elif not self._take("+"):
                break
        found = self._operand()
        return _arithmetic(lambda _row: 0, found, lambda a, b: a - b) if negative else found

    def _operand(self) -> Evaluate:
        if self._take("("):
            found = self._either()
            self._need(")")
            return found
        token = self._next()
        if token.kind == "number":
            number = _number(token.text)
            return lambda _row: number
        if token.kind == "text":
            text = token.text[1:-1].replace("''", "'")
            return lambda _row: text
        if token.word("TRUE", "FALSE"):
            truth = token.text.upper() == "TRUE"
            return lambda _row: truth
        if token.kind not in ("name", "quoted") or token.word(*_KEYWORDS):
            raise self._wrong()
        name = token.text.strip('"')
        return lambda row: row.get(name)

    def _string(self) -> str:
        token = self._next()
        if token.kind != "text":
            raise self._wrong()
        return token.text[1:-1].replace("''", "'")

    def _next(self) -> _Token:
        if self._at == len(self._tokens):
            raise self._wrong()
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, word: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at].word(word):
            self._at += 1
            return True
        return False

    def _need(self, word: str) -> None:
        if not self._take(word):
            raise self._wrong()

    def _wrong(self) -> MQError:
        where = self._tokens[self._at].text if self._at < len(self._tokens) else "its end"
        return MQError(Reason.SELECTOR_SYNTAX_ERROR, f"a selector that can't be read at {where!r}")


_KEYWORDS = ("AND", "OR", "NOT", "BETWEEN", "IN", "LIKE", "IS", "NULL", "ESCAPE")


def _tokens(text: str) -> list[_Token]:
    tokens = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        found = _TOKENS.match(text, at)
        if found is None or found.lastgroup is None:
            raise MQError(
                Reason.SELECTOR_SYNTAX_ERROR, f"a selector that can't be read at {text[at:][:10]!r}"
            )
        tokens.append(_Token(found.lastgroup, found[found.lastgroup]))
        at = found.end()
    return tokens


def _number(text: str) -> int | float:
    bare = text.rstrip("dDfFlL")
    if len(bare) > _MAX_DIGITS:
        raise MQError(Reason.SELECTOR_SYNTAX_ERROR, f"a number of {len(bare)} digits")
    return float(bare) if set(text) & set(".eEdDfF") else int(bare)


def _logic(parts: list[Evaluate], *, decides: bool) -> Evaluate:
    """OR (True decides) and AND (False decides), of what is true, false, or unknown."""

    def found(row: Row) -> Value:
        values = [part(row) for part in parts]
        if any(value is decides for value in values):
            return decides
        return None if any(not isinstance(value, bool) for value in values) else not decides

    return found


def _negation(part: Evaluate) -> Evaluate:
    def found(row: Row) -> Value:
        value = part(row)
        return not value if isinstance(value, bool) else None

    return found


def _compared(
    left: Evaluate, right: Evaluate, compare: Callable[[Value, Value], bool], *, ordered: bool
) -> Evaluate:
    """Numbers with numbers; texts, truths and bytes for equality only; anything else is unknown."""

    def found(row: Row) -> Value:
        one, other = left(row), right(row)
        if _is_number(one) and _is_number(other):
            return compare(one, other)
        if ordered or one is None or other is None or type(one) is not type(other):
            return None
        return compare(one, other)

    return found


def _arithmetic(left: Evaluate, right: Evaluate, of: Callable[[float, float], float | None]) -> Evaluate:
    def found(row: Row) -> Value:
        one, other = left(row), right(row)
        if _is_number(one) and _is_number(other):
            try:
                return of(one, other)  # type: ignore[arg-type]
            except OverflowError:
                return None
        return None

    return found


def _quotient(one: float, other: float) -> float | None:
    if not other:
        return None
    if isinstance(one, int) and isinstance(other, int):
        whole = abs(one) // abs(other)
        return whole if (one < 0) == (other < 0) else -whole
    return one / other


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_COMPARE: dict[str, Callable[[Value, Value], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<=": lambda a, b: a <= b,  # type: ignore[operator]
    ">=": lambda a, b: a >= b,  # type: ignore[operator]
    "<": lambda a, b: a < b,  # type: ignore[operator]
    ">": lambda a, b: a > b,  # type: ignore[operator]
}
_ANY = ""
"""A letter of a pattern's that stands for any: none is empty otherwise."""


def _like_parts(pattern: str, escape: str) -> list[list[str]]:
    """What stands between a pattern's `%`, letter by letter."""
    parts: list[list[str]] = [[]]
    letters = iter(pattern)
    for letter in letters:
        if escape and letter == escape:
            parts[-1].append(next(letters, escape))
        elif letter == "%":
            parts.append([])
        else:
            parts[-1].append(_ANY if letter == "_" else letter)
    return parts


def _is_like(value: str, parts: list[list[str]]) -> bool:
    first, last = parts[0], parts[-1]
    if len(parts) == 1:
        return len(value) == len(first) and _fits(value, 0, first)
    end = len(value) - len(last)
    if end < len(first) or not _fits(value, 0, first) or not _fits(value, end, last):
        return False
    at = len(first)
    for part in parts[1:-1]:
        while at + len(part) <= end and not _fits(value, at, part):
            at += 1
        if at + len(part) > end:
            return False
        at += len(part)
    return True


def _fits(value: str, at: int, part: list[str]) -> bool:
    return all(letter in (_ANY, value[at + i]) for i, letter in enumerate(part))
