"""What is installed is what was pinned, and what was pinned is what the README lists."""

import re
from importlib.metadata import distributions, requires, version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([\w.-]+)==([^\s]+)(?: --hash=sha256:([0-9a-f]{64}))?$")


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(file: str) -> dict[str, tuple[str, str | None]]:
    lines = [line for line in (ROOT / file).read_text().splitlines() if line[:1] not in ("", "#")]
    found = [PIN.match(line) for line in lines]
    assert all(found), "a line is no exact version"
    return {plain(match[1]): (match[2], match[3]) for match in found if match}


REQUIRED, TESTING, LOCKED = (
    pins(file) for file in ("requirements.txt", "tests/requirements.txt", "requirements.lock")
)


@pytest.mark.parametrize("name", [*LOCKED, *TESTING])
def test_the_installed_version_is_the_pinned_one(name):
    assert version(name) == (LOCKED | TESTING)[name][0]


def test_every_locked_file_has_its_sum():
    assert all(digest for _, digest in LOCKED.values())


def test_the_lock_holds_what_the_requirements_ask_for():
    for name, (wanted, _) in REQUIRED.items():
        assert LOCKED[name][0].partition("+")[0] == wanted


def test_the_lock_leaves_out_nothing_that_a_locked_package_needs():
    installed = {plain(each.name) for each in distributions()}
    for name in LOCKED:
        for line in requires(name) or ():
            needed, _, condition = line.partition(";")
            if condition:
                continue  # an extra, or another platform
            match = re.match(r"[\w.-]+", needed)
            assert match is not None
            assert plain(match[0]) in LOCKED.keys() & installed


def test_the_readme_lists_every_requirement_with_its_licence():
    table = (ROOT / "README.md").read_text().rpartition("\n## ")[2]
    rows = dict(re.findall(r"^\| `([\w-]+)` \| ([^|]+) \| [^|]+ \|$", table, re.MULTILINE))
    assert set(map(plain, rows)) == set(REQUIRED)
    assert all(licence.strip() for licence in rows.values())
