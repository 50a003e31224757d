"""ResNet Explorer: the server, and what it draws for each visitor."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from streamlit.runtime.scriptrunner import get_script_run_ctx

from explorer import assets, weights
from explorer.ui import (
    controls,
    faults,
    headers,
    live_runs,
    operating,
    quota,
    state,
    tasks,
    tray,
    turns,
    visitors,
    waiting,
    warmup,
)
from explorer.ui.plain import plain

# File in `explorer/ui/pages`, title and icon; the first opens, the last hide on narrow screens.
PAGES = (
    ("explore", "Explore", "table_chart"),
    ("compare", "Compare", "compare_arrows"),
    ("picture", "Picture", "schema"),
    ("gradients", "Gradients", "show_chart"),
    ("train", "Train", "model_training"),
    ("predict", "Predict", "image_search"),
    ("learn", "Learn", "school"),
    ("experiments", "Experiments", "science"),
    ("landscape", "Landscape", "bubble_chart"),
)


def draw() -> None:
    """Configure the page, draw the shared sidebar, and run the page that was chosen."""
    state.load()
    presenting = state.presenting()
    whole = {name: assets.is_whole(name) for name in ("icon.svg", "logo.svg")}
    st.set_page_config(
        "ResNet Explorer",
        page_icon="assets/icon.svg" if whole["icon.svg"] else None,
        layout="wide",
        initial_sidebar_state="collapsed" if presenting else "auto",
    )
    pages = [
        st.Page(
            f"explorer/ui/pages/{name}.py",
            title=title,
            icon=f":material/{icon}:",
            default=name == PAGES[0][0],
        )
        for name, title, icon in PAGES
    ]
    if operating.is_on():  # for who knows its address
        file = "explorer/ui/pages/operator.py"
        pages.append(st.Page(file, title="Operator", visibility="hidden"))
    page = st.navigation(
        pages,
        position="hidden" if presenting else "top",
    )
    if whole["logo.svg"]:
        st.logo("assets/logo.svg", size="large")
    visitors.note(waiting.session_id())
    live_runs.RUNS.hold(waiting.session_id(), state.run())
    state.write_url(page.url_path)
    if not presenting:
        with st.sidebar:
            tray.draw()
            controls.draw()
    with st.container():  # what comes and goes here must not move the page: see `explore.draw`
        _tell()
    with waiting.only_shown():
        page.run()
    warmup.start(tasks.MODULES, [tasks.load_bundled_weights])


def _tell() -> None:
    """Say what could not be read of a link, and what is missing of the app itself."""
    for notice in state.notices():
        st.error(plain(notice))
    if missing := (*assets.damaged(), *weights.damaged()):
        st.warning(
            f"Missing or damaged in this installation: {', '.join(missing)}. What needs them is "
            "switched off until they are restored; everything else works."
        )


# The server imports this file once, outside of any visitor's run, and runs it for each of them.
if get_script_run_ctx(suppress_warning=True) is None:
    app = st.App(
        Path(__file__),
        middleware=[Middleware(headers.SecurityHeaders), Middleware(quota.UploadQuota)],
        on_script_error=faults.on_page,
    )
else:
    with turns.taken():
        draw()
