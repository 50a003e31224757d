"""What the allocator keeps goes back to the system."""

import ctypes
import platform
from pathlib import Path

import pytest

from explorer.ui import allocator

BLOCK = 4096
BLOCKS = 20_000


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * BLOCK


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator")
def test_free_memory_is_given_back() -> None:
    blocks = [ctypes.create_string_buffer(b"x" * BLOCK) for _ in range(BLOCKS)]
    last = blocks[-1]  # at the top: nothing below it goes back by itself
    del blocks
    kept = resident_bytes()
    allocator.give_back()
    assert resident_bytes() < kept - BLOCKS * BLOCK // 2
    assert len(last) > BLOCK


def test_another_allocator_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    allocator.give_back()
