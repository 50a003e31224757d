"""What single experiments compute, against the paper's networks, torch's counter, and by hand."""

from math import nan

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from explorer.analysis import analyze
from explorer.experiments import budget, construction, find, initialisation, tracks
from explorer.experiments.experiment import Settings
from explorer.figures.experiment import grid
from explorer.network import build
from explorer.spec import parse
from explorer.training.live import LiveTraining
from explorer.training.live_history import History, Point
from explorer.training.live_settings import DATA, LiveSettings


class Nobody:
    def report(self, progress, message=""):
        pass

    def show(self, partial):
        pass


@pytest.mark.parametrize("groups", ["4", "8", "16"])
@pytest.mark.parametrize("data", sorted(DATA))
def test_the_budget_is_equal_within_two_percent_by_torch_s_own_count(data, groups):
    settings = find("budget").settings(data=data, groups=groups)
    base, *three = map(parse, settings.networks)
    counted = []
    for spec in (base, *three):
        adapted = LiveSettings(variants=(str(spec),), data=data).adapted(spec)
        counter = FlopCounterMode(display=False)
        with counter, torch.no_grad():
            build(adapted).eval()(torch.zeros(1, *adapted.input_shape))
        counted.append(counter.get_total_flops() / 2)
        assert counted[-1] == analyze(adapted).macs
    small, *equal = counted
    assert max(equal) <= 1.02 * min(equal)
    assert min(equal) / small >= 1.8 and max(equal) / small <= 2.3
    deeper, wider, grouped = three
    assert deeper.depth > base.depth and deeper.width_per_group is None
    assert wider.depth == grouped.depth == base.depth
    assert (wider.groups, grouped.groups) == (1, int(groups))


def test_the_budget_s_findings_state_what_each_network_takes():
    experiment = find("budget")
    settings = experiment.settings(steps="20")
    histories = [History(parse(text)) for text in settings.networks]
    found = tracks.tracks(settings, [histories])
    told = "\n".join(budget._judge(settings, found).findings)
    for text in settings.networks:
        adapted = LiveSettings(variants=(text,)).adapted(parse(text))
        assert f"{analyze(adapted).parameters:,} parameters" in told


def test_a_cell_of_the_grid_is_a_training_of_its_own():
    experiment = find("initialisation")
    settings = experiment.settings(deepest="8", steps="20", rate="0.05", seed="2")
    found = experiment.run(settings, Nobody())
    records = {record["method"]: record for record in found.charts[0].records}
    own = LiveTraining(
        LiveSettings(
            variants=("resnet20-cifar,depth=8,norm=none,init=fixup",),
            width=8,
            learning_rate=0.05,
            steps=20,
            seed=2,
        )
    )
    own.advance(lambda: True)
    assert records["no BN, Fixup"]["loss"] == tracks.end_of(own.networks[0].history)
    assert len(records) == 7


def cells(settings: Settings, **losses: float):
    """The grid's cells, of which those named by a method without BN have a loss."""
    found = initialisation._cells(settings)
    for cell in found:
        loss = losses.get(cell.method.removeprefix("no BN").strip(", ").split(" ")[0] or "He", 2.3)
        cell.histories.append(History(cell.spec, [Point(1, loss, 0.0, 0.0, 0.0, 0.0)]))
    return found


@pytest.mark.parametrize(
    ("losses", "answer"),
    [
        ({}, 0),
        ({"He": 1.8}, 1),
        ({"Fixup": 1.8, "He": nan}, 2),
        ({"SkipInit": 0.1}, 2),
        ({"SkipInit": 0.1, "He": 0.1}, 3),
        ({"SkipInit": 1.85, "He": 1.85}, 0),
    ],
)
def test_the_lab_s_answer_goes_by_the_deepest_networks_without_normalisation(losses, answer):
    settings = find("initialisation").settings(deepest="20")
    found = initialisation._told(settings, cells(settings, **losses))
    assert found.answer == answer
    at_no_depth = next(told for told in found.findings if "at no depth" in told)
    assert "**BN**" in at_no_depth
    assert ("**no BN**" in at_no_depth) == (answer not in (1, 3))


