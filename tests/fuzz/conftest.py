"""Says how many hostile cases were tried."""

import pytest

from tests.fuzz import guard


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"{guard.counted:,} hostile cases")
