"""Which networks can be given more units that are the identity, and when these are exact."""

from explorer.spec import ArchitectureSpec


def why_not(spec: ArchitectureSpec) -> str:
    """Return why a network's units cannot be the identity; an empty text if they can."""
    if spec.family != "residual":
        return "it has no units that keep the shape of their input"
    if spec.downsample_in != "first":
        return "the last unit of a stage halves the map, so that none can follow it"
    if spec.survival < 1:
        return "with more units, stochastic depth weighs the old ones otherwise"
    if spec.norm == "group" and not _ends_in_addition(spec):
        return "group normalisation standardises each picture, so that no unit passes it on"
    if spec.shortcut == "none" and spec.block != "basic":
        return "a bottleneck without a shortcut passes on fewer channels than it takes"
    if spec.shortcut == "none" and spec.se_ratio is not None:
        return "squeeze-excitation weighs every channel, and there is no way around it"
    if spec.shortcut not in ("A", "B", "none"):
        return "its shortcuts are not the identity"
    return ""


def exact_in_training(spec: ArchitectureSpec) -> bool:
    """Whether inserted units are the identity in training mode too."""
    return spec.norm == "none" or _ends_in_addition(spec)


def _ends_in_addition(spec: ArchitectureSpec) -> bool:
    """Whether no normalisation stands on the way around the branch."""
    return spec.residual and spec.ordering != "bn_after_addition"
