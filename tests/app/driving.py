"""What all page tests do: run the app until nothing is awaited."""

import time
from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "explorer" / "ui" / "pages"
LONG_S = 120.0


def settled(app: AppTest) -> AppTest:
    """Run again until nothing is awaited any more."""
    deadline = time.monotonic() + LONG_S
    while app.get("progress"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
        app.run()
    assert not app.exception
    return app
