"""The page of a running bridge, as somebody sees it: in a real browser."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from mock_mq.core import QueueDefinition
from mock_mq.pytest_plugin import StartQueueManager
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import StartBridge
from tests.fixtures.fault_proxy import FaultProxy
from tests.system.ends import CANARY

PHONE, DESK = (390, 844), (1280, 760)
_WITHIN = 20.0


def until(page: Chrome, condition: Callable[[], object]) -> None:
    WebDriverWait(page, _WITHIN, ignored_exceptions=[Exception]).until(lambda _driver: condition())


def text(page: Chrome, route: str, selector: str) -> str:
    return page.find_element(By.CSS_SELECTOR, f"section[data-route='{route}'] {selector}").text


def test_it_shows_what_moves_what_waits_and_why_on_a_desk_and_on_a_phone(
    aws: Aws,
    fault_proxy: FaultProxy,
    start_queue_manager: StartQueueManager,
    start_bridge: StartBridge,
    browser: Chrome,
) -> None:
    queues = ("ORDERS.OUT", "INVOICES.OUT", "ORDERS.IN")
    queue_manager = start_queue_manager(queues=tuple(QueueDefinition(name) for name in queues))
    topic, _ = aws.make_topic()
    incoming = aws.make_queue()
    bridge = start_bridge(
        queue_manager,
        {"name": "orders-out", "from": {"mq": "ORDERS.OUT"}, "to": {"sqs": aws.make_queue()}},
        {"name": "invoices-out", "from": {"mq": "INVOICES.OUT"}, "to": {"sns": topic}},
        {"name": "orders-in", "from": {"sqs": incoming, "wait": 1}, "to": {"mq": "ORDERS.IN"}},
        dead_letters=aws.make_bucket(),
    )
    port = bridge.wait_for("http_listening")["port"]
    browser.set_window_size(*DESK)
    browser.get(f"http://127.0.0.1:{port}/")
    until(browser, lambda: browser.find_element(By.ID, "status").text == "every route is ready")
    assert text(browser, "orders-out", ".source") == "mq:ORDERS.OUT"

    for number in range(25):
        queue_manager.put("ORDERS.OUT", f"{CANARY} {number}")
    queue_manager.put("ORDERS.OUT", f"{CANARY} too large".ljust(1_100_000))
    aws.sqs.send_message(QueueUrl=incoming, MessageBody=CANARY)
    until(browser, lambda: text(browser, "orders-out", ".delivered") == "25")
    until(browser, lambda: text(browser, "orders-out", ".aside") == "1")
    until(browser, lambda: "offload" in text(browser, "orders-out", ".errors"))
    until(browser, lambda: text(browser, "orders-in", ".last").endswith("ago"))

    sentence = "<b>not bold</b>"
    fault_proxy.answer("PublishBatch", status=503, code=sentence, times=1000)
    queue_manager.put("INVOICES.OUT", CANARY)
    until(browser, lambda: text(browser, "invoices-out", ".state") == "waiting")
    assert sentence in text(browser, "invoices-out", ".reason")
    assert browser.find_element(By.ID, "status").text == "1 of 3 routes not ready"
    if folder := os.environ.get("PAGE_SCREENSHOTS"):
        browser.save_screenshot(str(Path(folder) / "page.png"))

    browser.set_window_size(*PHONE)
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    if folder:
        browser.save_screenshot(str(Path(folder) / "page-phone.png"))
    assert CANARY not in browser.page_source
    assert browser.get_log("browser") == []  # type: ignore[no-untyped-call]

    bridge.close()
    until(browser, lambda: browser.find_element(By.ID, "status").text == "the bridge does not answer")
