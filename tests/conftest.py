"""What every test shares: real certificates, a real queue manager, a real AWS emulator, both MQ bindings."""

from __future__ import annotations

import gc

from hypothesis import settings

# A machine that is busy is no failure.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

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
