"""The command line: python -m explorer COMMAND; --help lists the commands.

Whatever is wrong with what was asked is one line on stderr and status 2.
"""

import argparse
import sys
from pathlib import Path
from typing import NoReturn

from explorer import probe_commands, probing, side_by_side, weights_commands
from explorer.analysis import Analysis, analyze
from explorer.export import targets
from explorer.export.origin import Origin
from explorer.export.spec_json import read_spec
from explorer.export.table import layers_csv
from explorer.printing import print_json, print_table
from explorer.rules import quote
from explorer.shortage import out_of_memory
from explorer.spec import ArchitectureSpec, parse
from explorer.training import tuning_command
from explorer.training.command import add_options, train
from explorer.tray import MAX_VARIANTS, Variant
from explorer.words import sentence, title

_LONGEST = 400  # signs of a message, which repeats what was typed
_TEXT_HELP = (
    "a variant: a network's name, then field=value, as in resnet50,ordering=v2; "
    "or a file, written by export --to json"
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.command(options)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        sys.stderr.close()
        return 0
    except (ValueError, OSError, MemoryError, RuntimeError) as error:
        print(f"explorer: {_in_words(error)}", file=sys.stderr)
        return 2
    return status


def _in_words(error: Exception) -> str:
    """Say what went wrong; what is nobody's fault but ours is raised again."""
    if out_of_memory(error):
        return "there is not enough memory: a smaller batch, picture or network may fit"
    if isinstance(error, RuntimeError):
        raise error
    if isinstance(error, OSError) and error.strerror:
        return f"{quote(error.filename)}: {error.strerror}" if error.filename else error.strerror
    return str(error)


class _Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        line = " ".join(message.split())
        short = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."
        self.exit(2, f"{self.prog}: {short}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="explorer", description="Residual networks in numbers.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    describe = commands.add_parser("describe", help="layers, parameters, MACs and memory")
    describe.add_argument("text", metavar="TEXT", help=_TEXT_HELP)
    form = describe.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="everything, as one JSON object")
    form.add_argument("--csv", action="store_true", help="the layer table, as CSV")
    describe.set_defaults(command=_describe)

    compare = commands.add_parser("compare", help="two to four variants side by side")
    compare.add_argument("texts", metavar="TEXT", nargs="+", help=_TEXT_HELP)
    compare.add_argument("--json", action="store_true", help="everything, as one JSON object")
    compare.set_defaults(command=_compare)

    export = commands.add_parser("export", help="a variant as a file for other programs")
    export.add_argument("text", metavar="TEXT", help=_TEXT_HELP)
    export.add_argument("--to", required=True, choices=targets.TARGETS, help=_targets_help())
    export.add_argument(
        "-o", dest="file", type=Path, metavar="FILE", help="where to; replaces a file of that name"
    )
    origin = export.add_mutually_exclusive_group()
    origin.add_argument("--seed", type=int, default=0, help="of the weights (default 0)")
    origin.add_argument("--weights", metavar="NAME", help="trained ones; predict lists them")
    export.set_defaults(command=_export)

    report = commands.add_parser("report", help="one to four variants as one HTML file")
    report.add_argument("texts", metavar="TEXT", nargs="+", help=_TEXT_HELP)
    report.add_argument("-o", dest="file", type=Path, metavar="FILE", required=True)
    report.add_argument("--gradients", action="store_true", help="measure them for it")
    report.add_argument("--batch", type=int, default=8, help="noise images (default 8)")
    report.add_argument("--seed", type=int, default=0, help="of weights, noise and labels")
    report.set_defaults(command=_report)

    gradients = commands.add_parser("gradients", help="gradients and signals at initialisation")
    gradients.add_argument("text", metavar="TEXT", help=_TEXT_HELP)
    probe_commands.add_options(gradients)
    gradients.set_defaults(command=_gradients)

    predict = commands.add_parser("predict", help="what pictures show")
    weights_commands.add_predict_options(predict)
    predict.set_defaults(command=weights_commands.predict)

    fetch = commands.add_parser("fetch", help="have trained weights on this machine")
    fetch.add_argument("names", metavar="NAME", nargs="+", help="predict --weights list names them")
    fetch.set_defaults(command=lambda options: weights_commands.fetch(options.names))

    convert = commands.add_parser("convert", help="a PyTorch checkpoint as a safetensors file")
    weights_commands.add_convert_options(convert)
    convert.add_argument("text", metavar="TEXT", nargs="?", help=f"what it must fit: {_TEXT_HELP}")
    convert.set_defaults(command=_convert)

    tuning = commands.add_parser("finetune", help="teach ResNet-50 classes of your own")
    tuning_command.add_options(tuning)
    tuning.set_defaults(command=tuning_command.finetune)

    training = commands.add_parser("train", help="train a network on labelled pictures")
    training.add_argument("text", metavar="TEXT", help=_TEXT_HELP)
    add_options(training)
    training.set_defaults(command=_train)
    return parser


def _variant(text: str) -> ArchitectureSpec:
    """Read what stands for a variant: a text form, or the name of a JSON file."""
    if not text.lower().endswith(".json"):
        return parse(text)
    try:
        return read_spec(Path(text).read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{text}: {error.strerror or error}") from None
    except ValueError as error:
        raise ValueError(f"{text}: {error}") from None


def _describe(options: argparse.Namespace) -> int:
    analysis = analyze(_variant(options.text))
    if options.json:
        print_json(analysis.as_dict())
    elif options.csv:
        print(layers_csv(analysis), end="")
    else:
        _print_description(analysis)
    return 0


def _print_description(analysis: Analysis) -> None:
    print(f"{title(analysis.spec)} ({analysis.spec})")
    print(sentence(analysis.spec))
    for label, value in (
        ("parameters", f"{analysis.parameters:,}"),
        ("MACs", f"{analysis.macs:,} per picture"),
        ("FLOPs", f"{analysis.flops:,} per picture, 2 x MACs"),
        ("depth", f"{analysis.depth:,} weighted layers"),
        ("receptive field", f"{analysis.receptive_field:,} pixels"),
        ("weights", f"{analysis.weights_bytes:,} bytes in float32"),
        ("activations", f"{analysis.activation_bytes:,} bytes per picture, all outputs in float32"),
        (
            "training keeps",
            f"{analysis.saved_for_backward_bytes:,} bytes until the backward pass, one picture",
        ),
        ("prediction peak", f"{analysis.peak_inference_bytes:,} bytes alive at once, one picture"),
        ("intensity", f"{analysis.arithmetic_intensity:.1f} FLOPs per byte read or written"),
    ):
        print(f"  {label:<16} {value}")
    rows = [
        (
            row.name,
            row.kind,
            "x".join(map(str, row.output_shape)),
            f"{row.parameters:,}",
            f"{row.macs:,}",
        )
        for row in analysis.layers
    ]
    print_table(("layer", "kind", "output", "parameters", "MACs"), rows, numeric=2)


def _compare(options: argparse.Namespace) -> int:
    specs = [_variant(text) for text in options.texts]
    if options.json:
        print_json(side_by_side.as_dict(specs))
        return 0
    side_by_side.check_count(specs)
    header, *rows = side_by_side.table(specs)
    print_table(header, rows, numeric=len(header) - 1)
    for line in side_by_side.words(specs):
        print(line)
    return 0


def _report(options: argparse.Namespace) -> int:
    from datetime import date

    from explorer.export.report import report

    variants = [Variant(_variant(text)) for text in options.texts]
    if len(variants) > MAX_VARIANTS:
        raise ValueError(f"a report takes at most {MAX_VARIANTS} variants, not {len(variants)}")
    profiles = []
    if options.gradients:
        from explorer.gradients import probe

        settings = probing.ProbeSettings(batch=options.batch, seed=options.seed)
        profiles = [probe(each.spec, settings) for each in variants]
    _write(options.file, report(variants, profiles, date=date.today().isoformat()).encode())
    return 0


def _targets_help() -> str:
    return "; ".join(f"{target.name}: {target.about}" for target in targets.TARGETS.values())


def _export(options: argparse.Namespace) -> int:
    target = targets.find(options.to)
    if target.has_weights and options.file is None:
        raise ValueError(f"--to {target.name} is no text: name a file, as in -o net{target.suffix}")
    origin = Origin(options.seed, options.weights)
    content = targets.export(_variant(options.text), target.name, origin)
    if options.file is None:
        print(content.decode(), end="")
        return 0
    _write(options.file, content)
    return 0


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise ValueError(f"{file}: {error.strerror or error}") from None


def _gradients(options: argparse.Namespace) -> int:
    return probe_commands.measure(_variant(options.text), options)


def _convert(options: argparse.Namespace) -> int:
    spec = None if options.text is None else _variant(options.text)
    return weights_commands.convert(spec, options)


def _train(options: argparse.Namespace) -> int:
    return train(_variant(options.text), options)


if __name__ == "__main__":
    sys.exit(main())