def test_variants_that_differ_in_depth_alone_are_one_row_of_the_grid():
    own = ("resnet20-cifar", "resnet32-cifar", "resnet32-cifar,norm=none")
    settings = find("initialisation").settings(own, deepest="20")
    found = initialisation._cells(settings)
    assert [(cell.spec.depth, cell.spec.norm) for cell in found] == [
        (8, "batch"),
        (8, "none"),
        (20, "batch"),
        (20, "none"),
    ]


@pytest.mark.parametrize("ordering", ["v1", "v2"])
def test_a_constructed_residual_network_is_exact_and_goes_on_from_there(ordering):
    settings = find("construction").settings(deep="32", steps="20", ordering=ordering)
    found = find("construction").run(settings, Nobody())
    outputs, losses = found.charts
    changes = {(each["network"], each["mode"], each["layers"]): each for each in outputs.records}
    assert len(changes) == 2 * 2 * 3
    for (network, mode, _), each in changes.items():
        if network.startswith("ResNet"):
            assert each["largest_difference"] == 0
        elif mode == "prediction":
            assert each["largest_difference"] < 1e-4
        else:
            assert each["largest_difference"] > 0.01
    steps: dict[str, list[int]] = {}
    for record in losses.records:
        steps.setdefault(record["network"], []).append(record["step"])
    deep = f"ResNet-32 (CIFAR){', v2' * (ordering == 'v2')}"
    assert steps[f"{deep}, built from it"] == list(range(11, 21))
    assert steps[f"{deep}, from the start"] == list(range(1, 21))


def test_the_constructed_network_s_first_loss_is_the_shallow_one_s_next():
    """Training mode too: the residual network sees the batch as the shallow one would have."""
    settings = find("construction").settings(deep="32", steps="20")
    found = find("construction").run(settings, Nobody())
    built = next(
        each["loss"]
        for each in found.charts[1].records
        if each["network"] == "ResNet-32 (CIFAR), built from it"
    )
    shallow = LiveTraining(LiveSettings(variants=("resnet20-cifar",), width=8, steps=11))
    shallow.advance(lambda: True)
    assert built == pytest.approx(shallow.networks[0].history.points[-1].loss, rel=1e-6)


def test_the_depths_that_can_be_chosen_are_what_the_inserted_units_make():
    experiment = find("construction")
    control = next(each for each in experiment.controls if each.key == "deep")
    for choice in control.choices:
        settings = experiment.settings(deep=choice)
        assert [parse(text).depth for text in construction._deep(settings)] == [int(choice)] * 2


def test_one_s_own_networks_are_deepened_whatever_their_depth():
    own = ("resnet164-cifar,depth=11", "plain20-cifar,depth=8,norm=none")
    settings = find("construction").settings(own, deep="32", steps="20")
    found = find("construction").run(settings, Nobody())
    outputs, losses = found.charts
    assert found.answer is None
    assert {each["largest_difference"] for each in outputs.records} == {0.0}
    assert {each["layers"] for each in outputs.records} == {29, 65, 146, 20, 44, 98}
    assert len({each["network"] for each in losses.records}) == 6
    told = "\n".join(found.findings)
    assert told.count("in training mode exactly the same") == 2
    assert "**Plain-8 (CIFAR), no normalisation**, at all of these depths" in told
    assert "training loss of **Plain-20 (CIFAR), no normalisation, built from it** ends" in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "resnet20-cifar,shortcut=C",
            "no unit that changes nothing can be added, as its shortcuts",
        ),
        ("vgg16", "no units that keep the shape"),
        ("resnet18-1d", "a network for series takes no pictures"),
        (
            "wrn-28-10-cifar",
            "wrn-118-10-cifar,width=8,image_size=8,in_channels=1: weights, gradients",
        ),
    ],
)
def test_what_cannot_be_built_on_is_told_before_the_run(text, words):
    assert words in find("construction").why_not(parse(text))


def test_a_cell_that_is_no_number_is_told_from_one_that_is_not_measured_yet():
    figure = grid("test", ["a", "b", "c"], ["row"], [[1.0, nan, None]], "loss", bounds=(0, 2))
    heat = figure.data[0]
    assert list(heat.z[0]) == [1.0, 2, None]
    assert list(heat.text[0]) == ["1.00", "NaN", ""]


def test_values_that_are_all_equal_have_the_colour_of_the_lowest():
    heat = grid("test", ["a", "b"], ["row"], [[0.0, 0.0]], "loss").data[0]
    assert (heat.zmin, heat.zmax) == (0, 1)
