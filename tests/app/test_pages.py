"""The pages as a person uses them, without a browser."""

import json
import threading

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Element

from explorer.analysis import analyze
from explorer.gradients import ProbeSettings, probe
from explorer.spec import SpecError, parse
from explorer.ui import cached, jobs, operating
from explorer.ui.controls import MORE
from explorer.words import three_figures
from tests.app.driving import PAGES, ROOT, settled

PICTURES = ROOT / "assets" / "pictures"


def open_with(app: AppTest, text: str, page: str = "explore") -> AppTest:
    app.query_params["v"] = text
    app.run()
    if page != "explore":
        app.switch_page(str(PAGES / f"{page}.py")).run()
    return settled(app)


def retype(app: AppTest, text: str) -> AppTest:
    return settled(app.text_input(key="choice-text").set_value(text).run())


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def chosen(app: AppTest) -> str:
    return str(app.text_input(key="choice-text").value)


def words(app: AppTest) -> str:
    kinds = ("markdown", "caption", "success", "error", "warning", "info", "title", "subheader")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


def test_the_first_page_states_exact_numbers(app):
    open_with(app, "resnet50,stride_at=1x1")
    shown = metrics(app)
    assert shown["Parameters"] == "25,557,032"
    assert shown["MACs (one picture)"] == "3,857,973,248"
    assert shown["FLOPs (2 × MACs)"] == "7,715,946,496"
    assert shown["Depth (weighted layers)"] == "50"
    assert shown["Weights"] == "102.23 MB"
    analysis = analyze("resnet50,stride_at=1x1")
    assert (
        shown["Training keeps (one picture)"] == f"{analysis.saved_for_backward_bytes / 1e6:.2f} MB"
    )
    assert shown["Prediction peak (one picture)"] == f"{analysis.peak_inference_bytes / 1e6:.2f} MB"
    assert shown["Receptive field"] == "483 px"
    assert all(metric.help for metric in app.metric)


@pytest.mark.parametrize("page", sorted(path.stem for path in PAGES.glob("[!_]*.py")))
def test_a_page_begins_with_its_title(app, page, monkeypatch):
    monkeypatch.setenv(operating.VARIABLE, "1")  # a page of its own
    open_with(app, "resnet20-cifar", page)
    first = next(node for node in app.main if isinstance(node, Element))
    assert first.type == "title"


def test_the_module_is_built_live_and_confirms_the_analysis(app):
    open_with(app, "resnet20-cifar")
    assert "269,722 parameters, equal to the analysis" in app.success[0].value
    retype(app, "resnet20-cifar,width=8,ordering=v2")
    wanted = analyze("resnet20-cifar,width=8,ordering=v2").parameters
    assert f"{wanted:,} parameters, equal to the analysis" in app.success[0].value
    assert "came out as 10" in app.success[0].value


def test_filters_that_leave_no_layer_leave_the_headings():
    left = cached.layer_rows(parse("resnet20-cifar"), ("stem",), ("addition",))
    assert left.rows == ()
    assert set(left.table.column_names) == set(cached.LAYER_COLUMNS)


def test_what_another_visitor_had_built_is_there_at_once(app):
    open_with(app, "resnet20-cifar,width=12")
    jobs.forget("test session id")  # as if it had been another's
    app.run()
    parameters = analyze("resnet20-cifar,width=12").parameters
    assert f"{parameters:,} parameters, equal to the analysis" in app.success[0].value
    assert jobs.current("test session id", "build") is None


def test_published_figures_stand_beside_published_networks_only(app):
    open_with(app, "resnet152,stride_at=1x1")
    assert "As published" in words(app)
    assert any("11.3e9" in str(frame.value.values) for frame in app.dataframe)
    retype(app, "resnet152,stages=1-1-1-1")
    assert "As published" not in words(app)


@pytest.mark.parametrize(
    ("start", "key", "value", "expected"),
    [
        ("resnet50", "choice-depth", 101, "resnet101"),
        ("resnet20-cifar", "choice-depth", 110, "resnet110-cifar"),
        ("resnet50", "choice-ordering", "full_preactivation", "resnet50v2"),
        ("resnet50", "choice-name", "plain34", "plain34"),
        ("resnet50", "choice-image_size", 256, "resnet50,image_size=256"),
        ("resnet50", "choice-classes", 10, "resnet50,classes=10"),
        ("resnet50", "choice-stages", "1-2-3", "resnet50,stages=1-2-3"),
        ("resnet50", "choice-text", "ResNet18 , norm = none", "resnet18,norm=none"),
        ("resnet50", "choice-text", "wrn-22-10-cifar", "wrn-22-10-cifar"),
        ("resnet50", "choice-se_ratio", 16, "seresnet50"),
        ("resnext50_32x4d", "choice-width_per_group", 8, "resnext50_32x4d,width_per_group=8"),
    ],
)
def test_each_control_changes_the_variant(app, start, key, value, expected):
    open_with(app, start)
    widget = next(
        w
        for kind in ("selectbox", "number_input", "text_input")
        for w in app.get(kind)
        if w.key == key
    )
    settled(widget.set_value(value).run())
    assert chosen(app) == expected
    assert metrics(app)["Parameters"] == f"{parameters(expected):,}"


