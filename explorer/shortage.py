"""How it is told that memory ran out."""


def out_of_memory(error: BaseException) -> bool:
    """Say whether an error means that there was not enough memory.

    Torch has no class of its own for a failed allocation in main memory.
    """
    return isinstance(error, MemoryError) or "can't allocate memory" in str(error)
