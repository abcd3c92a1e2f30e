"""The C library's allocator, told what a process with many threads, one lock and large bodies needs."""

from __future__ import annotations

import contextlib
import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""glibc's <malloc.h>."""
_LARGE = 32 * 1024 * 1024
"""Bytes: the most that glibc takes for a threshold."""


def suit_large_bodies() -> None:
    """Has all threads allocate from one arena, which keeps 64 MiB for large bodies once they needed as much.

    glibc gives each thread an arena of its own, up to eight a core, and each keeps what was once needed in
    it. Python's threads wait for one lock anyway: with one arena nothing is slower, and much less is kept.
    And it asks the kernel for each large body's memory anew, which takes longer than to copy the body.
    Where the C library is none of glibc, nothing is done.
    """
    with contextlib.suppress(OSError, AttributeError):
        set_option = ctypes.CDLL(None).mallopt
        set_option(_M_ARENA_MAX, 1)
        set_option(_M_MMAP_THRESHOLD, _LARGE)
        set_option(_M_TRIM_THRESHOLD, 2 * _LARGE)
