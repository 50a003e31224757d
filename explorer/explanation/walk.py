"""A built network as the sequence of its steps: run one by one, they show what lies between.

No hook is needed, so a network that other threads use too can be walked.
"""

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

import torch
from torch import Tensor, nn

from explorer.analysis import analyze
from explorer.explanation.errors import ExplanationError
from explorer.nodes import Chain
from explorer.plan import plan
from explorer.spec import ArchitectureSpec

Report = Callable[[float, str], None]
"""Is told how far work is, from 0 to 1, and what is done; may raise to stop it."""

_HEAD = "head"
_ACTIVATING = (nn.BatchNorm2d, nn.BatchNorm1d, nn.GroupNorm, nn.ReLU)
_MOST_AT_ONCE = 50  # more is slower: the maps outgrow the processor's cache
_BYTES_AT_ONCE = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Step:
    """A layer, a unit or an Inception module, which follows the step before it.

    Args:
        name: of the module in the network.
        module: what is run.
        stage: where it stands, `stem` and `head` included.
        unit: number of the unit it is, or is a part of, in its stage; None outside units.
    """

    name: str
    module: nn.Module
    stage: str
    unit: int | None

    def __call__(self, x: Tensor) -> Tensor:
        """Return what becomes of x, which stays as it was."""
        if isinstance(self.module, nn.ReLU):
            return torch.relu(x)  # the module works in place
        result: Tensor = self.module(x)
        return result


def steps(spec: ArchitectureSpec, model: nn.Module) -> tuple[Step, ...]:
    """Return a network's steps, which one after another do what the network does.

    Args:
        spec: what the network was built from.
        model: the network, in eval mode.
    Raises:
        ExplanationError: if it is in train mode, where walking would change its statistics.
    """
    if model.training:
        raise ExplanationError("the network is in train mode: call its eval() first")
    return tuple(_walk(plan(spec).root, model))


def _walk(chain: Chain, model: nn.Module, prefix: str = "", stage: str = "") -> Iterator[Step]:
    for child in chain.children:
        name, inside = prefix + child.name, child.stage or stage
        if child.unit is None and isinstance(child.node, Chain):
            yield from _walk(child.node, model, f"{name}.", inside)
        else:
            yield Step(name, model.get_submodule(name), inside, child.unit)


def private(model: nn.Module) -> nn.Module:
    """Return a copy that may be given hooks; its weights and statistics are those of the model."""
    shared = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    return copy.deepcopy(model, shared)


def run(part: Iterable[Step], x: Tensor) -> Tensor:
    """Return what becomes of x, step after step."""
    for step in part:
        x = step(x)
    return x


def stage_outputs(walked: Sequence[Step]) -> dict[str, str]:
    """Return for the name of each step that gives a stage's features the stage, without the head.

    It is the stage's last step; behind the last stage of a pre-activation network, it is what
    normalises and activates the sum.
    """
    ends = {step.stage: step.name for step in walked if step.stage != _HEAD}
    head = (step for step in walked if step.stage == _HEAD)
    for step in takewhile(lambda step: isinstance(step.module, _ACTIVATING), head):
        ends[list(ends)[-1]] = step.name
    return {name: stage for stage, name in ends.items()}


def pictures_at_once(spec: ArchitectureSpec) -> int:
    """Return how many pictures make a batch of bounded memory, at least one."""
    return max(1, min(_MOST_AT_ONCE, _BYTES_AT_ONCE // analyze(spec).peak_inference_bytes))


def check_images(spec: ArchitectureSpec, images: Tensor) -> None:
    """Refuse what a network does not take.

    Args:
        spec: the network.
        images: shape (N, C, H, W), normalised.
    Raises:
        ExplanationError: if the network takes no pictures, or none of this shape.
    """
    if spec.dims != 2:
        raise ExplanationError(f"{spec} takes series: only networks that take pictures are shown")
    if images.shape[1:] != spec.input_shape or not len(images):
        wanted, found = ((f"{n}" for n in shape) for shape in (spec.input_shape, images.shape[1:]))
        raise ExplanationError(
            f"{spec} takes one picture or more of {' x '.join(wanted)} numbers, "
            f"these are {len(images)} of {' x '.join(found)}"
        )


def check_label(spec: ArchitectureSpec, label: int) -> None:
    """Refuse a class that a network does not know.

    Raises:
        ExplanationError: if it has no such class.
    """
    if not 0 <= label < spec.classes:
        raise ExplanationError(f"class {label}: {spec} knows the classes 0 to {spec.classes - 1}")


def check_finite(numbers: Tensor) -> None:
    """Refuse numbers that have left float32.

    Raises:
        ExplanationError: if one is infinite or no number.
    """
    if not bool(numbers.isfinite().all()):
        raise ExplanationError(
            "the network's output overflows: the signal grows with every unit, as it does where "
            "BatchNorm has no trained statistics and units are many"
        )
