"""Fixtures and settings for all tests."""

import os
from collections.abc import Iterator

import hypothesis
import pytest

from tests.serving import Server, serve

# Examples are timed by the benchmarks, not here; continuous integration repeats the same ones.
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") == "true" else "local")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The app, served once for all tests that ask for it."""
    with serve() as running:
        yield running
