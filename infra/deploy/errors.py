"""What ends a command with a sentence and exit code 1."""

from __future__ import annotations


class DeployError(Exception):
    """`what is wrong: what to do`, in one sentence without anything secret."""
