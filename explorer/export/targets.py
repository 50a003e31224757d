"""Everything a variant can be exported as: one entry a target."""

from collections.abc import Callable
from typing import NamedTuple

from explorer.analysis import analyze
from explorer.export.latex import layers_latex
from explorer.export.markdown import layers_markdown
from explorer.export.origin import UNTRAINED, ExportError, Origin, check, provenance, state_dict
from explorer.export.spec_json import write_spec
from explorer.export.table import layers_csv
from explorer.rules import no_such
from explorer.spec import ArchitectureSpec, parse


class Target(NamedTuple):
    """A form in which a variant leaves the explorer.

    Args:
        name: how the command line calls it.
        title: how a page calls it.
        about: what the file holds, in a few words.
        suffix: the file's, with its dot.
        has_weights: whether the file holds weights; it is binary then, and a text otherwise.
        write: gives the file's content; texts make nothing of the origin.
    """

    name: str
    title: str
    about: str
    suffix: str
    has_weights: bool
    write: Callable[[ArchitectureSpec, Origin], bytes]


def export(variant: ArchitectureSpec | str, to: str, origin: Origin = UNTRAINED) -> bytes:
    """Return a variant in another form.

    Args:
        variant: a spec or its text form.
        to: the name of a target: pytorch, onnx, safetensors, json, csv, latex or markdown.
        origin: where the weights of a file that holds any come from.
    Raises:
        SpecError: if the text stands for no network.
        ExportError: if there is no such target, or the network cannot be exported to it.
        WeightsError: for trained weights that are not there.
    """
    spec = parse(variant) if isinstance(variant, str) else variant
    return find(to).write(spec, origin)


def find(name: str) -> Target:
    """Return the target of that name.

    Raises:
        ExportError: if there is none; the message lists the nearest.
    """
    if name not in TARGETS:
        raise ExportError(no_such("target", name, tuple(TARGETS)))
    return TARGETS[name]


def file_name(spec: ArchitectureSpec, target: Target) -> str:
    """Return what a file of a variant is called."""
    return f"{spec}{target.suffix}"


def _onnx(spec: ArchitectureSpec, origin: Origin) -> bytes:
    from explorer.export.onnx import check_size, write_onnx

    check(spec, origin)
    check_size(spec)
    return write_onnx(spec, state_dict(spec, origin), provenance(spec, origin))


def _safetensors(spec: ArchitectureSpec, origin: Origin) -> bytes:
    from safetensors.torch import save

    check(spec, origin)
    return save(state_dict(spec, origin), {"format": "pt", **provenance(spec, origin)})


def _pytorch(spec: ArchitectureSpec, origin: Origin) -> bytes:
    from explorer.export.pytorch import pytorch_code

    return pytorch_code(spec).encode()


def _json(spec: ArchitectureSpec, origin: Origin) -> bytes:
    return write_spec(spec).encode()


def _csv(spec: ArchitectureSpec, origin: Origin) -> bytes:
    return layers_csv(analyze(spec)).encode()


def _latex(spec: ArchitectureSpec, origin: Origin) -> bytes:
    return layers_latex(analyze(spec)).encode()


def _markdown(spec: ArchitectureSpec, origin: Origin) -> bytes:
    return layers_markdown(analyze(spec)).encode()


_ALL = (
    Target("pytorch", "PyTorch", "readable code that needs torch alone", ".py", False, _pytorch),
    Target(
        "onnx",
        "ONNX",
        "eval mode, any batch size",
        ".onnx",
        True,
        _onnx,
    ),
    Target(
        "safetensors",
        "safetensors",
        "weights and running statistics",
        ".safetensors",
        True,
        _safetensors,
    ),
    Target("json", "JSON", "every choice that makes the variant", ".json", False, _json),
    Target("csv", "CSV", "the layer table, every column", ".csv", False, _csv),
    Target("latex", "LaTeX", "the layer table for a paper (booktabs)", ".tex", False, _latex),
    Target("markdown", "Markdown", "the layer table for a README", ".md", False, _markdown),
)

TARGETS = {target.name: target for target in _ALL}
