"""Send a class to a server of its own, and print what everybody waited for and what it cost.

python -m tests.load --light 30 --heavy 8 --seconds 60
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from statistics import median, quantiles

from tests.load.scenarios import Cost, Found, crowd
from tests.serving import Server, serve

_BYTES_PER_MB = 10**6


def main() -> int:
    """Run the load that the arguments ask for; 1 if anything went wrong or missed a bound."""
    arguments = _arguments()
    with serve() as server:
        asyncio.run(crowd(server.port, 1, 0, 5, 0))  # torch is loaded once, for whoever comes first
        before = Cost.of(server)
        started = time.monotonic()
        found = asyncio.run(
            crowd(server.port, arguments.light, arguments.heavy, arguments.seconds, arguments.seed)
        )
        seconds = time.monotonic() - started
        after = Cost.of(server)
        _say(arguments, found, after.cpu_s - before.cpu_s, seconds)
        time.sleep(arguments.leave)
        left = Cost.of(server)
        _say_memory(before, left)
        problems = [*found.errors, *_missed(arguments, found, left), *_log(server)]
    for problem in problems:
        print(f"PROBLEM {problem}")
    return 1 if problems else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--light", type=int, default=30, help="visitors who look around")
    parser.add_argument("--heavy", type=int, default=0, help="visitors who have work done")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long they stay")
    parser.add_argument("--leave", type=float, default=0.0, help="seconds to wait once they left")
    parser.add_argument("--seed", type=int, default=0, help="of what they do")
    parser.add_argument("--p95", type=float, help="most milliseconds for 95% of the light steps")
    parser.add_argument("--peak", type=float, default=3000.0, help="most memory, MB")
    return parser.parse_args()


def _say(arguments: argparse.Namespace, found: Found, cpu_s: float, seconds: float) -> None:
    print(
        f"{arguments.light} look around, {arguments.heavy} have work done, {seconds:.0f} s; "
        f"server {cpu_s / seconds:.2f} cores"
    )
    for name, values in {"light": found.light_s, **found.heavy_s}.items():
        if values:
            p50, p95, p99 = _percentiles(values)
            print(
                f"{name:10} {len(values):5} times, p50 {1e3 * p50:6.0f} ms, p95 {1e3 * p95:6.0f}, "
                f"p99 {1e3 * p99:6.0f}, longest {max(values) / p50:4.1f} times the median"
            )


def _say_memory(before: Cost, left: Cost) -> None:
    grown = left.memory_bytes / before.memory_bytes - 1
    print(
        f"memory {before.memory_bytes / _BYTES_PER_MB:.0f} MB before, peak "
        f"{left.peak_bytes / _BYTES_PER_MB:.0f} MB, {left.memory_bytes / _BYTES_PER_MB:.0f} MB "
        f"after ({grown:+.0%})"
    )


def _percentiles(values: Sequence[float]) -> tuple[float, float, float]:
    if len(values) < 2:
        return values[0], values[0], values[0]
    cuts = quantiles(values, n=100, method="inclusive")
    return median(values), cuts[94], cuts[98]


def _missed(arguments: argparse.Namespace, found: Found, left: Cost) -> list[str]:
    missed = []
    if arguments.p95 and found.light_s:
        p95 = 1e3 * _percentiles(found.light_s)[1]
        if p95 > arguments.p95:
            missed.append(f"p95 {p95:.0f} ms, at most {arguments.p95:.0f} wanted")
    if left.peak_bytes > arguments.peak * _BYTES_PER_MB:
        missed.append(f"peak memory above {arguments.peak:.0f} MB")
    return missed


def _log(server: Server) -> list[str]:
    return (
        [f"the server's log has a traceback:\n{server.log()}"]
        if "Traceback" in server.log()
        else []
    )


sys.exit(main())
