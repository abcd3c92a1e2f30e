"""Spoiled frames: no crash, no hang, bounded memory, and nobody but the sender notices."""

from __future__ import annotations

import logging
import random
import socket

import pytest

from bridge.binding import load_binding
from mock_mq.running import RunningQueueManager
from tests.mock_mq import mutations
from tests.mock_mq.client.program import Program

SLICES = 6


@pytest.mark.parametrize("seed", range(SLICES))
def test_a_slice_of_spoiled_frames(seed: int) -> None:
    connections = mutations.run_slice(seed)
    # They are not all thrown out at the door, and not all harmless.
    assert mutations.SLICE / 8 < connections < mutations.SLICE


def test_what_is_kept_of_spoiled_frames_does_not_grow_with_their_number(
    caplog: pytest.LogCaptureFixture,
) -> None:
    # Of this name, for a test may have left it its own level; or pytest keeps every line.
    caplog.set_level(logging.CRITICAL, "mock_mq")
    once, twice = (mutations.growth(7, frames) for frames in (3_000, 6_000))
    assert twice < once + 1024 * 1024


def test_over_real_sockets_too(queue_manager: RunningQueueManager) -> None:
    """Connections that send spoiled frames, or half of one and then nothing, beside one that works."""
    neighbour = Program(load_binding("pymqi"), queue_manager)
    queue = neighbour.open("DEV.QUEUE.3")  # whose name is in no frame
    starts, originals = mutations.conversations()
    chance = random.Random(99)
    silent = []
    for number in range(150):
        start = chance.choice(starts)
        sock = socket.create_connection((queue_manager.host, queue_manager.port), 5)
        spoiled = mutations.spoiled(chance.choice(start.then), originals, chance)
        sock.sendall(b"".join(start.frames) + spoiled)
        if number % 3:
            sock.close()
        else:
            silent.append(sock)  # open, and says nothing more
        body = b"%d" % number
        neighbour.put(queue, body)
        assert neighbour.get(queue)[0] == body
    for sock in silent:
        sock.close()
    neighbour.put(queue, b"still here")
    assert neighbour.get(queue)[0] == b"still here"
