"""The one error of the queue manager's core: an MQI reason. Only the edges turn it into bytes."""

from __future__ import annotations

from mock_mq.constants import CompletionCode, Reason


class MQError(Exception):
    """An MQI call that did not complete OK.

    `detail` is for the log. A warning (`CompletionCode.WARNING`) says that the call took effect.
    """

    def __init__(
        self, reason: Reason, detail: str = "", completion: CompletionCode = CompletionCode.FAILED
    ) -> None:
        super().__init__(f"{int(reason)} MQRC_{reason.name}" + (f": {detail}" if detail else ""))
        self.reason = reason
        self.completion = completion
        self.detail = detail
