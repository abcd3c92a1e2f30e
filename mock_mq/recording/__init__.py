"""What went over the wire, on record: as lines for people, and as a capture for Wireshark.

Both see the protocol as it is without TLS. No message body is in a line, and no password in either.
"""

from mock_mq.recording.pcap import Pcap
from mock_mq.recording.recorder import Recorder, Recorders
from mock_mq.recording.trace import Trace

__all__ = ["Pcap", "Recorder", "Recorders", "Trace"]
