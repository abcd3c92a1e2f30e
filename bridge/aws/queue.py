"""An SQS queue by any of its names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bridge.aws.faults import FAULTS, classify

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# sqs.eu-west-1.amazonaws.com, vpce-1.sqs.eu-west-1.vpce.amazonaws.com, older: eu-west-1.queue.amazonaws.com
_REGION = re.compile(r"(?:^|\.)sqs(?:-fips)?\.([a-z0-9-]+)\.|^([a-z0-9-]+)\.queue\.")


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue: its name, and of region, account (12 digits) and URL what is known ("" where it isn't)."""

    name: str
    region: str = ""
    account: str = ""
    url: str = ""

    @property
    def fifo(self) -> bool:
        """Whether it keeps the order of groups: its name says so."""
        return self.name.endswith(".fifo")

    @classmethod
    def parse(cls, text: str) -> Queue:
        """From a name, a URL or an ARN, which the configuration has checked."""
        if text.startswith("arn:"):
            _, _, _, region, account, name = text.split(":", 5)
            return cls(name, region, account)
        if "://" in text:
            address = urlsplit(text)
            found = _REGION.search(address.hostname or "")
            account, name = address.path.strip("/").rsplit("/", 2)[-2:]
            return cls(name, (found[1] or found[2]) if found else "", account, text)
        return cls(text)

    def look_up(self, client: SQSClient) -> str:
        """The queue's URL, asked of SQS where it isn't known; raises `Away`."""
        if self.url:
            return self.url
        try:
            if self.account:
                return client.get_queue_url(QueueName=self.name, QueueOwnerAWSAccountId=self.account)[
                    "QueueUrl"
                ]
            return client.get_queue_url(QueueName=self.name)["QueueUrl"]
        except FAULTS as error:
            raise classify(error, f"sqs:{self.name}").as_away() from None

    @staticmethod
    def account_in(url: str) -> str:
        """The account in a queue's URL."""
        parts = urlsplit(url).path.strip("/").split("/")
        return parts[-2] if len(parts) > 1 and parts[-2].isdigit() else ""
