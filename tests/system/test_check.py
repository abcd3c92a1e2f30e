"""`bridge check` against a set-up in which all is right, and others that are wrong in one way each."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from typer.testing import CliRunner

from bridge.access import Access
from bridge.binding import CHOICE, load_binding
from bridge.check import Level, check
from bridge.cli import app
from bridge.configuration import load
from bridge.credentials import from_json
from bridge.key_repository import KeyRepository
from bridge.mq_connection import MqConnection
from bridge.mq_ledger import MqLedger
from mock_mq.core import QueueDefinition, Right
from mock_mq.core.definition import Channel
from mock_mq.server import TLS
from tests.bridge.mq_ends import settings
from tests.bridge.pem import ec_key, issue
from tests.documents import ROOT
from tests.fixtures.aws import ACCOUNT
from tests.fixtures.collector import Collector
from tests.system.ends import CANARY
from tests.system.set_up import CHANNEL, IN, LEDGER, OUT, STOCK, SetUp, right, unsilenced

__all__ = ["right", "unsilenced"]

LOOKS = {"MQCONN", "MQOPEN", "MQINQ", "MQCLOSE", "MQBACK", "MQDISC"}
"""Calls that move no message."""
QUESTIONS = {
    "GetSecretValue",
    "GetCallerIdentity",
    "GetTopicAttributes",
    "GetQueueUrl",
    "GetQueueAttributes",
    "HeadObject",
    "DescribeKey",
}


@pytest.mark.parametrize("name", ["pymqi", "ibmmq"])
def test_where_all_is_right_it_says_so_of_each_thing_and_nothing_has_moved(
    right: SetUp, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CHOICE, name)
    right.queue_manager.put(OUT, CANARY)
    source = right.configuration["routes"][2]["from"]["sqs"].rpartition(":")[2]
    url = right.aws.sqs.get_queue_url(QueueName=source)["QueueUrl"]
    right.aws.sqs.send_message(QueueUrl=url, MessageBody=CANARY)
    code, found = right.findings()
    assert (code, [each for each in found if each["level"] == "failure"]) == (0, [])
    # These are what a rehearsal is.
    warned = [each["thing"] for each in found if each["level"] == "warning"]
    assert {each.split(" CN=")[0] for each in warned} == {
        "MQ client",
        "AWS endpoint",
        "client certificate",
        "CA certificate",
        f"TLS at {right.queue_manager.connection_name}",
    }
    assert right.queue_manager.depth(OUT) == 1
    assert {each.call for each in right.queue_manager.calls()} <= LOOKS
    assert {each.action for each in right.proxy.requests if "?" not in each.path} <= QUESTIONS
    assert right.aws.counts(url) == (1, 0)


Spoil = Callable[[SetUp], None]


@dataclass(frozen=True)
class Broken:
    """A set-up that is wrong in one way, and what is to be said of it: patterns."""

    name: str
    spoil: Spoil
    thing: str
    what: str
    remedy: str
    also: tuple[str, ...] = ()
    """What else can't work then, by thing."""


def spoiling(
    reaching: dict[str, Any] | None = None, secret: dict[str, str] | None = None, **definition: Any
) -> Spoil:
    """Changes to the configuration's queue_manager, the secret, and the queue manager itself."""

    def spoil(right: SetUp) -> None:
        right.definition |= definition
        right.reaching.update(reaching or {})
        right.secret |= secret or {}

    return spoil


def queues(*changed: QueueDefinition, without: str = "") -> tuple[QueueDefinition, ...]:
    made = {name: QueueDefinition(name) for name in (OUT, STOCK, IN, LEDGER)} | {
        each.name: each for each in changed
    }
    return tuple(each for each in made.values() if each.name != without)


def denied_addresses(denied: Right) -> Spoil:
    """Routes with requests and answers, and one right too few."""

    def spoil(right: SetUp) -> None:
        routes = right.configuration["routes"]
        routes[2]["to"] |= {"reply_to_queue": "REPLIES", "addresses": "ADDRESSES"}
        taking = {"mq": "REPLIES", "addresses": "ADDRESSES"}
        routes.append({"name": "replies", "from": taking, "to": routes[1]["to"]})
        right.definition["queues"] += (QueueDefinition("REPLIES"), QueueDefinition("ADDRESSES"))
        right.definition["denied"] = (("bridge", "ADDRESSES", denied),)

    return spoil


def another_ca(right: SetUp) -> None:
    right.secret["ca"] = issue("Another CA", ec_key()).pem


