"""Mutual TLS for tests of the client library."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge.credentials import from_directory
from bridge.key_repository import KeyRepository
from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.running import RunningQueueManager
from mock_mq.server import TLS
from tests.fixtures.certificates import Certificates


@pytest.fixture
def secure(start_queue_manager: StartQueueManager, certificates: Certificates) -> RunningQueueManager:
    tls = TLS(
        certificates.server_certificate,
        certificates.server_key,
        certificates.ca,
        require_client_certificate=True,
    )
    return start_queue_manager(tls=tls)


@pytest.fixture(scope="session")
def keys(certificates: Certificates) -> Iterator[KeyRepository]:
    with KeyRepository(from_directory(certificates.bridge_directory)) as made:
        yield made