@pytest.mark.parametrize(
    ("start", "key", "value", "expected"),
    [
        ("resnet50", "choice-block", "basic", "resnet34"),
        ("resnet50", "choice-stride_at", "1x1", "resnet50,stride_at=1x1"),
        ("resnet20-cifar", "choice-norm", "group", "resnet20-cifar,norm=group"),
    ],
)
def test_each_segmented_control_changes_the_variant(app, start, key, value, expected):
    open_with(app, start)
    settled(app.segmented_control(key=key).set_value(value).run())
    assert chosen(app) == expected


@pytest.mark.parametrize(
    ("start", "value", "expected"),
    [
        ("resnet50", "C", "resnet50,shortcut=C"),
        ("resnet50v2", "none", "plain50"),
        ("resnet20-cifar", "exclusive_gating", "resnet20-cifar,shortcut=exclusive_gating"),
    ],
)
def test_each_shortcut_can_be_chosen(app, start, value, expected):
    open_with(app, start)
    settled(app.selectbox(key="choice-shortcut").set_value(value).run())
    assert chosen(app) == expected


def test_a_shortcut_brings_its_own_settings(app):
    open_with(app, "resnet20-cifar,shortcut=exclusive_gating")
    settled(app.number_input(key="choice-gate_bias").set_value(-7).run())
    assert chosen(app) == "resnet20-cifar,shortcut=exclusive_gating,gate_bias=-7"
    settled(app.selectbox(key="choice-shortcut").set_value("dropout").run())
    assert chosen(app) == "resnet20-cifar,shortcut=dropout"
    settled(app.number_input(key="choice-shortcut_dropout").set_value(0.25).run())
    assert chosen(app) == "resnet20-cifar,shortcut=dropout,shortcut_dropout=0.25"


def parameters(text: str) -> int:
    return analyze(parse(text)).parameters


def test_what_makes_no_network_is_not_offered_and_says_why(app):
    open_with(app, "plain34")
    assert app.selectbox(key="choice-ordering").options == ["v1: original"]
    assert "no addition" in words(app)
    assert app.segmented_control(key="choice-stride_at").options == ["3x3"]
    assert "a basic unit has no 1x1 convolution" in words(app)


@pytest.mark.parametrize("text", ["resnt50", "resnet50,depth=51", "50", "resnet50;x", "é" * 50])
def test_a_wrong_text_keeps_the_variant_and_says_what_is_wrong(app, text):
    open_with(app, "resnet18")
    retype(app, text)
    assert chosen(app) == "resnet18"
    assert len(app.error) == 1 and app.error[0].value
    retype(app, "resnet34")
    assert not app.error


@pytest.mark.parametrize("units", ["", "0-1", "3--4", "a", "1-1-1-1-1-1-1", "999-999"])
def test_wrong_units_keep_the_variant_and_say_what_is_wrong(app, units):
    open_with(app, "resnet18")
    settled(app.text_input(key="choice-stages").set_value(units).run())
    assert chosen(app) == "resnet18"
    assert "stages" in app.error[0].value


def test_a_damaged_link_opens_with_a_notice(app):
    open_with(app, "resnet5000,ordering=v2")
    assert chosen(app) == "resnet50"
    assert "could not be read" in app.error[0].value
    assert "resnet5000" in app.error[0].value


def test_the_layer_table_is_filtered_by_stage_and_kind(app):
    open_with(app, "resnet18")
    assert "69 of 69 layers" in words(app)
    settled(app.pills(key="layer-stages").set_value(["conv3_x"]).run())
    settled(app.pills(key="layer-kinds").set_value(["convolution"]).run())
    assert "5 of 69 layers" in words(app)
    assert "411,041,792 MACs" in words(app)
    retype(app, "resnet20-cifar")
    assert "19 of 71 layers" in words(app)  # conv3_x is no stage of this network


def choose_row(app: AppTest, row: int) -> AppTest:
    app.session_state["layer-table"] = {"selection": {"rows": [row], "columns": [], "cells": []}}
    return settled(app.run())


def test_a_chosen_layer_shows_where_its_numbers_come_from(app):
    open_with(app, "resnet50")
    assert "Where this number comes from" not in words(app)
    assert "8,178,368,512" in words(app)  # the conventions are told for any network
    choose_row(app, 0)
    told = words(app)
    assert "Where this number comes from: `conv1`" in told
    assert "64 × 3 × 7 × 7 = 9,408" in told
    assert "112 × 112 × 9,408 = 118,013,952" in told
    assert "floor((224 + 2 × 3 − 7) / 2) + 1 = 112" in told
    assert "7 + (3 − 1) × 2 = 11" in words(choose_row(app, 3))


