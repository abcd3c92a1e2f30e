"""What becomes of a case's message, by all that the bridge does to one but the moving; and what differs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from bridge import configuration as configured
from bridge.assembly import fifo_of, writer_for
from bridge.aws.queue import Queue
from bridge.cases.reading import Expected, Found
from bridge.configuration import Configuration
from bridge.descriptor_fields import FIELD_OF, checked
from bridge.errors import MappingError
from bridge.large_text import LargeText
from bridge.mapping import Attribute, CloudMessage, from_cloud, text_of
from bridge.message import Delivery, Descriptor, Message, Property
from bridge.shaping.change import Change
from bridge.shaping.choosing import chosen
from bridge.shaping.filtering import judged
from code_pages.ccsid import codec


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message: `set_aside` is why, `body` a text or the bytes that are none."""

    filtered: bool = False
    set_aside: str = ""
    to: str = ""
    body: str | bytes = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    descriptor: Descriptor = field(default_factory=Descriptor)
    group: str = ""


def differences(found: Found, configuration: Configuration) -> list[str]:
    """What is not as it was expected, a line each; empty where all is."""
    route = next(each for each in configuration.routes if each.name == found.case.route)
    return list(_compared(found.case.expect, outcome_of(found, configuration, route)))


def outcome_of(found: Found, configuration: Configuration, route: configured.Route) -> Outcome:
    """What becomes of the message."""
    try:
        message = _message(found, route)
        wanted = judged(route.filter, Delivery(message)) if route.filter else Delivery(message)
        if wanted is None:
            return Outcome(filtered=True)
        if wanted.fault:
            return Outcome(set_aside=wanted.fault)
        message = Change(route.attributes, route.descriptor).made_in(message)
        sink = route.sinks[chosen([each.when for each in route.sinks], message)]
        if isinstance(sink, configured.MqSink):
            return _put(message, sink)
        cloud = writer_for(configuration, route, sink)(message)
    except MappingError as e:
        return Outcome(set_aside=str(e))
    fifo = fifo_of(route, sink)
    return Outcome(
        to=f"sns:{sink.sns}" if isinstance(sink, configured.SnsSink) else f"sqs:{Queue.parse(sink.sqs).name}",
        body=cloud.body.read().decode() if isinstance(cloud.body, LargeText) else cloud.body,
        attributes={name: _value(each) for name, each in cloud.attributes.items()},
        descriptor=message.descriptor,
        group=fifo.group_of(message) if fifo else "",
    )


def _message(found: Found, route: configured.Route) -> Message:
    """The given message, as the bridge has it from its source; raises `MappingError`."""
    given = found.case.given
    if isinstance(route.source, configured.SqsSource):
        return _received(found, route, route.source)
    fields = {
        FIELD_OF[name]: checked(FIELD_OF[name], value, f"given.descriptor.{name}")
        for name, value in given.descriptor.items()
    }
    descriptor = replace(Descriptor(format="MQSTR" if isinstance(found.body, str) else ""), **fields)
    body = found.body if isinstance(found.body, bytes) else _in_ccsid(found.body, descriptor)
    properties = {name: _property(value) for name, value in given.attributes.items()}
    return Message(body, descriptor, MappingProxyType(properties))


def _in_ccsid(text: str, descriptor: Descriptor) -> bytes:
    name = codec(descriptor.ccsid, descriptor.encoding)
    try:
        if name is not None:
            return text.encode(name)
    except UnicodeError:
        pass
    raise MappingError(f"given.body: not text in CCSID {descriptor.ccsid}: give its bytes in base64")


def _received(found: Found, route: configured.Route, source: configured.SqsSource) -> Message:
    """A message of SQS's; raises `MappingError`."""
    to = next(each for each in route.sinks if isinstance(each, configured.MqSink))
    attributes = {
        name: Attribute("Number" if _is_number(value) else "String", str(value))
        for name, value in found.case.given.attributes.items()
    }
    body = found.body if isinstance(found.body, str) else found.body.decode("utf-8", "surrogateescape")
    cloud = CloudMessage(body, MappingProxyType(attributes))
    return from_cloud(cloud, ccsid=to.ccsid, format=to.format, encoding=source.format or "")


