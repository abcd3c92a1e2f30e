"""The C library's allocator, told what a process with many threads and one lock needs."""

from __future__ import annotations

import contextlib
import ctypes

_M_ARENA_MAX = -8
"""glibc's <malloc.h>."""


def keep_one_arena() -> None:
    """Has all threads allocate from one arena; where the C library is none of glibc, nothing.

    glibc gives each thread an arena of its own, up to eight a core, and each keeps what was once needed in
    it. Python's threads wait for one lock anyway: with one arena nothing is slower, and much less is kept.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
