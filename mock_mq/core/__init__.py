"""The queue manager itself: queues, units of work, who may do what. No I/O, and no clock of its own.

`QueueManager` is made from a `Definition`; `QueueManager.connect` gives a `Connection`, whose methods are the
MQI's calls. None of them waits: an MQGET with nothing to get raises MQRC_NO_MSG_AVAILABLE at once, and
`Connection.on_arrival` tells when to ask again. Refusals are `mock_mq.errors.MQError`.
"""

from mock_mq.core.access import Authority, Caller, ChannelRule, Right, RuleType
from mock_mq.core.connection import Connection, Got
from mock_mq.core.definition import Channel, Definition, QueueDefinition
from mock_mq.core.queue_manager import QueueManager

__all__ = [
    "Authority",
    "Caller",
    "Channel",
    "ChannelRule",
    "Connection",
    "Definition",
    "Got",
    "QueueDefinition",
    "QueueManager",
    "Right",
    "RuleType",
]
