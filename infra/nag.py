"""Findings of cdk-nag's AwsSolutions pack that are accepted, each with its reason."""

from __future__ import annotations

from aws_cdk import Acknowledgment, App, Validations
from cdk_nag import AwsSolutionsChecks
from constructs import IConstruct


def check(app: App) -> None:
    """Has every stack checked as it is synthesised; a finding that is not accepted fails the synthesis."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))


def accept(construct: IConstruct, rule: str, reason: str, *, finding: str = "") -> None:
    """Accepts one rule's finding on a construct and what it is made of; `finding` names one of several."""
    name = f"AwsSolutions-{rule}[{finding}]" if finding else f"AwsSolutions-{rule}"
    Validations.of(construct).acknowledge(Acknowledgment(id=name, reason=reason))
