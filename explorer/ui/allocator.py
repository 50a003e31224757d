"""Memory that is free within this process, given back to the system."""

import ctypes


def give_back() -> None:
    """Have the allocator return what it keeps for later; nothing happens where it is not glibc's.

    A class that had left, with its work, had left 300 MB so: 925 MB, and 630 after this.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # macOS, musl, Windows
        return
    trim(0)
