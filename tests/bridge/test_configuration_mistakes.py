"""Every way to get the configuration wrong: the line, the key, what is wrong, what would be right."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bridge.configuration import Configuration, ConfigurationError, load

BASE = """\
queue_manager:
  name: QM1
  connections: ["mq-a.example(1414)", "mq-b.example(1414)"]
  channel: BRIDGE.SVRCONN
  cipher_spec: ANY_TLS12_OR_HIGHER
  heartbeat: 30
  credentials: secretsmanager:bridge/orders/mq
offload: {bucket: orders-payloads, threshold: 256KiB}
dead_letters:
  bucket: orders-dead-letters
  retries: 2
routes:
  - name: orders-out
    from: {mq: ORDERS.OUT}
    to: {sns: "arn:aws:sns:eu-west-1:123456789012:orders"}
  - name: orders-in
    from: {sqs: orders-in}
    to: {mq: ORDERS.IN}
"""
TOPIC = '"arn:aws:sns:eu-west-1:123456789012:orders"'


@dataclass(frozen=True)
class Case:
    """A configuration with one mistake, and what must be said of it: its line, its key, and some words."""

    text: str
    line: int
    key: str
    words: tuple[str, ...]
    environ: dict[str, str] = field(default_factory=dict)


def case(old: str, new: str, key: str, *words: str, below: int = 0, **environ: str) -> Case:
    """The base with `old` replaced; the mistake is told `below` lines beneath where `old` stood."""
    assert BASE.count(old) == 1, old
    return Case(BASE.replace(old, new), BASE[: BASE.index(old)].count("\n") + 1 + below, key, words, environ)


def whole(text: str, line: int, *words: str, key: str = "the document") -> Case:
    return Case(text, line, key, words)


def connection(new: str, *words: str) -> Case:
    return case('"mq-a.example(1414)"', new, "queue_manager.connections[0]", *words)


def sns(new: str, *words: str) -> Case:
    return case(TOPIC, new, "routes[0].to.sns", *words)


def sqs(new: str, *words: str) -> Case:
    return case("orders-in}", f"{new}}}", "routes[1].from.sqs", *words)


def group(new: str, *words: str) -> Case:
    fifo = TOPIC.replace("orders", "orders.fifo")
    return case(f"{{sns: {TOPIC}}}", f"{{sns: {fifo}, group: {new}}}", "routes[0].to.group", *words)


def bucket(new: str, *words: str) -> Case:
    return case("bucket: orders-dead-letters", f"bucket: {new}", "dead_letters.bucket", *words)


def credentials(new: str, *words: str) -> Case:
    return case("secretsmanager:bridge/orders/mq", new, "queue_manager.credentials", *words)


def threshold(new: str, *words: str) -> Case:
    return case("256KiB", new, "offload.threshold", *words)


def route(old: str, new: str, key: str, *words: str, below: int = 0) -> Case:
    return case(old, new, f"routes{key}", *words, below=below)


def endpoint(new: str, *words: str) -> Case:
    return case("offload:", f"tracing: {{endpoint: {new}}}\noffload:", "tracing.endpoint", *words)


def shaping(line: str, key: str, *words: str) -> Case:
    """The first route with one line more."""
    name = "  - name: orders-out\n"
    return case(name, f"{name}    {line}\n", f"routes[0].{key}", *words, below=1)


def ends(line: str, key: str, *words: str, index: int = 0, below: int = 0) -> Case:
    """The first route with another destination."""
    return case(f"to: {{sns: {TOPIC}}}", line, f"routes[{index}].{key}", *words, below=below)


def answers(to: str, source: str, key: str, *words: str) -> Case:
    """A route that puts requests, and one that takes their answers, if it has a source."""
    taking = f"  - {{name: replies, from: {source}, to: {{sqs: r}}}}\n" if source else ""
    found = route("{mq: ORDERS.IN}", to, key, *words)
    return Case(found.text + taking, found.line, found.key, found.words)


NAME = "queue_manager.name"
CASES = {
    # Not YAML, or not one document of it.
    "a tab as indentation": case("  name: QM1", "\tname: QM1", "the document", "a tab", "indent with blanks"),
    "bad indentation": case("  channel", "   channel", "the document", "not YAML"),
    "an unclosed double quote": case(
        "ORDERS.IN}", '"ORDERS.IN}', "the document", "quote opened here", "close it"
    ),
    "an unclosed single quote": case("QM1", "'QM1", "the document", "quote opened here is not closed"),
    "an unclosed list": case(
        '"mq-b.example(1414)"]', '"mq-b.example(1414)"', "the document", "list", "close it with ]"
    ),
    "an unclosed mapping": case(
        "threshold: 256KiB}", "threshold: 256KiB", "the document", "mapping", "close it with }"
    ),
    "a key without a colon": case("  name: QM1", "  name QM1", "the document", "end the key above", below=1),
    "a colon too many": case("name: QM1", "name: QM1: QM2", "the document", "quote a value with ': '"),
    "an alias without an anchor": case("QM1", "*hunter2", "the document", "anchor", "quote a value"),
    "an anchor given twice": case(
        "QM1", "&a QM1\n  peer_name: &a CN=x", "the document", "second time", below=1
    ),
    "a bad escape": case("QM1", '"\\q"', "the document", "backslash", "single quotes"),
    "a character that starts nothing": case("QM1", "@QM1", "the document", "quotes around the value"),
    "a control character": case("QM1", "QM\x01", "the document", "plain UTF-8 text"),
    "a directive": whole("%YAML 9.9\n---\n" + BASE, 1, "directive"),
    "a tag handle unknown": case("QM1", "!x!y QM1", "the document", "tag"),
    "two documents": whole(BASE + "---\n" + BASE, 19, "second document", "one document"),
    "an empty document": whole("# nothing\n", 1, "is empty", "queue_manager, dead_letters and routes"),
    "only a document mark": whole("---\n", 2, "has no value"),
    "a list at the top": whole("- queue_manager\n", 1, "is not a mapping", "queue_manager, dead_letters"),
    "a text at the top": whole("hello\n", 1, "is not a mapping"),
    "a number at the top": whole("# x\n42\n", 2, "is not a mapping"),
    "a variable in braces without quotes": case(
        "ORDERS.IN", "${IN}", "the document", 'quotes around "${VARIABLE}"'
    ),
    # Filters, choices, attributes.
    "a filter of nothing": shaping("filter: {}", "filter", "is empty"),
    "a filter on no part of a message": shaping(
        "filter: {atributes: {a: [x]}}", "filter.atributes", "nothing that a message has", "write attributes"
    ),
    "a filter on an unknown field": shaping(
        "filter: {descriptor: {Prority: [4]}}", "filter.descriptor.Prority", "write Priority"
    ),
    "a filter on a part itself": shaping("filter: {body: [x]}", "filter.body", "not a mapping"),
    "a filter with an unknown comparison": shaping(
        "filter: {attributes: {a: [{perfix: x}]}}", "filter.attributes.a[0].perfix", "write prefix"
    ),
    "a filter that is no list": shaping("filter: {attributes: {a: x}}", "filter.attributes.a", "[EUR, USD]"),
    "a choice of unknown parts": shaping(
        "filter: {$or: [{body: {a: [1]}}, {bdy: {a: [1]}}]}", "filter.$or[1].bdy", "write body"
    ),
    "attributes that are a list": shaping(
        "attributes: [a]", "attributes", "not a mapping of names to values"
    ),
    "an attribute of the bridge's own": shaping(
        "attributes: {MQFormat: constant:x}", "attributes.MQFormat", "under descriptor"
    ),
    "an attribute from nowhere": shaping(
        "attributes: {origin: mainframe}", "attributes.origin", "'mainframe'", "write constant:mainframe"
    ),
    "an attribute from a field misspelt": shaping("attributes: {id: MsgID}", "attributes.id", "write MsgId"),
    "an attribute that is null": shaping("attributes: {a: null}", "attributes.a", "has no value"),
    "a field that can't be set": shaping(
        "descriptor: {CodedCharSetId: constant:500}", "descriptor.CodedCharSetId", "can be set"
    ),
    "a field misspelt": shaping("descriptor: {Prority: constant:5}", "descriptor.Prority", "write Priority"),
    "a constant that is none for its field": shaping(
        "descriptor: {Priority: constant:high}", "descriptor.Priority", "'constant:high'", "an integer"
    ),
    "no destination to choose": ends("to: []", "to", "is empty", "name at least one destination"),
    "a destination that is no mapping": ends("to: [orders]", "to[0]", "is not a mapping"),
    "a choice that names two": ends("to: [{sqs: a, sns: b}]", "to[0]", "names 2 destinations (sqs, sns)"),
    "an unknown key in a choice": ends("to: [{sqs: a, wenn: {}}]", "to[0].wenn", "write when"),
    "a mistake in a when": ends(
        "to: [{sqs: a, when: {attributes: {a: []}}}, {sqs: b}]", "to[0].when.attributes.a", "nothing matches"
    ),
    "a destination that is never reached": ends(
        "to: [{sqs: a}, {sqs: b}]", "to[1]", "never gets a message: the one on line 15", "put that one last"
    ),
    "a choice of what goes round": ends(
        "to: [{sqs: a, when: {attributes: {a: [x]}}}, {sqs: orders-in}]\n  - name: back\n    from: {sqs: a}\n"
        "    to: {mq: ORDERS.OUT}",
        "to",
        "leads back to the source of the route on line 15",
        index=1,
        below=3,
    ),
    "a format there is none of": ends(
        "to: {sqs: a, format: xml}", "to.format", "text or base64 or cloudevents"
    ),
    "a format misspelt": ends("to: {sqs: a, format: cloudevent}", "to.format", "write cloudevents"),
    "an event's type without events": ends(
        "to: {sqs: a, event_type: constant:x}", "to.event_type", "add format: cloudevents"
    ),
    "a format of a source's that is none": case(
        "{sqs: orders-in}", "{sqs: orders-in, format: text}", "routes[1].from.format", "base64 or cloudevents"
    ),
    "MQ queues that differ": case(
        "to: {mq: ORDERS.IN}",
        "to: [{mq: A, when: {body: {a: [1]}}}, {mq: B, ccsid: 500}]",
        "routes[1].to[1].ccsid",
        "ccsid is not that of the destination before it",
        "the same",
    ),
    "a group without FIFO in a choice": ends("to: [{sqs: a, group: GroupId}]", "to[0].group", "only a FIFO"),
    "MQ to MQ in a choice": ends("to: [{mq: A}]", "to[0]", "not the bridge's work"),
    # Keys.
    "a duplicate key": case(
        "  heartbeat: 30", "  name: QM2", NAME, "second time, first on line 2", "keep one"
    ),
    "a duplicate part": whole(BASE + "offload: {bucket: other}\n", 19, "first on line 8", key="offload"),
    "an unknown key": case(
        "channel: B", "chanel: B", "queue_manager.chanel", "not a known key", "write channel"
    ),
    "an unknown key with a dash": case(
        "cipher_spec", "cipher-spec", "queue_manager.cipher-spec", "write cipher_spec"
    ),
    "an unknown key at the top": case("offload:", "ofload:", "ofload", "write offload"),
    "a key like no other": case(
        "heartbeat: 30", "colour: red", "queue_manager.colour", "known here: name, connec"
    ),
    "a key in the wrong place": case(
        "retries: 2", "threshold: 2", "dead_letters.threshold", "belongs under offload"
    ),
    "a part in the wrong place": case(
        "heartbeat: 30", "routes: []", "queue_manager.routes", "move it to the top"
    ),
    "a model's own name for a key": case("from: {mq", "source: {mq", "routes[0].source", "not a known key"),
    "a key that is a number": case("heartbeat: 30", "30: heartbeat", "queue_manager.30", "not a known key"),
    "a key that is a list": case("heartbeat: 30", "[a, b]: 30", "queue_manager", "a key is a list"),
    "a key with line ends in it": case(
        "heartbeat: 30", '"a\\nb": 1', "queue_manager.a\\u000ab", "not a known key"
    ),
    "a password in the file": case(
        "heartbeat: 30", "password: hunter2", "queue_manager.password", "does not belong", "credentials names"
    ),
    "a key in the file": case(
        "heartbeat: 30", "private_key: hunter2", "queue_manager.private_key", "does not belong"
    ),
    "AWS keys in the file": case(
        "offload:",
        "aws_secret_access_key: hunter2\noffload:",
        "aws_secret_access_key",
        "does not belong",
        "AWS_REGION",
    ),
    "a missing part": case(
        "dead_letters:\n  bucket: orders-dead-letters\n  retries: 2\n",
        "",
        "dead_letters",
        "is missing",
        "add dead_letters: {bucket",
        below=-8,
    ),
    "a missing key": case(
        "  channel: BRIDGE.SVRCONN\n", "", "queue_manager.channel", "is missing", "SVRCONN", below=-3
    ),
    "a missing bucket": case("bucket: orders-payloads, ", "", "offload.bucket", "is missing"),
    "a missing end": route(
        "    from: {mq: ORDERS.OUT}\n", "", "[0].from", "is missing", "{mq: QUEUE}", below=-1
    ),
    "a missing name": route("  - name: orders-in\n    from", "  - from", "[1].name", "is missing"),
    # Wrong kinds of value.
    "a number for a text": case("QM1", "12", NAME, "12 is a number", "quotes"),
    "a yes for a text": case("QM1", "yes", NAME, "yes is read as true or false", "quotes"),
    "a date for a number": case(
        "heartbeat: 30", "heartbeat: 2024-01-01", "queue_manager.heartbeat", "'2024-01-01' is not"
    ),
    "a NaN": case(
        "heartbeat: 30", "heartbeat: .nan", "queue_manager.heartbeat", ".nan is not a whole number"
    ),
    "a fraction": case(
        "retries: 2", "retries: 2.5", "dead_letters.retries", "2.5 is not a whole number", "0 to 10"
    ),
    "base 60": case("heartbeat: 30", "heartbeat: 1:30", "queue_manager.heartbeat", "is not a whole number"),
    "a quoted number": case("retries: 2", 'retries: "2"', "dead_letters.retries", "'2' is text", "write 2"),
    "a yes for a number": case(
        "retries: 2", "retries: no", "dead_letters.retries", "no is not a whole number"
    ),
    "a number too large": case(
        "retries: 2", "retries: 11", "dead_letters.retries", "11 is out of range", "0 to 10"
    ),
    "a number too small": case(
        "retries: 2", "backout_threshold: 0", "dead_letters.backout_threshold", "1 to 1000"
    ),
    "a word for what to do that is spelt otherwise": case(
        "retries: 2", "when_away: set-aside", "dead_letters.when_away", "'set-aside' is", "write set_aside"
    ),
    "nothing a route can do": case(
        "retries: 2",
        "when_away: drop",
        "dead_letters.when_away",
        "nothing a route can do",
        "hold or set_aside",
    ),
    "a truth for what to do": case(
        "retries: 2", "when_away: true", "dead_letters.when_away", "text is wanted", "quotes"
    ),
    "a collector without http": endpoint("'10.0.0.1:4318'", "is not a URL", "write http://10.0.0.1:4318"),
    "a collector that is asked otherwise": endpoint(
        "grpc://a:4317", "not a collector's URL", "http://127.0.0.1:4318"
    ),
    "the whole path of a collector": endpoint("http://a:4318/v1/traces", "base URL", "write http://a:4318"),
    "a collector with what lets one in": endpoint(
        "'http://me:hunter2@a:4318'", "a user or a password", "set OTEL_EXPORTER_OTLP_HEADERS"
    ),
    "no collector": case(
        "offload:", "tracing: {}\noffload:", "tracing.endpoint", "add endpoint: http://127.0.0.1:4318"
    ),
    "a number beyond all bounds": case(
        "retries: 2", "retries: " + "9" * 5000, "dead_letters.retries", "not a whole"
    ),
    "a quoted truth": case(
        "threshold: 256KiB", 'always: "true"', "offload.always", "neither true nor false", "without quotes"
    ),
    "a number for a truth": case(
        "threshold: 256KiB", "always: 1", "offload.always", "1 is neither true nor false"
    ),
    "a text for a mapping": case(
        "offload: {bucket: orders-payloads, threshold: 256KiB}",
        "offload: b",
        "offload",
        "is not a mapping",
        "bucket",
    ),
    "a list for a mapping": case(
        "offload: {bucket: orders-payloads, threshold: 256KiB}", "offload: [b]", "offload", "is not a mapping"
    ),
    "a text for a list": case(
        '["mq-a.example(1414)", "mq-b.example(1414)"]',
        "mq(1414)",
        "queue_manager.connections",
        "is not a list",
        "dash",
    ),
    "a text for a list of buckets": case(
        "threshold: 256KiB", "read_from: b", "offload.read_from", "is not a list"
    ),
    "a mapping for a text": case("QM1", "{a: b}", NAME, "is a mapping, text is wanted"),
    "a list for a text": case("QM1", "[QM1]", NAME, "is a list"),
    "nothing for a text": case("name: QM1", "name:", NAME, "has no value", "leave the key out"),
    "a null": case("QM1", "~", NAME, "has no value"),
    "nothing for a part": case(
        "offload: {bucket: orders-payloads, threshold: 256KiB}", "offload:", "offload", "has no value"
    ),
    "nothing in a list": case('"mq-a.example(1414)"', "~", "queue_manager.connections[0]", "has no value"),
    "an empty text": case("QM1", '""', NAME, "is empty"),
    "blanks for a text": case("QM1", '"  "', NAME, "is empty"),
    "blanks around a text": case("QM1", '"QM1 "', NAME, "blanks around it"),
    # Tags and aliases.
    "a tag of Python's": case(
        "QM1",
        "!!python/object/apply:os.system [hunter2]",
        NAME,
        "tag !!python/object/apply:os.system is not allowed",
    ),
    "a tag of one's own": case("QM1", "!secret QM1", NAME, "tag !secret is not allowed", "plain value"),
    "binary": case("QM1", "!!binary UU0x", NAME, "!!binary is not allowed"),
    "a set": case("offload: {", "offload: !!set {", "offload", "!!set is not allowed"),
    "an alias into itself": case(
        '["mq-a', '&a [*a, "mq-a', "queue_manager.connections[0]", "leads back into itself"
    ),
    "a merge of no mapping": case("heartbeat: 30", "<<: QM2", "queue_manager", "<< takes in something else"),
    "a merge of a mapping with a mistake": case(
        "from: {sqs: orders-in}",
        "from: {<<: {sqs: orders-in, wait: 21}}",
        "routes[1].from.wait",
        "21 is out of range",
    ),
    "aliases that multiply": whole(
        "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(
            f"{n}: &{n} [{','.join(['*' + p] * 9)}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        1,
        "more than 10000 values",
        "aliases that multiply",
    ),
    "nested without end": whole("a: " + "[" * 5000, 1, "nested"),
    "nested too deep": whole("a: " + "[" * 30 + "]" * 30, 1, "nested more than 20 deep"),
    "nested by aliases": whole(
        "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 25)),
        1,
        "deep by its aliases",
    ),
    # Variables.
    "a variable that is not set": case("QM1", "${QM}", NAME, "environment variable QM is not set", "set it"),
    "a variable on a later line": case(
        '"mq-b.example(1414)"',
        '"mq-b\n    ${PORT}"',
        "queue_manager.connections[1]",
        "PORT is not set",
        below=1,
    ),
    "a variable without a name": case("QM1", "${}", NAME, "${} does not name a variable"),
    "a variable with a default": case(
        "QM1", "${QM:-QM1}", NAME, "more than a variable's name", "write ${QM}"
    ),
    "a variable that is not closed": case("QM1", "${QM", NAME, "${ is not closed", "$$"),
    "a variable without braces": case("QM1", "$QM", NAME, "'$QM' is not a queue manager's name"),
    "a variable with nothing in it": case("QM1", "${QM}", NAME, "has no value", QM=""),
    "a variable with nothing in it, quoted": case("QM1", '"${QM}"', NAME, "is empty", "${QM}", QM=""),
    "a variable that holds a number": case("QM1", "${QM}", NAME, "'${QM}' is a number", QM="7070707"),
    "a variable that holds a bad name": case(
        "QM1", "${QM}", NAME, "'${QM}' is not a queue manager's", QM="hunter2 x"
    ),
    "a variable that holds a bad connection": case(
        '"mq-a.example(1414)"',
        '"${HOST}"',
        "queue_manager.connections[0]",
        "'${HOST}' is not a connection",
        "host(port)",
        HOST="hunter2:1",
    ),
    "a variable that holds bad credentials": case(
        "secretsmanager:bridge/orders/mq", "${C}", "queue_manager.credentials", "neither form", C="hunter2"
    ),
    "a variable that holds a missing directory": case(
        "secretsmanager:bridge/orders/mq",
        "file:${C}",
        "queue_manager.credentials",
        "no directory ${C}",
        C="/nowhere/hunter2",
    ),
    "a variable that holds a bad duration": case(
        "heartbeat: 30",
        "heartbeat: ${H}",
        "queue_manager.heartbeat",
        "'${H}' is not a whole number",
        H="7070707s",
    ),
    "a variable that holds a bad size": case(
        "256KiB", '"${T}"', "offload.threshold", "'${T}' leaves open", T="7070707KB"
    ),
    "variables that fill in too much": case(
        "QM1", f'"{"${QM}" * 200}"', "the document", "more than 1048576 characters", QM="x" * 10000
    ),
    # The queue manager.
    "a queue manager's name too long": case("QM1", "Q" * 49, NAME, "has 49 characters", "at most 48"),
    "a queue manager's name with a dash": case("QM1", "QM-1", NAME, "leave out the '-'"),
    "a queue manager's name with a blank": case("QM1", "QM 1", NAME, "leave out the blank"),
    "a channel too long": case(
        "BRIDGE.SVRCONN", "B" * 21, "queue_manager.channel", "has 21 characters", "at most 20"
    ),
    "a channel with an umlaut": case(
        "BRIDGE.SVRCONN", "BRÜCKE", "queue_manager.channel", "leave out the 'Ü'"
    ),
    "no connections": case(
        '["mq-a.example(1414)", "mq-b.example(1414)"]',
        "[]",
        "queue_manager.connections",
        "is empty",
        "at least one",
    ),
    "a connection with a colon": connection("mq-a:1415", "is not a connection", "write mq-a(1415)"),
    "a connection as a URL": connection('"mq://mq-a:1415/"', "write mq-a(1415)"),
    "a connection without a port": connection("mq-a", "write mq-a(1414)"),
    "a connection with an empty port": connection("mq-a()", "write host(port)"),
    "a connection with a word for a port": connection("mq-a(mqseries)", "write host(port)"),
    "a connection with a blank": connection('"mq-a (1414)"', "write host(port)"),
    "a connection with a bad host": connection('"-mq(1414)"', "is not a connection"),
    "two connections in one": connection('"a(1414),b(1414)"', "several connections", "each an entry"),
    "a port too large": connection("mq-a(65536)", "out of range", "1 to 65535"),
    "port 0": connection("mq-a(0)", "out of range"),
    "a number for a connection": connection("1414", "1414 is a number"),
    "a lower-case cipher": case(
        "ANY_TLS12_OR_HIGHER", "any_tls12_or_higher", "queue_manager.cipher_spec", "write ANY_TLS12_OR_HIGHER"
    ),
    "a cipher with a slip": case(
        "ANY_TLS12_OR_HIGHER", "ANY_TLS12_OR_HIGER", "queue_manager.cipher_spec", "write ANY_TLS12_OR_HIGHER"
    ),
    "Java's name for a cipher": case(
        "ANY_TLS12_OR_HIGHER",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "queue_manager.cipher_spec",
        "write ECDHE_RSA_AES_256_GCM_SHA384",
    ),
    "OpenSSL's name for a cipher": case(
        "ANY_TLS12_OR_HIGHER",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "queue_manager.cipher_spec",
        "write ECDHE_RSA_AES_128_GCM_SHA256",
    ),
    "a cipher like no other": case(
        "ANY_TLS12_OR_HIGHER",
        "ENIGMA",
        "queue_manager.cipher_spec",
        "'ENIGMA' is not a CipherSpec",
        "SSLCIPH",
    ),
    "a cipher that hides nothing": case(
        "ANY_TLS12_OR_HIGHER", "TLS_RSA_WITH_NULL_SHA256", "queue_manager.cipher_spec", "no longer secure"
    ),
    "a cipher of TLS 1.0": case(
        "ANY_TLS12_OR_HIGHER",
        "TLS_RSA_WITH_AES_256_CBC_SHA",
        "queue_manager.cipher_spec",
        "no longer secure",
        "TLS 1.2",
    ),
    "any cipher": case("ANY_TLS12_OR_HIGHER", "ANY", "queue_manager.cipher_spec", "no longer secure"),
    "a cipher without credentials": case(
        "  heartbeat: 30\n  credentials: secretsmanager:bridge/orders/mq\n",
        "",
        "queue_manager.cipher_spec",
        "TLS needs credentials",
        "file:DIRECTORY",
        below=-1,
    ),
    "a peer name that is none": case(
        "heartbeat: 30", "peer_name: QM1", "queue_manager.peer_name", "not a distinguished name", "CN="
    ),
    "a peer name of an unknown attribute": case(
        "heartbeat: 30", "peer_name: XY=QM1", "queue_manager.peer_name", "does not match"
    ),
    "a peer name without TLS": case(
        "cipher_spec: ANY_TLS12_OR_HIGHER",
        "peer_name: CN=QM1",
        "queue_manager.peer_name",
        "no meaning without TLS",
    ),
    "a label without TLS": case(
        "cipher_spec: ANY_TLS12_OR_HIGHER",
        "certificate_label: x",
        "queue_manager.certificate_label",
        "no meaning without TLS",
    ),
    "a label too long": case(
        "heartbeat: 30", f"certificate_label: {'l' * 65}", "queue_manager.certificate_label", "at most 64"
    ),
    "a duration with a unit": case(
        "heartbeat: 30",
        "heartbeat: 30s",
        "queue_manager.heartbeat",
        "'30s' is not a whole number",
        "write 30",
    ),
    "no heartbeat at all": case(
        "heartbeat: 30", "heartbeat: 0", "queue_manager.heartbeat", "0 is out of range", "seconds from 1"
    ),
    "a negative duration": case(
        "heartbeat: 30", "heartbeat: -1", "queue_manager.heartbeat", "-1 is out of range"
    ),
    "credentials of neither form": credentials(
        "hunter2", "neither form", "secretsmanager:NAME-or-ARN or file:DIRECTORY"
    ),
    "credentials with a slip": credentials("secretmanager:x", "neither form", "write secretsmanager:"),
    "credentials by ARN alone": credentials(
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x", "secretsmanager: before it"
    ),
    "credentials of no name": credentials('"secretsmanager:"', "does not name a secret"),
    "credentials of no directory": credentials('"file:"', "does not name a directory"),
    "credentials as a mapping": credentials("{file: x}", "says nowhere to find them", "file:DIRECTORY"),
    "credentials as a URL": credentials("file:///etc/bridge", "is a URL", "without //"),
    "credentials in a bad ARN": credentials(
        "secretsmanager:arn:aws:secretsmanager:eu-west-1:12:secret:x", "account number"
    ),
    "credentials in another's ARN": credentials(
        "secretsmanager:arn:aws:ssm:eu-west-1:123456789012:parameter/x", "the service in the ARN"
    ),
    "credentials of a bad name": credentials("secretsmanager:a b", "does not name a secret"),
    "credentials in a directory that is not there": credentials(
        "file:/nowhere/at/all", "no directory /nowhere/at/all", "create it"
    ),
    "credentials in a file for a directory": credentials("file:/dev/null", "not a directory"),
    # Sizes and buckets.
    "a decimal size": threshold("256KB", "leaves open whether 1000 or 1024", "write 256KiB (262144 bytes)"),
    "a short size": threshold("1M", "leaves open", "write 1MiB (1048576 bytes)"),
    "a size with a fraction": threshold("0.5MiB", "'0.5MiB' is not a size", "256KiB or 262144"),
    "a size of no unit known": threshold("1GiB", "is not a size"),
    "a size too small": threshold("1023", "1023 is out of range", "from 1KiB to 1MiB"),
    "a size too large": threshold("2MiB", "'2MiB' is out of range"),
    "a negative size": threshold("-1", "out of range"),
    "a yes for a size": threshold("yes", "yes is not a size"),
    "a list for a size": threshold("[1]", "a list is not a size"),
    "a largest size beyond MQ's": case(
        "threshold: 256KiB", "maximum_size: 135MiB", "offload.maximum_size", "out of range", "134MiB"
    ),
    "a bucket with capitals": bucket("Orders", "not a bucket's name", "lower case: write orders"),
    "a bucket as a URL": bucket("s3://orders/dead", "write orders"),
    "a bucket as an ARN": bucket("arn:aws:s3:::orders", "write orders"),
    "a bucket with an underscore": bucket("orders_dead", "write 3 to 63 of"),
    "a bucket too short": bucket("or", "write 3 to 63 of"),
    "a bucket too long": bucket("o" * 64, "write 3 to 63 of"),
    "a bucket like an address": bucket("10.0.0.1", "not a bucket's name"),
    "a bucket with two dots": bucket("a..b", "not a bucket's name"),
    "a bad bucket to read from": case(
        "threshold: 256KiB", "read_from: [ok-bucket, X]", "offload.read_from[1]", "not a bucket's name"
    ),
    # Routes.
    "no routes": Case(
        BASE[: BASE.index("routes:")] + "routes: []\n", 12, "routes", ("is empty", "at least one route")
    ),
    "routes as a mapping": Case(
        BASE[: BASE.index("routes:")] + "routes: {a: b}\n", 12, "routes", ("is not a list", "dash")
    ),
    "a route that is a text": Case(
        BASE + "  - orders\n", 19, "routes[2]", ("is not a mapping", "name, from, to")
    ),
    "a route's name twice": route(
        "name: orders-in",
        "name: orders-out",
        "[1].name",
        "'orders-out' is the name of the route on line 13 too",
    ),
    "a route's name with capitals": route(
        "name: orders-in", "name: Orders In", "[1].name", "such as orders-in"
    ),
    "a route's name too long": route("name: orders-in", f"name: {'o' * 64}", "[1].name", "1 to 63"),
    "an end that is a text": route(
        "{mq: ORDERS.OUT}", "ORDERS.OUT", "[0].from", "is not a mapping", "{mq: ...} or {sqs: ...}"
    ),
    "an end of neither kind": route(
        "{mq: ORDERS.OUT}", "{wait: 3}", "[0].from", "names no source", "{mq: ...}"
    ),
    "two sources in one": route(
        "{mq: ORDERS.OUT}", "{mq: A, sqs: b}", "[0].from", "names 2 sources (mq, sqs)", "a route for each"
    ),
    "two destinations in one": route("{mq: ORDERS.IN}", "{mq: A, sqs: b}", "[1].to", "names 2 destinations"),
    "a topic as source": route(
        "{mq: ORDERS.OUT}", f"{{sns: {TOPIC}}}", "[0].from", "can't be read from", "subscribe an SQS queue"
    ),
    "MQ to MQ": route(
        "{sqs: orders-in}", "{mq: OTHER}", "[1].to", "MQ to MQ is not", "remote queue", below=1
    ),
    "SQS to SQS": route("{mq: ORDERS.IN}", "{sqs: other}", "[1].to", "SQS to SQS is not"),
    "SQS to SNS": route("{mq: ORDERS.IN}", f'{{sns: {TOPIC[:-1]}2"}}', "[1].to", "SQS to SNS is not"),
    "both sides the same queue": route(
        "{mq: ORDERS.IN}", "{sqs: orders-in}", "[1].to", "the queue that the route takes from"
    ),
    "a loop": Case(
        BASE + "  - {name: back, from: {mq: ORDERS.IN}, to: {sqs: orders-in}}\n",
        19,
        "routes[2].to",
        ("route on line 18", "for ever"),
    ),
    "two takers of one queue": Case(
        BASE + "  - {name: b, from: {mq: ORDERS.OUT}, to: {sqs: b}}\n",
        19,
        "routes[2].from",
        ("line 14", "one of them only", "SNS topic"),
    ),
    "a queue's name too long": route(
        "ORDERS.OUT", "O" * 49, "[0].from.mq", "has 49 characters", "at most 48"
    ),
    "a queue's name with a dash": route("ORDERS.OUT", "ORDERS-OUT", "[0].from.mq", "leave out the '-'"),
    "a wait too long": route("{sqs: orders-in}", "{sqs: orders-in, wait: 21}", "[1].from.wait", "0 to 20"),
    "a wait for MQ": route("{mq: ORDERS.OUT}", "{mq: A, wait: 2}", "[0].from.wait", "not a known key"),
    "a CCSID for SNS": route(
        f"{{sns: {TOPIC}}}", f"{{sns: {TOPIC}, ccsid: 500}}", "[0].to.ccsid", "not a known key"
    ),
    "a CCSID out of range": route(
        "{mq: ORDERS.IN}", "{mq: IN, ccsid: 65536}", "[1].to.ccsid", "out of range"
    ),
    "a CCSID by name": route(
        "{mq: ORDERS.IN}", "{mq: IN, ccsid: UTF-8}", "[1].to.ccsid", "'UTF-8' is not a whole number"
    ),
    "a CCSID that there is no codec for": route(
        "{mq: ORDERS.IN}", "{mq: IN, ccsid: 930}", "[1].to.ccsid", "can't write text in CCSID 930: write 1208"
    ),
    "a format in lower case": route(
        "{mq: ORDERS.IN}", "{mq: IN, format: mqstr}", "[1].to.format", "write MQSTR"
    ),
    "a format too long": route(
        "{mq: ORDERS.IN}", "{mq: IN, format: MQSTRINGS}", "[1].to.format", "at most 8"
    ),
    "a topic by name": sns("orders", "is not an ARN", "write the topic's ARN"),
    "a topic of another service": sns(
        '"arn:aws:sqs:eu-west-1:123456789012:orders"', "something else than SNS's", "use the key sqs:"
    ),
    "a topic of S3": sns('"arn:aws:s3:::orders"', "something else than SNS's"),
    "a topic with a short account": sns('"arn:aws:sns:eu-west-1:12345:orders"', "account number in the ARN"),
    "a topic without a region": sns('"arn:aws:sns::123456789012:orders"', "region in the ARN"),
    "a topic of another partition": sns(
        '"arn:gcp:sns:eu-west-1:123456789012:orders"', "partition in the ARN"
    ),
    "a topic without a name": sns('"arn:aws:sns:eu-west-1:123456789012"', "has 6 parts, this one 5"),
    "a subscription for a topic": sns('"arn:aws:sns:eu-west-1:123456789012:orders:1234"', "name in the ARN"),
    "a topic with a dot": sns('"arn:aws:sns:eu-west-1:123456789012:orders.first"', "name in the ARN"),
    "a group for a standard topic": route(
        f"{{sns: {TOPIC}}}", f"{{sns: {TOPIC}, group: GroupId}}", "[0].to.group", "only a FIFO", ".fifo"
    ),
    "a ledger that is the destination": route(
        "{mq: ORDERS.IN}", "{mq: ORDERS.IN, ledger: ORDERS.IN}", "[1].to.ledger", "used on line 18 too"
    ),
    "a ledger that another route takes from": route(
        "{mq: ORDERS.IN}", "{mq: ORDERS.IN, ledger: ORDERS.OUT}", "[1].to.ledger", "used on line 14 too"
    ),
    "a ledger for a topic": route(
        f"{{sns: {TOPIC}}}", f"{{sns: {TOPIC}, ledger: L}}", "[0].to.ledger", "not a known key"
    ),
    "more processes than there may be": case(
        "offload:", "processes: 17\noffload:", "processes", "17 is out of range", "1 to 16"
    ),
    "processes with nothing to share": Case(
        BASE.replace('orders"', 'orders.fifo"').replace("ORDERS.IN}", "ORDERS.IN, ledger: L}")
        + "processes: 2\n",
        19,
        "processes",
        ("2 processes have nothing to share", "leave it out"),
    ),
    "an id without a ledger": route(
        "{mq: ORDERS.IN}", "{mq: ORDERS.IN, ledger_id: MessageId}", "[1].to.ledger_id", "add ledger: QUEUE"
    ),
    "an id that a standard queue has not": route(
        "{mq: ORDERS.IN}",
        "{mq: ORDERS.IN, ledger: L, ledger_id: MessageDeduplicationId}",
        "[1].to.ledger_id",
        "only messages of a FIFO queue",
    ),
    "an id in other letters": route(
        "{mq: ORDERS.IN}",
        "{mq: ORDERS.IN, ledger: L, ledger_id: messageid}",
        "[1].to.ledger_id",
        "write MessageId",
    ),
    "a reply queue without addresses": answers(
        "{mq: ORDERS.IN, reply_to_queue: REPLIES}",
        "",
        "[1].to.reply_to_queue",
        "no meaning without addresses",
        "add the queue",
    ),
    "addresses without a reply queue": answers(
        "{mq: ORDERS.IN, addresses: A}",
        "{mq: REPLIES, addresses: A}",
        "[1].to.addresses",
        "no meaning without reply_to_queue",
        "add the queue that answers come to",
    ),
    "a reply queue from which no route takes": answers(
        "{mq: ORDERS.IN, reply_to_queue: REPLY, addresses: A}",
        "{mq: REPLIES, addresses: A}",
        "[1].to.reply_to_queue",
        "no route takes answers from 'REPLY' with the same addresses",
        "correct the names",
    ),
    "a reply queue whose route has no addresses": answers(
        "{mq: ORDERS.IN, reply_to_queue: REPLIES, addresses: A}",
        "{mq: REPLIES}",
        "[1].to.reply_to_queue",
        "no route takes answers",
    ),
    "a reply queue that is the requests'": answers(
        "{mq: REPLIES, reply_to_queue: REPLIES, addresses: A}",
        "{mq: REPLIES, addresses: A}",
        "[1].to.reply_to_queue",
        "is the queue that the requests go to",
        "queue of their own",
    ),
    "addresses that no route puts": route(
        "{mq: ORDERS.OUT}",
        "{mq: ORDERS.OUT, addresses: A}",
        "[0].from.addresses",
        "no route puts addresses to 'A'",
        "reply_to_queue",
    ),
    "addresses on a queue that a route takes from": answers(
        "{mq: ORDERS.IN, reply_to_queue: REPLIES, addresses: ORDERS.OUT}",
        "{mq: REPLIES, addresses: ORDERS.OUT}",
        "[1].to.addresses",
        "used on line 14 too",
        "nothing else",
    ),
    "addresses on a ledger": answers(
        "{mq: ORDERS.IN, ledger: A, reply_to_queue: REPLIES, addresses: A}",
        "{mq: REPLIES, addresses: A}",
        "[1].to.addresses",
        "used on line 18 too",
    ),
    "addresses for an SQS source": route(
        "orders-in}", "orders-in, addresses: A}", "[1].from.addresses", "not a known key here"
    ),
    "addresses that are no queue's name": route(
        "{mq: ORDERS.OUT}", "{mq: ORDERS.OUT, addresses: [A]}", "[0].from.addresses", "is a list"
    ),
    "a group for a queue of MQ's": route(
        "{mq: ORDERS.IN}", "{mq: ORDERS.IN, group: GroupId}", "[1].to.group", "not a known key"
    ),
    "a group in other letters": group("group_id", "write GroupId"),
    "a group that is a name alone": group("orders", "names no message group", "write constant:orders"),
    "a group that is of no kind": group("header:X", "write GroupId, CorrelId, property:NAME or constant:"),
    "a group's name with a blank": group('"constant:my orders"', "not a group's name", "1 to 128"),
    "a group of a property without a name": group('"property:"', "names no message group"),
    "a topic for a queue": sqs(
        '"arn:aws:sns:eu-west-1:123456789012:orders"', "something else than SQS's", "use the key sns:"
    ),
    "a FIFO queue's name too long": sqs("o" * 76 + ".fifo", "is not a queue's name", ".fifo"),
    "a queue with a dot": sqs("orders.in", "is not a queue's name", "1 to 80"),
    "a queue's name beyond SQS's": sqs("o" * 81, "is not a queue's name"),
    "a queue's URL without an account": sqs(
        '"https://sqs.eu-west-1.amazonaws.com/orders"', "not a queue's URL", "ACCOUNT/NAME"
    ),
    "a queue's URL of another scheme": sqs('"ftp://x/123456789012/orders"', "not a queue's URL"),
    "a queue's ARN cut short": sqs('"arn:aws:sqs:eu-west-1:orders"', "has 6 parts, this one 5"),
}


TELL_MORE = {
    "an unknown key",
    "a model's own name for a key",
    "addresses on a queue that a route takes from",
    "addresses on a ledger",
}
"""One slip makes two mistakes in these: the key that is not known, and the one that is missing for it; or the
same queue at both of its places."""


def mistakes(text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(None, {**environ, "BRIDGE_CONFIG": text})
    return [str(mistake) for mistake in caught.value.mistakes]


def test_given_the_base_of_all_cases_when_loaded_then_it_is_right() -> None:
    assert load(None, {"BRIDGE_CONFIG": BASE}).routes[1].name == "orders-in"


@pytest.mark.parametrize("name", CASES)
def test_given_a_mistake_when_loaded_then_its_line_key_and_remedy_are_told(name: str) -> None:
    wrong = CASES[name]
    told = mistakes(wrong.text, **wrong.environ)
    start = f"BRIDGE_CONFIG:{wrong.line}: {wrong.key}: "
    found = [line for line in told if line.startswith(start)]
    assert found, told
    assert all(word in found[0] for word in wrong.words), found[0]
    assert len(found[0].removeprefix(start).split(": ")) >= 2, "what is wrong and what would be right"
    assert not [line for line in told if "\n" in line or "hunter2" in line or "7070707" in line]


@pytest.mark.parametrize("name", sorted(CASES.keys() - TELL_MORE))
def test_given_one_mistake_when_loaded_then_nothing_else_is_said(name: str) -> None:
    wrong = CASES[name]
    assert len(mistakes(wrong.text, **wrong.environ)) == 1


def test_given_five_mistakes_when_loaded_then_all_five_are_told_in_order() -> None:
    text = (
        BASE.replace("name: QM1", "name: QM-1")
        .replace("heartbeat: 30", "heartbeat: 30s")
        .replace("256KiB", "256KB")
        .replace("retries: 2", "retries: ${RETRIES}")
        .replace("{mq: ORDERS.IN}", "{mq: ORDERS.IN, ccid: 500}")
    )
    assert (
        "\n".join(mistakes(text))
        == """\
