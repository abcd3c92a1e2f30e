"""A request is signed as botocore signs it."""

from __future__ import annotations

from datetime import UTC, datetime

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from bridge.aws.signature import Signer

KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30)
PATHS = st.text(st.sampled_from("abz09-_~/%. ü"), max_size=12).filter(
    lambda text: "//" not in f"/{text}" and not {".", ".."} & set(text.split("/"))
)


@given(KEYS, KEYS, st.none() | VALUES.filter(bool), st.binary(max_size=100), VALUES, PATHS)
def test_a_request_is_signed_as_botocore_signs_it(
    access: str, secret: str, token: str | None, body: bytes, target: str, path: str
) -> None:
    credentials = Credentials(access, secret, token)
    headers = {
        "host": "sns.eu-west-1.amazonaws.com:8443",
        "content-type": "text/x; charset=utf-8",
        "x-amz-target": target,
    }
    theirs = AWSRequest(
        "POST",
        f"https://{headers['host']}/{path}",
        headers={name: value for name, value in headers.items() if name != "host"},
        data=body,
    )
    SigV4Auth(credentials, "sns", "eu-west-1").add_auth(theirs)
    moment = theirs.headers["X-Amz-Date"]
    at = datetime.strptime(moment, "%Y%m%dT%H%M%S%z").timestamp()
    signer = Signer("sns", "eu-west-1")
    for _ in range(2):  # the second time with the key that is kept
        ours = signer.signed(credentials, f"/{path}", headers, body, at)
        assert ours["authorization"] == theirs.headers["Authorization"]
    assert ours.get("x-amz-security-token") == token
    assert ours["x-amz-date"] == moment


@given(st.floats(min_value=0, max_value=4e9))
def test_its_date_is_written_in_full(at: float) -> None:
    told = Signer("sns", "eu-west-1").signed(Credentials("A", "B"), "/", {"host": "h"}, b"", at)
    moment = datetime.fromtimestamp(int(at), UTC).strftime("%Y%m%dT%H%M%SZ")
    assert told["x-amz-date"] == moment
    assert f"/{moment[:8]}/eu-west-1/sns/aws4_request," in told["authorization"]


def test_the_key_that_is_kept_is_the_days_and_the_secrets() -> None:
    signer, day = Signer("sns", "eu-west-1"), 86_400.0

    def signed(secret: str, at: float) -> str:
        ours = signer.signed(Credentials("A", secret), "/", {"host": "h"}, b"", at)
        fresh = Signer("sns", "eu-west-1").signed(Credentials("A", secret), "/", {"host": "h"}, b"", at)
        assert ours == fresh
        return ours["authorization"]

    assert (
        len({signed("one", day), signed("one", 2 * day), signed("two", 2 * day), signed("one", day + 1)}) == 4
    )
