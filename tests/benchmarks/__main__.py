"""Measure the speed budget and print a table; exits with 1 if a line of it is missed.

python -m tests.benchmarks [--only NAME]
"""

import argparse
import importlib
import sys
from statistics import median

from tests.benchmarks.measuring import Benchmark, summary

SUITES = ("core", "training", "live", "experiments", "findings", "pages")
WIDTHS = (58, 58, 9, 18, 15, 6)
HEADINGS = ("what", "against", "median", "range", "budget", "")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", default="", metavar="NAME", help="lines that begin so")
    only = parser.parse_args().only
    chosen = [benchmark for benchmark in _all() if _label(benchmark).startswith(only)]
    if not chosen:
        names = ", ".join(dict.fromkeys(benchmark.name for benchmark in _all()))
        parser.error(f"nothing begins with {only!r}; there are {names}")
    _print_row(HEADINGS)
    missed = 0
    for benchmark in chosen:
        ratios = benchmark.measure()
        _print_row(summary(benchmark, ratios))
        missed += not benchmark.met_by(median(ratios))
    print(f"{len(chosen) - missed} of {len(chosen)} met")
    return 1 if missed else 0


def _all() -> list[Benchmark]:
    modules = [importlib.import_module(f"tests.benchmarks.{name}") for name in SUITES]
    return [benchmark for module in modules for benchmark in module.BENCHMARKS]


def _label(benchmark: Benchmark) -> str:
    return f"{benchmark.name}: {benchmark.what}"


def _print_row(cells: tuple[str, ...]) -> None:
    print(
        "  ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)).rstrip(),
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
