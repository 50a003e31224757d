import pytest
import torch
import torchinfo
from hypothesis import given, settings
from torch.nn.modules import module as torch_module

from explorer.analysis import analyze
from explorer.network import build
from explorer.spec import ArchitectureSpec, parse
from explorer.verification import check_module, check_output, judge, torchinfo_summary
from tests.unit.strategies import specs

FIGURES = {
    "resnet18": (11_689_512, 1_814_083_944, 3_628_146_688),
    "resnet50": (25_557_032, 4_089_238_376, 8_178_368_512),
    "resnet152": (60_192_808, 11_513_779_048, 23_027_253_248),
}
SMALL = (
    "resnet18,image_size=64,norm=group",
    "resnet18,image_size=64,norm=none",
    "resnet18,image_size=64,ordering=v2",
    "resnet50,image_size=64,groups=32,width_per_group=4",
    "resnet50,image_size=64,ordering=v2,shortcut=C",
    "resnet20-cifar",
    "resnet20-cifar,shortcut=B",
    "plain20-cifar",
    "lenet5",
    "alexnet-2012,image_size=67,classes=10",
    "vgg11_bn,image_size=32,classes=10",
    "googlenet,image_size=32",
    "googlenet-2014,image_size=32",
)


def runs_on_one_image(spec: ArchitectureSpec) -> bool:
    """Whether every group of a group normalisation is sure to hold more than one number."""
    return spec.norm != "group" or spec.image_size > spec.smallest_image


class Stop(Exception):
    """Raised by a check that wants the work to end."""


class CheckThatStops:
    """Counts its calls and raises at one of them."""

    def __init__(self, at: int | None = None) -> None:
        self.calls, self.at = 0, at

    def __call__(self) -> None:
        self.calls += 1
        if self.calls == self.at:
            raise Stop


@pytest.mark.parametrize("text", FIGURES)
def test_judges_give_the_reference_figures(text: str) -> None:
    verdicts = judge(parse(text))
    assert tuple(verdict.theirs for verdict in verdicts) == FIGURES[text]
    assert all(verdict.explained for verdict in verdicts)


@pytest.mark.parametrize("text", SMALL)
def test_judges_agree_once_their_convention_is_applied(text: str) -> None:
    parameters, mult_adds, flops = judge(parse(text))
    assert parameters.equal and flops.equal
    assert parameters.explained and mult_adds.explained and flops.explained


@settings(max_examples=15)
@given(specs(small=True).filter(runs_on_one_image))
def test_any_network_is_judged_and_built_as_analysed(spec) -> None:
    check = check_module(spec)
    assert check.equal and check.output_equal
    assert all(verdict.explained for verdict in judge(spec))


def test_difference_of_torchinfo_is_put_into_numbers() -> None:
    verdict = judge(parse("resnet18"))[1]
    assert (verdict.judge, verdict.quantity) == ("torchinfo", "mult-adds (MACs)")
    assert (verdict.ours, verdict.equal) == (1_814_073_344, False)
    assert verdict.explanation == (
        "torchinfo also counts each normalisation's gamma and beta once (9,600) and the linear "
        "layer's bias (1,000): 1,814,083,944 = 1,814,073,344 + 10,600."
    )


def test_without_normalisation_only_the_bias_is_named() -> None:
    verdict = judge(parse("resnet20-cifar,norm=none"))[1]
    assert verdict.explanation.startswith("torchinfo also counts the linear layer's bias (10): ")


def test_an_unexplained_difference_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    original = torchinfo.summary

    def miscount(*args, **kwargs):
        summary = original(*args, **kwargs)
        summary.total_mult_adds += 7
        summary.total_params -= 1
        return summary

    monkeypatch.setattr(torchinfo, "summary", miscount)
    parameters, mult_adds, flops = judge(parse("resnet20-cifar"))
    assert (parameters.explained, mult_adds.explained, flops.explained) == (False, False, True)
    assert mult_adds.explanation.endswith("+ 1,386 + 7, and the last number is not explained.")
    assert parameters.explanation.endswith(
        "269,721 = 269,722 − 1, and the last number is not explained."
    )


def test_module_check_gives_time_parameters_and_output() -> None:
    check = check_module(parse("resnet20-cifar,classes=7"))
    assert check.build_ms > 0
    assert check.parameters == analyze("resnet20-cifar,classes=7").parameters
    assert check.output_shape == (7,)
    assert check.equal and check.output_equal


def test_output_of_another_network_is_not_equal() -> None:
    spec = parse("resnet20-cifar")
    assert check_output(build("resnet20-cifar,classes=3"), spec) == (3,)


def test_summary_shows_every_layer_by_name() -> None:
    text = torchinfo_summary(parse("resnet20-cifar,shortcut=B"))
    for word in ("Conv2d (conv1)", "Sequential (downsample)", "(fc)", "[1, 3, 32, 32]"):
        assert word in text
    assert text.count("Conv2d (") == 21
    assert text.count("BatchNorm2d (") == 21
    assert "Mult-Adds" in text and "Input Shape" in text


@pytest.mark.parametrize("work", [check_module, judge, torchinfo_summary])
def test_work_can_be_stopped_at_any_layer(work) -> None:
    spec = parse("resnet20-cifar")
    counter = CheckThatStops()
    work(spec, counter)
    layers = len(analyze(spec).layers)
    assert counter.calls >= layers
    for at in (1, 2, layers, counter.calls):
        stopping = CheckThatStops(at)
        with pytest.raises(Stop):
            work(spec, stopping)
        assert stopping.calls == at


@pytest.mark.parametrize("work", [check_module, judge, torchinfo_summary])
def test_nothing_global_is_touched(work) -> None:
    torch.manual_seed(7)
    before = torch.get_rng_state()
    hooks = []

    def look_for_hooks() -> None:
        hooks.append(len(torch_module._global_forward_pre_hooks))

    work(parse("resnet20-cifar"), look_for_hooks)
    assert torch.equal(torch.get_rng_state(), before)
    assert set(hooks) == {0}
    assert torchinfo.torchinfo._cached_forward_pass == {}