def expired_queue_manager(right: SetUp) -> None:
    ca = issue("Bank CA", ec_key())
    expired = issue("QM1", ec_key(), ca, starts=-9, ends=-1)
    certificate, key = right.directory / "qm.pem", right.directory / "qm.key"
    certificate.write_text(expired.pem)
    key.write_text(expired.key_pem)
    right.tls = TLS(certificate, key, right.certificates.ca, require_client_certificate=True)
    right.secret["ca"] = ca.pem


def expired_client(right: SetUp) -> None:
    expired = issue("bridge", ec_key(), issue("CA", ec_key()), starts=-9, ends=-1)
    right.secret |= {"certificate": expired.pem, "private_key": expired.key_pem}


def unknown_client(right: SetUp) -> None:
    stranger = issue("bridge", ec_key(), issue("Another CA", ec_key()))
    right.secret |= {"certificate": stranger.pem, "private_key": stranger.key_pem}


def no_client(right: SetUp) -> None:
    del right.secret["certificate"], right.secret["private_key"]


def plain_listener(right: SetUp) -> None:
    right.tls = None


def plain_client(right: SetUp) -> None:
    no_client(right)
    del right.reaching["cipher_spec"]
    right.definition["channels"] = (Channel(CHANNEL, cipher_spec="ANY_TLS12_OR_HIGHER"),)


def no_topic(right: SetUp) -> None:
    right.aws.sns.delete_topic(TopicArn=right.configuration["routes"][0]["to"]["sns"])


def no_queue(right: SetUp) -> None:
    name = right.configuration["routes"][1]["to"]["sqs"].rpartition(":")[2]
    right.aws.sqs.delete_queue(QueueUrl=right.aws.sqs.get_queue_url(QueueName=name)["QueueUrl"])


def no_bucket(right: SetUp) -> None:
    right.aws.s3.delete_bucket(Bucket=right.configuration["dead_letters"]["bucket"])


def foreign_bucket(right: SetUp) -> None:
    bucket = right.configuration["dead_letters"]["bucket"]
    right.proxy.answer("GetObject", status=403, code="AccessDenied", where=f"{bucket}?location")


def unreadable_bucket(right: SetUp) -> None:
    right.proxy.answer("HeadObject", status=403)


def disabled_key(right: SetUp) -> None:
    key = right.aws.kms.create_key()["KeyMetadata"]["KeyId"]
    right.aws.kms.disable_key(KeyId=key)
    right.aws.sns.set_topic_attributes(
        TopicArn=right.configuration["routes"][0]["to"]["sns"],
        AttributeName="KmsMasterKeyId",
        AttributeValue=key,
    )


def expired_token(right: SetUp) -> None:
    right.proxy.answer("GetCallerIdentity", status=403, code="ExpiredToken")


def not_aws(right: SetUp) -> None:
    bucket = right.configuration["dead_letters"]["bucket"]
    right.proxy.answer(
        "GetObject", status=200, body=b"<html>Welcome to the network", where=f"{bucket}?location"
    )


def no_answer(right: SetUp) -> None:
    right.proxy.drop("GetTopicAttributes", after=False)


def no_secret(right: SetUp) -> None:
    right.reaching["credentials"] = "secretsmanager:nothing-of-that-name"


def no_json(right: SetUp) -> None:
    right.reaching["credentials"] = f"secretsmanager:{right.aws.make_secret(CANARY)}"


