"""The two depths between which the pages are switched, and what says that one is drawn."""

from explorer.analysis import analyze


def _told(*depths: int) -> dict[str, str]:
    units = {50: "3-4-6-3", 101: "3-4-23-3", 152: "3-8-36-3", 200: "3-24-36-3"}
    counts = {depth: len(analyze(f"resnet{depth}").layers) for depth in depths}
    return {
        f"{depth} layers ({units[depth]})": f"{count} of {count} layers"
        for depth, count in counts.items()
    }


DEPTHS = _told(50, 101)
LARGE_DEPTHS = _told(152, 200)
