"""From a file, or the text in `BRIDGE_CONFIG`, to a checked `Configuration`, or all that is wrong with it."""

from __future__ import annotations

import codecs
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from bridge.configuration import aws_values, consistency, reading
from bridge.configuration.explaining import explained
from bridge.configuration.mistakes import VALUE, ConfigurationError, Location, Mistake, name_of, shown
from bridge.configuration.models import Configuration
from bridge.credentials import CredentialsError, from_directory

VARIABLE = "BRIDGE_CONFIG"
LARGEST = 256 * 1024
"""Bytes; a configuration with hundreds of routes is a tenth of it."""


def load(path: Path | None, environ: Mapping[str, str]) -> Configuration:
    """Reads and checks the configuration: from the file, else from the text in `BRIDGE_CONFIG`.

    A directory of credentials that it names is read too, so that what is wrong there is told now. Raises
    `ConfigurationError` with every mistake; nothing is connected to.
    """
    source, text = _text(path, environ)
    mistakes: dict[Mistake, None] = {}  # in order, each once

    def report(line: int, location: Location, problem: str, remedy: str) -> None:
        mistakes[Mistake(source, line, name_of(location), problem, remedy)] = None

    document = reading.read(text, environ, report)
    configuration = _checked(document, report) if document else None
    if mistakes or configuration is None:
        raise ConfigurationError(sorted(mistakes, key=lambda mistake: mistake.line))
    return configuration


def _checked(document: reading.Document, report: reading.Report) -> Configuration | None:
    """The configuration a document holds; None, and its mistakes told, where it holds none."""

    def tell(location: Location, problem: str, remedy: str, suggestion: str = "") -> None:
        if document.is_spoilt(location):
            return
        if suggestion and location not in document.filled:
            remedy = suggestion
        problem = problem.replace(VALUE, _as_written(document, location))
        report(document.line(location), location, problem, remedy)

    if not isinstance(document.tree, dict):
        tell(
            (), "is not a mapping", "write the keys queue_manager, dead_letters and routes, each with a colon"
        )
        return None
    configuration = None
    try:
        configuration = Configuration.model_validate(document.tree, by_alias=True, by_name=False)
    except ValidationError as error:
        for one in error.errors(include_url=False):
            tell(*explained(one, document.tree))
    consistency.check(document, tell)
    _check_directory(document, tell)
    return configuration


def _as_written(document: reading.Document, location: Location) -> str:
    """A plain value as it stands in the file: text in quotes, numbers without; variables by their names."""
    value: Any = document.tree
    for part in location:
        value = value.get(part) if isinstance(value, dict) else value[part]
    written = document.written.get(location, "")
    return shown(written, quoted=isinstance(value, str) or location in document.filled)


def _text(path: Path | None, environ: Mapping[str, str]) -> tuple[str, str]:
    """The name of what is read and its text."""
    if path is not None:
        return str(path), _file(path)
    text = environ.get(VARIABLE)
    if text is None:
        raise _unreadable(
            "bridge", "no configuration is given", f"use --config FILE, or set {VARIABLE} to the text"
        )
    if not text.strip():
        raise _unreadable(VARIABLE, "is empty", "set it to the configuration's text, or use --config FILE")
    if len(text) > LARGEST:
        raise _unreadable(
            VARIABLE, f"is larger than {LARGEST // 1024} KiB", "set it to a configuration's text"
        )
    if "\n" not in text.strip() and text.strip().endswith((".yaml", ".yml")):
        raise _unreadable(
            VARIABLE, "holds a file's name, not a configuration", "use --config FILE for a file"
        )
    return VARIABLE, text.removeprefix("\ufeff")


def _file(path: Path) -> str:
    source = str(path)
    try:
        with path.open("rb") as file:
            if not stat.S_ISREG(path.stat().st_mode) and not stat.S_ISFIFO(path.stat().st_mode):
                raise _unreadable(source, "is not a file", "name the YAML file")
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise _unreadable(source, "there is no such file", "name the YAML file with --config") from None
    except IsADirectoryError:
        raise _unreadable(source, "is a directory", "name the YAML file in it") from None
    except PermissionError:
        raise _unreadable(source, "may not be read", "let the user that runs the bridge read it") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "its name is not one"
        raise _unreadable(source, f"can't be read ({reason})", "name the YAML file with --config") from None
    if len(data) > LARGEST:
        raise _unreadable(source, f"is larger than {LARGEST // 1024} KiB", "name the YAML file with --config")
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = "is not UTF-8 text"
        raise ConfigurationError(
            [Mistake(source, line, name_of(()), problem, "save the file as UTF-8")]
        ) from None


def _unreadable(source: str, problem: str, remedy: str) -> ConfigurationError:
    return ConfigurationError([Mistake(source, 0, "", problem, remedy)])


def _check_directory(document: reading.Document, tell: consistency.Tell) -> None:
    """Reads a directory of credentials, where one is named: what is wrong there is told with the rest."""
    location: Location = ("queue_manager", "credentials")
    queue_manager = document.tree.get("queue_manager")
    reference = queue_manager.get("credentials") if isinstance(queue_manager, dict) else None
    try:
        kind, directory = aws_values.credentials(reference)
        if kind != "file":
            return
        credentials = from_directory(Path(directory))
    except PydanticCustomError:  # told already: it is no reference to credentials
        return
    except CredentialsError as error:
        told = str(error)
        if location in document.filled:
            told = told.replace(str(Path(directory)), document.written[location].removeprefix("file:"))
        problem, _, remedy = told.partition(": ")
        tell(location, problem, remedy)
        return
    cipher_spec = queue_manager.get("cipher_spec")
    if cipher_spec and not credentials.ca:
        problem = "the directory holds no ca.pem, which TLS needs"
        tell(location, problem, "put the CA certificate that signed the queue manager's there")
    if cipher_spec is None and credentials.certificate:
        problem = "the directory holds a certificate, but without cipher_spec the connection is plain text"
        tell(location, problem, 'add cipher_spec: ANY_TLS12_OR_HIGHER, or cipher_spec: "" to mean plain text')
