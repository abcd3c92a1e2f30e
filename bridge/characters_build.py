"""Builds `_characters`, which looks through a text's bytes for `bridge.characters`. Run by setup.py."""

from __future__ import annotations

from pathlib import Path

from cffi import FFI

_SOURCE = Path(__file__).with_name("characters.c")

ffibuilder = FFI()
ffibuilder.cdef("enum { ASCII, BEYOND_ASCII, REFUSED, ... }; int kind_of(const char *, size_t);")
ffibuilder.set_source(
    "bridge._characters",
    '#include "characters.c"\n',
    include_dirs=[str(_SOURCE.parent)],
    depends=[str(_SOURCE)],
    extra_compile_args=["-O3"],
)
