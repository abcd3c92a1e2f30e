"""What pydantic found, in the words of whoever wrote the file: unknown keys, missing keys, wrong values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bridge.configuration import models
from bridge.configuration.mistakes import VALUE, Location, shown
from bridge.nearness import near

_EXAMPLES = {
    "queue_manager": "a mapping with name, connections and channel",
    "queue_manager.name": "name: QM1",
    "queue_manager.connections": 'connections: ["mq-a.example(1414)"]',
    "queue_manager.channel": "channel: BRIDGE.SVRCONN",
    "offload.bucket": "bucket: orders-payloads",
    "dead_letters": "dead_letters: {bucket: orders-dead-letters}",
    "cloudwatch.namespace": "namespace: bridge/orders",
    "tracing.endpoint": "endpoint: http://127.0.0.1:4318",
    "dead_letters.bucket": "bucket: orders-dead-letters",
    "routes": "a list of routes, each with name, from and to",
    "routes.name": "name: orders-out",
    "routes.from": "from: {mq: QUEUE} or from: {sqs: QUEUE}",
    "routes.to": "to: {sns: ARN}, to: {sqs: QUEUE} or to: {mq: QUEUE}",
}

_PARTS: Mapping[str, tuple[type[models.Model], ...]] = {
    "": (models.Configuration,),
    "queue_manager": (models.QueueManager,),
    "offload": (models.Offload,),
    "dead_letters": (models.DeadLetters,),
    "http": (models.Http,),
    "cloudwatch": (models.CloudWatch,),
    "tracing": (models.Tracing,),
    "routes": (models.Route,),
    "routes.from": (models.MqSource, models.SqsSource),
    "routes.to": (models.SnsSink, models.SqsSink, models.MqSink),
}

_SECRETS = re.compile(
    r"pass(word|wd|phrase)?|pwd|secret|token|user(_?name|_?id)?|cert(ificate)?|ca"
    r"|(private_|ssl_)?key(_.*)?|.*_(password|passphrase)"
)
_AWS = re.compile(r"aws(_.*)?|(access|secret)_key(_id)?|profile|region|endpoint(_url)?")


def explained(error: Mapping[str, Any], tree: Any) -> tuple[Location, str, str, str]:
    """The location, problem, remedy and suggestion of one of pydantic's errors."""
    location = models.without_tags(error["loc"])
    kind, context = error["type"], error.get("ctx", {})
    if kind == "wrong":
        return location, context["problem"], context["remedy"], context["suggestion"]
    if kind == "missing":
        example = _EXAMPLES.get(_pattern(location), "write it")
        return location, "is missing", f"add {example}", ""
    if kind == "extra_forbidden":
        return location, *_unknown(location, tree), ""
    if kind in {"model_type", "dict_type"}:
        keys = ", ".join(_keys(_pattern(location)))
        return location, "is not a mapping", f"write its keys beneath it, indented: {keys}", ""
    if kind == "tuple_type":
        return location, "is not a list", "write each entry on a line of its own after a dash", ""
    return location, f"{VALUE} is not what belongs here", "see docs/configuration.md", ""


def _unknown(location: Location, tree: Any) -> tuple[str, str]:
    """The problem and remedy for a key that is not known where it stands."""
    key = str(location[-1])
    pattern = _pattern(location[:-1])
    here = _keys(pattern, tree, location)
    plain = key.lower().replace("-", "_")
    if _AWS.fullmatch(plain):
        where = "AWS's own environment says it (AWS_REGION, AWS_PROFILE, the task's role)"
        return "does not belong in this file", where
    if _SECRETS.fullmatch(plain):
        where = "keep it in the secret or the directory that queue_manager.credentials names"
        return "does not belong in this file", where
    if meant := near(plain, here):
        return "is not a known key", f"write {meant}"
    elsewhere = [part for part in _PARTS if part != pattern and plain in _keys(part)]
    if elsewhere == [""]:
        return "is not a known key here", "move it to the top"
    if elsewhere:
        return "is not a known key here", f"it belongs under {' or '.join(elsewhere)}"
    return "is not a known key", f"known here: {', '.join(here)}"


def _keys(pattern: str, tree: Any = None, location: Location = ()) -> list[str]:
    """The keys known at a place; at one end of a route those of the kind of end it is."""
    kinds = _PARTS.get(pattern, ())
    if len(kinds) > 1 and location:
        end = tree
        for part in location[:-1]:
            end = end[part]
        kinds = tuple(kind for kind in kinds if models.end_of(kind) in end) or kinds
    keys: dict[str, None] = {}
    for kind in kinds:
        for name, information in kind.model_fields.items():
            keys[str(information.validation_alias or name)] = None
    return list(keys)


def _pattern(location: Location) -> str:
    return ".".join(shown(part, quoted=False) for part in location if isinstance(part, str))
