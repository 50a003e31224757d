"""Where the weights of an exported file come from, and what the file says about it."""

from typing import TYPE_CHECKING, NamedTuple

from explorer import __version__, weights
from explorer.spec import ArchitectureSpec

if TYPE_CHECKING:
    from torch import Tensor

MAX_SEED = 2**31 - 1


class ExportError(ValueError):
    """Why something cannot be exported, in one sentence."""


class Origin(NamedTuple):
    """Weights drawn from `seed`, unless `trained` names bundled ones."""

    seed: int = 0
    trained: str | None = None


UNTRAINED = Origin()


def check(spec: ArchitectureSpec, origin: Origin) -> None:
    """Refuse an origin that gives no weights for a spec.

    Raises:
        ExportError: for a seed out of bounds, or trained weights of another architecture.
        WeightsError: for an unknown name.
    """
    if not 0 <= origin.seed <= MAX_SEED:
        raise ExportError(f"seed={origin.seed}: a whole number from 0 to {MAX_SEED:,}")
    if origin.trained is not None:
        entry = weights.find(origin.trained)
        if entry.spec != spec:
            raise ExportError(f"the weights {entry.name} are those of {entry.spec}, not of {spec}")


def state_dict(spec: ArchitectureSpec, origin: Origin) -> "dict[str, Tensor]":
    """Return a network's weights and running statistics under their names in the module.

    Returns:
        Tensors that other threads may share: to be read only.
    Raises:
        WeightsError: if trained weights cannot be had.
    """
    from explorer.network import build

    module = build(spec, origin.seed) if origin.trained is None else weights.load(origin.trained)
    return {name: tensor.detach() for name, tensor in module.state_dict().items()}


def provenance(spec: ArchitectureSpec, origin: Origin) -> dict[str, str]:
    """Return what a file says about itself: the variant, its weights and who wrote it."""
    about = {"variant": str(spec), "written_by": f"ResNet Explorer {__version__}"}
    if origin.trained is None:
        return {**about, "weights": "untrained", "seed": str(origin.seed)}
    entry = weights.find(origin.trained)
    return {**about, "weights": entry.name, "source": entry.source, "licence": entry.licence}
