"""The errors that tell the pump what to do. It catches these and nothing else.

    BridgeError
    ├── Away     the other side is not there for anybody: back out, wait, try again
    └── Stop     nothing that waiting mends: back out and stop the route

`MappingError` is about one message, and never leaves whoever asked for it to be mapped.

Each message names the thing, what is wrong, and what to do; never a body, never a secret.
"""

from __future__ import annotations


class BridgeError(Exception):
    """Whatever the bridge itself raises."""


class Away(BridgeError):
    """The source or the destination is away or refuses everybody; nothing is wrong with the message.

    `slowly` asks for the longer waits that suit a thing a person has to mend (a missing authority, say).
    `code` is MQ's reason code, 0 where it has none.
    """

    def __init__(self, message: str, *, slowly: bool = False, code: int = 0) -> None:
        super().__init__(message)
        self.slowly = slowly
        self.code = code


class Stop(BridgeError):
    """The route can't go on and waiting won't help."""


class MappingError(BridgeError):
    """A message that can't be made into the other side's: says which attribute is wrong, not its content."""
