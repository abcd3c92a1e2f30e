"""AWS clients, with what matters set on purpose and nothing left to a default that changes.

boto3's `Session` is imported here before anything imports the extended clients' packages, which replace
`boto3.session.Session` for the whole process; `bridge.aws.extended` imports this module first.
"""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import boto3
import botocore.session
import structlog
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.httpsession import get_cert_path

from bridge import __version__
from bridge.aws import upload
from bridge.aws.calls import Calls
from bridge.aws.faults import FAULTS, capped, classify
from bridge.aws.pace import Pace
from bridge.errors import Stop

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sts import STSClient

LONGEST_POLL = 20
"""Seconds: the longest that ReceiveMessage waits."""

_ASK_STS_AGAIN_AFTER = 60.0

Made = TypeVar("Made")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TimeOuts:
    """Seconds to wait for a connection, and for the next bytes on it.

    `read` bounds how long a hanging call can hold up a stop, or a route whose destination is back; a long
    poll is given its wait on top.
    """

    connect: float = 5.0
    read: float = 8.0


class Clients:
    """The clients of one process, made when first asked for and shared by threads (botocore's are safe so).

    Endpoints, credentials and profiles come the way boto3 takes them: AWS_ENDPOINT_URL, AWS_PROFILE and so
    on. The region is the one asked for (an ARN's), else `region`, else AWS_REGION, AWS_DEFAULT_REGION or
    the profile's. `agent` is who calls, for the User-Agent. Every method raises `Stop` where boto3 can't make
    a client at all.
    """

    def __init__(
        self,
        *,
        region: str = "",
        time_outs: TimeOuts | None = None,
        environ: Mapping[str, str] = os.environ,
        agent: str = "ibmmq-aws-bridge",
    ) -> None:
        self._environ = environ
        self._agent = agent
        # Lambda and ECS set AWS_REGION, which botocore does not read by itself.
        self._region = region or environ.get("AWS_REGION", "")
        self._time_outs = time_outs or TimeOuts()
        self._made: dict[Hashable, Any] = {}
        self._paces: defaultdict[str, Pace] = defaultdict(Pace)
        self._lock = Lock()
        self._counting = Lock()
        self._requests: Counter[str] = Counter()
        self._core = botocore.session.get_session()
        self._session: Session | None = None
        self._account = ""
        self._ask_sts_at = 0.0
        self._sts_lock = Lock()

    @property
    def requests(self) -> dict[str, int]:
        """The requests sent so far, by operation: `{"sns.PublishBatch": 12}`."""
        with self._counting:
            return dict(self._requests)

    def sns(self, region: str = "") -> SNSClient:
        """The SNS client of a region."""
        return cast("SNSClient", self._client("sns", region))

    def sqs(self, region: str = "") -> SQSClient:
        """The SQS client of a region."""
        return cast("SQSClient", self._client("sqs", region))

    def polling_sqs(self, region: str = "") -> SQSClient:
        """An SQS client that lets ReceiveMessage wait for as long as it may."""
        return cast("SQSClient", self._client("sqs", region, wait=LONGEST_POLL))

    def s3(self) -> S3Client:
        """The S3 client. `bridge.aws.storage.Storage` is the way to use it."""
        return cast("S3Client", self._client("s3", ""))

    def secretsmanager(self, region: str = "") -> SecretsManagerClient:
        """The Secrets Manager client of a region."""
        return cast("SecretsManagerClient", self._client("secretsmanager", region))

    def kms(self, region: str = "") -> KMSClient:
        """The KMS client of a region: only to look at keys, which the services use by themselves."""
        return cast("KMSClient", self._client("kms", region))

    def sts(self) -> STSClient:
        """The STS client, which says whose the credentials are."""
        return cast("STSClient", self._client("sts", ""))

    def calls(self, service: Literal["sns", "sqs"], region: str = "") -> Calls:
        """What messages go out by, to a service of a region."""
        client = self._client(service, region)
        return self.once(("calls", service, region), lambda: self._calls(client))

    def account(self, otherwise: str = "") -> str:
        """The account of the credentials (12 digits), which owns the buckets; asked of STS once.

        Where STS can't be asked (no route to it, say) it is `otherwise`, the account that a topic's or
        queue's ARN names, and STS is asked again a minute later at the earliest. Empty when nobody knows.
        """
        with self._sts_lock:
            if not self._account and time.monotonic() >= self._ask_sts_at:
                try:
                    self._account = self.sts().get_caller_identity()["Account"]
                except FAULTS as error:
                    self._ask_sts_at = time.monotonic() + _ASK_STS_AGAIN_AFTER
                    log.warning(
                        "account_unknown",  # the buckets must be the topic's or queue's owner's then
                        reason=classify(error, "sts").reason,
                        owner=otherwise or "not checked",
                    )
            return self._account or otherwise

    def pace(self, destination: str) -> Pace:
        """The pace of what the process sends to a destination, over however many connections."""
        with self._lock:
            return self._paces[destination]

    def once(self, what: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` made when the process first asked for this."""
        with self._lock:
            if what not in self._made:
                self._made[what] = make()
            return cast("Made", self._made[what])

    def _client(self, service: str, region: str, *, wait: int = 0) -> Any:
        return self.once((service, region, wait), lambda: self._make(service, region, wait))

    def _calls(self, client: Any) -> Calls:
        core = self._core
        trusted = core.get_config_variable("ca_bundle") or get_cert_path(True)  # noqa: FBT003 - botocore's
        return Calls(client, core.get_credentials, self._time_outs, str(trusted))

    def _make(self, service: str, region: str, wait: int) -> Any:
        def make() -> Any:
            if self._session is None:
                self._session = Session(botocore_session=self._core, region_name=self._region or None)
            make_client = cast("Callable[..., Any]", self._session.client)
            client = make_client(service, region_name=region or None, config=self._config(service, wait))
            client.meta.events.register("before-send", self._count)
            if service == "s3":
                client.meta.events.register("before-call", upload.whole)
            return client

        try:
            return make()
        # An endpoint that is no URL is a bare ValueError of botocore's.
        except (BotoCoreError, ValueError) as error:
            raise Stop(
                f"{service}: boto3 can't make a client ({capped(str(error))}); "
                "set AWS_REGION and check AWS_ENDPOINT_URL, AWS_PROFILE and the AWS configuration file"
            ) from None

    def _count(self, event_name: str, **_given: Any) -> None:
        # `before-send.sns.PublishBatch`: once for every time it goes over the wire.
        operation = event_name.partition(".")[2]
        with self._counting:
            self._requests[operation] += 1

    def _config(self, service: str, wait: int) -> Config:
        # STS answers at once or is not routed: it must not hold up a delivery.
        slow = service != "sts"
        # Emulators and proxies answer on one host name; a bucket's name in front of it resolves nowhere.
        own_endpoint = any(self._environ.get(name) for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"))
        return Config(
            # Made once: botocore makes its own twice for each request, for a tenth of its CPU.
            user_agent=f"Boto3/{boto3.__version__} Botocore/{botocore.__version__}",
            # So that CloudTrail tells the bridge's calls from others of the same role.
            user_agent_extra=f"{self._agent}/{__version__}",
            connect_timeout=self._time_outs.connect if slow else min(2.0, self._time_outs.connect),
            read_timeout=(self._time_outs.read if slow else min(3.0, self._time_outs.read)) + wait,
            max_pool_connections=50,
            # Retries are the pump's; botocore's would multiply them, and send again unseen.
            retries={"mode": "standard", "total_max_attempts": 1},
            request_checksum_calculation="when_supported",
            response_checksum_validation="when_supported",
            s3={"addressing_style": "path" if own_endpoint else "auto"},
            tcp_keepalive=True,
            # Types alone, which mypy has checked, for a tenth of the CPU that a request takes.
            parameter_validation=service not in {"sns", "sqs"},
        )
