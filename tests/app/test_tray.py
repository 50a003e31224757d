"""The tray and what all pages make of several variants, without a browser."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from explorer.analysis import analyze
from explorer.comparisons import COMPARISONS
from tests.app.driving import PAGES, settled

FOUR = ("resnet18", "resnet34;Mine", "resnet50", "resnet101")
SMALL = ("resnet20-cifar", "plain20-cifar;Bare", "resnet20-cifar,norm=none", "resnet32-cifar")


def open_with(app: AppTest, *links: str, page: str = "explore", edit: str = "") -> AppTest:
    app.query_params["v"] = list(links)
    if edit:
        app.query_params["edit"] = edit
    app.run()
    if page != "explore":
        app.switch_page(str(PAGES / f"{page}.py")).run()
    return settled(app)


def held(app: AppTest) -> tuple[list[str], int]:
    return app.session_state["tray"], app.session_state["edited"]


def press(app: AppTest, label: str) -> AppTest:
    return settled(app.button(key=f"tray-{label}").click().run())


def words(app: AppTest) -> str:
    kinds = ("markdown", "caption", "success", "error", "warning", "title", "header", "subheader")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


def titles(app: AppTest) -> list[str]:
    """What the tray calls its variants, without their letters' pictures."""
    return [option.rpartition(") ")[2] for option in app.radio(key="tray-edited").options]


def test_one_variant_needs_no_choice_of_what_is_edited(app):
    open_with(app, "resnet18")
    assert not app.radio
    assert app.button(key="tray-Remove").disabled and not app.button(key="tray-Add").disabled


def test_switching_what_is_edited_shows_its_choices_and_changes_nothing(app):
    open_with(app, *FOUR, edit="B")
    assert titles(app) == ["ResNet-18", "Mine", "ResNet-50", "ResNet-101"]
    assert app.text_input(key="choice-text-B").value == "resnet34"
    settled(app.radio(key="tray-edited").set_value(3).run())
    assert app.text_input(key="choice-text-D").value == "resnet101"
    assert app.selectbox(key="choice-depth-D").value == 101
    settled(app.radio(key="tray-edited").set_value(0).run())
    assert app.text_input(key="choice-text").value == "resnet18"
    assert held(app) == (list(FOUR), 0)


def test_a_control_changes_the_edited_variant_alone(app):
    open_with(app, *FOUR, edit="B")
    settled(app.selectbox(key="choice-depth-B").set_value(18).run())
    assert held(app) == (["resnet18", "resnet18;Mine", "resnet50", "resnet101"], 1)
    settled(app.text_input(key="choice-text-B").set_value("nothing").run())
    assert held(app)[0][1] == "resnet18;Mine" and len(app.error) == 1
    settled(app.text_input(key="choice-text-B").set_value("resnet50,classes=10").run())
    settled(app.button(key="nearest-published").click().run())
    assert held(app)[0] == ["resnet18", "resnet50;Mine", "resnet50", "resnet101"]


def test_a_change_that_arrives_with_a_click_on_another_variant_stays_with_its_own(app):
    open_with(app, *FOUR)
    app.text_input(key="choice-text").set_value("vgg16")
    app.radio(key="tray-edited").set_value(2)
    settled(app.run())
    assert held(app) == (["vgg16", *FOUR[1:]], 2)


def test_variants_are_added_arranged_and_removed(app):
    open_with(app, "resnet18")
    press(app, "Duplicate")
    assert held(app) == (["resnet18", "resnet18"], 1)
    settled(app.selectbox(key="choice-ordering-B").set_value("full_preactivation").run())
    press(app, "Add")
    assert held(app) == (["resnet18", "resnet18v2", "resnet50"], 2)
    press(app, "Move up")
    settled(app.text_input(key="tray-name-B").set_value(" The *big*  one ").run())
    assert held(app) == (["resnet18", "resnet50;The big one", "resnet18v2"], 1)
    assert titles(app) == ["ResNet-18", "The big one", "ResNet-18 v2"]
    press(app, "Move down")
    press(app, "Duplicate")
    assert held(app) == (["resnet18", "resnet18v2", "resnet50;The big one", "resnet50"], 3)
    assert app.button(key="tray-Add").disabled and app.button(key="tray-Duplicate").disabled
    press(app, "Remove")
    assert held(app) == (["resnet18", "resnet18v2", "resnet50;The big one"], 2)
    press(app, "Start over")
    assert held(app) == (["resnet50"], 0)


