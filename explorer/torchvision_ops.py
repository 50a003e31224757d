"""Import torchvision beside any build of torch, also one its compiled extension cannot load into.

The default torchvision wheel is compiled against a CUDA torch. Beside a CPU-only torch its
extension fails to load and `import torchvision` stops with "operator torchvision::nms does not
exist", although models and transforms need no such operator. Declaring the two operators that
torchvision registers unconditionally is enough; calling them still fails with a clear error.
"""

import importlib
import importlib.util
from pathlib import Path
from threading import Lock
from types import ModuleType

import torch

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_lock = Lock()
_declared: list[torch.library.Library] = []  # a Library takes its operators along when collected


def import_torchvision() -> ModuleType:
    """Return the module torchvision, declaring the operators it misses first. Thread-safe.

    Raises:
        ModuleNotFoundError: if torchvision is not installed.
    """
    with _lock:
        if not _declared and not _extension_loads():
            library = torch.library.Library("torchvision", "FRAGMENT")
            for schema in _SCHEMAS:
                library.define(schema)
            _declared.append(library)
        return importlib.import_module("torchvision")


def _extension_loads() -> bool:
    """Say whether torchvision's operators exist once its compiled extension has been tried."""
    spec = importlib.util.find_spec("torchvision")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("torchvision is not installed: pip install torchvision")
    for folder in spec.submodule_search_locations:
        for library in (*Path(folder).glob("_C*.so"), *Path(folder).glob("_C*.pyd")):
            try:
                torch.ops.load_library(library)
            except (OSError, ImportError):
                continue
            return True
    return False
