"""The AWS side as the routes need it: who the caller is, every topic, queue, bucket and key.

All of it is looked at and nothing is sent, received, written or deleted; so the rights to do that are not
proved, but for reading payloads. What the caller has no right to look at can't be told, which is a warning.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, cast
from xml.etree.ElementTree import ParseError

from bridge import configuration as configured
from bridge.aws.faults import FAULTS, Kind, classify, code_of
from bridge.aws.queue import Queue
from bridge.aws.session import Clients
from bridge.check.finding import Finding, failure, ok, warning
from bridge.configuration import Configuration
from bridge.errors import BridgeError

_AT_ONCE = 16
_SNS_TAKES = 262_144
"""Bytes of a message, where a topic's MaximumMessageSize says nothing else."""
_NO_OBJECT = "no-such-object/bridge-check"
"""Asked for in a bucket of payloads: to be told that it is missing shows that objects may be read."""
_NONE_SET = {"NoSuchLifecycleConfiguration", "ServerSideEncryptionConfigurationNotFoundError"}
_KEY_OF_AWS = "alias/aws/"

Look = Callable[[], Iterator[Finding]]


def look(configuration: Configuration, clients: Clients) -> Iterator[Finding]:
    """Everything on the AWS side: the caller, then what is named, then the keys it is encrypted with."""
    yield from _overrides(os.environ)
    caller, account = _caller(clients)
    yield caller
    side = _Side(configuration, clients, account)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        # The keys are known once the things have been looked at.
        for looks in (side.looks, side.keys):
            for found in pool.map(_complete, looks().items()):
                yield from found


def _complete(one: tuple[str, Look]) -> Sequence[Finding]:
    """All that a look brings, up to where it could not go on."""
    thing, looking = one
    found: list[Finding] = []
    try:
        found.extend(looking())
    except FAULTS as e:
        found.append(_failed(thing, e))
    except BridgeError as e:
        found.append(told_by_aws(thing, str(e)))
    except ParseError:  # botocore reads GetBucketLocation's answer by itself
        what = "answered with something that can't be read; is it AWS?"
        found.append(failure(thing, what, "check AWS_ENDPOINT_URL and what is on the way there"))
    return found


def told_by_aws(thing: str, sentence: str) -> Finding:
    """A failure from the sentence of an error of AWS's: `thing: what is wrong; what to do`."""
    rest = sentence.removeprefix(f"{thing}: ")
    known = next((kind.remedy for kind in Kind if rest.endswith(f"; {kind.remedy}")), "")
    remedy = known or rest.rpartition("; ")[2]
    what = rest.removesuffix(remedy).rstrip(";:. ") or rest
    return failure(thing, what, remedy.removeprefix("it is tried again; "))


def _failed(thing: str, error: Exception) -> Finding:
    return told_by_aws(thing, classify(error, thing).reason)


def _unknown(thing: str, what: str, right: str) -> Finding:
    return warning(thing, f"{what} can't be told: no right to look", f"allow {right}, for this check alone")


def _is_forbidden(error: Exception) -> bool:
    return classify(error, "").kind is Kind.FORBIDDEN


def _overrides(environ: Mapping[str, str]) -> Iterator[Finding]:
    for name in sorted(environ):
        if name.startswith("AWS_ENDPOINT_URL"):
            # Not what may stand before the host: a user and a password.
            host = environ[name].rpartition("@")[2].removeprefix("http://").removeprefix("https://")
            yield warning("AWS endpoint", f"{name} leads to {host}", "unset it, unless it is meant")


def _caller(clients: Clients) -> tuple[Finding, str]:
    """Whose the credentials are, and the account, which is empty where STS does not say."""
    thing = "AWS identity"
    try:
        sts = clients.sts()
        identity = sts.get_caller_identity()
    except FAULTS as e:
        found = _failed(thing, e)
        # Where there is no way to STS the bridge goes by the account of topics and queues.
        without = classify(e, thing).kind in {Kind.FAILING, Kind.FORBIDDEN}
        return (found.as_warning() if without else found), ""
    except BridgeError as e:
        return told_by_aws("sts", str(e)), ""
    what = f"{identity['Arn']}, account {identity['Account']}, region {sts.meta.region_name}"
    return ok(thing, what), identity["Account"]


