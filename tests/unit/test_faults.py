"""What people are told of errors that nobody foresaw, and what the log keeps of them."""

import logging
import re

import pytest
import torch

from explorer.ui import faults

REFERENCE = re.compile(r"Reference: \*\*([A-Z3-9]{6})\*\*")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("inside: /srv/secret"), "Something went wrong"),
        (MemoryError(), "not enough memory"),
        (ModuleNotFoundError("No module named 'torch'", name="torch"), r"broken \(torch\)"),
    ],
)
def test_the_page_has_the_log_s_reference_and_nothing_from_inside(error, words, caplog):
    with caplog.at_level(logging.ERROR):
        told = faults.note(error, "A test")
    assert re.search(words, told)
    match = REFERENCE.search(told)
    assert match is not None
    assert match[1] in caplog.text
    assert type(error).__name__ in caplog.text
    assert "/srv/secret" not in told


def test_torch_out_of_memory_is_known_as_such():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert "not enough memory" in faults.note(caught.value, "A test")
