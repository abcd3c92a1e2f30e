from __future__ import annotations

import pytest
from botocore import exceptions as botocore
from botocore.parsers import ResponseParserError

from bridge.aws.faults import LONGEST_REASON, Kind, classify
from bridge.message import Fault


def refusal(code: str, status: int = 400, text: str = "said AWS") -> botocore.ClientError:
    return botocore.ClientError(
        {
            "Error": {"Code": code, "Message": text},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": "",
                "HostId": "",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        },
        "Publish",
    )


@pytest.mark.parametrize(
    "code",
    [
        "Throttled", "Throttling", "ThrottlingException", "KMSThrottling", "KMS.ThrottlingException",
        "KmsThrottled", "RequestThrottled", "RequestLimitExceeded", "SlowDown", "InternalError",
        "InternalFailure", "ServiceUnavailable", "ExpiredToken", "ExpiredTokenException",
        "InvalidClientTokenId", "RequestTimeTooSkewed", "SignatureDoesNotMatch", "RequestExpired",
        "UnrecognizedClientException",
    ],
)  # fmt: skip
def test_what_would_have_happened_to_any_message_is_the_destinations_fault(code: str) -> None:
    found = classify(refusal(code), "sns:orders")
    assert (found.fault, found.slowly) == (Fault.DESTINATION, False)


@pytest.mark.parametrize(
    "code",
    [
        "AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException",
        "NotFound", "AWS.SimpleQueueService.NonExistentQueue", "com.amazonaws.sqs#QueueDoesNotExist",
        "NoSuchBucket",
        "ResourceNotFoundException", "KMS.AccessDeniedException", "KMSDisabled",
        "KMS.DisabledException", "KMS.NotFoundException", "KMS.KMSInvalidStateException", "KmsDisabled",
    ],
)  # fmt: skip
def test_what_a_person_has_to_mend_is_waited_for_slowly(code: str) -> None:
    found = classify(refusal(code), "sns:orders")
    assert (found.fault, found.slowly, found.as_away().slowly) == (Fault.DESTINATION, True, True)


@pytest.mark.parametrize(
    "code",
    [
        "InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid", "InvalidMessageContents",
        "MessageTooLong", "BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong",
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_message_is_its_own_fault(code: str) -> None:
    assert classify(refusal(code), "sns:orders").fault is Fault.MESSAGE


@pytest.mark.parametrize(
    ("status", "fault"),
    [(400, Fault.UNCLEAR), (418, Fault.UNCLEAR), (403, Fault.DESTINATION), (429, Fault.DESTINATION),
     (500, Fault.DESTINATION), (503, Fault.DESTINATION), (599, Fault.DESTINATION)],
)  # fmt: skip
def test_a_code_nobody_has_heard_of_is_judged_by_its_status(status: int, fault: Fault) -> None:
    assert classify(refusal("Whatever", status), "sns:orders").fault is fault


def test_a_topic_whose_name_is_malformed_is_not_the_messages_fault() -> None:
    found = classify(refusal("InvalidParameter", 400, "Invalid parameter: TopicArn Reason: no"), "sns:orders")
    assert found.kind is Kind.MISSING


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (botocore.EndpointConnectionError(endpoint_url="http://aws"), Kind.FAILING),
        (botocore.ConnectTimeoutError(endpoint_url="http://aws"), Kind.FAILING),
        (botocore.ReadTimeoutError(endpoint_url="http://aws"), Kind.FAILING),
        (botocore.ConnectionClosedError(endpoint_url="http://aws"), Kind.FAILING),
        (botocore.SSLError(endpoint_url="http://aws", error=OSError("expired")), Kind.FAILING),
        (botocore.IncompleteReadError(actual_bytes=1, expected_bytes=2), Kind.FAILING),
        (botocore.NoCredentialsError(), Kind.CREDENTIALS),
        (botocore.CredentialRetrievalError(provider="sso", error_msg="expired"), Kind.CREDENTIALS),
        (botocore.ParamValidationError(report="canary"), Kind.MESSAGE),
        (ResponseParserError("canary"), Kind.FAILING),
    ],
)
def test_every_way_a_call_fails_without_an_answer_has_a_class(error: Exception, kind: Kind) -> None:
    found = classify(error, "sns:orders")
    assert found.kind is kind
    assert "canary" not in found.reason, "these quote what was sent or received, which may be a message"


def test_a_reason_names_the_thing_what_is_wrong_with_the_code_and_what_to_do_on_one_short_line() -> None:
    found = classify(refusal("AccessDenied", 403, "not\nallowed " + "x" * 5000), "sns:orders")
    assert found.reason.startswith("sns:orders: refused with AccessDenied: not allowed xxx")
    assert found.reason.endswith("allow it in the role's policy, the resource's or the KMS key's")
    assert len(found.reason) <= LONGEST_REASON
    assert "\n" not in found.reason
