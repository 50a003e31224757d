"""Who is connected to this server, and who is choosing something just now."""

import time
from threading import Lock

from streamlit import runtime
from streamlit.runtime.stats import ACTIVE_SESSIONS_FAMILY

CHOOSING_S = 10.0
"""How long after a page was drawn for a visitor another choice may well follow."""

_lock = Lock()
_drawn_s: dict[str, float] = {}


def count() -> int:
    """Return how many visitors are connected; 0 where no server runs."""
    if not runtime.exists():
        return 0
    families = runtime.get_instance().stats_mgr.get_stats([ACTIVE_SESSIONS_FAMILY])
    stats = families.get(ACTIVE_SESSIONS_FAMILY, ())
    return sum(int(getattr(stat, "value", 0)) for stat in stats)


def note(session: str) -> None:
    """Take down that a page is drawn for a visitor."""
    with _lock:
        _drawn_s[session] = time.monotonic()


def choosing() -> int:
    """Return for how many visitors a page was drawn a moment ago."""
    since_s = time.monotonic() - CHOOSING_S
    with _lock:
        for session in [each for each, drawn_s in _drawn_s.items() if drawn_s < since_s]:
            del _drawn_s[session]
        return len(_drawn_s)
