"""The plugin as other projects have it: nothing imported, nothing configured."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

TESTS = """
import pymqi

def connect(queue_manager):
    return pymqi.connect(queue_manager.name, queue_manager.channel, queue_manager.connection_name)

def test_put_get_and_depth(queue_manager):
    queue_manager.put("DEV.QUEUE.1", "here")
    assert queue_manager.depth("DEV.QUEUE.1") == 1
    connection = connect(queue_manager)
    assert pymqi.Queue(connection, "DEV.QUEUE.1").get() == b"here"
    pymqi.Queue(connection, "DEV.QUEUE.2").put(b"back")
    assert queue_manager.get("DEV.QUEUE.2").data == b"back"
    assert queue_manager.get("DEV.QUEUE.2") is None
    connection.disconnect()

def test_each_test_has_its_own(queue_manager):
    assert queue_manager.depth("DEV.QUEUE.1") == 0

def test_faults_and_calls(queue_manager):
    number = queue_manager.fault("fail", call="MQPUT", reason=2053, times=1)
    queue = pymqi.Queue(connect(queue_manager), "DEV.QUEUE.1")
    try:
        queue.put(b"refused")
        assert False
    except pymqi.MQMIError as e:
        assert e.reason == 2053
    queue.put(b"taken")
    assert queue_manager.happened(number) == 1
    assert [call.reason for call in queue_manager.calls("MQPUT")] == [2053, 0]

def test_two_queue_managers(start_queue_manager):
    one, two = start_queue_manager(name="ONE"), start_queue_manager(name="TWO")
    one.put("DEV.QUEUE.1", "for one")
    assert (one.depth("DEV.QUEUE.1"), two.depth("DEV.QUEUE.1")) == (1, 0)
"""


def test_a_project_that_installed_the_package_has_the_fixtures(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("import mock_mq.client\nmock_mq.client.preload()\n")
    pytester.makepyfile(TESTS)
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=4)


def test_the_fixtures_are_listed_with_what_they_are(pytester: pytest.Pytester) -> None:
    listed = pytester.runpytest_subprocess("--fixtures", "-p", "no:cacheprovider")
    listed.stdout.fnmatch_lines(["queue_manager*", "*QM1 as IBM's developer image has it*"])
