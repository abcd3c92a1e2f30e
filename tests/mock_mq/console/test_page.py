"""The console as somebody sees it: in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from mock_mq.console import Console
from mock_mq.running import RunningQueueManager

QUEUE = "DEV.QUEUE.1"
Find = Callable[[str], WebElement]
Wait = Callable[[Callable[[], object]], None]


@pytest.fixture
def page(browser: Chrome, console: Console) -> Chrome:
    browser.get(console.url)
    return browser


@pytest.fixture
def until(page: Chrome) -> Wait:
    def wait(condition: Callable[[], object]) -> None:
        WebDriverWait(page, 15, ignored_exceptions=[Exception]).until(lambda _driver: condition())

    return wait


@pytest.fixture
def find(page: Chrome) -> Find:
    return lambda selector: page.find_element(By.CSS_SELECTOR, selector)


def depth(find: Find, queue: str = QUEUE) -> str:
    return find(f"tr[data-queue='{queue}'] td:nth-child(2)").text


def choose(page: Chrome, until: Wait, find: Find) -> None:
    until(lambda: find(f"tr[data-queue='{QUEUE}'] button"))
    find(f"tr[data-queue='{QUEUE}'] button").click()
    until(lambda: find("#queue-title").text == QUEUE)


def test_depths_change_before_ones_eyes(
    queue_manager: RunningQueueManager, page: Chrome, until: Wait, find: Find
) -> None:
    until(lambda: depth(find) == "0")
    queue_manager.put(QUEUE, "one")
    queue_manager.put(QUEUE, "two")
    until(lambda: depth(find) == "2")
    assert "QM1" in find("h1").text


def test_a_message_is_seen_with_its_descriptor_and_its_bytes(
    queue_manager: RunningQueueManager, page: Chrome, until: Wait, find: Find
) -> None:
    queue_manager.put(QUEUE, "Grüße".encode("cp500"), format="MQSTR", ccsid=500, priority=3)
    choose(page, until, find)
    until(lambda: find("#messages tbody button"))
    find("#messages tbody button").click()
    until(lambda: find("#body").text == "Grüße")
    row = [cell.text for cell in page.find_elements(By.CSS_SELECTOR, "#hex tbody tr:first-child td")]
    assert row == ["00000000", "C7 99 DC 59 85", "Ç.ÜY.", "Grüße"]
    told = find("#descriptor").text
    assert "ccsid 500" in told
    assert "priority 3" in told


def test_markup_in_a_message_stays_text(
    queue_manager: RunningQueueManager, page: Chrome, until: Wait, find: Find
) -> None:
    queue_manager.put(QUEUE, "<img src=x onerror=\"document.title='taken'\">", application_name="<b>x</b>")
    choose(page, until, find)
    until(lambda: find("#messages tbody button"))
    find("#messages tbody button").click()
    until(lambda: find("#body").text.startswith("<img"))
    assert page.find_elements(By.CSS_SELECTOR, "#body img, #messages b") == []
    assert page.title == "mock-mq QM1"


def test_a_message_is_put(queue_manager: RunningQueueManager, page: Chrome, until: Wait, find: Find) -> None:
    choose(page, until, find)
    find("#text").send_keys("Zażółć")
    find("#persistent").click()
    find("#put button").click()
    until(lambda: depth(find) == "1")
    (message,) = queue_manager.browse(QUEUE)
    assert (message.data.decode(), message.descriptor.persistence) == ("Zażółć", 1)


def test_what_cannot_be_put_is_said_and_stays_to_be_read(
    queue_manager: RunningQueueManager, page: Chrome, until: Wait, find: Find
) -> None:
    choose(page, until, find)
    find("#ccsid").clear()
    find("#ccsid").send_keys("819")
    find("#text").send_keys("Zażółć")
    find("#put button").click()
    until(lambda: "CCSID 819" in find("#status").text)
    assert queue_manager.depth(QUEUE) == 0
    queue_manager.put(QUEUE, "one")
    until(lambda: depth(find) == "1")
    assert "CCSID 819" in find("#status").text


def test_a_queue_is_cleared_once_one_is_sure(
    queue_manager: RunningQueueManager, page: Chrome, until: Wait, find: Find
) -> None:
    queue_manager.put(QUEUE, "one")
    choose(page, until, find)
    find("#clear").click()
    find("#sure button[value=no]").click()
    assert queue_manager.depth(QUEUE) == 1
    find("#clear").click()
    assert QUEUE in find("#sure-text").text
    find("#yes").click()
    until(lambda: depth(find) == "0")
    assert queue_manager.depth(QUEUE) == 0


def test_a_queue_manager_that_is_gone_is_said(
    console: Console, page: Chrome, until: Wait, find: Find
) -> None:
    until(lambda: depth(find) == "0")
    console.close()
    until(lambda: "does not answer" in find("#status").text)
