"""The view Explain: each part against what torch, asked directly, says of the same picture."""

import copy
import io
import json
from base64 import b64decode
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save
from streamlit.testing.v1 import AppTest
from torch import Tensor, nn

from explorer import weights
from explorer.data import bundled_picture
from explorer.datasets import bundled_cifar10
from explorer.explanation import cam
from explorer.explanation.cam import grad_cams
from explorer.explanation.occlusion import correlation, occlusion
from explorer.explanation.receptive import effective_field
from explorer.network import build
from explorer.preprocessing import preprocess
from explorer.spec import parse
from explorer.ui import tasks
from explorer.ui.explaining import work
from explorer.ui.tasks import Kept
from tests.app.driving import settled
from tests.app.predicting import charts, opened, press, told

OURS, PLAIN, LARGE = "resnet20-cifar", "plain20-cifar", "resnet50,stride_at=1x1"
WITHOUT = "resnet32-cifar"
NAMES = {"resnet20-cifar": "resnet20-cifar", PLAIN: PLAIN, LARGE: "resnet50-keras"}


def explained(app: AppTest, *texts: str, **settings: str) -> AppTest:
    return opened(app, *texts, view="Explain", **settings)


def galleries(app: AppTest) -> dict[str, Any]:
    """All galleries, by the first words of their titles."""
    found = {}
    for each in app.get("bidi_component"):
        data = json.loads(each.proto.json)
        if "figures" in data:
            found[data["title"]] = data
    return found


def gallery(app: AppTest, start: str) -> Any:
    [found] = [data for title, data in galleries(app).items() if title.startswith(start)]
    return found


def image(source: str) -> Image.Image:
    return Image.open(io.BytesIO(b64decode(source.partition(",")[2])))


def numbers(source: str) -> np.ndarray:
    """The numbers, from -1 to 1, that a heat map shows."""
    return np.array(image(source)) / 127.0 - 1


def shown(text: str, name: str = "cat") -> tuple[nn.Module, Tensor]:
    entry = weights.find(NAMES[text])
    picture = bundled_picture(name).read().image
    return weights.load(entry.name), preprocess(picture, entry.preprocessing)[0]


def hooked(model: nn.Module, picture: Tensor, layer: str) -> Tensor:
    """A layer's output for a picture, by a hook on a copy."""
    seen: list[Tensor] = []
    private = copy.deepcopy(model)
    private.get_submodule(layer).register_forward_hook(
        lambda module, inputs, output: seen.append(output.detach().clone())
    )
    private(picture[None])
    return seen[0][0]


def answer(model: nn.Module, picture: Tensor) -> int:
    with torch.inference_mode():
        return int(model(picture[None]).argmax())


def last_cam(model: nn.Module, picture: Tensor, label: int) -> np.ndarray:
    """Zhou et al.'s map, which Grad-CAM equals before global pooling and one linear layer."""
    features = hooked(model, picture, "layer3.2")
    found = torch.einsum("c,chw->hw", model.get_parameter("fc.weight")[label], features).relu()
    return (found / found.max()).numpy()


@pytest.mark.parametrize("text", [OURS, LARGE])
def test_every_stage_has_a_map_of_the_first_answer(app, text):
    explained(app, text)
    model, picture = shown(text)
    cams = grad_cams(parse(text), model, picture, answer(model, picture))
    data = gallery(app, "Grad-CAM of ")
    original, *stages = data["figures"]
    assert original == {"words": "What the network is shown", "source": ""}
    assert image(data["picture"]).size == (picture.shape[2], picture.shape[1])
    assert len(stages) == len(cams)
    for figure, expected in zip(stages, cams, strict=True):
        assert figure["words"].startswith(f"{expected.stage}: {expected.layer}, ")
        np.testing.assert_allclose(numbers(figure["source"]), expected.heat, atol=0.005)
    assert "half of what speaks for **" in told(app)
    assert "Selvaraju et al. 2017" in told(app)


