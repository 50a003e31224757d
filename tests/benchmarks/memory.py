"""Print the peak memory, in bytes, that one probe or one bare pass adds to a fresh process.

python -m tests.benchmarks.memory KIND VARIANT BATCH, where KIND is one of `PROBES` or "bare".
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def peak_bytes(kind: str, variant: str, batch: int) -> int:
    """The peak of a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.memory", kind, variant, str(batch)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return int(done.stdout)


def main(kind: str, variant: str, batch: int) -> None:
    from explorer.gradients import PROBES, ProbeSettings
    from tests.benchmarks.core import bare_pass

    def work(variant: str, batch: int) -> None:
        if kind == "bare":
            bare_pass(variant, batch)
        else:
            PROBES[kind](variant, ProbeSettings(batch=batch))

    work("resnet20-cifar", 2)  # loads what any pass needs
    before = _status_bytes("VmRSS")
    work(variant, batch)
    print(_status_bytes("VmHWM") - before)


def _status_bytes(field: str) -> int:
    """A line of /proc: `ru_maxrss` would start from the parent's peak."""
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return 1024 * int(value.split()[0])
    raise OSError(f"/proc/self/status has no {field}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
