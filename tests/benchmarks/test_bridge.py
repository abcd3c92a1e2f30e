"""`make bench` in small: the same processes, a few messages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from io import BytesIO, StringIO
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from rich.console import Console
from rich.progress import Progress

from benchmarks.bodies import Bodies
from benchmarks.bridge import Bench, Effort
from benchmarks.cases import KIB, MIB, Case
from benchmarks.report import page
from benchmarks.stand import Stand, topic
from examples.demo.setting import REGION


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with Stand(tmp_path_factory.mktemp("bench")) as started:
        yield started


def test_a_bench_counts_each_message_once_and_what_it_cost(stand: Stand) -> None:
    bench = Bench(stand, Effort(rounds=1, seconds=0.05), Progress(console=Console(file=StringIO())))
    cases = [Case("out", MIB), Case("in", KIB), Case("out", KIB, to_queue=True)]
    bench.run(cases)
    for result in bench.findings.results:
        for contender in (result.plain, result.bridge):
            (measured,) = contender.rounds
            assert (measured.arrived, measured.doubled) == (measured.messages, 0)
            assert contender.rate > 0
            assert contender.memory > MIB
            assert len(contender.latencies) >= 5
            assert all(0 < each < 30 for each in contender.latencies)
    out, inward, to_queue = bench.findings.results
    assert out.plain.requests == 2000  # an object and a message
    assert out.plain.commits == 1000
    assert inward.plain.requests == 2000  # a receive and a delete
    assert inward.bridge.requests < inward.plain.requests
    assert to_queue.plain.requests == 1000
    told = page(bench.findings)
    for case in cases:
        assert f"<td>{str(case).replace('>', '&gt;')}</td>" in told
    assert re.search(r"messages that did not arrive, or more than once</td><td>0<", told)
    assert not re.search(r"https?://|<script|<link", told)


def client(stand: Stand, service: Any) -> Any:
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=stand.environment["AWS_ENDPOINT_URL"],
        aws_access_key_id="bench",
        aws_secret_access_key="bench",
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_what_is_published_as_a_pointer_counts_as_the_object_whether_or_not_it_came_in_parts(
    stand: Stand,
) -> None:
    sns, s3 = client(stand, "sns"), client(stand, "s3")
    stand.stub.ask("set", latency=0.0)
    stand.stub.ask("reset")
    for serial, size in enumerate((MIB, 20 * MIB), start=1):
        s3.upload_fileobj(BytesIO(Bodies(size)[serial]), "bridge-payloads", f"key/{serial}")
        where = {"s3BucketName": "bridge-payloads", "s3Key": f"key/{serial}"}
        sns.publish(TopicArn=topic("bridge", 1), Message=json.dumps(["Pointer", where]))
    found = stand.stub.ask("published", messages=2, within=1.0)
    assert (found["distinct"], found["total"]) == (2, 2)
    assert 0 not in stand.stub.ask("published_at", first=1, count=2)


def test_a_topic_throttles_what_is_over_its_quota(stand: Stand) -> None:
    sns = client(stand, "sns")
    message = Bodies(KIB)[1].decode()
    stand.stub.ask("set", latency=0.0, quotas={"bridge-1": 0.001})
    sns.publish(TopicArn=topic("bridge", 2), Message=message)
    with pytest.raises(ClientError, match="Throttled"):
        sns.publish(TopicArn=topic("bridge", 1), Message=message)
    stand.stub.ask("set", latency=0.0)
    sns.publish(TopicArn=topic("bridge", 1), Message=message)
