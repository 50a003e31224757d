"""ResNet Explorer: residual networks as data, as numbers and as PyTorch modules.

    >>> import explorer
    >>> explorer.analyze("resnet50,ordering=v2").parameters
    25549352

Torch is imported only when a module is built.
"""

from typing import TYPE_CHECKING, Any

from explorer.analysis import Analysis, analyze
from explorer.rows import LayerRow
from explorer.spec import ArchitectureSpec, SpecError, parse

if TYPE_CHECKING:
    from explorer.network import build

__all__ = [
    "Analysis",
    "ArchitectureSpec",
    "LayerRow",
    "SpecError",
    "analyze",
    "build",
    "parse",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import what needs torch on first use."""
    if name == "build":
        from explorer.network import build

        return build
    raise AttributeError(f"module 'explorer' has no attribute {name!r}")
