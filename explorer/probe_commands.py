"""The command `gradients`: the laboratory's probes of one batch. Torch waits until one runs."""

import argparse
from typing import Any, NamedTuple

from explorer import probing
from explorer.export.table import to_csv
from explorer.printing import print_json, print_table
from explorer.spec import ArchitectureSpec


class _Table(NamedTuple):
    """What a probe measures, and the numbers that are printed of it, under their headings."""

    about: str
    of: str
    columns: dict[str, str]


_TABLES = {
    "norms": _Table(
        "gradient norms of every layer",
        "layer",
        {
            "weight_gradient_norm": "|dL/dW|",
            "relative_weight_gradient": "|dL/dW| / |W|",
            "output_gradient_norm": "|dL/dy|",
            "output_gradient_rms": "rms dL/dy",
        },
    ),
    "pathways": _Table(
        "the gradient through every unit's shortcut and branch, apart",
        "unit",
        {
            "split_norm": "|sum|",
            "shortcut_norm": "|shortcut|",
            "branch_norm": "|branch|",
            "angle_degrees": "angle",
            "masked_share": "masked",
        },
    ),
    "activations": _Table(
        "the signal on its way forward",
        "layer",
        {
            "mean": "mean",
            "variance": "variance",
            "zeros": "zeros",
            "dead": "dead channels",
            "branch_over_shortcut": "|F(x)| / |x|",
        },
    ),
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add every option but the variant."""
    words = "; ".join(f"{name}: {table.about}" for name, table in _TABLES.items())
    parser.add_argument("--probe", choices=list(_TABLES), default="norms", help=words)
    parser.add_argument("--batch", type=int, default=8, help="noise images (default 8)")
    parser.add_argument("--seed", type=int, default=0, help="of weights, noise and labels")
    for name, known in (
        ("initialisation", probing.INITIALISATIONS),
        ("loss", probing.LOSSES),
        ("mode", probing.MODES),
    ):
        parser.add_argument(f"--{name}", choices=list(known), default=next(iter(known)))
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="everything, as one JSON object")
    form.add_argument("--csv", action="store_true", help="everything, a row for each layer or unit")


def measure(spec: ArchitectureSpec, options: argparse.Namespace) -> int:
    """Measure a network and print what was found.

    Raises:
        SpecError: if the variant or the batch allows no such measurement.
    """
    from explorer.gradients import PROBES

    settings = probing.ProbeSettings(
        batch=options.batch,
        seed=options.seed,
        initialisation=options.initialisation,
        loss=options.loss,
        mode=options.mode,
    )
    profile = PROBES[options.probe](spec, settings)
    if options.json:
        print_json(_as_dict(profile))
    elif options.csv:
        print(to_csv(probing.records([profile])), end="")
    else:
        _print(profile, _TABLES[options.probe])
    return 0


def _as_dict(profile: probing.Profile) -> dict[str, Any]:
    rows = profile.rows()
    return {
        "variant": str(profile.spec),
        "settings": probing.conditions(profile),
        "loss": profile.loss,
        "layers": [row for row in rows if row["kind"] != "unit"],
        "units": [row for row in rows if row["kind"] == "unit"],
    }


def _print(profile: probing.Profile, table: _Table) -> None:
    settings = profile.settings
    if profile.loss is None:
        words, loss = settings.forward_words, ""
    else:
        words, loss = settings.words, f"; loss {profile.loss:.4f}"
    print(f"{profile.spec}: batch of {settings.fed}; {words}{loss}")
    first = next(iter(table.columns))
    rows = [row for row in profile.rows() if row[first] is not None]
    print_table(
        (table.of, *table.columns.values()),
        [(row["name"], *(_cell(row[column]) for column in table.columns)) for row in rows],
        numeric=len(table.columns),
    )


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
