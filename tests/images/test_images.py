"""The built images: what is in them, what is not, and that they run with as little as can be."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.images.conftest import ROOT, UID, Container, Engine, Image

BOTH = ("bridge", "mock-mq")


def _files(image: Image) -> list[Path]:
    return [path for path in image.root.rglob("*") if path.is_file() and not path.is_symlink()]


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [str(hadolint), str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_shellcheck_has_nothing_to_say_of_the_build() -> None:
    done = subprocess.run(
        ["shellcheck", str(ROOT / "images" / "build.sh")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", BOTH)
def test_an_image_has_a_numeric_user_a_health_check_labels_and_no_shell_in_its_commands(
    images: dict[str, Image], name: str
) -> None:
    config = images[name].config
    assert config["User"] == f"{UID}:{UID}"
    assert config["StopSignal"] == "SIGTERM"
    assert config["Entrypoint"] == [name]
    assert config["Healthcheck"]["Test"] == ["CMD", name, "health" if name == "bridge" else "ping"]
    assert set(config["Volumes"]) == {"/run/bridge"}
    labels = config["Labels"]
    assert labels["org.opencontainers.image.title"] == name
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert re.fullmatch(r"[0-9a-f]{40}|unknown", labels["org.opencontainers.image.revision"])
    run = images[name].root / "run" / "bridge"
    assert (run.stat().st_uid, stat.S_IMODE(run.stat().st_mode)) == (UID, 0o700)


@pytest.mark.parametrize("name", BOTH)
def test_an_image_holds_no_compiler_no_pip_no_key_and_nothing_that_anybody_else_may_write(
    images: dict[str, Image], name: str
) -> None:
    image = images[name]
    ours = [path for path in _files(image) if path.is_relative_to(image.root / "opt")]
    assert ours
    names = {path.name for path in _files(image)}
    assert not names & {"gcc", "cc", "cc1", "pip", "pip3", "git", "curl", "wget"}
    assert not [path for path in ours if b"PRIVATE KEY-----\n" in path.read_bytes() and path.suffix == ".pem"]
    assert not [path for path in ours if path.stat().st_mode & 0o022]
    assert not [path for path in ours if path.stat().st_uid == UID], "its own code is not its to change"
    assert not list(image.root.glob("opt/*/lib/python3*/site-packages/pip"))
    sources = [path for path in ours if path.suffix == ".py" and "site-packages" in path.parts]
    compiled = [path for path in ours if path.suffix == ".pyc"]
    assert len(compiled) >= 0.9 * len(sources) > 0


def test_the_mock_needs_no_boto3_and_the_bridge_has_both_bindings(images: dict[str, Image]) -> None:
    def packages(name: str) -> set[str]:
        return {path.name for path in images[name].root.glob("opt/*/lib/python3*/site-packages/*")}

    assert not packages("mock-mq") & {"boto3", "botocore", "pymqi", "ibmmq"}
    assert {"boto3", "pymqi", "ibmmq", "bridge"} <= packages("bridge")


@pytest.mark.parametrize("name", BOTH)
def test_nobodys_package_index_is_in_an_image_or_its_history(images: dict[str, Image], name: str) -> None:
    image = images[name]
    history = json.dumps(image.inspected["History"])
    assert "PIP_" not in json.dumps(image.config) + history
    index = os.environ.get("PIP_INDEX_URL", "")
    assert not index or index not in history
    assert not [path for path in _files(image) if path.name in {"pip.conf", ".netrc", ".pypirc"}]


def test_the_images_are_small(images: dict[str, Image]) -> None:
    """What ours adds to its base, which is anybody's choice: bytes."""

    def added(name: str) -> int:
        return sum(
            path.stat().st_size
            for path in _files(images[name])
            if path.is_relative_to(images[name].root / "opt")
        )

    assert added("bridge") < 120_000_000
    assert added("mock-mq") < 60_000_000


def test_the_bridge_answers_as_nobody_on_a_read_only_root(engine: Engine) -> None:
    version = engine.run("bridge", ["--version"])
    assert (version.ended(), version.output) == (0, "bridge 0.1.0\n")
    who = "import os; print(os.getuid(), os.geteuid(), open('/proc/self/status').read())"
    asked = engine.run("bridge", ["python3", "-c", who], entrypoint=False)
    assert asked.output.startswith(f"{UID} {UID}")
    assert re.search(r"CapEff:\s0{16}\n", asked.output)
    assert re.search(r"NoNewPrivs:\s1\n", asked.output)
    for place in ("/", "/opt/bridge", "/etc", "/tmp"):
        write = f"open('{place.rstrip('/')}/x', 'w')"
        refused = engine.run("bridge", ["python3", "-c", write], entrypoint=False)
        assert refused.ended() == 1
        assert "Read-only file system" in refused.output or "Permission denied" in refused.output
    allowed = engine.run("bridge", ["python3", "-c", "open('/run/bridge/x', 'w')"], entrypoint=False)
    assert allowed.ended() == 0