QM, TLS_AT = (
    r"queue manager QM1 at 127\.0\.0\.1\(\d+\), channel BRIDGE\.SVRCONN",
    r"TLS at 127\.0\.0\.1\(\d+\)",
)
BROKEN = [
    Broken(
        "wrong host",
        spoiling({"connections": ["mq.invalid(1414)"]}),
        r"connection mq\.invalid\(1414\)",
        "no host of the name mq.invalid is known",
        "correct connections",
    ),
    Broken(
        "wrong port",
        spoiling({"connections": ["127.0.0.1(1)"]}),
        r"connection 127\.0\.0\.1\(1\)",
        "nothing listens at port 1 of 127.0.0.1",
        "correct the port",
    ),
    Broken(
        "wrong queue manager",
        spoiling({"name": "QM2"}),
        QM.replace("QM1", "QM2"),
        "no queue manager of that name (2058 ",
        "correct name",
    ),
    Broken(
        "unknown channel",
        spoiling({"channel": "NOWHERE"}),
        QM.replace("BRIDGE\\.SVRCONN", "NOWHERE"),
        "there is no such channel (2540 ",
        "define it, or correct channel",
    ),
    Broken(
        "stopped channel",
        spoiling(channels=(Channel(CHANNEL, stopped=True),)),
        QM,
        "(2537 MQRC_CHANNEL_NOT_AVAILABLE)",
        "start it",
    ),
    Broken(
        "wrong cipher",
        spoiling(channels=(Channel(CHANNEL, cipher_spec="ECDHE_RSA_AES_256_GCM_SHA384"),)),
        QM,
        "the certificates are accepted, so it is the CipherSpec",
        "set cipher_spec, now ANY_TLS12_OR_HIGHER, and the channel's SSLCIPH to the same",
    ),
    Broken(
        "CA of another",
        another_ca,
        TLS_AT,
        "issued by CN=Throwaway CA,O=Throwaway, which ca does not lead to",
        "put the CA that signed it into ca",
        (QM,),
    ),
    Broken(
        "expired queue manager",
        expired_queue_manager,
        TLS_AT,
        "CN=QM1, issued by CN=Bank CA, expired on 20",
        "have the queue manager's certificate renewed",
        (QM,),
    ),
    Broken(
        "expired client",
        expired_client,
        "credentials secretsmanager:.*",
        "certificate expired on 20",
        "give a new one",
    ),
    Broken(
        "key of another pair",
        spoiling(secret={"private_key": issue("x", ec_key()).key_pem}),
        "credentials secretsmanager:.*",
        "private_key does not belong to certificate",
        "give the pair that was made together",
    ),
    Broken(
        "client of another CA",
        unknown_client,
        QM,
        "does not trust the CA of the client certificate",
        "add that CA to the queue manager's key repository",
    ),
    Broken(
        "no client certificate",
        no_client,
        QM,
        "asks for a client certificate, and the credentials hold none",
        "give certificate and private_key",
    ),
    Broken(
        "another peer",
        spoiling({"peer_name": "CN=QM9"}),
        QM,
        "is another's (2398 ",
        "compare peer_name with it",
    ),
    Broken(
        "TLS to a plain listener",
        plain_listener,
        TLS_AT,
        "does not speak TLS",
        "leave cipher_spec out for plain TCP",
        (QM,),
    ),
    Broken(
        "plain to a channel with TLS",
        plain_client,
        QM,
        "the connection broke (2009 ",
        "if the channel has an SSLCIPH, set cipher_spec",
    ),
    Broken(
        "wrong password",
        spoiling(secret={"password": "wrong"}),
        QM,
        "not authorised to connect (2035 ",
        "check the password, or let user bridge connect",
    ),
    Broken(
        "secret that is not there",
        no_secret,
        "secretsmanager:nothing-of-that-name",
        "refused with ResourceNotFoundException: Secrets Manager can't find the specified secret",
        "create it or correct its name",
    ),
    Broken(
        "secret that is not JSON",
        no_json,
        "credentials secretsmanager:.*",
        "the secret is not JSON",
        "store an object with certificate",
    ),
    Broken(
        "unknown MQ queue",
        spoiling(queues=queues(without=IN)),
        "queue IN on QM1",
        "there is no such queue (2085 ",
        "define it, or correct the name",
    ),
    Broken(
        "no authority",
        spoiling(denied=(("bridge", OUT, Right.GET),)),
        "queue OUT on QM1",
        "not authorised to get (2035 MQRC_NOT_AUTHORIZED) (route out)",
        "grant GET to user bridge",
    ),
    Broken(
        "no authority to note addresses",
        denied_addresses(Right.PUT),
        "queue ADDRESSES on QM1",
        "not authorised to put (2035 MQRC_NOT_AUTHORIZED) (route in)",
        "grant PUT to user bridge",
    ),
    Broken(
        "no authority to look addresses up",
        denied_addresses(Right.BROWSE),
        "queue ADDRESSES on QM1",
        "not authorised to browse (2035 MQRC_NOT_AUTHORIZED) (route replies)",
        "grant BROWSE to user bridge",
    ),
    Broken(
        "get inhibited",
        spoiling(queues=queues(QueueDefinition(STOCK, get_inhibited=True))),
        "queue STOCK on QM1",
        "gets are inhibited (2016 ",
        "set GET(ENABLED)",
    ),
    Broken(
        "put inhibited",
        spoiling(queues=queues(QueueDefinition(IN, put_inhibited=True))),
        "queue IN on QM1",
        "puts are inhibited (2051 ",
        "set PUT(ENABLED)",
    ),
    Broken("topic gone", no_topic, "sns:arn:.*", "NotFound", "create it or correct its name"),
    Broken("SQS queue gone", no_queue, "sqs:queue-.*", "NonExistentQueue", "create it or correct its name"),
    Broken("bucket gone", no_bucket, "s3://bucket-.*", "NoSuchBucket", "create it or correct its name"),
    Broken(
        "bucket of another account",
        foreign_bucket,
        "s3://bucket-.*",
        f"another account than the caller's, {ACCOUNT}",
        "name a bucket of that account's",
    ),
    Broken(
        "bucket that may not be read",
        unreadable_bucket,
        "s3://bucket-.*",
        "objects in it may not be read (403)",
        "allow s3:GetObject on its objects",
    ),
    Broken("key disabled", disabled_key, "kms:.*", "its state is Disabled", "enable it"),
    Broken(
        "something else than S3",
        not_aws,
        "s3://bucket-.*",
        "answered with something that can't be read",
        "check AWS_ENDPOINT_URL",
    ),
    Broken(
        "SNS that breaks off",
        no_answer,
        "sns:arn:.*",
        "can't be reached or broke off",
        "check the network and AWS's health",
    ),
    Broken(
        "expired token", expired_token, "AWS identity", "ExpiredToken", "check the task's role or credentials"
    ),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda each: each.name)
