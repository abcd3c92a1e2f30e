"""YAML's own rules: from text to nodes, and what is wrong with a text that is not YAML.

Nothing is ever made from a tag here, and nesting is bounded.
"""

from __future__ import annotations

import re

import yaml
from yaml.nodes import Node

DEEPEST = 20
"""Levels of lists and mappings; a configuration has five."""


class Refused(Exception):
    """The document as a whole can't be read."""

    def __init__(self, line: int, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.line = line
        self.problem = problem
        self.remedy = remedy


class _Loader(yaml.SafeLoader):
    """Composes nodes to a bounded depth; nothing is ever constructed from a tag."""

    depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        self.depth += 1
        if self.depth > DEEPEST:
            problem = f"is nested more than {DEEPEST} deep"
            raise Refused(int(self.line) + 1, problem, "a configuration is at most 5 deep")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def compose(text: str) -> Node:
    """The one document of a text as YAML's nodes. Raises `Refused`."""
    try:
        loader = _Loader(text)
        node = loader.get_node() if loader.check_node() else None
        if node is None:
            raise Refused(1, "is empty", "write at least queue_manager, dead_letters and routes")
        if loader.check_node():
            line = int(loader.line) + 1
            raise Refused(line, "a second document starts here", "write one document, without a line ---")
    except yaml.YAMLError as error:
        raise _explained(error, text) from None
    return node


# What PyYAML says of text that is not YAML, and what that means to whoever wrote it. Its own words are not
# repeated: they may quote the text, which may be a secret in the wrong place.
_EXPLANATIONS = (
    ("found character '\\t'", "a tab stands where only blanks may", "indent with blanks"),
    (
        "unknown escape character",
        "a backslash in double quotes starts no escape",
        "write \\\\, or use single quotes",
    ),
    ("while scanning a quoted scalar", "the quote opened here is not closed", "close it with the same quote"),
    (
        "while scanning a simple key",
        "a key without its colon, or text that is not indented",
        "write KEY: VALUE",
    ),
    (
        "mapping values are not allowed",
        "a colon stands where none may",
        "indent keys alike, end the key above with a colon, quote a value with ': ' in it",
    ),
    ("while parsing a flow sequence", "the list opened here is not closed", "close it with ]"),
    ("while parsing a flow mapping", "the mapping opened here is not closed", "close it with }"),
    (
        "while parsing a block mapping",
        "the indentation does not fit what is above",
        "indent keys of one mapping alike",
    ),
    (
        "while parsing a block collection",
        "the indentation does not fit what is above",
        "indent the dashes alike",
    ),
    (
        "found undefined alias",
        "an alias (*name) has no anchor (&name) above it",
        "quote a value that starts with *",
    ),
    ("found duplicate anchor", "an anchor (&name) is given a second time", "give each its own name"),
    (
        "unknown escape character",
        "a backslash in double quotes starts no escape",
        "write \\\\, or use single quotes",
    ),
    ("unacceptable character", "a character that text may not hold", "save the file as plain UTF-8 text"),
    ("undefined tag handle", "a tag is not allowed", "write the plain value"),
    ("incompatible YAML", "a directive is not understood", "leave out lines that start with %"),
    ("directive", "a directive is not understood", "leave out lines that start with %"),
    ("that cannot start any token", "a character that no value starts with", "put quotes around the value"),
    (
        "sequence entries are not allowed",
        "a dash stands where none may",
        "put each entry on a line of its own",
    ),
    ("expected <document start>", "text goes on after the document's end", "indent it, or leave it out"),
)


def _explained(error: yaml.YAMLError, text: str) -> Refused:
    if isinstance(error, yaml.reader.ReaderError):
        line, said = text.count("\n", 0, error.position) + 1, "unacceptable character"
    else:
        context, problem = (str(getattr(error, part, None) or "") for part in ("context", "problem"))
        said = f"{context}: {problem}"
        mark = getattr(error, "problem_mark", None)
        # What was opened and not closed is mended where it was opened.
        if "end of stream" in problem or "document separator" in problem or "parsing a flow" in context:
            mark = getattr(error, "context_mark", None) or mark
        line = mark.line + 1 if mark else 1
        rows = text.splitlines()
        if "parsing a flow" in context and re.search(
            r"[\s\[{,:]\$\{", rows[line - 1] if rows[line - 1 :] else ""
        ):
            problem = "is not YAML, the brace of ${VARIABLE} is taken for a mapping's"
            return Refused(line, problem, 'put quotes around "${VARIABLE}"')
    for sign, problem, remedy in _EXPLANATIONS:
        if sign in said:
            return Refused(line, f"is not YAML, {problem}", remedy)
    return Refused(
        line, "is not YAML", "indent with blanks, put quotes around values with special characters"
    )
