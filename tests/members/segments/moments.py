"""When the drawn members live, and the moments that things happen to them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)  # 11:00 in Shanghai
TODAY = date(2026, 11, 23)


def moment(rng, days):
    """A moment on one of the last days; often on the edge of a day in Shanghai."""
    day = datetime(2026, 11, 23, tzinfo=ZONE) - timedelta(days=rng.randint(0, days))
    edge = rng.choice([timedelta(), timedelta(hours=23, minutes=59, seconds=59), None])
    return day + (edge if edge is not None else timedelta(seconds=rng.randint(0, 86_399)))
