"""Send a class to servers of its own, and print what everybody waited for and what it cost.

python -m tests.load --light 22 --heavy 8 --seconds 60
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from statistics import median, quantiles

from tests.load.scenarios import Cost, Found, crowd
from tests.serving import Server, serve

_BYTES_PER_MB = 10**6


def main() -> int:
    """Run the load that the arguments ask for; 1 if anything went wrong or missed a bound."""
    arguments = _arguments()
    with ExitStack() as place:
        servers = [place.enter_context(serve()) for _ in range(arguments.servers)]
        ports = [server.port for server in servers]
        # Torch is loaded once, for whoever comes first.
        asyncio.run(crowd(ports, len(servers), 0, 5, 0))
        before = Cost.of(servers)
        started = time.monotonic()
        found, sizes = asyncio.run(_watched(servers, arguments))
        seconds = time.monotonic() - started
        after = Cost.of(servers)
        _say(arguments, found, after.cpu_s - before.cpu_s, seconds)
        time.sleep(arguments.leave)
        left = Cost.of(servers)
        _say_memory(before, left)
        problems = [*found.errors, *_missed(arguments, found, before, left), *_log(servers)]
        problems += _grown(sizes, arguments.growth)
    for problem in problems:
        print(f"PROBLEM {problem}")
    return 1 if problems else 0


async def _watched(
    servers: Sequence[Server], arguments: argparse.Namespace
) -> tuple[Found, list[int]]:
    """Let the class come; what it found, and the servers' memory meanwhile, every two seconds."""
    sizes: list[int] = []

    async def watch() -> None:
        while True:
            sizes.append(Cost.of(servers).memory_bytes)
            await asyncio.sleep(2)

    watching = asyncio.create_task(watch())
    ports = [server.port for server in servers]
    found = await crowd(ports, arguments.light, arguments.heavy, arguments.seconds, arguments.seed)
    watching.cancel()
    return found, sizes


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--light", type=int, default=30, help="visitors who look around")
    parser.add_argument("--heavy", type=int, default=0, help="visitors who have work done")
    parser.add_argument("--servers", type=int, default=1, help="that they share")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long they stay")
    parser.add_argument("--leave", type=float, default=0.0, help="seconds to wait once they left")
    parser.add_argument("--seed", type=int, default=0, help="of what they do")
    parser.add_argument("--p95", type=float, help="most milliseconds for 95% of the light steps")
    parser.add_argument("--unfair", type=float, help="longest wait for one kind of work, medians")
    parser.add_argument("--left", type=float, help="most percent of memory more once they left")
    parser.add_argument(
        "--growth", type=float, help="most percent that the last quarter uses above the second"
    )
    parser.add_argument("--peak", type=float, default=3000.0, help="most memory, MB")
    return parser.parse_args()


def _say(arguments: argparse.Namespace, found: Found, cpu_s: float, seconds: float) -> None:
    print(
        f"{arguments.light} look around, {arguments.heavy} have work done, {seconds:.0f} s; "
        f"{arguments.servers} server{'s' * (arguments.servers > 1)}, {cpu_s / seconds:.2f} cores"
    )
    kinds = {"arrival": found.arrival_s, "light": found.light_s, **found.heavy_s}
    for name, values in kinds.items():
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


def _missed(arguments: argparse.Namespace, found: Found, before: Cost, left: Cost) -> list[str]:
    missed = []
    if arguments.p95 and found.light_s:
        p95 = 1e3 * _percentiles(found.light_s)[1]
        if p95 > arguments.p95:
            missed.append(f"p95 {p95:.0f} ms, at most {arguments.p95:.0f} wanted")
    if left.peak_bytes > arguments.peak * _BYTES_PER_MB:
        missed.append(f"peak memory above {arguments.peak:.0f} MB")
    for name, values in found.heavy_s.items():
        if arguments.unfair and max(values) > arguments.unfair * median(values):
            missed.append(f"{name}: somebody waited {max(values) / median(values):.1f} medians")
    if arguments.left is not None and left.memory_bytes > before.memory_bytes * (
        1 + arguments.left / 100
    ):
        missed.append(f"memory more than {arguments.left:.0f}% above the start after they left")
    return missed


def _grown(sizes: Sequence[int], most: float | None) -> list[str]:
    """Compare quarters of the stay; the first is the one in which caches fill."""
    quarter = len(sizes) // 4
    if most is None or not quarter:
        return []
    early, late = median(sizes[quarter : 2 * quarter]), median(sizes[-quarter:])
    grown = 100 * (late / early - 1)
    print(f"memory of the last quarter against the second: {grown:+.1f}%")
    return [f"memory grew by {grown:.0f}%"] if grown > most else []


def _log(servers: Sequence[Server]) -> list[str]:
    logs = [server.log() for server in servers]
    return [f"a server's log has a traceback:\n{log}" for log in logs if "Traceback" in log]


if __name__ == "__main__":
    sys.exit(main())
