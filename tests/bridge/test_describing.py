"""What is told of the configuration to a reader and to an editor is what the bridge takes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from bridge.configuration import describing, models
from tests.bridge.test_cli import bridge
from tests.bridge.test_configuration import SMALLEST
from tests.bridge.test_configuration_mistakes import BASE, CASES
from tests.documents import DOCS, ROOT, program

VALIDATOR = Draft202012Validator(json.loads(describing.SCHEMA.read_text(encoding="utf-8")))
MANUAL = DOCS / "configuration.md"


def mistakes(text: str) -> list[str]:
    return [each.json_path for each in VALIDATOR.iter_errors(yaml.safe_load(text))]


def test_tables_and_schema_are_as_make_docs_would_write_them() -> None:
    text = MANUAL.read_text(encoding="utf-8")
    assert text == describing.with_tables(text), "run make docs"
    assert describing.SCHEMA.read_text(encoding="utf-8") == describing.schema(), "run make docs"


def test_every_key_has_its_line() -> None:
    text = MANUAL.read_text(encoding="utf-8")
    assert {name for name in describing.PARTS if f"<!-- table: {name} -->" in text} == set(describing.PARTS)
    parts = {
        "queue_manager",
        "offload",
        "dead_letters",
        "http",
        "cloudwatch",
        "tracing",
        "routes",
        "from",
        "to",
    }
    for model, prefix in describing.PARTS.values():
        for name, field in model.model_fields.items():
            key = str(field.validation_alias or name)
            assert bool(field.description) != (key in parts), key
            assert key in parts or f"| `{prefix}{key}` |" in text
    assert parts >= {
        str(each.validation_alias or name)
        for name, each in models.Configuration.model_fields.items()
        if not each.description
    }


def test_the_command_prints_it() -> None:
    result = bridge("schema")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == describing.SCHEMA.read_text(encoding="utf-8")


def right() -> list[str]:
    return [
        BASE,
        SMALLEST,
        (ROOT / "examples" / "bridge.yaml").read_text(encoding="utf-8"),
        program(DOCS / "shaping.md", "bridge.yaml"),
        BASE.replace("heartbeat: 30", "heartbeat: ${SECONDS}").replace("256KiB", '"${SIZE}"'),
        BASE.replace("256KiB", "1 MiB"),
    ]


@pytest.mark.parametrize("text", right())
def test_it_takes_what_the_bridge_takes(text: str) -> None:
    assert mistakes(text) == []


@pytest.mark.parametrize(
    "name",
    [
        "an unknown key",
        "an unknown key at the top",
        "an unknown key in a choice",
        "a format misspelt",
        "a filter on no part of a message",
        "a filter on a part itself",
        "attributes that are a list",
        "a destination that is no mapping",
    ],
)
def test_it_marks_what_is_no_key_no_type_and_no_word_to_choose(name: str) -> None:
    assert mistakes(CASES[name].text)


def _plain(path: str) -> str:
    return re.sub(r"^\$\.?", "", path)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("heartbeat: 30", "heartbeat: soon", "queue_manager.heartbeat"),
        ("heartbeat: 30", "heartbeat: 0", "queue_manager.heartbeat"),
        ("retries: 2", "retries: 11", "dead_letters.retries"),
        ("256KiB", "256KB", "offload.threshold"),
        ("ANY_TLS12_OR_HIGHER", "TLS_RSA_WITH_NULL_SHA256", "queue_manager.cipher_spec"),
        ("name: QM1", "nam: QM1", "queue_manager"),
        ("retries: 2", "when_away: wait", "dead_letters.when_away"),
    ],
)
def test_it_marks_a_value_at_its_key(old: str, new: str, key: str) -> None:
    assert BASE.count(old) == 1
    assert key in [_plain(each) for each in mistakes(BASE.replace(old, new))]


def test_what_it_says_of_each_key_is_what_the_manual_says() -> None:
    told: dict[str, Any] = json.loads(describing.SCHEMA.read_text(encoding="utf-8"))
    heartbeat = told["$defs"]["QueueManager"]["properties"]["heartbeat"]
    assert heartbeat["description"] in MANUAL.read_text(encoding="utf-8")
    assert heartbeat["default"] == 30
    assert Path(describing.SCHEMA).parent.name == "configuration"
