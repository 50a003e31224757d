"""Who is connected to this server."""

from streamlit import runtime
from streamlit.runtime.stats import ACTIVE_SESSIONS_FAMILY


def count() -> int:
    """Return how many visitors are; 0 where no server runs."""
    if not runtime.exists():
        return 0
    families = runtime.get_instance().stats_mgr.get_stats([ACTIVE_SESSIONS_FAMILY])
    stats = families.get(ACTIVE_SESSIONS_FAMILY, ())
    return sum(int(getattr(stat, "value", 0)) for stat in stats)
