"""From a finished run to bundled weights with a card that tells the truth about them."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from explorer import weights
from explorer.datasets import Dataset, bundled_cifar10, cifar10
from explorer.network import build
from explorer.prediction import predict
from explorer.spec import parse
from explorer.training.loop import Training, TrainingError, evaluate
from explorer.training.recipe import RECIPES
from explorer.training.run import RESULT, Run, read_checkpoint, slug
from tests.unit.cifar_folders import write_sheets

ROOT = Path(__file__).parents[2]
TEXT = "resnet20-cifar,depth=8,ordering=full_preactivation,width=4"
NAME = slug(parse(TEXT))


@pytest.fixture(scope="module")
def script() -> Any:
    path = ROOT / "assets/weights/bundle_cifar10_run.py"
    scope: dict[str, Any] = {"__name__": "bundling", "__file__": str(path)}
    exec(compile(path.read_text("utf-8"), path.name, "exec"), scope)
    return SimpleNamespace(**scope)


def finished_run(folder: Path, recipe: str) -> Dataset:
    write_sheets(folder / "data")
    data = cifar10(folder / "data")
    training = Training(parse(TEXT), RECIPES[recipe].for_epochs(2), data.train, seed=3)
    Run(training, data, folder / "run").finish()
    return data


@pytest.fixture(scope="module", params=["short", "he2015"])
def written(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, script: Any
) -> tuple[Path, Dataset]:
    """A folder that holds a finished run and its bundled weights."""
    folder = tmp_path_factory.mktemp(request.param)
    data = finished_run(folder, request.param)
    (folder / "weights").mkdir()
    script.bundle(folder / "run", data, folder / "weights")
    return folder, data


@pytest.fixture
def bundled(written: tuple[Path, Dataset], monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Dataset]:
    """The same, its weights in the place of the bundled ones."""
    monkeypatch.setattr(weights, "FOLDER", written[0] / "weights")
    monkeypatch.setattr(weights, "_loaded", {})
    entries = weights.available.__wrapped__()
    monkeypatch.setattr(weights, "available", lambda: entries)
    return written


def test_a_bundled_run_is_available_with_everything_it_needs(
    bundled: tuple[Path, Dataset],
) -> None:
    folder, data = bundled
    (entry,) = weights.available()
    result = json.loads((folder / "run" / RESULT).read_text("utf-8"))
    assert (entry.name, entry.architecture, entry.licence) == (NAME, str(parse(TEXT)), "MIT")
    assert entry == weights.for_spec(parse(TEXT)) == weights.find(NAME)
    assert entry.categories == data.categories
    assert entry.preprocessing.crop == entry.spec.image_size
    assert entry.preprocessing.mean == tuple(result["preprocessing"]["mean"])
    assert entry.training is not None
    assert entry.training.recipe == result["recipe"]
    assert (entry.training.seed, entry.training.train_pictures) == (3, 50)
    assert [point.epoch for point in entry.training.curve] == [1, 2]
    assert entry.training.published == ()
    assert hash(entry) == hash(weights.find(NAME))


def test_the_card_counts_what_the_rounded_weights_miss(bundled: tuple[Path, Dataset]) -> None:
    folder, data = bundled
    (entry,) = weights.available()
    card = entry.training
    assert card is not None
    model = build(entry.spec)
    model.load_state_dict(load_file(folder / "weights" / f"{NAME}.safetensors"), strict=True)
    assert card.test_wrong == evaluate(model, data.test, entry.preprocessing).wrong
    loaded = weights.load(NAME)  # checks the checksum on the way
    score = evaluate(loaded, data.test, entry.preprocessing)
    assert (card.test_wrong, card.test_pictures) == (score.wrong, 20)
    assert card.test_error_percent == round(score.error_percent, 2)
    assert entry.accuracy.top1_percent == pytest.approx(100 - card.test_error_percent)
    assert entry.accuracy.top5_percent == pytest.approx(100 - 5 * score.wrong_top5)
    part = bundled_cifar10().test
    assert card.bundled_test_wrong == evaluate(loaded, part, entry.preprocessing).wrong
    assert not loaded.training


def test_predictions_see_what_the_training_saw(bundled: tuple[Path, Dataset]) -> None:
    _, data = bundled
    (entry,) = weights.available()
    model = weights.load(NAME)
    steps = entry.preprocessing
    for pixels in data.test.images[:5]:
        values = pixels.flatten(1).double() / 255 - torch.tensor(steps.mean).double().view(3, -1)
        inputs = (values / torch.tensor(steps.std).double()[:, None]).float().view(1, 3, 32, 32)
        with torch.inference_mode():
            expected = model(inputs).softmax(1).max().item()
        found = predict(Image.fromarray(pixels.permute(1, 2, 0).numpy()), entry, 1)
        assert found.top[0].probability == pytest.approx(expected, rel=1e-4)
        assert found.weights == NAME


def test_filters_and_matrices_are_halved_and_nothing_else(
    written: tuple[Path, Dataset],
) -> None:
    stored = load_file(written[0] / "weights" / f"{NAME}.safetensors")
    trained = read_checkpoint(written[0] / "run")["training"]["model"]
    assert stored.keys() == trained.keys()
    for name, tensor in stored.items():
        assert torch.equal(tensor, trained[name].half() if tensor.ndim > 1 else trained[name]), name


def test_published_errors_stand_on_the_card(script: Any) -> None:
    figures = {
        text: script.printed_errors(parse(text))
        for text in ("resnet20-cifar", "resnet56-cifar", "plain20-cifar", TEXT)
    }
    first = figures["resnet20-cifar"][0]
    assert (first["value"], first["source"]) == (
        "8.75 %",
        "He et al. 2015, Table 6, arXiv:1512.03385",
    )
    assert figures["resnet56-cifar"][0]["value"] == "6.97 %"
    assert figures["plain20-cifar"] == figures[TEXT] == []


def test_what_is_not_finished_is_not_bundled(
    tmp_path: Path, script: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    data = finished_run(tmp_path, "short")
    (tmp_path / "run" / RESULT).rename(tmp_path / "kept")
    with pytest.raises(TrainingError, match="the run is not finished"):
        script.bundle(tmp_path / "run", data, tmp_path)
    (tmp_path / "run" / RESULT).write_text("{")
    with pytest.raises(TrainingError, match="is not JSON"):
        script.bundle(tmp_path / "run", data, tmp_path)
    (tmp_path / "kept").rename(tmp_path / "run" / RESULT)
    other = Dataset(data.name, data.categories, data.train, data.train)
    with pytest.raises(TrainingError, match="was trained on"):
        script.bundle(tmp_path / "run", other, tmp_path)
    assert script.main([str(tmp_path / "data"), str(tmp_path / "run")]) == 1
    assert "a card needs 10,000 test pictures, not 20" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.safetensors"))


def test_a_weight_that_float16_cannot_hold_is_told(script: Any) -> None:
    with pytest.raises(TrainingError, match=r"fc\.weight does not fit into float16"):
        script.as_half({"fc.weight": torch.full((2, 2), 1e6)})


def test_our_bundled_weights_are_as_good_as_their_cards_say() -> None:
    """On the bundled part; rounding on another processor may turn a picture or two."""
    part = bundled_cifar10().test
    for entry in weights.available():
        if entry.training is not None:
            assert (entry.training.train_pictures, entry.training.test_pictures) == (50_000, 10_000)
            found = evaluate(weights.load(entry.name), part, entry.preprocessing).wrong
            assert abs(found - entry.training.bundled_test_wrong) <= 2, entry.name
