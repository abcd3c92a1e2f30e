"""Which actions of AWS's each thing that the bridge does needs, and no more; and what its operator needs.

The tests compare the unions with the calls that are really made. Source of the names: "Actions,
resources, and condition keys", Service Authorization Reference. sts:GetCallerIdentity needs no grant.
"""

from __future__ import annotations

PUBLISH = ("sns:Publish",)
"""A topic that a route publishes to."""

SEND = ("sqs:GetQueueUrl", "sqs:SendMessage")
"""A queue that a route sends to."""

RECEIVE = (
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
)
"""A queue that a route takes from."""

KEEP = ("s3:PutObject",)
"""Objects of a bucket: dead letters, and bodies on their way out."""

FETCH = ("s3:GetObject",)
"""Objects of the payload bucket, on the way in."""

TELL_MISSING = ("s3:ListBucket",)
"""The payload bucket: without it, S3 says of an object that is gone that it is forbidden."""

DISCARD = ("s3:DeleteObject",)
"""Objects of the payload bucket, with `delete_after_delivery`."""

READ_SECRET = ("secretsmanager:GetSecretValue",)
"""The integration's secret."""

USE_KEY = ("kms:Decrypt", "kms:GenerateDataKey")
"""The keys, through the services above only; the services call them, not the bridge."""

FIND_LETTERS = ("s3:ListBucket",)
"""The dead-letter bucket, for an operator: the bridge itself only writes."""

REPLAY_LETTERS = ("s3:GetObject", "s3:PutObject")
"""Its objects, for an operator: replays are noted there, and nothing is deleted."""

OPERATOR = frozenset((*FIND_LETTERS, *REPLAY_LETTERS, *PUBLISH, *SEND, *KEEP, *READ_SECRET))
"""All that `bridge dead-letters` calls."""

ALL = frozenset((*PUBLISH, *SEND, *RECEIVE, *KEEP, *FETCH, *TELL_MISSING, *DISCARD, *READ_SECRET))
"""All that the bridge calls by itself."""