BRIDGE_CONFIG:2: queue_manager.name: 'QM-1' is not a queue manager's name: leave out \
the '-', only A-Z a-z 0-9 . / _ % are allowed
BRIDGE_CONFIG:6: queue_manager.heartbeat: '30s' is not a whole number: write 30
BRIDGE_CONFIG:8: offload.threshold: '256KB' leaves open whether 1000 or 1024 is meant: \
write 256KiB (262144 bytes)
BRIDGE_CONFIG:11: dead_letters.retries: the environment variable RETRIES is not set: set it, or write \
$${RETRIES} to mean the text itself
BRIDGE_CONFIG:18: routes[1].to.ccid: is not a known key: write ccsid"""
    )


def file_with(directory: Path, data: bytes) -> Path:
    file = directory / "bridge.yaml"
    file.write_bytes(data)
    return file


def test_given_no_file_when_loaded_then_it_is_said(tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    with pytest.raises(ConfigurationError) as caught:
        load(file, {"BRIDGE_CONFIG": BASE})
    assert str(caught.value) == f"{file}: there is no such file: name the YAML file with --config"


def test_given_a_directory_when_loaded_then_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is a directory: name the YAML file in it"):
        load(tmp_path, {})


def test_given_a_file_that_may_not_be_read_when_loaded_then_it_is_said(tmp_path: Path) -> None:
    file = file_with(tmp_path, BASE.encode())
    file.chmod(0)
    user = os.geteuid()
    if user == 0:  # who may read every file
        os.seteuid(65534)
    try:
        with pytest.raises(ConfigurationError) as caught:
            load(file, {})
    finally:
        os.seteuid(user)
    assert str(caught.value) == f"{file}: may not be read: let the user that runs the bridge read it"


@pytest.mark.parametrize("name", ["/dev/null", "/dev/zero", "/proc/self/mem", "x" * 300, "a\0b"])
def test_given_what_is_no_file_when_loaded_then_it_is_said(name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(Path(name), {})
    assert len(caught.value.mistakes) == 1


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (BASE.encode().replace(b"QM1", b"QM\xe4"), ":2: ", "is not UTF-8 text: save the file as UTF-8"),
        (BASE.encode("utf-16-le"), ":1: ", "save the file as plain UTF-8 text"),
        (BASE.encode("utf-32"), ":1: ", "save the file as plain UTF-8 text"),
        (b"\xff\xfe\x00", ":1: ", "is not UTF-8 text"),
        (b"", ":1: ", "is empty"),
        (b"# " + b"x" * 300_000, ": ", "is larger than 256 KiB"),
        (os.urandom(2000) + b"\xff", ":", ": save the file as"),
    ],
    ids=["Latin-1", "UTF-16 without its mark", "UTF-32", "UTF-16 cut short", "empty", "too large", "noise"],
)
def test_given_what_is_no_text_when_loaded_then_it_is_said(
    tmp_path: Path, data: bytes, line: str, words: str
) -> None:
    file = file_with(tmp_path, data)
    with pytest.raises(ConfigurationError) as caught:
        load(file, {})
    assert str(caught.value).startswith(f"{file}{line}")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "bridge: no configuration is given: use --config FILE, or set BRIDGE_CONFIG"),
        ({"BRIDGE_CONFIG": "  \n"}, "BRIDGE_CONFIG: is empty: set it to the configuration's text"),
        ({"BRIDGE_CONFIG": "/etc/bridge.yaml"}, "BRIDGE_CONFIG: holds a file's name"),
        ({"BRIDGE_CONFIG": "#" * 300_000}, "BRIDGE_CONFIG: is larger than 256 KiB"),
    ],
)
def test_given_no_configuration_when_loaded_then_what_to_do_is_said(
    environ: dict[str, str], words: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(None, environ)
    assert str(caught.value).startswith(words)


def test_given_the_same_mistake_by_an_alias_when_loaded_then_each_place_is_told() -> None:
    text = BASE + (
        "  - {name: b, from: &in {sqs: in-b, wait: 99}, to: {mq: B}}\n  - {name: c, from: *in, to: {mq: B}}\n"
    )
    assert [line.split(": ")[1] for line in mistakes(text)] == ["routes[2].from.wait", "routes[3].from.wait"]


def assert_only_configuration_or_mistakes(text: str, **environ: str) -> None:
    told = None
    try:
        configuration = load(None, {**environ, "BRIDGE_CONFIG": text})
    except ConfigurationError as error:
        told = error
    if told is None:
        assert isinstance(configuration, Configuration)
    else:
        assert told.mistakes
        assert len(str(told).splitlines()) == len(told.mistakes)


pieces = st.one_of(
    st.sampled_from(
        ["queue_manager", "name", "routes", "from", "to", "mq", "sqs", "sns", "credentials", "offload"]
    ),
    st.sampled_from(
        [": ", "\n", "\n  ", "- ", "{", "}", "[", "]", ", ", "&a ", "*a", "<<: ", "!!set ", "'", '"']
    ),
    st.sampled_from(
        ["${A}", "${B}", "$$", "${", "|\n", ">\n", "? ", "---\n", "%", "file:", "1", ".nan", "0x", "~"]
    ),
    st.sampled_from(["file:/", "10:10", "0b_", "0o8", "=", "!!int x", "!!bool x", "!!float x", "2024-13-99"]),
    st.text(max_size=5),
)


@given(st.lists(pieces, max_size=40).map("".join), st.text(max_size=8))
@example("? [a]\n: b", "")
@example("a: !!int x", "")
@example("=: =", "")
@example("<<: [*a]", "")
@example("queue_manager: {credentials: 'file:" + "x" * 5000 + "'}", "")
@example("queue_manager: {credentials: 'file:${A}'}", "\0")
@settings(max_examples=300, deadline=None)
def test_given_any_text_when_loaded_then_it_is_a_configuration_or_its_mistakes(text: str, value: str) -> None:
    assert_only_configuration_or_mistakes(text, A=value)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_given_any_value_in_any_place_when_loaded_then_it_is_a_configuration_or_its_mistakes(
    data: st.DataObject,
) -> None:
    tree = yaml.safe_load(BASE)
    place: Any = tree
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            place[key] = data.draw(values)
            break
        place = inner
    assert_only_configuration_or_mistakes(yaml.safe_dump(tree))
