"""What a page says of work that failed, and that the log has it under the reference it shows."""

import logging
import re

import pytest
import torch
from streamlit.testing.v1 import AppTest

from explorer import verification
from tests.app.driving import settled

REFERENCE = re.compile(r"Reference: \*\*([A-Z3-9]{6})\*\*")


def torch_out_of_memory() -> Exception:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    return caught.value


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyError("/srv/secret"), "Something went wrong on the server"),
        (MemoryError(), "has not enough memory for this. A smaller batch"),
        (torch_out_of_memory(), "has not enough memory for this"),
        (ImportError("broken", name="torch"), r"installation is missing or broken \(torch\)"),
    ],
    ids=["raises", "memory", "torch's memory", "import"],
)
def test_a_job_that_fails_says_why_and_leaves_the_rest_of_the_page(
    app: AppTest,
    error: Exception,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(verification, "check_module", fail)
    # A network of its own for each error: what a visitor computed is kept.
    app.query_params["v"] = [f"resnet20-cifar,width={16 + len(words)}"]
    with caplog.at_level(logging.ERROR):
        settled(app.run())
    (told,) = [each.value for each in app.error]
    assert re.search(words, told)
    assert "/srv/secret" not in told
    found = REFERENCE.search(told)
    assert found is not None
    assert found[1] in caplog.text
    assert "Traceback" in caplog.text
    assert [button.label for button in app.button if button.label == "Try again"]
    assert len(app.metric) > 5

    monkeypatch.undo()
    next(button for button in app.button if button.label == "Try again").click()
    settled(app.run())
    assert not app.error