def test_a_choice_of_a_layer_counts_among_the_rows_shown(app):
    open_with(app, "resnet18")
    settled(app.pills(key="layer-stages").set_value(["head"]).run())
    assert "Where this number comes from: `fc`" in words(choose_row(app, 2))
    assert "Where this number comes from" not in words(choose_row(app, 3))  # no such row any more


def test_the_feature_maps_stand_beside_the_code_that_fetches_them(app):
    open_with(app, "resnet50v2")
    maps = next(frame.value for frame in app.dataframe if "module" in frame.value.columns)
    assert list(maps["name"]) == ["C2", "C3", "C4", "C5"]
    assert list(maps["stride"]) == [4, 8, 16, 32]
    assert 'explorer.build("resnet50v2")' in app.code[0].value
    assert "neither normalised nor rectified" in words(app)
    retype(app, "resnet20-cifar")
    assert 'explorer.build("resnet20-cifar")' in app.code[0].value
    assert "neither normalised nor rectified" not in words(app)


def test_others_are_asked_on_demand(app):
    open_with(app, "resnet18")
    assert not any("1,814,083,944" in str(frame.value.values) for frame in app.dataframe)
    button = next(b for b in app.button if b.label.startswith("Check against"))
    settled(button.click().run())
    verdicts = next(str(f.value.values) for f in app.dataframe if "Verdict" in f.value.columns)
    assert "1,814,083,944" in verdicts  # torchinfo's mult-adds
    assert "3,628,146,688" in verdicts  # FlopCounterMode's
    assert "DIFFERENT" not in verdicts
    assert "9,600" in words(app)
    assert any("Conv2d" in code.value for code in app.code)


def test_a_network_too_large_is_analysed_but_not_built(app):
    open_with(app, "resnet50,width=1024")
    assert "Not built live" in words(app)
    assert metrics(app)["Parameters"] == f"{parameters('resnet50,width=1024'):,}"


def test_gradients_of_a_variant_its_twin_and_the_other_ordering(app):
    open_with(app, "resnet20-cifar", "gradients")
    told = words(app)
    for name in ("ResNet-20 (CIFAR)**", "Plain-20 (CIFAR)**", "ResNet-20 (CIFAR), v2**"):
        assert f"**{name}: from the last convolution (" in told
    assert told.count("grows") >= 3
    app.toggle(key="plain").set_value(False)
    settled(app.toggle(key="other").set_value(False).run())
    assert "Plain-20" not in words(app)
    settled(app.selectbox(key="quantity").set_value("weight").run())
    assert "to the first (conv1), the weights' gradient" in words(app)
    settled(app.selectbox(key="input").set_value("pictures").run())
    assert "bundled photographs" in words(app)


def test_gradients_are_a_table_too_when_it_is_opened(app):
    open_with(app, "resnet20-cifar", "gradients")
    before = len(app.dataframe)
    app.session_state["table-gradients"] = True
    settled(app.run())
    rows = app.dataframe[-1].value
    assert len(app.dataframe) == before + 1
    assert list(rows["name"][:2]) == ["conv1", "layer1.0.conv1"] and len(rows) == 3 * (20 + 9)
    assert (rows["output_gradient_norm"] > 0).all()
    assert list(rows["name"][rows["kind"] == "unit"][:2]) == ["layer1.0", "layer1.1"]


def test_a_unit_on_a_curve_of_gradients_has_its_own_numbers(app):
    open_with(app, "resnet20-cifar,depth=8,width=4", "gradients")
    settled(app.selectbox(key="quantity").set_value("unit").run())
    settled(app.selectbox(key="probe-layer").set_value("layer2.0").run())
    unit = probe("resnet20-cifar,depth=8,width=4", ProbeSettings(batch=32)).units[1]
    assert metrics(app)["|dL/dx|"] == f"{unit.output_gradient_norm:.4g}"


def test_the_update_ratio_is_that_of_the_chosen_rate(app):
    open_with(app, "resnet20-cifar,depth=8,width=4", "gradients")
    settled(app.selectbox(key="quantity").set_value("relative").run())
    settled(app.number_input(key="update-rate").set_value(0.1).run())
    path = probe("resnet20-cifar,depth=8,width=4", ProbeSettings(batch=32)).main_path
    ratios = sorted(0.1 * layer.weight_gradient_norm / layer.weight_norm for layer in path)
    middle = three_figures((ratios[3] + ratios[4]) / 2)
    step = "At rate 0.1, a plain step's size relative to the weights' is"
    assert f"{step} **{middle}** at the median of 8 layers" in words(app)
    chart = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert chart["layout"]["yaxis"]["title"]["text"] == "0.1 × |dL/dW| / |W|"


