"""ResNet Explorer: the server, and what it draws for each visitor."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from streamlit.runtime.scriptrunner import get_script_run_ctx

from explorer.ui import controls, faults, headers, live_runs, state, tasks, tray, waiting, warmup


def draw() -> None:
    """Configure the page, draw the shared sidebar, and run the page that was chosen."""
    st.set_page_config("ResNet Explorer", page_icon="assets/icon.svg", layout="wide")
    page = st.navigation(
        [
            st.Page(
                "explorer/ui/pages/explore.py",
                title="Explore",
                icon=":material/table_chart:",
                default=True,
            ),
            st.Page(
                "explorer/ui/pages/compare.py", title="Compare", icon=":material/compare_arrows:"
            ),
            st.Page("explorer/ui/pages/picture.py", title="Picture", icon=":material/schema:"),
            st.Page(
                "explorer/ui/pages/gradients.py", title="Gradients", icon=":material/show_chart:"
            ),
            st.Page("explorer/ui/pages/train.py", title="Train", icon=":material/model_training:"),
            st.Page(
                "explorer/ui/pages/predict.py", title="Predict", icon=":material/image_search:"
            ),
            st.Page(
                "explorer/ui/pages/experiments.py", title="Experiments", icon=":material/science:"
            ),
            st.Page(
                "explorer/ui/pages/landscape.py", title="Landscape", icon=":material/bubble_chart:"
            ),
        ],
        position="top",
    )
    st.logo("assets/logo.svg", size="large")
    state.load()
    live_runs.RUNS.hold(waiting.session_id(), state.run())
    state.write_url()
    with st.sidebar:
        tray.draw()
        controls.draw()
    for notice in state.notices():
        st.error(notice)
    with waiting.only_shown():
        page.run()
    warmup.start(tasks.MODULES, [tasks.load_bundled_weights])


# The server imports this file once, outside of any visitor's run, and runs it for each of them.
if get_script_run_ctx(suppress_warning=True) is None:
    app = st.App(
        Path(__file__),
        middleware=[Middleware(headers.SecurityHeaders)],
        on_script_error=faults.on_page,
    )
else:
    draw()
