"""ResNet Explorer: page configuration, navigation and the shared sidebar."""

import streamlit as st

from explorer.ui import controls, live_runs, state, tasks, tray, waiting, warmup

state.load()
st.set_page_config(
    "ResNet Explorer",
    page_icon="assets/icon.svg",
    layout="wide",
    initial_sidebar_state="collapsed" if state.presenting() else "auto",
)
page = st.navigation(
    [
        st.Page(
            "explorer/ui/pages/explore.py",
            title="Explore",
            icon=":material/table_chart:",
            default=True,
        ),
        st.Page("explorer/ui/pages/compare.py", title="Compare", icon=":material/compare_arrows:"),
        st.Page("explorer/ui/pages/picture.py", title="Picture", icon=":material/schema:"),
        st.Page("explorer/ui/pages/gradients.py", title="Gradients", icon=":material/show_chart:"),
        st.Page("explorer/ui/pages/train.py", title="Train", icon=":material/model_training:"),
        st.Page("explorer/ui/pages/predict.py", title="Predict", icon=":material/image_search:"),
        st.Page(
            "explorer/ui/pages/landscape.py", title="Landscape", icon=":material/bubble_chart:"
        ),
        st.Page("explorer/ui/pages/learn.py", title="Learn", icon=":material/school:"),
    ],
    position="hidden" if state.presenting() else "top",
)
st.logo("assets/logo.svg", size="large")
live_runs.RUNS.hold(waiting.session_id(), state.run())
state.write_url(page.url_path)
if not state.presenting():
    with st.sidebar:
        tray.draw()
        controls.draw()
for notice in state.notices():
    st.error(notice)
with waiting.only_shown():
    page.run()
warmup.start(tasks.MODULES, [tasks.load_bundled_weights])
