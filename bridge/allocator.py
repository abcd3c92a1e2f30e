"""The C library's allocator, told what a process with many threads, one lock and large bodies needs."""

from __future__ import annotations

import contextlib
import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""glibc's <malloc.h>."""
_KEPT_OF_EACH, _KEPT = 16 * 1024 * 1024, 192 * 1024 * 1024
"""Bytes: the memory of anything longer goes back to the kernel at once, and what is over that in all."""


def suit_large_bodies() -> None:
    """Has all threads allocate from one arena, which keeps what large bodies needed.

    glibc gives each thread an arena of its own, up to eight a core, and each keeps what was once needed in
    it. Python's threads wait for one lock anyway: with one arena nothing is slower, and much less is kept.
    And it asks the kernel for each large body's memory anew, which takes longer than to copy the body.
    Where the C library is none of glibc, nothing is done.
    """
    with contextlib.suppress(OSError, AttributeError):
        set_option = ctypes.CDLL(None).mallopt
        set_option(_M_ARENA_MAX, 1)
        set_option(_M_MMAP_THRESHOLD, _KEPT_OF_EACH)
        set_option(_M_TRIM_THRESHOLD, _KEPT)
