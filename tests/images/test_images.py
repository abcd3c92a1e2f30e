"""The built images: what is in them, what is not, and that they run with as little as can be."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from pip._internal.models.index import PyPI

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
def test_an_image_s_version_is_that_of_what_it_holds(images: dict[str, Image], name: str) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert images[name].config["Labels"]["org.opencontainers.image.version"] == version
    assert list(
        images[name].root.glob(f"opt/*/lib/python3*/site-packages/ibmmq_aws_bridge-{version}.dist-info")
    )


@pytest.mark.parametrize("name", BOTH)
def test_an_image_holds_no_shell_no_compiler_no_pip_and_nothing_that_anybody_else_may_write(
    images: dict[str, Image], name: str
) -> None:
    image = images[name]
    ours = [path for path in _files(image) if path.is_relative_to(image.root / "opt")]
    assert ours
    programs = {
        path.name
        for path in image.root.rglob("*")
        if path.parent.name in {"bin", "sbin"} or path.name == "cc1"
    }
    assert {"python3", name} <= programs
    unwanted = r"(ba|da|bus|k|z|c)?sh|.*gcc.*|.*-ld|cc1?|c\+\+|pip.*|perl|apt.*|git|curl|wget|su|sudo|mount"
    assert not [each for each in programs if re.fullmatch(unwanted, each)]
    assert not list(image.root.glob("opt/*/lib/python3*/site-packages/pip"))
    assert not list(image.root.glob("root/.cache/*"))
    assert not [path for path in ours if path.stat().st_mode & 0o022]
    assert not [path for path in ours if path.stat().st_uid == UID], "its own code is not its to change"
    sources = [path for path in ours if path.suffix == ".py" and "site-packages" in path.parts]
    compiled = [path for path in ours if path.suffix == ".pyc"]
    assert len(compiled) >= 0.9 * len(sources) > 0


def test_the_mock_needs_no_boto3_and_the_bridge_has_both_bindings(images: dict[str, Image]) -> None:
    def packages(name: str) -> set[str]:
        return {path.name for path in images[name].root.glob("opt/*/lib/python3*/site-packages/*")}

    assert not packages("mock-mq") & {"boto3", "botocore", "pymqi", "ibmmq"}
    assert {"boto3", "pymqi", "ibmmq", "bridge"} <= packages("bridge")


def _addresses() -> set[bytes]:
    """The hosts that pip is told of here, by its files or the environment; the public index is no secret."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    told = listed + " ".join(value for name, value in os.environ.items() if "proxy" in name.lower())
    hosts = set(re.findall(r"https?://(?:[^@/'\s]*@)?([^/:'\s]+)", told))
    return {host.encode() for host in hosts - {PyPI.netloc}}


@pytest.mark.parametrize("name", BOTH)
def test_no_layer_and_no_history_has_a_key_or_the_address_of_a_package_index(
    images: dict[str, Image], name: str, tmp_path: Path
) -> None:
    image = images[name]
    history = json.dumps([image.inspected["History"], image.config])
    assert not re.search("PIP_(INDEX|EXTRA|NO_INDEX|FIND|PROXY)|://(?!public.dhe.ibm.com)", history)
    hosts, seen = _addresses(), 0
    for layer in image.layers(tmp_path):
        for member in layer:
            seen += 1
            assert Path(member.name).name not in {
                "pip.conf",
                "sources.list",
                ".netrc",
                ".pypirc",
                "credentials",
            }
            file = layer.extractfile(member) if member.isfile() else None
            content = file.read() if file else b""
            assert not re.search(rb"PRIVATE KEY-----\r?\n[A-Za-z0-9+/]{40}", content), member.name
            assert not [host for host in hosts if host in content], member.name
    assert seen > 1000


def test_the_images_are_small(images: dict[str, Image]) -> None:
    """Bytes of all their files, the base's included."""
    size = {name: sum(path.stat().st_size for path in _files(images[name])) for name in BOTH}
    assert size["bridge"] < 140_000_000
    assert size["mock-mq"] < 100_000_000


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


def test_the_volume_of_the_certificates_is_its_user_s_from_the_start(images: dict[str, Image]) -> None:
    """An engine gives a new volume the owner and the mode that the image has there."""
    certs = images["rehearsal"].root / "certs"
    assert "/certs" in images["rehearsal"].config["Volumes"]
    assert (certs.stat().st_uid, stat.S_IMODE(certs.stat().st_mode)) == (UID, 0o700)


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

    def healthy(name: str, test: list[str]) -> Container:
        files = {"/etc/bridge/bridge.yaml": str(ROOT / "examples" / "compose" / "bridge.yaml")}
        assert test[0] == "CMD", "no shell"
        return engine.run(name, test[1:], entrypoint=False, files=files if name == "bridge" else {})

    aws_check = services["aws"]["healthcheck"]["test"]
    assert healthy("rehearsal", aws_check).ended() == 1
    start("aws").wait_for("Running on")
    assert healthy("rehearsal", aws_check).ended() == 0
    for _ in range(2):
        setup = start("setup")
        assert setup.ended() == 0, setup.output
    queue_manager = start("mock-mq")
    queue_manager.wait_for("mock-mq: QM1 listening")
    assert healthy("mock-mq", engine.images["mock-mq"].config["Healthcheck"]["Test"]).ended() == 0
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
    check = healthy("bridge", services["bridge"]["healthcheck"]["test"])
    assert (check.ended(), check.output) == (0, "bridge: alive\n")
    (loud,) = [json.loads(line) for line in bridge.lines if '"mq_library"' in line]
    assert loud["level"] == "warning"
    assert loud["note"] == "not IBM's: for rehearsals, tests and mock-mq only"
    assert "WARNING" not in queue_manager.output, "health checks are nothing to it"
    bridge.process.send_signal(signal.SIGTERM)
    assert bridge.ended() == 0
    modes = {
        stat.S_IMODE(path.stat().st_mode) for path in Path(certs["/certs"]).rglob("*key*") if path.is_file()
    }
    assert modes == {0o600}
