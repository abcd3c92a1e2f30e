"""What every test shares: real certificates, a real queue manager, a real AWS emulator, both MQ bindings."""

from __future__ import annotations

import functools
import gc

import botocore.session
from hypothesis import settings

# A machine that is busy is no failure.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

# What botocore reads of its own data is the same for each session, and was half of what such tests computed.
botocore.session.create_loader = functools.cache(botocore.session.create_loader)

pytest_plugins = [
    "tests.fixtures.certificates",
    "tests.fixtures.aws",
    "tests.fixtures.binding",
    "tests.fixtures.bridge",
    "tests.fixtures.collector",
    "tests.fixtures.browser",
]


def pytest_collection_finish() -> None:
    """What is imported by now stays: no need to look through it after each test that collects garbage."""
    gc.collect()
    gc.freeze()