def test_a_twin_is_put_beside_when_its_unit_is_opened(app):
    open_with(app, "resnet20-cifar,depth=8,width=4", "gradients")
    assert app.button(key="probe-microscope").label == "conv1 is in no unit"
    assert app.button(key="probe-microscope").disabled
    settled(app.selectbox(key="probe-network").select_index(1).run())
    settled(app.selectbox(key="probe-layer").set_value("layer2.0.conv2").run())
    settled(app.button(key="probe-microscope").click().run())
    assert app.selectbox(key="microscope-unit").value == "layer2.0"
    assert "Block microscope" in app.header[-1].value and "Plain-8" in app.header[-1].value


def test_gradients_that_cannot_be_measured_say_so(app):
    open_with(app, "resnet20-cifar,classes=1", "gradients")
    assert "classes=1" in app.error[0].value
    retype(app, "resnet152")
    settled(app.number_input(key="batch").set_value(256).run())
    assert "Choose a smaller batch" in app.error[0].value


def test_a_variant_without_weights_offers_the_nearest_in_one_click(app):
    open_with(app, "resnet50", "predict")
    assert "no trained weights" in words(app)
    settled(next(b for b in app.button if b.label.startswith("Switch to")).click().run())
    assert chosen(app) == "resnet50,stride_at=1x1"
    assert "Chelsea the cat" in words(app)
    assert "Egyptian cat" in str(app.get("plotly_chart")[0].proto.spec)


def test_an_untrained_answer_is_labelled_as_such(app):
    open_with(app, "resnet32-cifar,ordering=v2", "predict")
    settled(app.toggle(key="untrained").set_value(True).run())
    assert "Untrained" in app.warning[-1].value


def test_good_and_bad_uploads_are_answered_side_by_side(app):
    open_with(app, "resnet50,stride_at=1x1", "predict")
    files = [
        ("espresso.jpg", (PICTURES / "coffee.jpg").read_bytes()),
        ("empty.jpg", b""),
        ("notes.png", b"this is no picture"),
        ("half.jpg", (PICTURES / "dog.jpg").read_bytes()[:3000]),
    ]
    app.pills(key="pictures").set_value([])
    for name, content in files:
        app.file_uploader(key="uploads").upload(name, content)
    settled(app.run())
    assert "espresso" in str(app.get("plotly_chart")[0].proto.spec)
    assert len(app.get("plotly_chart")) == 1
    assert len(app.error) == 3
    assert all(error.value.endswith(".") for error in app.error)


def test_ten_quick_changes_leave_no_orphan_work(app, monkeypatch):
    begun, finished = [], []
    let = threading.Event()

    def measure(kind, specs, settings, seeds, files):
        def work(context):
            begun.append(settings.seed)
            while not let.wait(0.01):
                context.check()
            finished.append(settings.seed)
            raise SpecError("measured")

        return work

    monkeypatch.setattr("explorer.ui.laboratory.work.probes", measure)
    app.query_params["v"] = "resnet20-cifar"
    app.run()
    app.switch_page(str(PAGES / "gradients.py")).run()
    for seed in range(1, 11):
        app.number_input(key="seed").set_value(seed).run()
    let.set()
    settled(app)
    assert finished == [10]
    assert begun == sorted(set(begun))  # nothing began twice
    assert app.error[0].value == "measured"


def test_a_network_that_is_not_published_names_the_nearest_and_switches_to_it(app):
    open_with(app, "resnet50,classes=10,stride_at=1x1")
    assert "Differs from ResNet-50" in words(app)
    assert "10 classes instead of 1,000 classes: −2,027,520 MACs, −2,028,510" in words(app)
    settled(next(b for b in app.button if b.label == "Switch to ResNet-50").click().run())
    assert chosen(app) == "resnet50,stride_at=1x1"
    assert "As published: ResNet-50" in words(app)
    assert "Published in: He et al. 2015, Table 1; Tables 2 and 3; Table 4" in words(app)


def test_a_librarys_network_is_told_apart_from_the_papers(app):
    open_with(app, "resnet50")
    assert "As published: ResNet-50 v1.5" in words(app)
    assert "Published in: github.com/pytorch/vision" in words(app)
    assert "+231,211,008 MACs, same parameters" in words(app)


def test_rarer_choices_wait_until_they_are_opened(app):
    app.session_state[MORE] = False
    open_with(app, "resnet50")
    drawn = {widget.key for widget in app.number_input}
    assert "choice-classes" in drawn and "choice-width" not in drawn
    app.session_state[MORE] = True
    app.run()
    assert "choice-width" in {widget.key for widget in app.number_input}
