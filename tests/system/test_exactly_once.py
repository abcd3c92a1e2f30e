"""SQS -> MQ with a ledger: kill -9 and commits in doubt, and every message is on the MQ queue once."""

from __future__ import annotations

import os
import random
import sys
from collections import Counter
from typing import Any

import pytest

from mock_mq.core import QueueDefinition
from mock_mq.pytest_plugin import StartQueueManager
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import StartBridge, eventually
from tests.system.ends import IN, letters, send

LEDGER = "LEDGER"
MESSAGES, KILLS = 300, 6
SMALL: dict[str, Any] = {"in_flight": "1KiB"}
"""Units of work of about ten messages, so that there are many to break in."""


@pytest.mark.timeout(240)
def test_kills_and_commits_in_doubt_put_each_message_once(
    aws: Aws,
    start_queue_manager: StartQueueManager,
    start_bridge: StartBridge,
    capsys: pytest.CaptureFixture[str],
) -> None:
    seed = int(os.environ.get("KILL_SEED", str(random.randrange(2**32))))
    moments = random.Random(seed)
    queue_manager = start_queue_manager(queues=(QueueDefinition(IN), QueueDefinition(LEDGER)))
    incoming, bucket = aws.make_queue(VisibilityTimeout="3"), aws.make_bucket()
    route = {"name": "in", "from": {"sqs": incoming, "wait": 1}, "to": {"mq": IN, "ledger": LEDGER}}
    wanted = {f"message {number} ".ljust(100, ".") for number in range(MESSAGES)}
    send(aws, incoming, *sorted(wanted))
    # The second commit of each connection is in doubt: at first it was backed out, later it took effect.
    before = queue_manager.fault("drop", call="MQCMIT", nth=2, times=KILLS)
    after = queue_manager.fault("drop-after", call="MQCMIT", every=2)

    for number in range(KILLS):
        due = min(MESSAGES, (number + 1) * MESSAGES // (KILLS + 2))
        binding = moments.choice(("pymqi", "ibmmq"))
        started = start_bridge(queue_manager, route, dead_letters=bucket, binding=binding, **SMALL)
        eventually(lambda due=due: queue_manager.depth(IN) >= due, what=f"{due} on MQ (seed {seed})")  # type: ignore[misc]
        started.kill_after(moments.uniform(0, 0.1))
    left = MESSAGES - queue_manager.depth(IN)
    last = start_bridge(queue_manager, route, dead_letters=bucket, **SMALL)
    eventually(
        lambda: queue_manager.depth(IN) == MESSAGES and aws.counts(incoming) == (0, 0),
        within=90,
        what=f"all on MQ and none in SQS (seed {seed})",
    )
    assert last.stop() == 0
    found = Counter(each.data.decode() for each in queue_manager.browse(IN))
    in_doubt = queue_manager.happened(before) + queue_manager.happened(after)
    doubled = sum(found.values()) - len(found)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{KILLS} kills, {in_doubt} commits in doubt, seed {seed} (KILL_SEED={seed} repeats it): "
            f"{MESSAGES} messages, lost {len(wanted - set(found))}, unexpected {len(set(found) - wanted)}, "
            f"duplicates {doubled}; still to move after the last kill: {left}\n"
        )
    assert found == Counter(wanted), f"seed {seed}"
    assert letters(aws, bucket) == {}, f"seed {seed}"
    assert queue_manager.depth(LEDGER) == MESSAGES
    # The kills and the faults found work to do.
    assert left > 0
    assert queue_manager.happened(before) == KILLS
    assert queue_manager.happened(after) >= KILLS