def test_a_bad_configuration_ends_the_bridge_with_2_and_what_would_be_right(engine: Engine) -> None:
    done = engine.run("bridge", ["run"], environment={"BRIDGE_CONFIG": "rotues: []"})
    assert done.ended() == 2
    assert "rotues: is not a known key: write routes" in done.output
    assert "Traceback" not in done.output


def test_a_mock_serves_pings_puts_and_gets_and_stops_when_told(engine: Engine) -> None:
    served = engine.start("mock-mq")
    served.wait_for("mock-mq: QM1 listening on 0.0.0.0:1414")
    assert engine.run("mock-mq", ["ping"]).ended() == 0
    assert engine.run("mock-mq", ["put", "DEV.QUEUE.1", "hello"]).ended() == 0
    got = engine.run("mock-mq", ["get", "DEV.QUEUE.1"])
    assert got.output == "hello"
    served.process.send_signal(signal.SIGTERM)
    assert served.ended() == 0


def compose_text() -> str:
    """The file as compose reads it: variables filled in with their defaults."""
    return re.sub(r"\$\{\w+:?-([^}]*)\}", r"\1", (ROOT / "docker-compose.yml").read_text())


def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(compose_text())
    return content


def test_the_compose_file_is_one() -> None:
    from compose_spec import PyOptions  # noqa: PLC0415 - a library of no other test's

    options = PyOptions()
    options.apply_merge = True
    options.from_yaml(compose_text()).validate()
    with pytest.raises(ValueError, match="reed_only"):
        options.from_yaml(compose_text().replace("  read_only: true", "  reed_only: true"))


def test_composed_services_are_hardened_and_open_on_this_machine_alone() -> None:
    services = compose()["services"]
    for name, service in services.items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), name
        if name == "ibm-mq":
            continue
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["user"] == f"{UID}:{UID}", name


def test_what_compose_starts_carries_messages_both_ways_over_mutual_tls(engine: Engine) -> None:
    services = compose()["services"]
    certs = {"/certs": engine.volume("certs")}
    image = {"bridge-rehearsal": "rehearsal", "bridge": "bridge", "mock-mq": "mock-mq"}

    def start(name: str) -> Container:
        service = services[name]
        environment = {key: str(value) for key, value in service.get("environment", {}).items()}
        files = {}
        for volume in service.get("volumes", []):
            outside, inside = volume.removesuffix(":ro").split(":")
            if outside != "certs":
                files[inside] = str(ROOT / outside)
        volumes = certs if any("certs" in each for each in service.get("volumes", [])) else {}
        return engine.start(
            image[service["image"]], service["command"], environment=environment, volumes=volumes, files=files
        )

    start("aws").wait_for("Running on")
    for _ in range(2):
        setup = start("setup")
        assert setup.ended() == 0, setup.output
    start("mock-mq").wait_for("mock-mq: QM1 listening")
    bridge = start("bridge")
    bridge.wait_for('"route_started"', count=3)
    tls = [
        *("--user", "app", "--tls-ca", "/certs/ca.pem", "--tls-cert", "/certs/bridge/certificate.pem"),
        *("--tls-key", "/certs/bridge/private_key.pem"),
    ]
    password = {"MOCK_MQ_PASSWORD": "only-for-the-rehearsal"}

    def mq(*arguments: str) -> str:
        done = engine.run("mock-mq", [*arguments, *tls], environment=password, volumes=certs)
        assert done.ended() == 0, done.output
        return done.output

    def sqs(program: str) -> str:
        start = "import boto3; q = boto3.client('sqs'); u = q.get_queue_url\n"
        environment = {key: str(value) for key, value in services["bridge"]["environment"].items()}
        done = engine.run("rehearsal", ["python", "-c", start + program], environment=environment)
        assert done.ended() == 0, done.output
        return done.output

    mq("put", "ORDERS.OUT", "to AWS")
    receive = "q.receive_message(QueueUrl=u(QueueName='orders-test')['QueueUrl'], WaitTimeSeconds=20)"
    assert sqs(f"print({receive}['Messages'][0]['Body'])") == "to AWS\n"
    sqs("q.send_message(QueueUrl=u(QueueName='orders-in')['QueueUrl'], MessageBody='to MQ')")
    assert mq("get", "ORDERS.IN", "--wait", "20") == "to MQ"
    (check,) = [services["bridge"]["healthcheck"]["test"]]
    config = {"/etc/bridge/bridge.yaml": str(ROOT / "examples" / "compose" / "bridge.yaml")}
    healthy = engine.run("bridge", check[1:], entrypoint=False, files=config)
    assert (healthy.ended(), healthy.output) == (0, "bridge: alive\n")
    assert "stand-in" in bridge.output, "it says so loudly"
    bridge.process.send_signal(signal.SIGTERM)
    assert bridge.ended() == 0
    modes = {
        stat.S_IMODE(path.stat().st_mode) for path in Path(certs["/certs"]).rglob("*key*") if path.is_file()
    }
    assert modes == {0o600}
