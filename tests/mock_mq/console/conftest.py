"""A console of a running queue manager, and a browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from mock_mq.console import Console
from mock_mq.running import RunningQueueManager


@pytest.fixture
def console(queue_manager: RunningQueueManager) -> Iterator[Console]:
    running = Console(queue_manager.core, queue_manager.loop)
    yield running
    running.close()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    programs = [shutil.which("chromium"), shutil.which("chromedriver")]
    if None in programs:
        lacking = "chromium and chromedriver not found: on Debian, apt-get install chromium chromium-driver"
        if os.environ.get("CI") == "true":
            pytest.fail(f"in CI the browser is never left out: {lacking}")
        pytest.skip(lacking)
    options = ChromeOptions()
    options.binary_location = str(programs[0])
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--window-size=1400,1000",
        f"--user-data-dir={tmp_path_factory.mktemp('browser')}",
    ):
        options.add_argument(argument)
    driver = Chrome(options=options, service=Service(str(programs[1])))
    yield driver
    driver.quit()
