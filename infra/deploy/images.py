"""The container images: whether ECR has those of this very source; building and pushing them if not."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
from collections.abc import Sequence
from typing import TYPE_CHECKING

from infra.deploy import builder, places
from infra.deploy.account import Account
from infra.deploy.errors import DeployError

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

REPOSITORIES = {"bridge": "bridge/bridge", "mock-mq": "bridge/mock-mq"}
"""The Dockerfile's targets, each with the repository that bridge-images makes for it."""

CONTENT = (
    "Dockerfile",
    ".dockerignore",
    "pyproject.toml",
    "setup.py",
    "requirements",
    "images",
    "bridge",
    "mock_mq",
)
"""What the images are made of."""

_PINNED = re.compile(r"[a-z0-9][a-z0-9./:_-]*@sha256:[0-9a-f]{64}")


def pinned(image: str) -> str:
    """The image, if it is named by digest: a tag may mean another image tomorrow. Raises `ValueError`."""
    if not _PINNED.fullmatch(image):
        raise ValueError(f"{image!r} does not name an image by digest: write NAME@sha256: and 64 digits")
    return image


IBM_CLIENT = "MQ_CLIENT_SHA256"
"""The build argument without which the image has the stand-in in place of IBM's client."""


def build_argument(text: str) -> str:
    """NAME=VALUE, if it is of that form. Raises `ValueError`."""
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*=\S+", text):
        raise ValueError(f"{text!r} is no build argument: write NAME=VALUE, with a name from the Dockerfile")
    return text


def has_ibm_client(arguments: Sequence[str]) -> bool:
    """Whether an image that is built with these arguments has IBM's client."""
    return any(one.startswith(f"{IBM_CLIENT}=") for one in arguments)


def tag(arguments: Sequence[str]) -> str:
    """The tag of the images of this source and these build arguments: the same ones, the same tag.

    Raises `DeployError` outside of a git checkout, where what is source can't be told from what was built.
    """
    listed = subprocess.run(
        [
            "git",
            "-C",
            str(places.ROOT),
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
            "--",
            *CONTENT,
        ],
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0:
        raise DeployError(
            f"{places.ROOT} is not a git checkout, so the images' version can't be told: clone it with git, "
            "or give --bridge-image and --mock-image"
        )
    digest = hashlib.sha256("\0".join(sorted(arguments)).encode())
    for name in sorted(set(listed.stdout.split(b"\0")) - {b""}):
        path = places.ROOT / name.decode()
        if path.is_file():
            digest.update(name + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def in_ecr(client: ECRClient, repository: str, tagged: str) -> str | None:
    """The image in ECR as NAME@sha256:...; None where the repository or the tag isn't there."""
    try:
        uri = client.describe_repositories(repositoryNames=[repository])["repositories"][0]["repositoryUri"]
        found = client.describe_images(repositoryName=repository, imageIds=[{"imageTag": tagged}])
    except (client.exceptions.RepositoryNotFoundException, client.exceptions.ImageNotFoundException):
        return None
    return f"{uri}@{found['imageDetails'][0]['imageDigest']}"


def make(account: Account, target: str, tagged: str, arguments: Sequence[str]) -> str:
    """The image as NAME@sha256:..., built and pushed unless ECR has it. Raises `DeployError`."""
    repository = REPOSITORIES[target]
    if image := in_ecr(account.session.client("ecr"), repository, tagged):
        return image
    tool = builder.find()
    uri = account.session.client("ecr").describe_repositories(repositoryNames=[repository])["repositories"][
        0
    ]["repositoryUri"]
    registry = uri.partition("/")[0]
    builder.run(tool.build(target, f"{uri}:{tagged}", arguments))
    given = account.session.client("ecr").get_authorization_token()["authorizationData"][0][
        "authorizationToken"
    ]
    builder.run(tool.log_in(registry), secret=base64.b64decode(given).decode().partition(":")[2])
    try:
        builder.run(tool.push(f"{uri}:{tagged}"))
    finally:
        builder.run(tool.log_out(registry))
    image = in_ecr(account.session.client("ecr"), repository, tagged)
    if image is None:
        raise DeployError(f"{uri}:{tagged} was pushed but ECR does not list it: run it again")
    return image
