"""What every command takes: which account and region, whether to ask, whether to do it at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.deploy.account import Account, open_account
from infra.deploy.cdk import Cdk


@dataclass(frozen=True)
class Options:
    """The options that may stand before or after any command."""

    dry_run: bool = False
    yes: bool = False
    profile: str | None = None
    region: str | None = None

    @cached_property
    def account(self) -> Account:
        """The account, looked up at the first use: a dry run never asks for it. Raises `DeployError`."""
        return open_account(self.profile, self.region)

    @contextmanager
    def cdk(self) -> Iterator[Cdk]:
        """CDK's command line with a directory of its own for the templates, removed afterwards."""
        if self.dry_run:
            yield Cdk(Path("cdk.out"), self.profile)
            return
        with TemporaryDirectory(prefix="bridge-deploy-") as directory:
            yield Cdk(Path(directory), self.profile)
