"""The page Experiments: guess, run, and read what came out beside the paper."""

import pytest
from streamlit.testing.v1 import AppTest

from explorer.experiments import EXPERIMENTS
from explorer.figures.style import VARIANT_COLOURS
from explorer.ui import waiting
from explorer.ui.experimenting import work
from explorer.ui.tasks import Kept
from tests.app.driving import LONG_S, PAGES, ROOT, settled


def opened(app, key="all", *variants, **chosen):
    if variants:
        app.query_params["v"] = list(variants)
    app.session_state["experiment"] = key
    for name, value in chosen.items():
        app.session_state[f"{key}-{name}"] = value
    app.run()
    app.switch_page(str(PAGES / "experiments.py")).run()
    return settled(app)


def told(app):
    kinds = ("markdown", "caption", "info", "warning", "success", "error")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


def paper_and_scale(app):
    """Whether what the paper measured, and what differs, stand open."""
    whole = [each for each in app.expander if each.label.startswith("What ")]
    assert len(whole) == 2
    return [each.proto.expanded for each in whole]


def test_all_experiments_are_listed_and_open(app):
    opened(app)
    for each in EXPERIMENTS:
        assert each.claim in told(app)
    app.button("open-degradation").click().run()
    settled(app)
    assert app.selectbox("experiment").value == "degradation"
    assert "Figures 1 and 6" in told(app)


def test_a_guess_is_held_against_run_and_paper(app):
    opened(app, "degradation", deep="32", steps="20")
    assert not app.get("plotly_chart")
    assert not any(paper_and_scale(app))
    app.radio("guess-degradation").set_value("0").run()
    app.button("waiting-experiment-degradation-start").click().run()
    settled(app)
    assert len(app.get("plotly_chart")) == 1
    assert all(paper_and_scale(app))
    assert "**Your guess**  \nlower than the shallow one's" in told(app)
    assert "**The paper**  \nhigher than the shallow one's" in told(app)
    assert "Plain-32 (CIFAR)**: " not in told(app)
    assert "of **Plain-20 (CIFAR)**: " in told(app)


def test_what_was_run_before_is_there_at_once(app):
    opened(app, "degradation", deep="32", steps="20", seed="5")
    start = app.button("waiting-experiment-degradation-start")
    start.click().run()
    settled(app)
    app.selectbox("degradation-deep").set_value("110").run()
    assert not app.get("plotly_chart")
    app.selectbox("degradation-deep").set_value("32").run()
    assert len(app.get("plotly_chart")) == 1


def test_a_link_to_a_result_that_is_forgotten_offers_the_same_run_again(app, monkeypatch):
    opened(app, "degradation", deep="32", steps="20", seed="6")
    app.button("waiting-experiment-degradation-start").click().run()
    settled(app)
    first = app.get("plotly_chart")[0].proto.spec
    mark = app.query_params["result"]
    app.switch_page(str(PAGES / "compare.py")).run()
    assert "result" not in app.query_params

    monkeypatch.setattr(work, "_outcomes", Kept(64))  # as after a restart
    monkeypatch.setattr(waiting, "session_id", lambda: "somebody else")
    visitor = AppTest.from_file(str(ROOT / "app.py"), default_timeout=LONG_S)
    visitor.query_params["result"] = mark
    opened(visitor, "degradation", deep="32", steps="20", seed="6")
    assert "no longer kept" in told(visitor)
    again = visitor.button("waiting-experiment-degradation-start")
    assert again.label == "Run again"
    again.click().run()
    settled(visitor)
    assert "no longer kept" not in told(visitor)
    assert visitor.get("plotly_chart")[0].proto.spec == first

    visitor.selectbox("degradation-seed").set_value("7").run()
    assert "no longer kept" not in told(visitor)
    assert visitor.button("waiting-experiment-degradation-start").label == "Run"


def test_one_s_own_variants_take_part_where_they_can(app):
    opened(app, "degradation", "resnet18-1d", "resnet20-cifar,width=4", steps="20")
    app.toggle("own-degradation").set_value(True).run()
    assert "takes no part: a network for series takes no pictures" in told(app)
    app.button("waiting-experiment-degradation-start").click().run()
    settled(app)
    assert "ends with a training loss of" in told(app)
    assert VARIANT_COLOURS[1] in app.get("plotly_chart")[0].proto.spec
    assert VARIANT_COLOURS[0] not in app.get("plotly_chart")[0].proto.spec
    assert "The paper**" not in told(app)


def test_with_no_variant_that_can_take_part_there_is_no_run(app):
    opened(app, "degradation", "resnet18-1d")
    app.toggle("own-degradation").set_value(True).run()
    assert "None of your variants can take part" in told(app)


@pytest.mark.parametrize("each", EXPERIMENTS, ids=lambda each: each.key)
def test_each_experiment_opens(app, each):
    opened(app, each.key)
    assert not app.exception
    assert each.claim in told(app)


def test_the_class_gets_a_link_without_its_teacher_s_guess(app):
    opened(app, "degradation")
    app.query_params["guess-degradation"] = "0"
    app.query_params["degradation-deep"] = "32"
    app.button("share").click().run()
    (link,) = app.code
    assert "degradation-deep=32" in link.value
    assert "guess" not in link.value
