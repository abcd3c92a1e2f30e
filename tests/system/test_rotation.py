"""Credentials change where they are kept, and the bridge takes them up: it runs on, and nothing is lost."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.running import RunningQueueManager
from mock_mq.server import TLS
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import RunningBridge, StartBridge, eventually
from tests.fixtures.certificates import Certificates
from tests.system.ends import CANARY, IN, OUT, QUEUES, send

MESSAGES = 150
USERS = {"old": f"{CANARY}-old", "new": f"{CANARY}-new"}


def secret(user: str, certificates: Certificates, ca: Certificates) -> str:
    return json.dumps(
        {
            "certificate": certificates.client_certificate.read_text(),
            "private_key": certificates.client_key.read_text(),
            "ca": ca.ca.read_text(),
            "user": user,
            "password": USERS[user],
        }
    )


def trusting(certificates: Certificates, ca: Path) -> TLS:
    return TLS(certificates.server_certificate, certificates.server_key, ca, require_client_certificate=True)


def users(queue_manager: RunningQueueManager) -> set[str]:
    return {each.identity.user for each in queue_manager.ask(lambda core: core.connections())}


def key_files(directory: Path) -> set[Path]:
    return set(directory.glob("bridge-*/key.p12"))


@pytest.fixture
def both_authorities(certificates: Certificates, other_certificates: Certificates, tmp_path: Path) -> Path:
    bundle = tmp_path / "authorities.pem"
    bundle.write_text(certificates.ca.read_text() + other_certificates.ca.read_text())
    return bundle


@pytest.mark.parametrize("binding", ["pymqi", "ibmmq"])
def test_a_new_secret_is_in_use_under_load_with_nothing_lost_or_doubled_and_the_old_key_gone(
    binding: str,
    aws: Aws,
    start_queue_manager: StartQueueManager,
    start_bridge: StartBridge,
    certificates: Certificates,
    other_certificates: Certificates,
    both_authorities: Path,
    tmp_path: Path,
) -> None:
    queue_manager = start_queue_manager(
        queues=QUEUES, users=USERS, tls=trusting(certificates, both_authorities)
    )
    topic, subscribed = aws.make_topic()
    incoming, bucket = aws.make_queue(), aws.make_bucket()
    name = aws.make_secret(secret("old", certificates, certificates))
    keys = tmp_path / "keys"
    keys.mkdir(mode=0o755)
    bridge = start_bridge(
        queue_manager,
        {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}},
        {"name": "in", "from": {"sqs": incoming, "wait": 1}, "to": {"mq": IN}},
        dead_letters=bucket,
        binding=binding,
        credentials=f"secretsmanager:{name}",
        credentials_refresh=1,
        environment={"TMPDIR": str(keys)},
    )
    wanted = {
        direction: {f"{direction} {n} {CANARY}" for n in range(MESSAGES)} for direction in ("out", "in")
    }
    for text in wanted["out"]:
        queue_manager.put(OUT, text, persistence=1)
    send(aws, incoming, *wanted["in"])
    eventually(lambda: queue_manager.depth(IN) > 0 and users(queue_manager) == {"old"}, what="under way")
    (old_key,) = key_files(keys)
    aws.secretsmanager.put_secret_value(
        SecretId=name, SecretString=secret("new", other_certificates, certificates)
    )
    changed = bridge.wait_for("credentials_changed")
    assert changed["after_seconds"] < 5
    eventually(lambda: users(queue_manager) == {"new"}, what="all connections made anew")
    (new_key,) = key_files(keys)
    assert new_key != old_key
    assert not old_key.parent.exists()
    assert (new_key.stat().st_mode & 0o777, new_key.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    eventually(
        lambda: queue_manager.depth(OUT) == 0 and aws.counts(incoming) == (0, 0), what="both sources empty"
    )
    seen = seen_from_outside(bridge)
    assert bridge.stop() == 0
    assert not key_files(keys)
    assert Counter(each["Body"] for each in aws.read_all(subscribed)) == Counter(wanted["out"])
    assert Counter(each.data.decode() for each in queue_manager.browse(IN)) == Counter(wanted["in"])
    assert aws.keys(bucket) == []
    for where in (bridge.output, seen):
        assert CANARY not in where
        assert "PRIVATE KEY" not in where


def seen_from_outside(bridge: RunningBridge) -> str:
    """What `ps` and whoever may look at a process see of it."""
    process = Path(f"/proc/{bridge.process_id}")
    return "".join((process / name).read_text(errors="replace") for name in ("environ", "cmdline", "limits"))


def test_no_crash_dump_is_written_for_it_would_hold_the_credentials(
    aws: Aws, queue_manager: RunningQueueManager, start_bridge: StartBridge
) -> None:
    route = {"name": "out", "from": {"mq": "DEV.QUEUE.1"}, "to": {"sqs": aws.make_queue()}}
    bridge = start_bridge(queue_manager, route, dead_letters=aws.make_bucket())
    (limit,) = [line for line in seen_from_outside(bridge).splitlines() if "core file" in line]
    # Fewer bytes than any dump has, and the one number at which Linux hands none to a program either.
    assert limit.split()[4:6] == ["1", "1"]


def test_what_can_not_be_used_is_said_and_the_old_stays_until_there_is_something_better(
    aws: Aws,
    start_queue_manager: StartQueueManager,
    start_bridge: StartBridge,
    certificates: Certificates,
    other_certificates: Certificates,
    expired_certificates: Certificates,
    both_authorities: Path,
) -> None:
    queue_manager = start_queue_manager(
        queues=QUEUES, users=USERS, tls=trusting(certificates, both_authorities)
    )
    sent_to = aws.make_queue()
    name = aws.make_secret(secret("old", certificates, certificates))
    bridge = start_bridge(
        queue_manager,
        {"name": "out", "from": {"mq": OUT}, "to": {"sqs": sent_to}},
        dead_letters=aws.make_bucket(),
        credentials=f"secretsmanager:{name}",
        credentials_refresh=1,
    )
    for bad, reason in (
        ('{"certificate": "' + CANARY, "the secret is not JSON"),
        (secret("new", expired_certificates, certificates), "certificate expired on "),
    ):
        aws.secretsmanager.put_secret_value(SecretId=name, SecretString=bad)
        said = len(bridge.said("credentials_refused"))
        refused = bridge.wait_for("credentials_refused", count=said + 1)
        assert reason in refused["reason"]
        assert refused["note"] == "the credentials in use stay so"
        queue_manager.put(OUT, "goes on")
        eventually(lambda: len(aws.read_all(sent_to)) == 1, what="a message through")
        assert users(queue_manager) == {"old"}
    aws.secretsmanager.put_secret_value(
        SecretId=name, SecretString=secret("new", other_certificates, certificates)
    )
    bridge.wait_for("credentials_changed")
    eventually(lambda: users(queue_manager) == {"new"}, what="all connections made anew")
    assert CANARY not in bridge.output


@pytest.mark.parametrize("binding", ["pymqi", "ibmmq"])
def test_a_certificate_that_is_not_trusted_is_replaced_in_its_directory_and_the_bridge_goes_on(
    binding: str,
    aws: Aws,
    start_queue_manager: StartQueueManager,
    start_bridge: StartBridge,
    certificates: Certificates,
    other_certificates: Certificates,
    tmp_path: Path,
) -> None:
    queue_manager = start_queue_manager(queues=QUEUES, tls=trusting(certificates, certificates.ca))
    directory = tmp_path / "credentials"
    directory.mkdir(mode=0o700)
    (directory / "ca.pem").write_text(certificates.ca.read_text())

    def show(shown: Certificates) -> None:
        for name, file in (("certificate", shown.client_certificate), ("private_key", shown.client_key)):
            new = directory / f"{name}.new"
            new.write_text(file.read_text())
            new.replace(directory / f"{name}.pem")

    show(other_certificates)
    sent_to = aws.make_queue()
    bridge = start_bridge(
        queue_manager,
        {"name": "out", "from": {"mq": OUT}, "to": {"sqs": sent_to}},
        dead_letters=aws.make_bucket(),
        binding=binding,
        credentials=f"file:{directory}",
        credentials_refresh=1,
    )
    waiting = bridge.wait_for("route_waiting", route="out")
    assert "compare cipher_spec and certificates" in waiting["reason"]
    show(certificates)
    queue_manager.put(OUT, "through")
    bridge.wait_for("credentials_changed")
    eventually(lambda: len(aws.read_all(sent_to)) == 1, what="the message through")
