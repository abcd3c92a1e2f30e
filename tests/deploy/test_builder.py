"""Building by a real builder, where one is here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.deploy.conftest import Checkout, environment

IMAGE = "localhost/deploy-sh-test:1"


@pytest.fixture
def buildah() -> Iterator[dict[str, str]]:
    """An environment in which buildah works without a daemon; the image is gone afterwards."""
    if shutil.which("buildah") is None:
        assert "CI" not in os.environ, "buildah is missing: apt-get install buildah"
        pytest.skip("buildah is not installed")
    settings = environment(BUILDAH_ISOLATION="chroot", STORAGE_DRIVER="vfs")
    yield settings
    subprocess.run(["buildah", "rmi", "--force", IMAGE], env=settings, capture_output=True, check=False)


def test_the_command_line_builds_the_target_that_is_named(
    checkout: Checkout, buildah: dict[str, str]
) -> None:
    (checkout.root / "Dockerfile").write_text(
        "ARG WHAT=nothing\n"
        "FROM scratch AS bridge\nARG WHAT\nLABEL what=${WHAT}\nCOPY pyproject.toml /\n"
        "FROM scratch AS mock-mq\nCOPY does-not-exist /\n"
    )
    build = (
        "from infra.deploy.builder import Builder, run; "
        f"run(Builder('buildah').build('bridge', '{IMAGE}', ['WHAT=a client']))"
    )

    done = subprocess.run(
        [sys.executable, "-c", build],
        cwd=checkout.root,
        env=buildah,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    looked = subprocess.run(
        [
            "buildah",
            "inspect",
            "--type",
            "image",
            "--format",
            "{{.OCIv1.Config.Labels.what}} {{.OCIv1.Architecture}}",
            IMAGE,
        ],
        env=buildah,
        capture_output=True,
        text=True,
        check=True,
    )
    assert looked.stdout.strip() == "a client amd64"


def test_a_build_that_fails_is_told_in_a_sentence(checkout: Checkout, buildah: dict[str, str]) -> None:
    (checkout.root / "Dockerfile").write_text("FROM scratch AS bridge\nCOPY does-not-exist /\n")
    build = (
        "from infra.deploy.builder import Builder, DeployError, run\n"
        "try:\n"
        f"    run(Builder('buildah').build('bridge', '{IMAGE}', []))\n"
        "except DeployError as error:\n"
        "    print(error)"
    )

    done = subprocess.run(
        [sys.executable, "-c", build],
        cwd=checkout.root,
        env=buildah,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "buildah build failed (exit code" in done.stdout
    assert "does-not-exist" in done.stderr
