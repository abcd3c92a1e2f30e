"""The CDK application: `python -m infra.app`, as `cdk` runs it.

Context: `integrations` (names, separated by commas; all files by default), `bridge_image` and `mock_image`
(`ADDRESS@sha256:...`). Without an account it synthesises for any.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

from aws_cdk import App, BootstraplessSynthesizer, Environment, Tags

from infra import nag
from infra.data import DataStack
from infra.images import ImagesStack
from infra.mock import MockStack
from infra.monitoring import MonitoringStack
from infra.network import NetworkStack, Place, given_vpc
from infra.secrets import SecretsStack
from infra.service import ServiceStack
from infra.settings import DIRECTORY, Integration, SettingsError, load

NO_IMAGE = f"image-not-built.invalid/bridge@sha256:{'0' * 64}"
"""Stands where no image was named: enough to look at the stacks, never to run them."""


def build(app: App, directory: Path = DIRECTORY) -> None:
    """Adds every stack. Raises `SettingsError`."""
    integrations = _integrations(app, directory)
    env = _environment()
    images = {name: _image(app, name) for name in ("bridge_image", "mock_image")}
    ImagesStack(app, "bridge-images", env=env)
    network = NetworkStack(app, "bridge-network", env=env)
    mock_secrets = SecretsStack(app, "bridge-mock-secrets", integration="mock", env=env)
    MockStack(
        app, "bridge-mock", secrets=mock_secrets, place=network.place, image=images["mock_image"], env=env
    )
    for integration in integrations:
        _add(app, integration, network.place, images["bridge_image"], env)
    Tags.of(app).add("project", "ibmmq-aws-bridge")
    nag.check(app)


def _add(app: App, integration: Integration, shared: Place, image: str, env: Environment | None) -> None:
    def name(part: str) -> str:
        return f"bridge-{integration.name}-{part}"

    common: dict[str, Any] = {"env": env}
    secrets = SecretsStack(app, name("secrets"), integration=integration.name, **common)
    data = DataStack(app, name("data"), integration=integration, **common)
    place = given_vpc(data, integration.network.vpc) if integration.network else shared
    service = ServiceStack(
        app,
        name("service"),
        integration=integration,
        data=data,
        secrets=secrets,
        place=place,
        image=image,
        **common,
    )
    monitoring = MonitoringStack(
        app, name("monitoring"), integration=integration, data=data, service=service, **common
    )
    for stack in (secrets, data, service, monitoring):
        for key, value in {"integration": integration.name, **integration.tags}.items():
            Tags.of(stack).add(key, value)


def _integrations(app: App, directory: Path) -> list[Integration]:
    wanted = app.node.try_get_context("integrations")
    names = [each for each in (wanted or "").split(",") if each]
    paths = (
        [directory / f"{each}.yaml" for each in names]
        if wanted is not None
        else sorted(directory.glob("*.yaml"))
    )
    mistakes: list[str] = []
    found: list[Integration] = []
    for path in paths:
        try:
            found.append(load(path))
        except SettingsError as e:
            mistakes += e.mistakes
    if mistakes:
        raise SettingsError(mistakes)
    return found


def _environment() -> Environment | None:
    account, region = os.environ.get("CDK_DEFAULT_ACCOUNT"), os.environ.get("CDK_DEFAULT_REGION")
    return Environment(account=account, region=region) if account and region else None


def _image(app: App, name: str) -> str:
    image = str(app.node.try_get_context(name) or NO_IMAGE)
    if not re.fullmatch(r"[^\s@]+@sha256:[0-9a-f]{64}", image):
        raise SettingsError(
            [f"{name}: {image} is not pinned: write ADDRESS@sha256: and 64 hexadecimal digits"]
        )
    return image


def main() -> int:
    """Synthesises where `cdk` says, or into cdk.out; 2 where an integration's file has a mistake."""
    # No assets, so no bootstrapping: an account needs nothing but the rights to make what the templates name.
    app = App(default_stack_synthesizer=BootstraplessSynthesizer())
    try:
        build(app)
    except SettingsError as e:
        sys.stderr.writelines(f"{line}\n" for line in e.mistakes)
        return 2
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
