from __future__ import annotations

import pytest

from bridge.aws.queue import Queue
from bridge.aws.session import Clients
from bridge.errors import Away
from tests.fixtures.aws import ACCOUNT, Aws


@pytest.mark.parametrize(
    ("text", "queue"),
    [
        ("orders-in", Queue("orders-in")),
        ("arn:aws:sqs:eu-west-1:123456789012:orders", Queue("orders", "eu-west-1", "123456789012")),
        (
            "https://sqs.eu-central-1.amazonaws.com/123456789012/orders",
            Queue(
                "orders",
                "eu-central-1",
                "123456789012",
                "https://sqs.eu-central-1.amazonaws.com/123456789012/orders",
            ),
        ),
        (
            "https://eu-west-3.queue.amazonaws.com/123456789012/orders",
            Queue(
                "orders",
                "eu-west-3",
                "123456789012",
                "https://eu-west-3.queue.amazonaws.com/123456789012/orders",
            ),
        ),
        (
            "https://vpce-1.sqs.us-east-1.vpce.amazonaws.com/123456789012/orders",
            Queue(
                "orders",
                "us-east-1",
                "123456789012",
                "https://vpce-1.sqs.us-east-1.vpce.amazonaws.com/123456789012/orders",
            ),
        ),
        (
            "http://127.0.0.1:5000/123456789012/orders",
            Queue("orders", "", "123456789012", "http://127.0.0.1:5000/123456789012/orders"),
        ),
    ],
)
def test_a_queue_is_known_by_name_url_or_arn(text: str, queue: Queue) -> None:
    assert Queue.parse(text) == queue


def test_all_three_names_lead_to_the_same_queue(aws: Aws) -> None:
    url = aws.make_queue()
    name = url.rsplit("/", 1)[1]
    client = Clients().sqs()
    found = {Queue.parse(text).look_up(client).split("/", 3)[3] for text in (name, url, aws.queue_arn(url))}
    assert found == {f"{ACCOUNT}/{name}"}


def test_a_queue_that_is_not_there_is_waited_for_slowly_and_named(aws: Aws) -> None:
    with pytest.raises(
        Away, match=r"^sqs:no-such-queue: refused with .*NonExistentQueue.*create it"
    ) as raised:
        Queue.parse("no-such-queue").look_up(Clients().sqs())
    assert raised.value.slowly
