"""What all unit tests share."""

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Small layers gain nothing from several threads, which on a busy machine wait for each other.

    Measured beside other work: a test of 120 small training steps took 52 s with two, 4 s with one.
    """
    torch.set_num_threads(1)
