"""Whose fault an error of AWS's is, what it is called, and what to do about it: one table.

The codes are those of the services' API references (SNS, SQS, S3, Secrets Manager, KMS, "Common Errors")
and of botocore's own exceptions. A code that is not listed is judged by its HTTP status, else UNCLEAR.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from botocore import exceptions as botocore
from botocore.parsers import ResponseParserError

from bridge.errors import Away
from bridge.message import Fault, Rejection

FAULTS = (botocore.ClientError, botocore.BotoCoreError, ResponseParserError)
"""Whatever a boto3 call raises for a fault of the other side or of the way there."""

LONGEST_REASON = 500
"""Characters of a reason. It is kept with dead letters and must never become too big to store itself."""

_LONGEST_TEXT = 250


class Kind(Enum):
    """What is wrong, in classes that differ in what follows: fault, a person needed, what to do."""

    THROTTLED = (Fault.DESTINATION, False, "it is tried again; ask AWS for a higher quota if it goes on")
    FAILING = (
        Fault.DESTINATION,
        False,
        "it is tried again; check the network and AWS's health if it goes on",
    )
    CREDENTIALS = (Fault.DESTINATION, False, "check the task's role or credentials and the machine's clock")
    FORBIDDEN = (Fault.DESTINATION, True, "allow it in the role's policy, the resource's or the KMS key's")
    MISSING = (Fault.DESTINATION, True, "create it or correct its name in the configuration")
    MESSAGE = (Fault.MESSAGE, False, "the message itself has to change")
    UNCLEAR = (Fault.UNCLEAR, False, "look the code up in the service's API reference")

    def __init__(self, fault: Fault, slowly: bool, remedy: str) -> None:  # noqa: FBT001 - members above
        self.fault = fault
        self.slowly = slowly
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error of AWS's, judged. `reason` is one plain sentence of at most `LONGEST_REASON` characters."""

    kind: Kind
    reason: str

    @property
    def fault(self) -> Fault:
        """Whose fault it is."""
        return self.kind.fault

    @property
    def away(self) -> bool:
        """Whether it would have happened to any message."""
        return self.kind.fault is Fault.DESTINATION

    @property
    def slowly(self) -> bool:
        """Whether a person has to mend it."""
        return self.kind.slowly

    def as_rejection(self) -> Rejection:
        """For a sink's answer."""
        return Rejection(self.reason, self.fault)

    def as_away(self) -> Away:
        """For raising."""
        return Away(self.reason, slowly=self.slowly)


_CODES: dict[Kind, str] = {
    Kind.THROTTLED: """
        Throttled Throttling RequestThrottled KMSThrottling KmsThrottled RequestLimitExceeded SlowDown
        TooManyRequests BandwidthLimitExceeded LimitExceeded OverLimit PriorRequestNotComplete 503SlowDown""",
    Kind.FAILING: """
        InternalError InternalFailure InternalServiceError InternalServerError ServiceUnavailable
        ServiceFailure RequestTimeout OperationAborted ConcurrentAccess""",
    Kind.CREDENTIALS: """
        ExpiredToken TokenRefreshRequired InvalidToken InvalidClientTokenId UnrecognizedClient
        InvalidAccessKeyId SignatureDoesNotMatch IncompleteSignature RequestTimeTooSkewed RequestExpired
        MissingAuthenticationToken AuthFailure InvalidSecurity""",
    Kind.FORBIDDEN: """
        AccessDenied AuthorizationError UnauthorizedOperation NotAuthorized OptInRequired AllAccessDisabled
        AccountProblem KMSAccessDenied KMSDisabled KMSInvalidState KMSInvalidKeyUsage KMSNotFound
        KMSOptInRequired Disabled DecryptionFailure EncryptionFailure EndpointDisabled 403""",
    Kind.MISSING: """
        NotFound ResourceNotFound NonExistentQueue QueueDoesNotExist QueueDeletedRecently NoSuchBucket
        InvalidAddress PermanentRedirect 404""",
    Kind.MESSAGE: """
        InvalidParameter InvalidParameterValue ParameterValueInvalid InvalidMessageContents MessageTooLong
        BatchRequestTooLong InvalidAttributeName InvalidAttributeValue EntityTooLarge
        MaxMessageLengthExceeded Validation""",
}


