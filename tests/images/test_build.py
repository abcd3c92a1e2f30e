"""Building with a client in place: laid out and named as IBM's, with nothing of IBM's in it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.images.conftest import ROOT, Engine, buildah, mounted

NAME = "9.4.4.0-IBM-MQC-Redist-LinuxX64.tar.gz"
MARK = "headers of the client under test"
IMAGE = "bridge-test-with-client"
COMMAND = ("buildah", "bud", "--network=none", "--format=docker", "--target=bridge", f"--tag={IMAGE}")


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A build context with a client: MQCONNX answers 2059, the rest of the MQI is there and does nothing."""
    client = tmp_path / "client"
    shutil.copytree(ROOT / "mock_mq" / "client" / "include", client / "inc")
    names = {"MQCB", "MQCTL", "MQDLTMH", "MQDLTMP", "MQSTAT", "MQSUBRQ"}
    for header in (client / "inc").glob("*.h"):
        names |= set(re.findall(r"\b(MQ[A-Z0-9]+|mq[A-Z]\w+)\s*\(", header.read_text()))
    assert {"MQCONNX", "mqExecute"} <= names
    functions = "".join(f"void {name}(void) {{}}\n" for name in sorted(names - {"MQCONNX"}))
    connect = "void MQCONNX(char *n, void *o, int *h, int *cc, int *rc) { *cc = 2; *rc = 2059; }\n"
    source = tmp_path / "client.c"
    source.write_text(functions + connect)
    (client / "lib64").mkdir()
    for library in ("libmqic_r.so", "libmqm_r.so"):
        gcc = ["gcc", "-w", "-shared", "-fPIC", "-o", str(client / "lib64" / library), str(source)]
        subprocess.run(gcc, check=True)
    with (client / "inc" / "cmqc.h").open("a") as header_file:
        mark = f'static const char mark[] __attribute__((used)) = "{MARK}";'
        header_file.write(f"#ifndef MARK\n#define MARK\n{mark}\n#endif\n")
    made = tmp_path / "context"
    made.mkdir()
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, made / name)
    shutil.copytree(ROOT / "build" / "wheels", made / "build" / "wheels")
    with tarfile.open(made / "images" / "mq-client" / NAME, "w:gz") as tar:
        tar.add(client, ".")
    return made


def build(context: Path, checksum: str) -> subprocess.CompletedProcess[str]:
    settings = {
        "BUILD_IMAGE": "localhost/bridge-build",
        "RUNTIME_IMAGE": "localhost/bridge-runtime-bare",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": "/src/build/wheels",
        "MQ_CLIENT_SHA256": checksum,
    }
    given = [part for name, value in settings.items() for part in ("--build-arg", f"{name}={value}")]
    return subprocess.run(
        [*COMMAND, *given, str(context)],
        env={**os.environ, "BUILDAH_ISOLATION": "chroot"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.timeout(600)
def test_a_build_takes_the_client_with_the_right_checksum_and_the_bridge_uses_it(
    context: Path, engine: Engine, tmp_path: Path
) -> None:
    refused = build(context, "0" * 64)
    assert refused.returncode != 0
    checksum = hashlib.sha256((context / "images" / "mq-client" / NAME).read_bytes()).hexdigest()
    assert f"{NAME} has the SHA-256 {checksum}, not {'0' * 64}: is it the right file?" in refused.stderr
    done = build(context, checksum)
    assert done.returncode == 0, done.stderr[-2000:]
    assert f"mq_client: {NAME}" in done.stdout + done.stderr
    try:
        with mounted(IMAGE) as image:
            (pymqe,) = image.root.glob("opt/bridge/lib/python3*/site-packages/pymqi/pymqe*.so")
            assert MARK.encode() in pymqe.read_bytes()
            containers = Engine({IMAGE: image}, engine.directory, engine.stack, engine.network)
            for binding in ("pymqi", "ibmmq"):
                given = {"BRIDGE_CONFIG": CONFIGURATION, "BRIDGE_MQ_BINDING": binding, **AWS}
                bridge = containers.start(IMAGE, environment=given)
                bridge.wait_for("2059")
                bridge.process.terminate()
                bridge.ended()
                assert f'"event": "mq_library", "binding": "{binding}"' in bridge.output
                assert "stand-in" not in bridge.output
        sbom = subprocess.run(
            [sys.executable, str(ROOT / "images" / "sbom.py"), str(tmp_path / "sbom"), IMAGE],
            capture_output=True,
            text=True,
            check=False,
        )
        assert sbom.returncode == 0, sbom.stderr
        components = json.loads((tmp_path / "sbom" / f"{IMAGE}.json").read_text())["components"]
        assert {"pymqi", "ibmmq", "boto3", "libssl3", "libc6"} <= {each["name"] for each in components}
        (client,) = [each for each in components if each["name"].startswith("IBM MQ")]
        assert (client["version"], client["hashes"][0]["content"]) == ("9.4.4.0", checksum)
    finally:
        buildah("rmi", "--force", f"localhost/{IMAGE}")


AWS = {"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
CONFIGURATION = """
queue_manager: {name: QM1, connections: ["127.0.0.1(1)"], channel: DEV.APP.SVRCONN}
dead_letters: {bucket: none}
routes: [{name: out, from: {mq: A}, to: {sqs: a}}]
"""
