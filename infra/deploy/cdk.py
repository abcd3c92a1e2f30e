"""Runs the AWS CDK's command line: synthesis, `diff` and `deploy`, to AWS and to an emulator in the same way.

`--method direct` and not change sets: the templates are the same, and so is the question before anything is
deleted or replaced; but emulators have no change sets that give a stack its outputs.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.deploy import places
from infra.deploy.account import Account
from infra.deploy.errors import DeployError

_QUIET = {
    "CDK_DISABLE_CLI_TELEMETRY": "true",
    # One page of warnings a run that a user can't do anything about: the versions are those that were tested.
    "NODE_NO_WARNINGS": "1",
    "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "18,20,22",
    "JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION": "1",
    "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
}


@dataclass(frozen=True, slots=True)
class Cdk:
    """Makes command lines; `assembly` is the directory that synthesis writes and the others read."""

    assembly: Path
    profile: str | None

    def synthesise(self, context: Mapping[str, str]) -> list[str]:
        """Makes the templates."""
        given = [part for key, value in context.items() for part in ("--context", f"{key}={value}")]
        return self._command("synth", "--quiet", "--output", str(self.assembly), *given)

    def deploy(self, names: Sequence[str], *, yes: bool) -> list[str]:
        """Creates or updates stacks; without `yes` it asks before it deletes or replaces."""
        asks = "never" if yes else "destructive"
        return self._command(
            "deploy", "--app", str(self.assembly), "--method", "direct",
            "--require-approval", asks, "--progress", "events", *names,
        )  # fmt: skip

    def diff(self, names: Sequence[str]) -> list[str]:
        """Compares templates; it makes no change sets, so it changes nothing."""
        return self._command(
            "diff", "--app", str(self.assembly), "--exclusively", "--method", "template", *names
        )

    def _command(self, *arguments: str) -> list[str]:
        profile = ["--profile", self.profile] if self.profile else []
        return [str(places.CDK), *arguments, *profile]


def run(command: Sequence[str], account: Account, *, quiet: bool = False) -> None:
    """Runs one of the command lines, on this terminal; `quiet`: its words are told only where it fails.

    Raises `DeployError` where it fails.
    """
    done = subprocess.run(
        command,
        cwd=places.INFRA,
        env={**account.environment(), **_QUIET},
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        check=False,
        text=True,
    )
    if done.returncode != 0:
        sys.stderr.write(done.stdout or "")
        raise DeployError(f"cdk {command[1]} failed (exit code {done.returncode}): what it said stands above")


def shown(command: Sequence[str]) -> str:
    """The command line as a user could type it."""
    return shlex.join([os.path.relpath(command[0], places.ROOT), *command[1:]])
