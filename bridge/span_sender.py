"""Sends ended spans to a collector, and keeps nobody waiting for it: OTLP over HTTP, in Protocol Buffers."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque

import opentelemetry.util.re
import structlog
from opentelemetry.exporter.otlp.proto.http import trace_exporter
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExportResult

log = structlog.get_logger(__name__)

MOST_WAITING = 4096
"""Spans: more are lost, as long as the collector does not take them."""
_REQUEST = 512
"""Spans in one request."""
_EVERY = 1.0
"""Seconds after which fewer are sent, too."""
_TELL_EVERY = 60.0
"""Seconds between two lines in the log."""
_FLUSH_WITHIN = 2.0
"""Seconds that the last spans have at the end."""
_LONGEST_REASON = 400


class SpanSender(SpanProcessor):
    """A bounded queue, and a thread that sends what is in it to `endpoint`, a base URL.

    What finds the queue full or is not taken is lost and counted, which is said once a minute at the most.
    The SDK's own (`BatchSpanProcessor`) does not count, logs each try, and waits half a minute at the end.
    """

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._heard = _Heard()
        self._exporter = trace_exporter.OTLPSpanExporter(f"{endpoint}/v1/traces")
        self._waiting: deque[ReadableSpan] = deque(maxlen=MOST_WAITING)
        self._sending = 0
        self._lost = 0
        self._tell_at = 0.0
        self._lock = threading.Lock()
        self._due = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="traces", daemon=True)
        self._thread.start()

    def on_end(self, span: ReadableSpan) -> None:
        """Takes a span, and returns at once."""
        with self._lock:
            if len(self._waiting) == MOST_WAITING:
                self._lost += 1  # and the oldest makes room
            self._waiting.append(span)
        if len(self._waiting) >= _REQUEST:
            self._due.set()

    def shutdown(self) -> None:
        """Sends what there is, for two seconds at the most."""
        self._ended = True
        self._due.set()
        self._thread.join(_FLUSH_WITHIN)
        self._exporter.shutdown()  # type: ignore[no-untyped-call]
        with self._lock:
            if self._sending:
                self._heard.said = self._heard.said or "it does not answer"
            self._lost += self._sending + len(self._waiting)
            self._sending = 0
            self._waiting.clear()
        self._tell(at_last=True)

    def _run(self) -> None:
        ended = False
        while not ended:
            self._due.wait(_EVERY)
            self._due.clear()
            ended = self._ended  # before the queue is emptied, so that nothing stays in it
            while batch := self._batch():
                self._send(batch)
                self._tell()

    def _batch(self) -> list[ReadableSpan]:
        with self._lock:
            self._sending = min(_REQUEST, len(self._waiting))
            return [self._waiting.popleft() for _ in range(self._sending)]

    def _send(self, batch: list[ReadableSpan]) -> None:
        self._heard.said = ""
        taken = self._exporter.export(batch) is SpanExportResult.SUCCESS
        with self._lock:
            self._lost += 0 if taken else self._sending
            self._sending = 0

    def _tell(self, *, at_last: bool = False) -> None:
        with self._lock:
            if not self._lost or (time.monotonic() < self._tell_at and not at_last):
                return
            lost, self._lost = self._lost, 0
            self._tell_at = time.monotonic() + _TELL_EVERY
        log.warning(
            "spans_lost",
            endpoint=self._endpoint,
            spans=lost,
            reason=self._heard.said or "they end faster than the collector takes them",
            note="traces have gaps; messages move all the same",
        )


class _Heard(logging.Filter):
    """Keeps the exporter's words out of the log, where they would be a line a try, and has the first."""

    def __init__(self) -> None:
        super().__init__()
        self.said = ""
        # It quotes headers that it does not understand, and what lets the bridge in is one.
        logging.getLogger(opentelemetry.util.re.__name__).setLevel(logging.CRITICAL)
        exporter = logging.getLogger(trace_exporter.__name__)
        exporter.setLevel(logging.WARNING)
        exporter.filters[:] = [self]

    def filter(self, record: logging.LogRecord) -> bool:
        """Remembers it; False."""
        self.said = self.said or record.getMessage()[:_LONGEST_REASON]
        return False
