"""Wrong arguments and --help, --dry-run, and the shell script itself: nothing here may reach AWS."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.conftest import IMAGE, MOCK_IMAGE, ROOT, Checkout, environment


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture
def nobody(listener: socket.socket) -> Iterator[dict[str, str]]:
    """An environment whose AWS notices when it is called at all."""
    host, port = listener.getsockname()
    yield environment(
        AWS_ENDPOINT_URL=f"http://{host}:{port}",
        AWS_ACCESS_KEY_ID="testing",
        AWS_SECRET_ACCESS_KEY="testing",
        AWS_DEFAULT_REGION="eu-west-1",
    )
    with pytest.raises(BlockingIOError):
        listener.accept()


WRONG = {
    "nothing": "",
    "an unknown command": "deplyo",
    "an unknown option": "deploy --force",
    "an unknown option before": "--force deploy",
    "a command in the other spelling": "create-secrets mock",
    "a profile without its name": "status --profile",
    "a region without its name": "--region",
    "a secret of nobody": "create_secrets",
    "a secret of something else": "create_secrets bridge orders",
    "a broker's secret without a name": "create_secrets broker",
    "a broker's secret of two": "create_secrets broker orders payments",
    "a broker's secret of an unknown integration": "create_secrets broker ordres",
    "a broker's secret from nowhere": "create_secrets broker orders --from /does/not/exist",
    "a broker's secret from a file": "create_secrets broker orders --from /etc/passwd",
    "a mock's secret with a name": "create_secrets mock orders",
    "an update of nobody's secret": "update_secrets",
    "an update of an unknown integration": "update_secrets broker ordres",
    "certificates with a name": "generate_secrets orders",
    "deploying an unknown integration": "deploy ordres",
    "deploying one known, one unknown": "deploy orders ordres",
    "deploying a path": "deploy ../integrations/orders",
    "an image by tag": "deploy orders --bridge-image bridge:1.0",
    "an image with half a digest": "deploy orders --bridge-image bridge@sha256:1234",
    "an image that is an option": "deploy orders --bridge-image --yes",
    "a build argument without a value": "deploy orders --build-arg MQ_CLIENT_SHA256",
    "the difference of an unknown integration": "diff ordres",
    "the status of no name": "status NO_NAME",
    "destroying no name": "destroy --delete-data 'a b'",
    "destroying data of no name": "destroy *",
    "the mock alone": "mock",
    "the mock sideways": "mock sideways",
    "the mock up with a name": "mock up orders",
    "the mock's image by tag": "mock up --mock-image mock-mq:latest",
    "the mock down with an image": f"mock down --mock-image {MOCK_IMAGE}",
}


@pytest.mark.parametrize("arguments", WRONG.values(), ids=WRONG.keys())
def test_wrong_arguments_give_usage_and_exit_code_2(
    checkout: Checkout, nobody: dict[str, str], arguments: str
) -> None:
    before = sorted(path for path in checkout.root.rglob("*") if "node_modules" not in path.parts)

    done = checkout.run(*arguments.split(), env=nobody)

    assert done.returncode == 2, done.stderr
    assert "Usage: deploy.sh" in done.stderr
    assert not done.stdout
    assert sorted(path for path in checkout.root.rglob("*") if "node_modules" not in path.parts) == before


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("", "mock"),
        ("generate_secrets", "throwaway"),
        ("create_secrets", "kept"),
        ("create_secrets broker", "--from"),
        ("create_secrets mock", "certs/out/server"),
        ("update_secrets broker", "--restart"),
        ("deploy", "--bridge-image"),
        ("diff", "INTEGRATION"),
        ("status", "alarms"),
        ("destroy", "--delete-data"),
        ("mock", "down"),
        ("mock up", "--mock-image"),
    ],
)
def test_help_is_everywhere(checkout: Checkout, nobody: dict[str, str], command: str, says: str) -> None:
    done = checkout.run(*command.split(), "--help", env=nobody)

    assert done.returncode == 0
    assert says in done.stdout
    assert "--dry-run" in done.stdout
    assert not done.stderr


@pytest.mark.parametrize(
    ("command", "would"),
    [
        ("generate_secrets", "throwaway certificates"),
        ("create_secrets broker orders", "cdk deploy .* bridge-orders-secrets"),
        ("create_secrets mock", "cdk deploy .* bridge-mock-secrets"),
        ("update_secrets broker orders", "PutSecretValue"),
        (f"deploy orders --bridge-image {IMAGE}", f"cdk synth .*--context integrations=orders .*{IMAGE}"),
        ("diff orders", "cdk diff .* bridge-orders-service"),
        ("status", "ask CloudFormation"),
        ("destroy orders", "delete bridge-orders-data, unless it holds data"),
        ("destroy --delete-data", "with all that it holds"),
        (f"mock up --mock-image {MOCK_IMAGE}", f"mock_image={MOCK_IMAGE}"),
        ("mock down", "delete bridge-mock"),
    ],
)
@pytest.mark.usefixtures("rehearsal")
def test_a_dry_run_tells_what_would_be_done_without_aws_or_credentials(
    checkout: Checkout, listener: socket.socket, command: str, would: str
) -> None:
    host, port = listener.getsockname()
    anywhere = environment(AWS_ENDPOINT_URL=f"http://{host}:{port}")

    done = checkout.run(*command.split(), "--dry-run", env=anywhere)

    assert done.returncode == 0, done.stderr
    assert re.search(would, done.stdout), done.stdout
    assert "Nothing was changed" in done.stdout
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.parametrize("program", ["docker", "podman", "buildah"])
def test_a_dry_run_shows_how_whichever_builder_is_there_would_build_and_push(
    checkout: Checkout, tmp_path: Path, program: str
) -> None:
    # Only this builder is on the path; it is asked for its version alone.
    builder = tmp_path / program
    builder.write_text('#!/bin/sh\n[ "$1" = version ]\n')
    builder.chmod(0o755)
    for needed in ("bash", "make", "git", "dirname", "env", "sh"):
        (tmp_path / needed).symlink_to(shutil.which(needed) or "")

    given = ["--build-arg", "MQ_CLIENT_SHA256=abc", "--build-arg", "RUNTIME_IMAGE=base@sha256:def"]
    done = checkout.run("deploy", "orders", "--dry-run", *given, env=environment(PATH=str(tmp_path)))

    assert done.returncode == 0, done.stderr
    tagged = re.search(r"bridge:([0-9a-f]{16})", done.stdout)
    assert tagged
    image = f"ACCOUNT.dkr.ecr.REGION.amazonaws.com/bridge/bridge:{tagged[1]}"
    for line in (
        f"{program} build --platform linux/amd64 --target bridge --tag {image} {' '.join(given)} --file ",
        f"{program} login --username AWS --password-stdin ACCOUNT.dkr.ecr.REGION.amazonaws.com",
        f"{program} push {image}",
        f"{program} logout ACCOUNT.dkr.ecr.REGION.amazonaws.com",
    ):
        assert re.search(f"would run: {line}", done.stdout), done.stdout


def test_without_any_builder_it_says_what_to_do(checkout: Checkout, tmp_path: Path) -> None:
    for needed in ("bash", "make", "git", "dirname", "env", "sh"):
        (tmp_path / needed).symlink_to(shutil.which(needed) or "")

    done = checkout.run("deploy", "orders", "--dry-run", env=environment(PATH=str(tmp_path)))

    assert done.returncode == 1
    assert "neither docker, podman nor buildah works here" in done.stderr
    assert "--bridge-image" in done.stderr


def test_the_image_has_another_tag_when_and_only_when_its_source_differs(checkout: Checkout) -> None:
    def tag(*given: str) -> str:
        said = checkout.run("deploy", "orders", "--dry-run", *given).stdout
        return said.partition("unless ECR has bridge:")[2][:16]

    first = tag()
    (checkout.root / "README.md").write_text("not in the image\n")
    assert tag() == first
    assert tag("--build-arg", "MQ_CLIENT_SHA256=abc") != first
    source = checkout.root / "bridge" / "retry.py"
    before = source.read_bytes()
    source.write_bytes(before + b"\n")
    assert tag() != first
    source.write_bytes(before)
    assert tag() == first


def test_the_script_is_clean_by_shellcheck() -> None:
    if shutil.which("shellcheck") is None:
        assert "CI" not in os.environ, "shellcheck is missing: apt-get install shellcheck"
        pytest.skip("shellcheck is not installed")

    done = subprocess.run(
        ["shellcheck", "--enable=all", ROOT / "deploy.sh"], capture_output=True, check=False
    )

    assert done.returncode == 0, done.stdout.decode()


def test_it_runs_by_any_path_that_leads_to_it(checkout: Checkout) -> None:
    (checkout.elsewhere / "linked").symlink_to(checkout.root)

    done = subprocess.run(
        ["bash", "linked/deploy.sh", "--help"], cwd=checkout.elsewhere, capture_output=True, check=False
    )

    assert done.returncode == 0, done.stderr