def _put(message: Message, sink: configured.MqSink) -> Outcome:
    text = text_of(message)
    return Outcome(
        to=f"mq:{sink.mq}",
        body=text if isinstance(text, str) else message.body,
        attributes={name: each.value for name, each in message.properties.items()},
        descriptor=message.descriptor,
    )


def _compared(expected: Expected, was: Outcome) -> Iterator[str]:
    if expected.filtered != was.filtered:
        yield "it was left out by the filter" if was.filtered else f"not left out: {_end(was)}"
    elif expected.set_aside is not None or was.set_aside:
        if not was.set_aside:
            yield f"not set aside: {_end(was)}"
        elif expected.set_aside is None or expected.set_aside not in was.set_aside:
            yield f"set aside: {was.set_aside}"
    else:
        yield from _compared_contents(expected, was)


def _compared_contents(expected: Expected, was: Outcome) -> Iterator[str]:
    for name, wanted, found in (
        ("to", expected.to, was.to),
        ("body", expected.body, was.body),
        ("base64", expected.base64, was.body if isinstance(was.body, bytes) else was.body.encode()),
        ("group", expected.group, was.group),
    ):
        if wanted is not None and wanted != found:
            yield f"{name}: expected {wanted!r}, was {found!r}"
    if expected.json_ is not None:
        yield from _compared_json(expected.json_, was.body)
    yield from _compared_names("attributes", expected.attributes, was.attributes)
    for name in expected.absent:
        if name in was.attributes:
            yield f"attributes.{name}: expected to be absent, was {was.attributes[name]!r}"
    fields = {FIELD_OF[name]: name for name in expected.descriptor}
    values = {fields[name]: getattr(was.descriptor, name) for name in fields}
    plain = {name: each.hex() if isinstance(each, bytes) else each for name, each in values.items()}
    yield from _compared_names("descriptor", expected.descriptor, plain)


def _compared_names(what: str, expected: Mapping[str, Any], was: Mapping[str, Any]) -> Iterator[str]:
    for name, value in expected.items():
        # True is no 1 here.
        if was.get(name) != value or isinstance(was[name], bool) != isinstance(value, bool):
            told = repr(was[name]) if name in was else "not there"
            yield f"{what}.{name}: expected {value!r}, was {told}"


def _compared_json(expected: Mapping[str, Any], body: str | bytes) -> Iterator[str]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        yield f"json: the body is no JSON object: {body!r}"
        return
    for name, value in expected.items():
        wanted = _as_json(value)
        if found.get(name) != wanted:
            yield f"json.{name}: expected {wanted!r}, was {found.get(name)!r}"


def _end(was: Outcome) -> str:
    if was.filtered:
        return "left out by the filter"
    return f"set aside: {was.set_aside}" if was.set_aside else f"sent to {was.to}"


def _as_json(value: Any) -> Any:
    """What a file has as JSON has it: lists for tuples."""
    if isinstance(value, dict):
        return {name: _as_json(each) for name, each in value.items()}
    return [_as_json(each) for each in value] if isinstance(value, tuple) else value


def _value(attribute: Attribute) -> Any:
    """A number as a number, as a file of cases has it."""
    if attribute.type.startswith("Number") and isinstance(attribute.value, str):
        return json.loads(attribute.value)
    return attribute.value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _property(value: Any) -> Property:
    if isinstance(value, bool):
        return Property(value, "boolean")
    if isinstance(value, int):
        return Property(value, "i4" if -(2**31) <= value < 2**31 else "i8")
    return Property(value, "r8" if isinstance(value, float) else "string")