def test_the_last_map_is_the_classifiers_weights_times_the_features(app):
    explained(app, OURS, class_A="frog (6)")
    model, picture = shown(OURS)
    expected = last_cam(model, picture, 6)
    found = numbers(gallery(app, "Grad-CAM of frog at every stage")["figures"][-1]["source"])
    large = np.array(Image.fromarray(expected).resize((32, 32), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(found, large / large.max(), atol=0.01)


def test_a_pre_activation_network_is_looked_into_behind_its_last_relu(app):
    explained(app, "resnet20-cifar,ordering=v2", untrained="true")
    [*_, last] = gallery(app, "Grad-CAM of ")["figures"]
    assert last["words"].startswith("stage3: post_relu (final normalisation and ReLU), 8 × 8")


def test_opacity_covers_more_or_less_and_computes_nothing(app, monkeypatch):
    asked: list[int] = []

    def counted(*arguments: Any) -> Any:
        asked.append(arguments[3])
        return grad_cams(*arguments)

    monkeypatch.setattr(cam, "grad_cams", counted)
    monkeypatch.setattr(work, "_attributions", Kept(2**24, len))
    monkeypatch.setattr(work, "_covered", Kept(2**24, len))
    explained(app, OURS, opacity="20")
    before = len(asked)
    assert before and gallery(app, "Grad-CAM of ")["opacity"] == 0.2
    sources = [each["source"] for each in gallery(app, "Grad-CAM of ")["figures"]]
    settled(app.slider(key="opacity").set_value(90).run())
    data = gallery(app, "Grad-CAM of ")
    assert data["opacity"] == 0.9 and [each["source"] for each in data["figures"]] == sources
    assert len(asked) == before
    settled(app.selectbox(key="class-A").set_value(0).run())
    assert asked[before:] and set(asked[before:]) == {0}


def test_covering_is_held_against_grad_cam(app):
    explained(app, OURS, square="a quarter of the picture's")
    model, picture = shown(OURS)
    label = answer(model, picture)
    found = occlusion(parse(OURS), model, picture, label, 8, 4)
    heats = [each.heat for each in grad_cams(parse(OURS), model, picture, label)]
    r = correlation(heats[-1], found.heat)
    assert f"correlation **{r:.2f}** at `layer3.2`".replace("-", "\N{MINUS SIGN}") in told(app)
    assert f"stays at **{found.lowest:.1%}** or more (uncovered {found.probability:.1%})" in told(
        app
    )
    assert ("**saturated**" in told(app)) == (found.lowest > found.probability / 2)
    [_, beside, covered] = gallery(app, "cat: Grad-CAM beside occlusion")["figures"]
    assert covered["words"] == "Occlusion, a square of 8 pixels, every 4"
    np.testing.assert_allclose(
        numbers(covered["source"]), found.heat / abs(found.heat).max(), atol=0.005
    )
    np.testing.assert_allclose(numbers(beside["source"]), heats[-1], atol=0.005)


def test_a_probability_that_a_square_takes_is_not_called_saturated(app):
    explained(app, OURS)
    findings = set()
    for index in range(10):
        settled(app.selectbox(key="class-A").set_value(index).run())
        findings |= {
            words for words in ("**saturated**", "hardly a probability") if words in told(app)
        }
    assert "hardly a probability" in findings


def test_long_covering_waits_to_be_asked_and_can_be_stopped(app):
    explained(app, LARGE)
    assert not any("beside occlusion" in title for title in galleries(app))
    press(app, "Cover it: 169 forward passes")
    app.run()
    [bar] = app.get("progress")
    assert bar.proto.text.startswith("Covering the picture")
    press(app, "Cancel")
    settled(app)
    assert "Stopped." in told(app)
    assert gallery(app, "Grad-CAM of Egyptian cat")


@pytest.mark.parametrize(("text", "layer"), [(OURS, "layer2.1.bn1"), (LARGE, "layer4.2.relu")])
def test_the_strongest_channels_of_a_layer_come_first(app, text, layer):
    explained(app, text, explain="Feature maps", layer_A=layer, channels="8")
    output = hooked(*shown(text), layer).numpy()
    strengths = np.abs(output).mean((1, 2))
    order = np.argsort(-strengths, kind="stable")
    data = gallery(app, "8 strongest of ")
    assert [int(each["words"].split(":")[0]) for each in data["figures"]] == order[:8].tolist()
    largest = np.abs(output[order[:64]]).max()
    for channel, figure in zip(order, data["figures"], strict=False):
        np.testing.assert_allclose(numbers(figure["source"]), output[channel] / largest, atol=0.005)
    share = strengths[order[:8]].sum() / strengths.sum()
    assert f"the 8 strongest together {share:.0%}" in told(app)
    assert f"number {order[0]}, holds **" in told(app)
    assert f"{height_words(output)}, with their mean absolute values" in str(list(galleries(app)))


def height_words(output: np.ndarray) -> str:
    return f"{output.shape[1]} × {output.shape[2]}"


def test_filters_have_their_own_colours_whatever_the_order_of_the_input(app):
    explained(app, LARGE, explain="Feature maps")
    weight = weights.load("resnet50-keras").get_parameter("conv1.weight").flip(1)  # BGR
    tiles = gallery(app, "The 64 filters of the first layer, 7 × 7")["figures"]
    assert len(tiles) == 64
    for tile, each in zip(tiles, weight, strict=True):
        expected = (0.5 + each / (2 * each.abs().max())).permute(1, 2, 0).numpy()
        np.testing.assert_allclose(
            np.array(image(tile["source"])) / 255, expected, atol=0.5 / 255 + 1e-6
        )


@pytest.mark.parametrize(
    ("text", "unit", "source"),
    [
        (OURS, "layer1.2", "this picture"),
        (OURS, "layer2.1", "noise, 16 pictures"),
        (LARGE, "layer3.1", "this picture"),
    ],
)
def test_a_receptive_field_is_drawn_on_the_picture(app, text, unit, source):
    settings = {"field_A": stage_of(text, unit), "field_input": source}
    explained(app, text, explain="Receptive field", **settings)
    model, picture = shown(text)
    images = picture[None]
    if source != "this picture":
        generator = torch.Generator().manual_seed(0)
        images = torch.randn((16, *picture.shape), generator=generator)
    found = effective_field(parse(text), model, unit, images)
    [chart] = charts(app)
    boxes = {
        (each["type"], each["line"]["dash"]): each["x1"] - each["x0"]
        for each in chart["layout"]["shapes"]
    }
    assert boxes == pytest.approx(
        {
            ("rect", "dash"): found.square.side,
            ("circle", "solid"): 2 * found.radius_95,
            ("circle", "dot"): 2 * found.radius_50,
        }
    )
    bright = numbers(chart["layout"]["images"][1]["source"])
    times = len(bright) // picture.shape[1]
    expected = (found.share / found.share.max()) ** 0.5
    np.testing.assert_allclose(bright[::times, ::times], expected, atol=0.005)
    assert f"the middle of `{unit}` could depend on {found.square.side} × " in told(app)
    assert f"within **{found.radius_50:.0f}** pixels" in told(app)


def stage_of(text: str, unit: str) -> str:
    return f"{unit} (conv4_x)" if text == LARGE else f"{unit} (stage{unit[5]})"


@pytest.mark.parametrize("text", [OURS, LARGE])
def test_the_signal_is_that_of_the_picture(app, text):
    explained(app, text, explain="Through the depth")
    model, picture = shown(text)
    chart = charts(app)[0]
    [curve] = [trace for trace in chart["data"] if trace.get("y")]
    assert chart["layout"]["yaxis"]["type"] == "log"
    names = [point[0] for point in curve["customdata"]]
    assert len(names) == len(curve["y"]) == sum(parse(text).stages)
    for name in (names[0], names[1], names[-1]):  # a projection, identities
        assert curve["y"][names.index(name)] == pytest.approx(ratio(model, picture, name), rel=1e-4)
    if text == LARGE:
        assert "Not for ResNet-50, stride in the 1x1: a stage learns its answers" in told(app)
        assert len(charts(app)) == 1


def ratio(model: nn.Module, picture: Tensor, unit: str) -> float:
    """|F(x)| / |x| of a unit by what goes into its addition."""
    seen: list[tuple[Tensor, ...]] = []
    private = copy.deepcopy(model)
    private.get_submodule(f"{unit}.add").register_forward_pre_hook(
        lambda module, inputs: seen.append(tuple(each.clone() for each in inputs))
    )
    private(picture[None])
    branch, shortcut = seen[0]
    return float(branch.double().norm() / shortcut.double().norm())


def test_early_exits_are_the_nearest_class_means_of_the_bundled_pictures(app):
    explained(app, OURS, explain="Through the depth")
    model, picture = shown(OURS)
    entry, data = weights.find(OURS), bundled_cifar10()
    mean, std = (
        torch.tensor(value).view(1, 3, 1, 1)
        for value in (entry.preprocessing.mean, entry.preprocessing.std)
    )
    stem = nn.Sequential(*(model.get_submodule(name) for name in ("conv1", "bn1", "relu")))
    with torch.inference_mode():
        known, asked, this = (
            stem(images).double().mean((2, 3))
            for images in (
                (data.train.images / 255 - mean) / std,
                (data.test.images / 255 - mean) / std,
                picture[None],
            )
        )
    means = torch.stack([known[data.train.labels == n].mean(0) for n in range(10)])
    right = int((torch.cdist(asked, means).argmin(1) == data.test.labels).sum())
    distances = torch.cdist(this, means)[0]
    table = app.dataframe[-1].value
    assert list(table["stage"]) == ["stem", "stage1", "stage2", "stage3"]
    assert table["accuracy"][0] == pytest.approx(right / 1000)
    assert table["answer"][0] == entry.categories[int(distances.argmin())]
    assert charts(app)[1]["data"][0]["y"][0] == pytest.approx(right / 10)
    assert entry.training is not None
    own = (1000 - entry.training.bundled_test_wrong) / 1000
    assert f"the network itself in {own:.1%}." in told(app)
    assert "nearest class means" in told(app) and "no classifier is trained" in told(app)


def test_a_plain_network_has_no_shortcut_to_hold_its_branch_against(app):
    explained(app, PLAIN, explain="Through the depth")
    assert "no unit adds a shortcut" in told(app)
    assert len(charts(app)) == 1, "its stages answer all the same"


def test_two_networks_stand_beside_each_other_with_the_classes_that_they_know(app):
    explained(app, OURS, LARGE)
    assert [box.label for box in app.selectbox if box.label.startswith("Class of")] == [
        "Class of A",
        "Class of B",
    ]
    assert [title.split(" at every")[0] for title in galleries(app)] == [
        "Grad-CAM of cat",
        "Grad-CAM of Egyptian cat",
    ]


def test_networks_of_the_same_classes_share_the_choice_of_one(app):
    explained(app, OURS, PLAIN, class_A="ship (8)")
    assert sum(box.label == "Class" for box in app.selectbox) == 1
    assert sum(title.startswith("Grad-CAM of ship") for title in galleries(app)) == 2


def test_without_weights_there_is_nothing_to_explain(app):
    explained(app, WITHOUT)
    assert "has no trained weights here" in told(app) and not galleries(app)
    settled(app.toggle(key="untrained").set_value(True).run())
    assert "Untrained: the weights are random" in told(app)
    assert gallery(app, "Grad-CAM of class ")


def test_own_weights_are_looked_into(app):
    opened(app, OURS, view="Explain")
    module = build(parse(OURS), 3).eval()
    app.file_uploader(key="own-weights-A").upload("mine.safetensors", save(module.state_dict()))
    settled(app.run())
    assert "class " in next(iter(galleries(app)))
    settled(app.segmented_control(key="explain").set_value("depth").run())
    assert "Not for ResNet-20" in told(app), "nobody says what its classes are"


@pytest.mark.parametrize("size", [(1, 300), (300, 1), (1, 1)])
def test_a_picture_one_pixel_wide_is_explained_in_every_part(app, size):
    content = io.BytesIO()
    Image.new("RGB", size, "teal").save(content, "PNG")
    opened(app, OURS, view="Explain")
    app.pills(key="pictures").set_value([])
    app.file_uploader(key="uploads").upload("thin.png", content.getvalue())
    settled(app.run())
    assert gallery(app, "Grad-CAM of ")
    for part in ("features", "field"):
        settled(app.segmented_control(key="explain").set_value(part).run())
        assert not app.error
    assert "thin.png" in [heading.value for heading in app.subheader]


DAMAGED = {
    "class_A": "unicorn (1000)",
    "opacity": "-700",
    "square": "half",
    "channels": "1e9",
    "layer_A": "layer9.9; drop",
    "field_A": "layer9",
    "field_input": "nothing",
}


@pytest.mark.parametrize("link", [DAMAGED, dict.fromkeys(DAMAGED, "")], ids=["wrong", "empty"])
@pytest.mark.parametrize("part", ["Feature maps", "Receptive field", "Nothing", ""])
def test_a_damaged_link_shows_what_a_plain_one_does(app, part, link):
    explained(app, OURS, explain=part, **link)
    assert not app.error
    if part == "Feature maps":
        assert "All 16 channels behind layer1.0.relu" in next(iter(galleries(app)))
    elif part == "Receptive field":
        assert "the middle of `layer2.1` could depend" in told(app)
    else:
        assert gallery(app, "Grad-CAM of cat at every stage")["opacity"] == 0.65


def test_an_empty_view_is_the_first_one(app):
    opened(app, OURS, view="")
    assert charts(app) and not galleries(app)


def test_what_needs_too_much_memory_is_told(app, monkeypatch):
    explained(app, OURS)
    assert galleries(app), "kept from here on"
    with monkeypatch.context() as limited:
        limited.setattr(tasks, "MAX_PROBE_BYTES", 1e6)
        settled(app.selectbox(key="class-A").set_value(2).run())
        settled(app.selectbox(key="class-A").set_value(-1).run())
        assert "more than the 0 GB one explanation may take here." in app.error[0].value
        assert not galleries(app)
    settled(app.selectbox(key="class-A").set_value(2).run())
    assert galleries(app) and not app.error


def test_limits_are_said_on_the_page(app):
    explained(app, OURS, explain="Receptive field")
    assert f"at most {work.MAX_KEPT_BYTES // 2**20} MB of each kind" in told(app)