def _folded(code: str) -> str:
    """A code without what differs by protocol: `AWS.SimpleQueueService.X`, `com...#XException`."""
    return code.rsplit("#", 1)[-1].rsplit(".", 1)[-1].removesuffix("Exception").lower()


KINDS = MappingProxyType({_folded(code): kind for kind, codes in _CODES.items() for code in codes.split()})
"""The table: a folded code and its kind."""

_CREDENTIALS_ERRORS = (
    botocore.NoCredentialsError,
    botocore.PartialCredentialsError,
    botocore.CredentialRetrievalError,
    botocore.NoAuthTokenError,
    botocore.TokenRetrievalError,
    botocore.SSOError,
    botocore.LoginError,
    botocore.MetadataRetrievalError,
)

# What botocore raises before anything is sent because what it was given is not acceptable.
_VALIDATION_ERRORS = (botocore.ParamValidationError, botocore.ValidationError)


def capped(text: str, longest: int = _LONGEST_TEXT) -> str:
    """The text on one line, cut to `longest` characters."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 3] + "..."


def kind_of(code: str, status: int = 0, text: str = "") -> Kind:
    """What an error code means; `status` is the HTTP status (0 if there is none), `text` AWS's own."""
    kind = KINDS.get(_folded(code))
    if kind is Kind.MESSAGE and "TopicArn" in text:
        return (
            Kind.MISSING
        )  # SNS calls a topic's malformed name an invalid parameter, like a malformed message
    if kind is not None:
        return kind
    if status == 429:
        return Kind.THROTTLED
    if status >= 500:
        return Kind.FAILING
    if status in {401, 403}:
        return Kind.FORBIDDEN
    return Kind.UNCLEAR


def code_of(error: Exception) -> str:
    """The code that AWS answered with, "" where it didn't answer."""
    return error.response.get("Error", {}).get("Code", "") if isinstance(error, botocore.ClientError) else ""


def trouble(kind: Kind, thing: str, what: str) -> Trouble:
    """A judged error in words: `thing` is what has it (`sns:arn:...`), `what` is wrong with it."""
    return Trouble(kind, capped(f"{thing}: {what}; {kind.remedy}", LONGEST_REASON))


def refused(thing: str, code: str, text: str = "", *, status: int = 0) -> Trouble:
    """An error that AWS answered with, judged by its code."""
    return trouble(
        kind_of(code, status, text), thing, f"refused with {capped(code, 60) or status}: {capped(text)}"
    )


def classify(error: Exception, thing: str) -> Trouble:
    """What a boto3 call raised (one of `FAULTS`), judged."""
    if isinstance(error, botocore.ClientError):
        answer = error.response
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return refused(thing, code_of(error), answer.get("Error", {}).get("Message", ""), status=status)
    name = type(error).__name__
    if isinstance(error, ResponseParserError):
        # Its text quotes the answer, which may hold messages.
        return trouble(Kind.FAILING, thing, "answered with something that can't be read; is it AWS?")
    if isinstance(error, _CREDENTIALS_ERRORS):
        return trouble(Kind.CREDENTIALS, thing, f"no usable credentials ({name}: {capped(str(error))})")
    if isinstance(error, _VALIDATION_ERRORS):
        # Its text quotes the values, which may be the message's.
        return trouble(Kind.MESSAGE, thing, f"boto3 would not send it ({name})")
    return trouble(Kind.FAILING, thing, f"can't be reached or broke off ({name}: {capped(str(error))})")
