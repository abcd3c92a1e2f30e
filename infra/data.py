"""What holds an integration's messages: topics, queues, buckets, the log, and the key of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from aws_cdk import Aws, CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.keys import let_logs_use, rotated_key
from infra.nag import accept
from infra.settings import Access, Integration

RECEIVES_BEFORE_REDRIVE = 1000
"""The most that SQS takes: the bridge sets a message aside long before, and says why."""

_LONGEST = Duration.days(14)
_VISIBILITY = Duration.minutes(2)
"""The bridge extends it while a unit of work takes longer."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket and the name it was given, by which other stacks know it without being tied to this one."""

    made: s3.Bucket
    name: str

    @property
    def arn(self) -> str:
        """The bucket's."""
        return f"arn:{Aws.PARTITION}:s3:::{self.name}"

    @property
    def objects(self) -> str:
        """All of its objects'."""
        return f"{self.arn}/*"


class DataStack(Stack):
    """An integration's data. What it holds outlives the stack, but for the test queues."""

    def __init__(self, scope: Construct, name: str, *, integration: Integration, **given: Any) -> None:
        super().__init__(
            scope, name, description=f"Data of the bridge's integration {integration.name}", **given
        )
        self._integration = integration
        self.key = rotated_key(
            self, "Key", f"alias/bridge-{integration.name}-data", f"Data of the bridge's {integration.name}"
        )
        self.log_group = self._log_group()
        days = integration.keep_days
        self.dead_letters = self._bucket("DeadLetters", "dead-letters", days.dead_letters)
        self.payloads = (
            self._bucket("Payloads", "payloads", days.payloads) if integration.offload is not None else None
        )
        self.redrive: dict[str, sqs.Queue] = {}
        self.sources = {each: self._queue(each) for each in integration.sources}
        self.destinations = {each: self._queue(each) for each in integration.destinations}
        self.topics = {each: self._topic(each) for each in integration.topics}
        for each, access in integration.access.items():
            self._open(each, access)
        self._let_services_use_the_key()
        self._outputs()

    def _log_group(self) -> logs.LogGroup:
        name = f"/bridge/{self._integration.name}"
        let_logs_use(self.key, name)
        group = logs.LogGroup(self, "Log", log_group_name=name, encryption_key=self.key)
        raw = cast("logs.CfnLogGroup", group.node.default_child)
        raw.retention_in_days = self._integration.keep_days.logs
        return group

    def _bucket(self, part: str, what: str, days: int) -> Bucket:
        name = f"bridge-{self._integration.name}-{what}-{Aws.ACCOUNT_ID}-{Aws.REGION}"
        bucket = s3.Bucket(
            self,
            part,
            bucket_name=name,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=RemovalPolicy.RETAIN,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="expire",
                    expiration=Duration.days(days),
                    noncurrent_version_expiration=Duration.days(7),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
        )
        accept(bucket, "S1", "CloudTrail's data events say who read what; access logs can't use KMS")
        raw = cast("s3.CfnBucket", bucket.node.default_child)
        raw.add_metadata("checkov", {"skip": [{"id": "CKV_AWS_18", "comment": "As AwsSolutions-S1"}]})
        return Bucket(bucket, name)

    def _queue(self, name: str) -> sqs.Queue:
        redrive = self._plain_queue(_beside(name, "redrive"), retention=_LONGEST)
        accept(redrive, "SQS3", "It is the redrive queue")
        self.redrive[name] = redrive
        return self._plain_queue(
            name,
            retention=_LONGEST,
            dead_letter_queue=sqs.DeadLetterQueue(queue=redrive, max_receive_count=RECEIVES_BEFORE_REDRIVE),
        )

    def _plain_queue(self, name: str, *, retention: Duration, **more: Any) -> sqs.Queue:
        kept = name.removesuffix(".fifo")
        return sqs.Queue(
            self,
            f"Queue-{kept}",
            queue_name=name,
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=self.key,
            data_key_reuse=Duration.hours(1),
            enforce_ssl=True,
            retention_period=retention,
            visibility_timeout=_VISIBILITY,
            removal_policy=more.pop("removal_policy", RemovalPolicy.RETAIN),
            fifo=True if name != kept else None,
            **more,
        )

    def _topic(self, name: str) -> sns.Topic:
        kept = name.removesuffix(".fifo")
        topic = sns.Topic(
            self,
            f"Topic-{kept}",
            topic_name=name,
            master_key=self.key,
            enforce_ssl=True,
            fifo=True if name != kept else None,
        )
        self._test_queue(name, topic)
        return topic

    def _test_queue(self, name: str, topic: sns.Topic) -> None:
        """Shows for a day what a topic sends, so that nobody has to subscribe to see."""
        queue = self._plain_queue(
            _beside(name, "test"), retention=Duration.days(1), removal_policy=RemovalPolicy.DESTROY
        )
        accept(queue, "SQS3", "It holds copies to be looked at, for a day: nothing redrives them")
        queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="Topic",
                principals=[iam.ServicePrincipal("sns.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[queue.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": topic.topic_arn}},
            )
        )
        sns.CfnSubscription(
            self,
            f"Subscription-{name.removesuffix('.fifo')}-test",
            topic_arn=topic.topic_arn,
            protocol="sqs",
            endpoint=queue.queue_arn,
            raw_message_delivery=True,
        )
        CfnOutput(self, f"TestQueue{_word(name)}", value=queue.queue_url)

    def _open(self, name: str, access: Access) -> None:
        """Lets in those of other accounts, to what they are named for and to the key and bodies it takes."""
        if name in self.topics:
            topic = self.topics[name]
            self._grant(topic, access.subscribers, "Subscribers", ["sns:Subscribe"], topic.topic_arn)
            self._grant(topic, access.publishers, "Publishers", ["sns:Publish"], topic.topic_arn)
            self._let_use_key(access.publishers, "sns", f"{_word(name)}Publishers")
            self._let_read_bodies(access.subscribers, f"{_word(name)}Subscribers")
        if name in self.sources:
            queue = self.sources[name]
            send = ["sqs:GetQueueUrl", "sqs:SendMessage"]
            self._grant(queue, access.senders, "Senders", send, queue.queue_arn)
            self._let_use_key(access.senders, "sqs", f"{_word(name)}Senders")
        if name in self.destinations:
            queue = self.destinations[name]
            receive = [
                "ChangeMessageVisibility",
                "DeleteMessage",
                "GetQueueAttributes",
                "GetQueueUrl",
                "ReceiveMessage",
            ]
            actions = [f"sqs:{each}" for each in receive]
            self._grant(queue, access.receivers, "Receivers", actions, queue.queue_arn)
            self._let_use_key(access.receivers, "sqs", f"{_word(name)}Receivers")
            self._let_read_bodies(access.receivers, f"{_word(name)}Receivers")

    @staticmethod
    def _grant(
        on: sns.Topic | sqs.Queue, principals: list[str], sid: str, actions: list[str], resource: str
    ) -> None:
        if principals:
            on.add_to_resource_policy(
                iam.PolicyStatement(
                    sid=sid, principals=_principals(principals), actions=actions, resources=[resource]
                )
            )

    def _let_use_key(self, principals: list[str], service: str, sid: str) -> None:
        if principals:
            self.key.add_to_resource_policy(
                iam.PolicyStatement(
                    sid=sid,
                    principals=_principals(principals),
                    actions=["kms:Decrypt", "kms:GenerateDataKey"],
                    resources=["*"],
                    conditions={"StringEquals": {"kms:ViaService": f"{service}.{self.region}.amazonaws.com"}},
                )
            )

    def _let_read_bodies(self, principals: list[str], sid: str) -> None:
        """Those who get pointers may follow them."""
        if principals and self.payloads:
            self.payloads.made.add_to_resource_policy(
                iam.PolicyStatement(
                    sid=sid,
                    principals=_principals(principals),
                    actions=["s3:GetObject"],
                    resources=[self.payloads.objects],
                )
            )
            self._let_use_key(principals, "s3", f"{sid}Bodies")

    def _let_services_use_the_key(self) -> None:
        """Topics send to encrypted queues, alarms to an encrypted topic; each for this account alone."""
        for service, sid in (("sns", "Topics"), ("cloudwatch", "Alarms")):
            self.key.add_to_resource_policy(
                iam.PolicyStatement(
                    sid=sid,
                    principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
                    actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                    resources=["*"],
                    conditions={"StringEquals": {"aws:SourceAccount": self.account}},
                )
            )

    def _outputs(self) -> None:
        for name, topic in self.topics.items():
            CfnOutput(self, f"Topic{_word(name)}", value=topic.topic_arn)
        for name, queue in {**self.sources, **self.destinations}.items():
            CfnOutput(self, f"QueueUrl{_word(name)}", value=queue.queue_url)
        CfnOutput(self, "DeadLetterBucket", value=self.dead_letters.name)
        if self.payloads:
            CfnOutput(self, "PayloadBucket", value=self.payloads.name)
        CfnOutput(self, "LogGroup", value=self.log_group.log_group_name)


def _principals(names: list[str]) -> list[iam.IPrincipal]:
    return [iam.AccountPrincipal(each) if each.isdigit() else iam.ArnPrincipal(each) for each in names]


def _beside(name: str, what: str) -> str:
    """The name of a queue that belongs to another: FIFO where that is."""
    plain = name.removesuffix(".fifo")
    return f"{plain}-{what}{name[len(plain) :]}"


def _word(name: str) -> str:
    return "".join(part.capitalize() for part in name.replace(".", "-").replace("_", "-").split("-"))
