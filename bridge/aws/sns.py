"""An SNS topic as a sink: ten small messages are one PublishBatch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Unpack

from bridge.aws import extended
from bridge.aws import publish_batch as call
from bridge.aws.destination import Destination, Told

if TYPE_CHECKING:
    from bridge.aws.delivery import BatchDelivery, Entry, UnderWay
    from bridge.aws.fifo import Fifo
    from bridge.aws.session import Clients
    from bridge.configuration import Offload


class SnsTopic(Destination):
    """Publishes to one topic (its ARN). It asks nothing else of SNS: the right to publish is enough."""

    def __init__(
        self,
        clients: Clients,
        topic: str,
        offload: Offload | None = None,
        fifo: Fifo | None = None,
        **more: Unpack[Told],
    ) -> None:
        super().__init__(clients, offload, fifo, **more)
        self._topic = topic
        self._region, self._account = topic.split(":")[3:5]

    @property
    def name(self) -> str:
        """`sns:` and the topic's ARN."""
        return f"sns:{self._topic}"

    def _made(self) -> BatchDelivery:
        calls = self._clients.calls("sns", self._region)

        def publish(entries: Mapping[str, Entry]) -> UnderWay:
            asked = call.asked(self._topic, entries)
            return calls.begin("PublishBatch", call.HEADERS, asked, call.answer)

        return self._by(publish, extended.sns_store, self._region, self._account, self.name)
