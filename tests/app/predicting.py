"""What tests of the Predict page do: open it, and read what it says and shows."""

import json
from typing import Any

from streamlit.testing.v1 import AppTest

from tests.app.driving import PAGES, settled


def opened(app: AppTest, *texts: str, **settings: str) -> AppTest:
    """Open the page by a link with these variants and settings."""
    app.query_params["v"] = list(texts)
    for name, value in settings.items():
        app.query_params[name.replace("_", "-")] = value
    app.run()
    app.switch_page(str(PAGES / "predict.py")).run()
    return settled(app)


def told(app: AppTest) -> str:
    kinds = ("markdown", "caption", "success", "error", "warning", "info", "subheader")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


def charts(app: AppTest) -> list[Any]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def press(app: AppTest, label: str) -> AppTest:
    found = [button for button in app.button if button.label.startswith(label)]
    assert len(found) == 1, [button.label for button in app.button]
    return found[0].click().run()
