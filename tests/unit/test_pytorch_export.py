"""The exported Python file: executed, compared with the built network, and formatted."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from torch import Tensor, nn

from explorer.analysis import analyze
from explorer.export.pytorch import pytorch_code
from explorer.names import NAMES
from explorer.network import build
from explorer.spec import ArchitectureSpec, parse
from tests.unit.strategies import specs


def exported(spec: ArchitectureSpec) -> nn.Module:
    """Execute the file on its own and build its network."""
    code = pytorch_code(spec)
    assert "explorer" not in code.replace("ResNet Explorer", "")
    scope: dict[str, Any] = {"__name__": "exported"}
    exec(compile(code, "exported.py", "exec"), scope)
    networks = [value for key, value in scope.items() if key.endswith(("Net", "VGG", "LeNet5"))]
    network = networks[0]()
    assert isinstance(network, nn.Module)
    return network


def outputs(network: nn.Module, spec: ArchitectureSpec, training: bool) -> Tensor:
    pictures = torch.randn(3, *spec.input_shape, generator=torch.Generator().manual_seed(5))
    with torch.random.fork_rng():
        torch.manual_seed(0)  # of what is dropped in training
        with torch.no_grad():
            result: Tensor = network.train(training)(pictures)
    return result


@settings(max_examples=60, deadline=None)
@given(specs(small=True))
def test_any_network_computes_the_same_with_the_same_weights(spec: ArchitectureSpec) -> None:
    ours, theirs = build(spec), exported(spec)
    for parameter in ours.parameters():  # nothing may hide behind a zero
        nn.init.normal_(parameter, 0.1, 0.3, generator=torch.Generator().manual_seed(1))
    theirs.load_state_dict(ours.state_dict(), strict=True)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    for training in (True, False):
        torch.testing.assert_close(
            outputs(theirs, spec, training),
            outputs(ours, spec, training),
            rtol=1e-4,
            atol=1e-4,
            equal_nan=True,
        )


CLASSICS = (
    "lenet5,image_size=36,classes=4",
    "alexnet,image_size=70,classes=4,in_channels=1",
    "alexnet-2012,image_size=70,classes=4",
    "vgg11,image_size=32,classes=3",
    "vgg16_bn,stages=1-1-1-1-1,image_size=40,classes=3",
    "vgg11,norm=group,image_size=32,classes=3",
    "googlenet,image_size=40,classes=3",
    "googlenet-2014,image_size=40,classes=3,in_channels=1",
)


@pytest.mark.parametrize("text", CLASSICS)
def test_a_classic_network_computes_the_same(text: str) -> None:
    spec = parse(text)
    ours, theirs = build(spec), exported(spec)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    for training in (True, False):
        ours_out, theirs_out = (outputs(network, spec, training) for network in (ours, theirs))
        torch.testing.assert_close(theirs_out, ours_out, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_has_its_file_whose_weights_fit_both_ways(name: str) -> None:
    spec = parse(name)
    with torch.device("meta"):
        theirs, ours = exported(spec).state_dict(), build(spec).state_dict()
    counted = sum(weights.numel() for key, weights in theirs.items() if not _statistic(key))
    assert counted == analyze(spec).parameters
    assert {key: value.shape for key, value in ours.items()} == {
        key: value.shape for key, value in theirs.items()
    }


def narrow(spec: ArchitectureSpec) -> ArchitectureSpec:
    """The same arrangement of layers, small enough to be run in a moment."""
    inner = {"width_per_group": 4} if spec.width_per_group else {}
    size = 2 * spec.smallest_image if spec.dims == 2 else 64
    return spec.vary(width=8, widen=min(spec.widen, 2), image_size=size, classes=3, **inner)


@pytest.mark.parametrize("name", [name for name in NAMES if parse(name).family == "residual"])
def test_every_residual_name_computes_the_same(name: str) -> None:
    spec = narrow(parse(name))
    ours, theirs = build(spec), exported(spec)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    # Untrained, 600 units overflow in eval mode: their running statistics normalise nothing yet.
    expected, found = (outputs(network, spec, training=True) for network in (ours, theirs))
    assert expected.isfinite().all()
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def _statistic(key: str) -> bool:
    return key.endswith(("running_mean", "running_var", "num_batches_tracked"))


STARTS = (
    "resnet20-cifar",
    "resnet20-cifar,zero_init=true,bias=all",
    "resnet20-cifar,shortcut=exclusive_gating,bias=all",
    "resnet164-cifar,stages=2-2-2,norm=none,init=fixup,classes=5",
    "resnet20-cifar,skip_init=true",
)


@pytest.mark.parametrize("text", STARTS)
def test_weights_start_where_the_built_networks_do(text: str) -> None:
    """Constants are equal; what is drawn has the same deviation, within a tenth."""
    ours, theirs = build(text).state_dict(), exported(parse(text)).state_dict()
    for key, weights in ours.items():
        if weights.numel() < 500 or weights.std() == 0:
            if weights.unique().numel() == 1:
                assert torch.equal(weights, theirs[key]), key
        else:
            assert float(theirs[key].std()) == pytest.approx(float(weights.std()), rel=0.1), key


def test_files_are_formatted_and_free_of_lint(tmp_path: Path) -> None:
    """As ruff would have them, so that they read as if written by hand."""
    texts = [*NAMES, *STARTS, *ELABORATE, *CLASSICS]
    for number, text in enumerate(texts):
        (tmp_path / f"network_{number}.py").write_text(pytorch_code(parse(text)), "utf-8")
    for command in (["format", "--diff"], ["check", "--select", "E,F,I,B,UP,SIM"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--isolated", "--line-length", "100"]
        done = subprocess.run([*ruff, tmp_path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[:3000]


ELABORATE = (
    "resnet50v2,stem=deep,norm=group,se_ratio=8,survival=0.5,shortcut=shortcut_only_gating",
    "resnet50v2,stem=deep,bias=all,downsample_in=last,stem_activation=false,skip_init=true",
    "resnet34,shortcut=dropout,ordering=bn_after_addition,stages=1,bias=unnormalised",
    "resnet18-1d,shortcut=constant_scaling,se_ratio=4,survival=0.25",
    "keras-resnet50v2,shortcut=A,groups=2,width_per_group=16",
)


def test_a_file_runs_by_itself(tmp_path: Path) -> None:
    spec = parse("resnet20-cifar,ordering=v2")
    file = tmp_path / "network.py"
    file.write_text(pytorch_code(spec), "utf-8")
    done = subprocess.run(
        [sys.executable, "-I", file], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert f"{analyze(spec).parameters} parameters" in done.stdout
    assert "torch.Size([1, 10])" in done.stdout


def test_what_no_paper_has_is_not_called_published() -> None:
    code = pytorch_code(parse("lenet5"))
    assert "As published" not in code and "As built today" in code and "60,000" in code
    assert "As published" in pytorch_code(parse("vgg16"))


def test_a_deep_network_is_a_loop_and_not_a_list() -> None:
    assert len(pytorch_code(parse("resnet1202-cifar")).splitlines()) < 110
