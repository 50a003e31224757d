"""Print the exact files that the requirements resolve to here, with their sums, for pip."""

import json
import platform
import subprocess
import sys
from pathlib import Path

_HEAD = """\
# The exact environment that was tested: Python {python}, {machine}; made by `make lock`.
# pip install --require-hashes --extra-index-url https://download.pytorch.org/whl/cpu -r {name}
# torch is the build without CUDA, which that index has.
"""


def main(requirements: str, name: str) -> None:
    """Print the lock file that goes by `name`."""
    resolve = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    resolve += ["--dry-run", "--ignore-installed", "--report", "-", "-r", requirements]
    report = json.loads(subprocess.run(resolve, stdout=subprocess.PIPE, check=True).stdout)
    python = ".".join(platform.python_version_tuple()[:2])
    machine = f"{platform.system()} {platform.machine()}"
    print(_HEAD.format(python=python, machine=machine, name=Path(name).name), end="")
    found = {each["metadata"]["name"]: each for each in report["install"]}
    for package, each in sorted(found.items(), key=lambda item: item[0].lower()):
        digest = each["download_info"]["archive_info"]["hashes"]["sha256"]
        print(f"{package}=={each['metadata']['version']} --hash=sha256:{digest}")


main(*sys.argv[1:])