class _Side:
    """The looks at what a configuration names, by thing. `account` is the caller's, "" where not known."""

    def __init__(self, configuration: Configuration, clients: Clients, account: str) -> None:
        self._configuration = configuration
        self._clients = clients
        self._account = account
        self._keys: dict[tuple[str, str], None] = {}

    def looks(self) -> Mapping[str, Look]:
        """Each topic, queue and bucket once."""
        found: dict[str, Look] = {}
        for route in self._configuration.routes:
            for end in (route.source, *route.sinks):
                if isinstance(end, configured.SnsSink):
                    found[f"sns:{end.sns}"] = partial(self._topic, end.sns)
                elif isinstance(end, configured.SqsSink | configured.SqsSource):
                    queue = Queue.parse(end.sqs)
                    source = isinstance(end, configured.SqsSource)
                    found[f"sqs:{queue.name}"] = partial(self._queue, queue, source=source)
        return {**found, **self._buckets()}

    def keys(self) -> Mapping[str, Look]:
        """Each key that something met is encrypted with; AWS's own need no look."""
        return {f"kms:{key}": partial(self._key, key, region) for key, region in self._keys}

    def _topic(self, arn: str) -> Iterator[Finding]:
        thing, region = f"sns:{arn}", arn.split(":")[3]
        self._clients.calls("sns", region)  # says what is wrong with a proxy
        try:
            attributes = self._clients.sns(region).get_topic_attributes(TopicArn=arn)["Attributes"]
        except FAULTS as e:
            yield (
                _unknown(thing, "whether it is there", "sns:GetTopicAttributes")
                if _is_forbidden(e)
                else _failed(thing, e)
            )
            return
        takes = int(attributes.get("MaximumMessageSize", _SNS_TAKES))
        yield self._there(thing, attributes, region, f"there, takes messages up to {takes:,} bytes")
        yield from self._size(thing, takes, "the topic's MaximumMessageSize")

    def _queue(self, queue: Queue, *, source: bool) -> Iterator[Finding]:
        thing = f"sqs:{queue.name}"
        client = self._clients.sqs(queue.region)
        if not source:
            self._clients.calls("sqs", queue.region)  # the same
        url = queue.look_up(client)
        try:
            attributes = cast(
                "Mapping[str, str]",
                client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"],
            )
        except FAULTS as e:
            # A source's visibility time-out is read by the bridge itself.
            unknown = _is_forbidden(e) and not source
            yield (
                _unknown(thing, "its attributes", "sqs:GetQueueAttributes") if unknown else _failed(thing, e)
            )
            return
        waiting = f"there, depth {int(attributes.get('ApproximateNumberOfMessages', 0)):,}"
        region = queue.region or client.meta.region_name
        if not source:
            yield self._there(thing, attributes, region, waiting)
            yield from self._size(
                thing, int(attributes.get("MaximumMessageSize", _SNS_TAKES)), "its MaximumMessageSize"
            )
            return
        seconds = attributes.get("VisibilityTimeout", "?")
        yield self._there(thing, attributes, region, f"{waiting}, visibility time-out {seconds} s")
        yield from self._redrive(thing, attributes)

    def _there(self, thing: str, attributes: Mapping[str, str], region: str, what: str) -> Finding:
        return ok(thing, f"{what}, {self._encrypted(attributes.get('KmsMasterKeyId', ''), region)}")

    def _encrypted(self, key: str, region: str) -> str:
        if not key:
            return "not encrypted with a key of KMS"
        if _KEY_OF_AWS not in key:
            self._keys[key, region] = None
        return f"encrypted with {key}"

    def _size(self, thing: str, takes: int, which: str) -> Iterator[Finding]:
        offload = self._configuration.offload
        if offload and not offload.always and offload.threshold > takes:
            yield warning(
                thing,
                f"takes {takes:,} bytes, and only bodies over {offload.threshold:,} go through S3",
                f"lower offload.threshold or raise {which}: what is between the two is set aside",
            )

    def _redrive(self, thing: str, attributes: Mapping[str, str]) -> Iterator[Finding]:
        threshold = self._configuration.dead_letters.backout_threshold
        if "RedrivePolicy" not in attributes:
            return
        receives = int(json.loads(attributes["RedrivePolicy"]).get("maxReceiveCount", 0))
        if receives <= threshold:
            yield warning(
                thing,
                f"SQS itself moves a message away after {receives} receives, before "
                f"dead_letters.backout_threshold, {threshold}, is reached",
                "raise maxReceiveCount of its redrive policy well above that, or take the policy away",
            )

    def _buckets(self) -> Mapping[str, Look]:
        configuration, offload = self._configuration, self._configuration.offload
        found: dict[str, Look] = {}

        def add(bucket: str, kept: str, *, reads: bool = False, cleaned: bool = False) -> None:
            found.setdefault(
                f"s3://{bucket}", lambda: self._bucket(bucket, kept, reads=reads, cleaned=cleaned)
            )

        if offload:
            reads = any(isinstance(route.source, configured.SqsSource) for route in configuration.routes)
            add(offload.bucket, "payloads", reads=reads, cleaned=not offload.delete_after_delivery)
            for bucket in offload.read_from:
                add(bucket, "payloads of others", reads=reads)
        add(configuration.dead_letters.bucket, "dead letters")
        return found

    def _bucket(self, bucket: str, kept: str, *, reads: bool, cleaned: bool) -> Iterator[Finding]:
        """`reads` where objects are fetched from it, `cleaned` where only a life cycle removes them."""
        thing, s3 = f"s3://{bucket}", self._clients.s3()
        owned: Any = {"Bucket": bucket} | ({"ExpectedBucketOwner": self._account} if self._account else {})
        try:
            where = s3.get_bucket_location(**owned).get("LocationConstraint") or "us-east-1"
        except FAULTS as e:
            yield self._no_bucket(thing, bucket, e)
            if not _is_forbidden(e):
                return
        else:
            encrypted = self._setting(lambda: s3.get_bucket_encryption(**owned))
            cycle = self._setting(lambda: s3.get_bucket_lifecycle_configuration(**owned))
            whose = f"of account {self._account}" if self._account else "of an account that is not known"
            yield ok(thing, f"there, for {kept}, {whose}, in {where}{self._sealed(encrypted, where)}")
            if where != s3.meta.region_name:
                what = f"in {where}, and the bridge's region is {s3.meta.region_name}"
                yield warning(thing, what, "use one in the same region: each call goes a long way")
            if encrypted is None or (cycle is None and cleaned):
                rights = "s3:GetEncryptionConfiguration and s3:GetLifecycleConfiguration"
                yield _unknown(thing, "its encryption and life cycle", rights)
            elif cleaned and not cycle:
                yield warning(
                    thing,
                    "has no life cycle, and nothing else deletes payloads",
                    "give it one, or set offload.delete_after_delivery",
                )
        if reads:
            yield from self._readable(thing, owned)

    def _no_bucket(self, thing: str, bucket: str, error: Exception) -> Finding:
        if not _is_forbidden(error):
            return _failed(thing, error)
        if self._account:
            with contextlib.suppress(*FAULTS):
                self._clients.s3().get_bucket_location(Bucket=bucket)
                return failure(
                    thing,
                    f"belongs to another account than the caller's, {self._account}: S3 refuses the calls",
                    "name a bucket of that account's, or use credentials of the bucket's",
                )
        return _unknown(thing, "whether it is there and whose it is", "s3:GetBucketLocation")

    def _setting(self, asked: Callable[[], Any]) -> Mapping[str, Any] | None:
        """A bucket's setting, empty where it has none; None where it can't be told."""
        try:
            return cast("Mapping[str, Any]", asked())
        except FAULTS as e:
            if code_of(e) in _NONE_SET:
                return {}
            if _is_forbidden(e):
                return None
            raise

    def _sealed(self, encrypted: Mapping[str, Any] | None, region: str) -> str:
        """How objects are encrypted, for the end of a sentence."""
        rules = (encrypted or {}).get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
        for rule in rules:
            default = rule.get("ApplyServerSideEncryptionByDefault", {})
            if key := default.get("KMSMasterKeyID"):
                return f", {self._encrypted(key, region)}"
        return ""

    def _readable(self, thing: str, owned: Mapping[str, str]) -> Iterator[Finding]:
        """Asks for an object that is not there: only whoever may read and list is told so."""
        try:
            self._clients.s3().head_object(**cast("Any", owned), Key=_NO_OBJECT)
        except FAULTS as e:
            if not _is_forbidden(e):
                if code_of(e) != "404":
                    raise
            else:
                yield failure(
                    thing,
                    "objects in it may not be read (403)",
                    "allow s3:GetObject on its objects and s3:ListBucket on it",
                )
                return
        yield ok(thing, "objects in it may be read")

    def _key(self, key: str, region: str) -> Iterator[Finding]:
        thing = f"kms:{key}"
        try:
            found = self._clients.kms(region).describe_key(KeyId=key)["KeyMetadata"]
        except FAULTS as e:
            yield (
                _unknown(thing, "whether it is enabled", "kms:DescribeKey")
                if _is_forbidden(e)
                else _failed(thing, e)
            )
            return
        state = found.get("KeyState", "unknown")
        if state == "Enabled":
            yield ok(thing, "enabled")
        else:
            remedy = "enable it, or cancel its deletion: nothing encrypted with it can be sent or read"
            yield failure(thing, f"its state is {state}", remedy)