def test_the_cause_is_named_with_what_to_do_and_all_else_is_looked_at(right: SetUp, broken: Broken) -> None:
    broken.spoil(right)
    code, found = right.findings()
    failures = [each for each in found if each["level"] == "failure"]
    assert code == 1
    cause, *others = failures
    assert re.fullmatch(broken.thing, cause["thing"]), failures
    assert broken.what in cause["what"], failures
    assert broken.remedy in cause["remedy"], failures
    assert len(others) == len(broken.also), others
    for each, thing in zip(others, broken.also, strict=True):
        assert re.fullmatch(thing, each["thing"]), others
    # The other side, and what comes after, has been looked at all the same.
    things = {each["thing"] for each in found if each["level"] != "failure"}
    assert any(each.startswith("s3://") for each in things)
    assert any(each.startswith("queue") for each in things)


def warned(found: list[dict[str, str]], thing: str) -> list[tuple[str, str]]:
    """What is said, as warnings, of what has that in its name, and what to do."""
    return [
        (each["what"], each["remedy"])
        for each in found
        if each["level"] == "warning" and re.search(thing, each["thing"])
    ]


def test_what_works_but_should_be_known_is_a_warning_and_no_failure(right: SetUp) -> None:
    right.definition |= {
        "queues": queues(QueueDefinition(IN, max_message_length=1000, max_depth=1)),
        "denied": (("bridge", OUT, Right.INQUIRE),),
    }
    manager = right.queue_manager
    right.reaching["connections"] = ["127.0.0.1(1)", manager.connection_name]
    manager.put(IN, "x")
    route = right.configuration["routes"][2]
    orders = right.aws.sqs.get_queue_url(QueueName=route["from"]["sqs"].rpartition(":")[2])["QueueUrl"]
    redrive = {"deadLetterTargetArn": right.configuration["routes"][1]["to"]["sqs"], "maxReceiveCount": 5}
    right.aws.sqs.set_queue_attributes(QueueUrl=orders, Attributes={"RedrivePolicy": json.dumps(redrive)})
    payloads, letters = (
        right.configuration["offload"]["bucket"],
        right.configuration["dead_letters"]["bucket"],
    )
    right.aws.s3.delete_bucket_lifecycle(Bucket=payloads)
    right.configuration["offload"]["threshold"] = "1MiB"
    right.proxy.answer("GetObject", status=403, code="AccessDenied", times=2, where=f"{letters}?location")
    right.proxy.drop("GetCallerIdentity", after=False)

    code, found = right.findings()
    assert (code, [each for each in found if each["level"] == "failure"]) == (0, [])

    def says(thing: str, what: str, remedy: str) -> bool:
        return any(what in one and remedy in two for one, two in warned(found, thing))

    assert says(r"connection 127\.0\.0\.1\(1\)", "nothing listens at port 1", "correct the port")
    assert says(
        "queue OUT", "can't be told: not authorised to inquire and browse", "grant INQUIRE AND BROWSE"
    )
    assert says("queue IN", "takes messages up to 1,000 bytes (MAXMSGL)", "raise MAXMSGL")
    assert says("queue IN", "depth 1 of 1", "raise MAXDEPTH")
    assert says("sqs:", "moves a message away after 5 receives", "raise maxReceiveCount")
    assert says("sns:", "takes 262,144 bytes, and only bodies over 1,048,576", "lower offload.threshold")
    assert says(payloads, "has no life cycle", "set offload.delete_after_delivery")
    assert says(letters, "can't be told: no right to look", "allow s3:GetBucketLocation")
    assert says("AWS identity", "can't be reached or broke off", "check the network")


