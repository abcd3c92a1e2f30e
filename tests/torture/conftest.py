"""Fixture `report`: written when all is done, where `TORTURE_REPORT` says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.torture.report import Report


@pytest.fixture(scope="session")
def report() -> Iterator[Report]:
    made = Report()
    yield made
    if path := os.environ.get("TORTURE_REPORT"):
        made.write(Path(path))
