"""Independent judges of the analysis: the built module, torchinfo and `FlopCounterMode`.

Every function builds a private module; no global state of torch is used or changed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from time import perf_counter
from typing import Any, NamedTuple

import torch
import torchinfo
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from torch.utils.module_tracker import ModuleTracker

from explorer.analysis import Analysis, analyze
from explorer.costs import Shape
from explorer.network import build
from explorer.rows import LayerRow
from explorer.spec import ArchitectureSpec

Check = Callable[[], None]


@dataclass(frozen=True)
class ModuleCheck:
    """The built module held against the analysis.

    Args:
        build_ms: time to build the module and draw its weights.
        parameters: the module's learnable numbers.
        output_shape: what one random image came out as, without the batch.
        expected: what the analysis says.
    """

    build_ms: float
    parameters: int
    output_shape: Shape
    expected: Analysis

    @property
    def equal(self) -> bool:
        """Whether module and analysis have the same number of parameters."""
        return self.parameters == self.expected.parameters

    @property
    def output_equal(self) -> bool:
        """Whether the output has the shape that the analysis says."""
        return self.output_shape == self.expected.output_shape


class Verdict(NamedTuple):
    """One number of an independent judge beside ours.

    `explained` tells whether the two agree exactly once the judge's convention, put into words
    and numbers by `explanation`, is applied to ours.
    """

    quantity: str
    judge: str
    theirs: int
    ours: int
    explained: bool
    explanation: str

    @property
    def equal(self) -> bool:
        """Whether the two numbers are the same."""
        return self.theirs == self.ours


def check_module(spec: ArchitectureSpec, check: Check = lambda: None) -> ModuleCheck:
    """Build a network, count its parameters and run one image through it.

    Args:
        check: called between steps and before every layer; may raise to stop the work.
    """
    check()
    start = perf_counter()
    module = build(spec)
    build_ms = (perf_counter() - start) * 1e3
    parameters = sum(parameter.numel() for parameter in module.parameters())
    return ModuleCheck(build_ms, parameters, check_output(module, spec, check), analyze(spec))


def check_output(module: nn.Module, spec: ArchitectureSpec, check: Check = lambda: None) -> Shape:
    """Return the shape, without the batch, of what one random image comes out as.

    Args:
        module: a private one; it is put into eval mode.
        check: called before every layer; may raise to stop the work.
    """
    _watch(module.eval(), check)
    with torch.inference_mode():
        return tuple(module(_image(spec)).shape[1:])


def judge(spec: ArchitectureSpec, check: Check = lambda: None) -> tuple[Verdict, ...]:
    """Have torchinfo and `FlopCounterMode` count the built network for one image.

    Args:
        check: called between steps and before every layer; may raise to stop the work.
    """
    check()
    module = build(spec).eval()
    _watch(module, check)
    image, ours = _image(spec), analyze(spec)
    summary = _summarise(module, image)
    flops = _count_flops(module, image)
    return (
        _judge_parameters(ours, summary.total_params),
        _judge_mult_adds(ours, summary.total_mult_adds),
        _judge_flops(ours, flops),
    )


def torchinfo_summary(spec: ArchitectureSpec, check: Check = lambda: None) -> str:
    """Return torchinfo's own summary of the built network, every layer in it.

    Args:
        check: called between steps and before every layer; may raise to stop the work.
    """
    check()
    module = build(spec).eval()
    _watch(module, check)
    columns = ("input_size", "output_size", "num_params", "mult_adds")
    # A shortcut's layers lie deepest: network, stage, unit, downsample, layer.
    return str(
        _summarise(
            module,
            _image(spec),
            depth=4,
            col_names=columns,
            col_width=20,
            row_settings=("var_names",),
        )
    )


def _image(spec: ArchitectureSpec) -> Tensor:
    return torch.randn((1, *spec.input_shape), generator=torch.Generator().manual_seed(0))


def _watch(module: nn.Module, check: Check) -> None:
    """Call `check` before every layer, so that a large network can be left half-way."""

    def hook(layer: nn.Module, inputs: object) -> None:
        check()

    for layer in module.modules():
        if not any(layer.children()):
            layer.register_forward_pre_hook(hook)


def _summarise(module: nn.Module, image: Tensor, **layout: Any) -> torchinfo.ModelStatistics:
    try:
        return torchinfo.summary(module, input_data=image, verbose=0, **layout)
    except RuntimeError as error:  # torchinfo wraps what `check` raised
        raise error.__cause__ or error from None
    finally:
        # Or the last network of each class name would stay in memory.
        torchinfo.torchinfo.clear_cached_forward_pass()


class _NoTracker(ModuleTracker):
    """Tells no modules apart: the original hooks into those of all threads."""

    def __enter__(self) -> "_NoTracker":
        return self

    def __exit__(self, *args: object) -> None:
        pass


def _count_flops(module: nn.Module, image: Tensor) -> int:
    counter = FlopCounterMode(display=False)
    counter.mod_tracker = _NoTracker()
    with torch.inference_mode(), counter:
        module(image)
    return counter.get_total_flops()


def _judge_parameters(ours: Analysis, theirs: int) -> Verdict:
    expected = ours.parameters
    words = "torchinfo counts every weight, bias, gamma and beta, as we do"
    return _verdict("parameters", "torchinfo", theirs, expected, expected, words, f"{expected:,}")


def _judge_mult_adds(ours: Analysis, theirs: int) -> Verdict:
    """Apply torchinfo's convention: weights times pixels, and what has no pixels once."""
    kinds = ours.by("kind")
    biases = kinds["linear"].parameters - kinds["linear"].macs
    whose = (
        "the linear layer's bias" if kinds["linear"].layers == 1 else "the linear layers' biases"
    )
    extras = [(biases, f"{whose} ({biases:,})")]
    if "normalisation" in kinds and kinds["normalisation"].parameters:
        affine = kinds["normalisation"].parameters
        extras.insert(0, (affine, f"each normalisation's gamma and beta once ({affine:,})"))
    if "squeeze-excitation" in kinds:
        gates = kinds["squeeze-excitation"].parameters - kinds["squeeze-excitation"].macs
        extras.append((gates, f"the squeeze-excitations' biases ({gates:,})"))
    if added := sum(map(_convolution_bias_additions, ours.layers)):
        extras.append((added, f"the convolutions' biases at every place ({added:,})"))
    extra = sum(count for count, _ in extras)
    words = "torchinfo also counts " + " and ".join(name for _, name in extras)
    written = f"{ours.macs:,} + {extra:,}"
    return _verdict(
        "mult-adds (MACs)", "torchinfo", theirs, ours.macs, ours.macs + extra, words, written
    )


def _convolution_bias_additions(row: LayerRow) -> int:
    if row.kind != "convolution":
        return 0
    return row.parameters * prod(row.output_shape[1:]) - row.macs


def _judge_flops(ours: Analysis, theirs: int) -> Verdict:
    words = "FlopCounterMode counts two operations for each multiply-accumulate, as we do"
    written = f"2 × {ours.macs:,}"
    return _verdict("FLOPs", "FlopCounterMode", theirs, ours.flops, ours.flops, words, written)


def _verdict(
    quantity: str, judge: str, theirs: int, ours: int, expected: int, words: str, written: str
) -> Verdict:
    remainder = theirs - expected
    explanation = f"{words}: {theirs:,} = {written}"
    if remainder:
        sign = "+" if remainder > 0 else "−"
        explanation += f" {sign} {abs(remainder):,}, and the last number is not explained"
    return Verdict(quantity, judge, theirs, ours, remainder == 0, explanation + ".")