def test_a_queue_that_another_has_for_itself_is_told_of_and_left_to_it(right: SetUp) -> None:
    credentials = from_json(json.dumps(right.secret))
    with KeyRepository(credentials) as keys:
        reaching = settings(right.queue_manager, cipher_spec="ANY_TLS12_OR_HIGHER")
        connection = MqConnection(load_binding(), reaching, Access(credentials, keys))
        holding = MqLedger(connection, LEDGER)
        holding.connect()
        code, found = right.findings()
        connection.close()
    assert code == 0
    [(what, remedy)] = warned(found, f"queue {LEDGER}")
    assert "another program has it open" in what
    assert remedy.startswith("right where a bridge is running")


def test_all_mistakes_are_told_at_once(right: SetUp) -> None:
    no_queue(right)
    no_bucket(right)
    right.definition |= {
        "denied": (("bridge", OUT, Right.GET),),
        "queues": queues(QueueDefinition(STOCK, get_inhibited=True), without=IN),
    }
    code, found = right.findings()
    failed = [each["what"] for each in found if each["level"] == "failure"]
    parts = ["(2035 ", "(2016 ", "(2085 ", "NonExistentQueue", "NoSuchBucket"]
    assert code == 1
    assert [part for part, what in zip(parts, failed, strict=True) if part not in what] == []


def test_a_call_that_is_never_answered_ends_the_check_of_its_side_in_time(right: SetUp) -> None:
    right.queue_manager.fault("silence", call="MQOPEN", queue=STOCK)
    right.prepare()
    found = check(load(right.file, os.environ), source="bridge.yaml", within=2)
    [failed] = [each for each in found if each.level is Level.FAILURE]
    assert (failed.thing, failed.what) == ("queue manager", f"no answer within 2 s after queue {OUT} on QM1")
    assert any(each.thing.startswith("s3://") for each in found)


def test_a_collector_that_can_not_be_reached_is_a_warning_for_messages_move_without_it(
    right: SetUp, collector: Collector
) -> None:
    def said(endpoint: str) -> tuple[int, str, str, str]:
        right.configuration["tracing"] = {"endpoint": endpoint}
        code, found = right.findings()
        [one] = [each for each in found if each["thing"] == f"traces to {endpoint}"]
        return code, one["level"], one["what"], one["remedy"]

    port = collector.url.rpartition(":")[2]
    assert said(collector.url) == (0, "ok", f"reached at 127.0.0.1 port {port}", "")
    what = "can't be reached (connection refused): spans are lost, messages move all the same"
    remedy = "start the collector, or correct tracing.endpoint"
    assert said("http://127.0.0.1:1") == (0, "warning", what, remedy)


def test_without_json_it_is_a_table_with_what_to_do_and_a_summary(right: SetUp) -> None:
    no_bucket(right)
    code, out, err = right.run("check")
    words = " ".join(out.split())
    assert (code, err) == (1, "")
    assert re.search(r"^failure +s3://bucket-\w+ +refused with NoSuchBucket", out, re.MULTILINE)
    assert "-> create it or correct its name in the configuration" in words
    assert re.search(r"\d+ ok, \d+ warnings, 1 failure\. Nothing was sent, received or written", words)


TYPED = re.compile(r"^    (?:\.venv/bin/)?(bridge (?:check|run .*--dry-run).*?)(?:\s{2,}#.*)?$", re.MULTILINE)
DOCUMENTS = (ROOT / "README.md", ROOT / "docs" / "operations.md")


def test_each_documented_command_runs_as_it_stands(right: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:
    right.prepare()
    monkeypatch.chdir(right.directory)
    commands = {each for document in DOCUMENTS for each in TYPED.findall(document.read_text())}
    assert len(commands) == 5
    for command in commands:
        ran = CliRunner().invoke(app, shlex.split(command)[1:], catch_exceptions=False)
        assert (ran.exit_code, ran.stderr, bool(ran.stdout)) == (0, "", True), command


def test_a_terminal_is_told_what_is_being_looked_at(right: SetUp) -> None:
    right.prepare()
    ours, its = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "bridge", "check", "--config", str(right.file)],
        stdin=its,
        stdout=its,
        stderr=its,
        env=os.environ | {"COLUMNS": "100", "TERM": "xterm"},
    ) as process:
        os.close(its)
        shown = b""
        with contextlib.suppress(OSError):  # how Linux says that nobody has it open any more
            while chunk := os.read(ours, 65536):
                shown += chunk
    os.close(ours)
    assert process.returncode == 0
    assert b"\r\x1b[2K" in shown, "a line that is shown and wiped again"
    assert b"0 failures. Nothing was sent" in shown