def test_a_ready_made_comparison_fills_the_tray_and_is_named_until_it_changes(app):
    open_with(app, "resnet18")
    ready = COMPARISONS[2]
    settled(app.selectbox(key="tray-ready").set_value(ready.title).run())
    assert held(app) == (list(ready.texts), 0)
    assert ready.question in words(app)
    settled(app.selectbox(key="choice-name").set_value("resnet18").run())
    assert app.selectbox(key="tray-ready").value is None
    assert ready.question not in words(app)


def test_a_damaged_link_shows_what_could_be_read(app):
    open_with(app, "resnet18", "resnt34", "resnet50;Mine", edit="C")
    assert held(app) == (["resnet18", "resnet50;Mine"], 1)
    (notice,) = app.error
    assert "resnt34" in notice.value
    press(app, "Duplicate")
    assert not app.error


def test_explore_states_every_variants_numbers_and_what_differs_from_a(app):
    open_with(app, "resnet34", "resnet50;Mine", edit="B")
    table = app.table[0].value
    assert list(table.iloc[:, 0])[:2] == ["**Parameters**", "**MACs (one picture)**"]
    first, second = (analyze(text).parameters for text in ("resnet34", "resnet50"))
    assert table.iloc[0, 1] == f"{first:,}"
    assert table.iloc[0, 2].startswith(f"{second:,}")
    assert "+3,759,360 (+17.2%)" in table.iloc[0, 2]  # 25,557,032 beside 21,797,672
    assert "[the same]" not in table.iloc[0, 2] and "Mine" in table.columns[2]
    assert "From here on the page is about B" in words(app)
    assert 'explorer.build("resnet50")' in app.code[0].value


def chart(app: AppTest) -> dict:
    return json.loads(app.get("plotly_chart")[0].proto.spec)


def test_the_breakdown_stacks_up_to_each_variants_total(app):
    open_with(app, "resnet34", "resnet20-cifar", "vgg16")
    sums = {letter: 0 for letter in "ABC"}
    for bar in chart(app)["data"]:
        for name, value in zip(bar["y"][1], bar["x"], strict=True):
            sums[name.removesuffix("</b>")[-1]] += value
    wanted = [analyze(text).parameters for text in ("resnet34", "resnet20-cifar", "vgg16")]
    assert list(sums.values()) == wanted


def test_gradients_draw_each_variant_in_its_colour(app):
    open_with(app, *SMALL[:3], page="gradients")
    curves = chart(app)["data"]
    assert [curve["name"][:1] for curve in curves] == ["A", "B", "C"]
    assert [curve["line"]["color"] for curve in curves] == ["#0072B2", "#E69F00", "#009E73"]
    assert "stage1" in str(chart(app)["layout"])  # alike in depth: the stages are marked
    assert "**Bare**: from the last convolution" in words(app)
    assert "plain" not in {toggle.key for toggle in app.toggle}  # twins are for one variant


def test_gradients_of_networks_of_different_depth_share_an_axis(app):
    open_with(app, SMALL[0], SMALL[3], page="gradients")
    found = chart(app)
    assert [(curve["x"][0], curve["x"][-1]) for curve in found["data"]] == [(0, 100), (0, 100)]
    assert [len(curve["x"]) for curve in found["data"]] == [20, 32]
    assert "stage1" not in str(found["layout"])


def test_gradients_leave_out_what_is_too_large_and_say_so(app):
    open_with(app, SMALL[0], "resnet20-cifar,image_size=64,width=1024", page="gradients")
    assert "B: ResNet-20" in app.warning[0].value and "GB" in app.warning[0].value
    assert [curve["name"][:1] for curve in chart(app)["data"]] == ["A"]


def test_predict_asks_those_with_weights_and_names_the_others(app):
    open_with(app, "vgg16", "resnet50,stride_at=1x1;The paper", "vgg11", page="predict")
    assert "A: VGG-16; C: VGG-11" in words(app)
    assert chart(app)["data"][0]["marker"]["color"] == "#E69F00"
    assert "Egyptian cat" in str(chart(app))
    assert "**The paper** with trained weights" in words(app)


@pytest.mark.parametrize("page", ["explore", "picture", "gradients", "landscape"])
def test_every_page_shows_all_four(app, page):
    open_with(app, *SMALL, page=page, edit="C")
    shown = words(app) + "".join(element.proto.spec for element in app.get("plotly_chart"))
    if app.table:
        shown += str(list(app.table[0].value.columns))
    for name in ("ResNet-20 (CIFAR)", "Bare", "no normalisation", "ResNet-32"):
        assert name in shown
    settled(app.text_input(key="choice-text-C").set_value("resnet18").run())
    assert held(app)[0][2] == "resnet18"
