"""The names of AWS's things in a configuration, each checked and explained: buckets, topics, queues, secrets.

As in `bridge.configuration.values`, a check takes the value as YAML gave it and raises `wrong(...)`.
"""

from __future__ import annotations

import re

from bridge.configuration.mistakes import VALUE, wrong
from bridge.configuration.values import is_address, text
from bridge.nearness import near

_ACCOUNT = r"\d{12}"
_REGION = r"[a-z]{2,4}(-[a-z]+)+-\d+"
_PARTITION = r"aws(-[a-z]+)*"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_TOPIC = r"[A-Za-z0-9_-]{1,256}|[A-Za-z0-9_-]{1,251}\.fifo"
_QUEUE = r"(?:[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo)"
# What SNS and SQS take as MessageGroupId.
_GROUP = r"[A-Za-z0-9!-/:-@\[-`{-~]{1,128}"


def bucket(value: object) -> str:
    """An S3 bucket's name, by S3's rules for general purpose buckets."""
    name = text(value)
    bare = re.match(r"(?:s3://|arn:aws[a-z-]*:s3:::)([^/]+)", name)
    if bare:
        raise wrong(
            f"{VALUE} is not a bucket's name alone", "write the name alone", suggestion=f"write {bare[1]}"
        )
    remedy = "write 3 to 63 of a-z 0-9 . and -, starting and ending with a letter or digit"
    if not _BUCKET.fullmatch(name) or ".." in name or name.startswith("xn--") or is_address(name):
        lower = name.lower()
        usable = lower != name and _BUCKET.fullmatch(lower) is not None
        suggestion = f"bucket names are lower case: write {lower}" if usable else ""
        raise wrong(f"{VALUE} is not a bucket's name", remedy, suggestion=suggestion)
    return name


def topic(value: object) -> str:
    """The ARN of an SNS topic, standard or FIFO."""
    arn = text(value)
    example = "write the topic's ARN, such as arn:aws:sns:eu-west-1:123456789012:orders"
    _not_of_another_service(arn, "sns", example)
    if not arn.startswith("arn:"):
        raise wrong(f"{VALUE} is not an ARN", example)
    _parts(arn, "sns", _TOPIC, example)
    return arn


def queue(value: object) -> str:
    """An SQS queue, standard or FIFO: its name, URL or ARN."""
    given = text(value)
    example = "write the queue's name, URL or ARN, such as orders"
    _not_of_another_service(given, "sqs", example)
    if given.startswith("arn:"):
        _parts(given, "sqs", _QUEUE, example)
    elif "://" in given or "/" in given:
        url = rf"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9_-]+)*/{_ACCOUNT}/{_QUEUE}"
        if not re.fullmatch(url, given):
            right = "https://sqs.REGION.amazonaws.com/ACCOUNT/NAME"
            raise wrong(f"{VALUE} is not a queue's URL", f"write {right}, or the name alone")
    elif not re.fullmatch(_QUEUE, given):
        raise wrong(
            f"{VALUE} is not a queue's name",
            "write 1 to 80 of A-Z a-z 0-9 _ and -, .fifo at its end counted, its URL or its ARN",
        )
    return given


def group(value: object) -> tuple[str, str]:
    """What a FIFO destination's message groups are made of: GroupId, CorrelId, a property or one name."""
    given = text(value)
    wanted = "write GroupId, CorrelId, property:NAME or constant:NAME"
    for plain in ("GroupId", "CorrelId"):
        if given.lower().replace("_", "") == plain.lower():
            if given != plain:
                raise wrong(f"{VALUE} is not how it is spelt", wanted, suggestion=f"write {plain}")
            return plain, ""
    kind, _, name = given.partition(":")
    if kind not in {"property", "constant"} or not name:
        suggestion = f"write constant:{given}" if re.fullmatch(_GROUP, given) and ":" not in given else ""
        raise wrong(f"{VALUE} names no message group", wanted, suggestion=suggestion)
    if kind == "constant" and not re.fullmatch(_GROUP, name):
        raise wrong(f"{VALUE} is not a group's name", "write 1 to 128 letters, digits and punctuation")
    return kind, name


def message_id(value: object) -> str:
    """What a ledger knows a message by: MessageId or MessageDeduplicationId."""
    given = text(value)
    names = ("MessageId", "MessageDeduplicationId")
    if given not in names:
        meant = near(given, names)
        suggestion = f"write {meant}" if meant else ""
        raise wrong(f"{VALUE} is no id of SQS's", f"write {' or '.join(names)}", suggestion=suggestion)
    return given


def namespace(value: object) -> str:
    """A namespace of CloudWatch's, by its rules for names."""
    name = text(value)
    if name.startswith("AWS/"):
        raise wrong(f"{VALUE} is one of AWS's own", "write one of your own, such as bridge/orders")
    if not re.fullmatch(r"[A-Za-z0-9._/#:-]{1,255}", name) or name.startswith(":"):
        raise wrong(f"{VALUE} is not a namespace", "write 1 to 255 of A-Z a-z 0-9 . _ / # : and -")
    return name


def credentials(value: object) -> tuple[str, str]:
    """Where the credentials are: the kind, and the secret's name or ARN or the directory; never quoted."""
    wanted = "write secretsmanager:NAME-or-ARN or file:DIRECTORY"
    if not isinstance(value, str):
        raise wrong("says nowhere to find them", wanted)
    kind, colon, where = value.partition(":")
    if value.startswith("arn:"):
        raise wrong("is an ARN alone", "write secretsmanager: before it")
    if kind not in {"secretsmanager", "file"} or not colon:
        meant = near(kind, ("secretsmanager", "file")) if colon else ""
        remedy = f"{wanted}; the secrets themselves never stand in this file"
        raise wrong(
            "is of neither form", remedy, suggestion=f"write {meant}:..., not {kind}:..." if meant else ""
        )
    if not where.strip() or where != where.strip() or "\0" in where:
        raise wrong(f"does not name a {'secret' if kind == 'secretsmanager' else 'directory'}", wanted)
    if where.startswith("//"):
        raise wrong("is a URL", "write it without //, such as file:/etc/bridge/credentials")
    if kind == "secretsmanager":
        name = r"[A-Za-z0-9/_+=.@-]{1,512}"
        if where.startswith("arn:"):
            example = "write secretsmanager:arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME"
            _parts(where, "secretsmanager", rf"secret:{name}", example)
        elif not re.fullmatch(name, where):
            raise wrong("does not name a secret", "a secret's name has 1 to 512 of A-Z a-z 0-9 / _ + = . @ -")
    return kind, where


def _not_of_another_service(arn: str, service: str, example: str) -> None:
    given = arn.split(":")
    if given[0] == "arn" and len(given) > 2 and given[2] != service:
        keys = {"sns": "sns", "sqs": "sqs"}
        other = keys.get(given[2], "")
        suggestion = f"use the key {other}: for it" if other else ""
        raise wrong(
            f"{VALUE} is the ARN of something else than {service.upper()}'s", example, suggestion=suggestion
        )


def _parts(arn: str, service: str, resource: str, example: str) -> None:
    parts = arn.split(":", 5)
    what = ("'arn'", "partition", "service", "region", "account number", "name")
    patterns = ("arn", _PARTITION, service, _REGION, _ACCOUNT, resource)
    if len(parts) != len(patterns):
        raise wrong(f"an ARN has 6 parts, this one {len(parts)}", example)
    for part, name, pattern in zip(parts, what, patterns, strict=True):
        if not re.fullmatch(pattern, part):
            raise wrong(f"the {name} in the ARN is not one", example)
