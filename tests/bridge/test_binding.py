"""Which MQ binding the bridge runs on, and what it says of the library beneath."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from bridge.binding import CHOICE, load_binding
from bridge.errors import Stop
from tests.bridge.test_configuration import SMALLEST
from tests.fixtures.bridge import RunningBridge
from tests.mock_mq.client import ibm_library

STAND_IN = "mock_mq stand-in client library 0.1.0"


NOWHERE = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}


def said(event: str, code: int, tmp_path: Path, **environment: str) -> dict[str, Any]:
    """That event in the log of `bridge run`, which ends with that exit code when it is told to, or before."""
    configuration = tmp_path / "bridge.yaml"
    configuration.write_text(SMALLEST.replace("localhost(1414)", "127.0.0.1(1)"))
    inherited = {name: value for name, value in os.environ.items() if name != CHOICE}
    bridge = RunningBridge(configuration, inherited | NOWHERE | environment)
    try:
        found = bridge.wait_for(event)
        assert bridge.stop() == code, bridge.output
    finally:
        bridge.close()
    assert "Traceback" not in bridge.output
    return found


@pytest.mark.parametrize(
    ("environment", "name"),
    [({}, "pymqi"), ({CHOICE: ""}, "pymqi"), ({CHOICE: "pymqi"}, "pymqi"), ({CHOICE: "ibmmq"}, "ibmmq")],
    ids=["unset", "empty", "pymqi", "ibmmq"],
)
def test_given_a_choice_when_run_then_the_log_names_binding_and_library_and_warns_of_the_stand_in(
    tmp_path: Path, environment: dict[str, str], name: str
) -> None:
    event = said("mq_library", 0, tmp_path, **environment)
    assert (event["binding"], event["library"], event["level"]) == (name, STAND_IN, "warning")
    assert "not IBM's" in event["note"]


def test_given_ibms_library_when_run_then_the_log_names_its_file_and_warns_of_nothing(
    tmp_path: Path,
) -> None:
    library = ibm_library.install(tmp_path)
    event = said("mq_library", 0, tmp_path, MQ_INSTALLATION_PATH=str(tmp_path), BRIDGE_MQ_BINDING="ibmmq")
    assert (event["library"], event["level"]) == (f"IBM MQ client {library}", "info")
    assert "note" not in event


def test_given_a_choice_that_is_none_when_run_then_it_stops_and_says_what_there_is(tmp_path: Path) -> None:
    stopped = said("bridge_stopped", 1, tmp_path, BRIDGE_MQ_BINDING="PyMQI")
    assert stopped["reason"] == "BRIDGE_MQ_BINDING: 'PyMQI' is no MQ binding: choose pymqi or ibmmq"


def test_given_a_name_when_loaded_then_it_counts_for_more_than_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(CHOICE, "pymqi")
    assert load_binding("ibmmq").name == "ibmmq"
    with pytest.raises(Stop, match="'mqi' is no MQ binding"):
        load_binding("mqi")


def test_given_a_binding_that_can_not_be_imported_when_loaded_then_the_reason_is_plain(
    tmp_path: Path,
) -> None:
    (tmp_path / "pymqi.py").write_text("raise ImportError('libmqic_r.so: no such file')\n")
    stopped = said("bridge_stopped", 1, tmp_path, PYTHONPATH=str(tmp_path), BRIDGE_MQ_BINDING="pymqi")
    assert stopped["reason"] == (
        "no MQ binding can be imported (pymqi: libmqic_r.so: no such file): install pymqi or ibmmq"
    )
