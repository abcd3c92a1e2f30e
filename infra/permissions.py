"""Which actions of AWS's each thing that the bridge does needs, and no more; and its operator, and its check.

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

KEEP = ("s3:AbortMultipartUpload", "s3:PutObject")
"""Objects of a bucket: dead letters, and bodies on their way out; large ones in parts, none left behind."""

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

LOOK_AT_TOPIC = ("sns:GetTopicAttributes",)
"""A topic that a route publishes to, for `bridge check`, as the next three: nothing is read but settings."""

LOOK_AT_QUEUE = ("sqs:GetQueueAttributes",)
"""A queue that a route sends to; a source's the bridge itself looks at."""

LOOK_AT_BUCKET = ("s3:GetBucketLocation", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration")
"""The buckets: that they are there, and how they are kept; no right to list or read objects."""

LOOK_AT_KEY = ("kms:DescribeKey",)
"""The integration's key: whether it is enabled."""

FIND_LETTERS = ("s3:ListBucket",)
"""The dead-letter bucket, for an operator: the bridge itself only writes."""

REPLAY_LETTERS = ("s3:GetObject", "s3:PutObject")
"""Its objects, for an operator: replays are noted there, and nothing is deleted."""

OPERATOR = frozenset((*FIND_LETTERS, *REPLAY_LETTERS, *PUBLISH, *SEND, *KEEP, *READ_SECRET))
"""All that `bridge dead-letters` calls."""

LOOK = frozenset((*LOOK_AT_TOPIC, *LOOK_AT_QUEUE, *LOOK_AT_BUCKET, *LOOK_AT_KEY))
"""All that `bridge check` calls beyond what the bridge does, so that it can be run with the task's role."""

ALL = frozenset((*PUBLISH, *SEND, *RECEIVE, *KEEP, *FETCH, *TELL_MISSING, *DISCARD, *READ_SECRET))
"""All that the bridge calls by itself."""
