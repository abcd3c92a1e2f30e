from __future__ import annotations

import pytest

from bridge.aws.secrets import fetch_secret
from bridge.errors import Away, Stop
from tests.fixtures.aws import Aws
from tests.fixtures.fault_proxy import FaultProxy


def test_a_secret_is_fetched_by_name_and_by_arn(aws: Aws) -> None:
    arn = aws.make_secret('{"user": "bridge"}')
    name = arn.split(":")[6].rsplit("-", 1)[0]
    assert fetch_secret(arn) == fetch_secret(name) == '{"user": "bridge"}'


def test_a_secret_stored_as_binary_is_text_all_the_same(aws: Aws) -> None:
    arn = aws.secretsmanager.create_secret(Name=aws.name("secret"), SecretBinary=b"{}")["ARN"]
    assert fetch_secret(arn) == "{}"


def test_a_binary_secret_that_is_no_text_stops_the_bridge(aws: Aws) -> None:
    arn = aws.secretsmanager.create_secret(Name=aws.name("secret"), SecretBinary=b"\xff\xfe")["ARN"]
    with pytest.raises(Stop, match="no UTF-8"):
        fetch_secret(arn)


def test_a_missing_secret_is_waited_for_slowly(aws: Aws) -> None:
    with pytest.raises(Away, match=r"^secretsmanager:no-such: refused with ResourceNotFound") as raised:
        fetch_secret("no-such")
    assert raised.value.slowly


def test_a_throttled_call_is_waited_for(aws: Aws, fault_proxy: FaultProxy) -> None:
    fault_proxy.answer("GetSecretValue", status=400, code="ThrottlingException")
    with pytest.raises(Away, match="Throttling") as raised:
        fetch_secret("orders")
    assert not raised.value.slowly


def test_a_name_that_can_never_do_stops_the_bridge(aws: Aws) -> None:
    with pytest.raises(Stop, match="secretsmanager"):
        fetch_secret("")
