"""Draws members, their cars, orders, tags and consents as columns; touches no database."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from integrations.demo import names

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.random import Generator
    from numpy.typing import NDArray

    from integrations.demo.organization import Network

    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

DAY = 86_400_000_000  # microseconds
STAGES = ("prospect", "introduction", "growth", "mature", "dormant", "lost")
SOURCES = ("app", "dealer", "wecom", "import")
GENDERS = ("f", "m", "")
CHANNELS = ("app", "dealer", "mall", "live")
# What is bought through each, of small orders and of those from so many fen on.
CATEGORIES = {
    "app": ("周边", 20_000, "精品"),
    "dealer": ("保养", 180_000, "保险"),
    "mall": ("配件", 30_000, "精品"),
    "live": ("周边", 15_000, "配件"),
}
SHANGHAI = 8 * 3_600_000_000
OPENS_AT = 9  # o'clock, when members are taken in
TWICE = 12  # members who are two in the books


@dataclass(frozen=True, slots=True)
class People:
    """One entry per member in every column; -1 stands for unknown in the integer ones."""

    names: list[str]
    genders: Ints
    phones: list[str]
    has_phone: Bools
    dealers: Ints  # position in the network
    has_city: Bools
    has_car: Bools
    delivered_days: Ints  # days since 1970
    joined_days: Ints
    stages: Ints
    stage_days: Ints
    sources: Ints
    active_micros: Ints

    def __len__(self) -> int:
        """Return how many members were drawn."""
        return len(self.names)

    @property
    def joined_micros(self) -> Ints:
        """When each was taken in: at nine in the morning."""
        return self.joined_days * DAY + OPENS_AT * 3_600_000_000 - SHANGHAI


def draw(*, count: int, network: Network, now: datetime, rng: Generator, seed: int) -> People:
    """Draw ``count`` members as a dealer network would know them."""
    today = today_of(now)
    genders = rng.choice(3, size=count, p=[0.42, 0.54, 0.04])
    dealers = rng.choice(len(network.weights), size=count, p=network.weights)
    dealers[rng.random(count) < 0.02] = -1
    has_car = rng.random(count) < 0.84
    age = np.minimum(rng.exponential(620, size=count), 3200).astype(np.int64)
    delivered = np.where(has_car, today - age, -1)
    since = np.where(has_car, age, np.minimum(rng.exponential(240, count), 2000).astype(np.int64))
    # Some were known as prospects for a while before they bought; most came with their car.
    known = np.where(rng.random(count) < 0.3, rng.integers(1, 40, size=count), 0)
    # Before the doors open nobody has come today.
    latest = today if hours_of(now) >= OPENS_AT else today - 1
    joined = np.minimum(np.where(has_car, delivered - known, today - since), latest)
    # Who came this morning was last active at some moment since.
    so_far = since + max(0.0, hours_of(now) - OPENS_AT) / 24
    idle = np.minimum(rng.exponential(34, size=count), so_far * rng.random(count))
    active = micros_of(now) - (idle * DAY).astype(np.int64)
    active[rng.random(count) < 0.03] = -1
    stages, stage_days = _stages(has_car, age, idle, joined, today, delivered)
    # Who came earlier has the smaller number, as with members who came one by one.
    order = np.argsort(joined, kind="stable")
    genders = genders[order]
    drawn = People(
        names=names.full_names(rng, genders),
        genders=genders,
        phones=names.phones(count, seed),
        has_phone=rng.random(count) < 0.975,
        dealers=dealers[order],
        has_city=rng.random(count) < 0.985,
        has_car=has_car[order],
        delivered_days=delivered[order],
        joined_days=joined[order],
        stages=stages[order],
        stage_days=stage_days[order],
        sources=rng.choice(4, size=count, p=[0.44, 0.33, 0.16, 0.07]),
        active_micros=active[order],
    )
    _come_twice(drawn)
    return drawn


def _come_twice(people: People) -> None:
    """Let a few be taken in a second time by their dealer, without a phone."""
    for nth in range(min(TWICE, len(people) // 500)):
        first, again = len(people) // 2 + nth * 11, len(people) - 3 - nth * 7
        people.names[again] = people.names[first]
        people.genders[again] = people.genders[first]
        people.dealers[again] = people.dealers[first]
        people.has_phone[again] = False


def _stages(
    has_car: Bools,
    age: Ints,
    idle: NDArray[np.float64],
    joined: Ints,
    today: int,
    delivered: Ints,
) -> tuple[Ints, Ints]:
    """Return each member's stage and the day it began, by the rules of the lifecycle."""
    conditions = [idle > 180, idle > 90, ~has_car, age <= 90, age <= 730]
    stages = np.select(conditions, [5, 4, 0, 1, 2], default=3)
    left = today - idle.astype(np.int64)
    since = [left + 180, left + 90, joined, delivered, delivered + 91]
    return stages, np.minimum(np.select(conditions, since, default=delivered + 731), today)


@dataclass(frozen=True, slots=True)
class Orders:
    """One entry per order: whose, when, how much, how many, through which channel."""

    members: Ints  # position among the people
    micros: Ints
    fen: Ints
    quantities: Ints
    channels: Ints


def orders(*, people: People, now: datetime, rng: Generator) -> Orders:
    """Draw orders over the last three years; those who own a car buy more."""
    count = len(people)
    mean = np.where(people.has_car, 4.7, 0.8) * rng.gamma(0.8, 1.25, size=count)
    members = np.repeat(np.arange(count), rng.poisson(mean))
    ago = np.minimum(rng.exponential(330, size=len(members)), 1095)
    # Nobody is known to have bought before they were known: those who came lately bought less.
    known = ago < (today_of(now) - people.joined_days)[members]
    members, ago = members[known], ago[known]
    total = len(members)
    channels = rng.choice(4, size=total, p=[0.36, 0.34, 0.22, 0.08])
    typical = np.array([120.0, 980.0, 260.0, 90.0])[channels]
    fen = np.maximum(
        100, np.round(typical * rng.lognormal(0, 0.7, size=total)).astype(np.int64) * 100
    )
    micros = micros_of(now) - (ago * DAY).astype(np.int64)
    # Orders come in at waking hours: fold the night into the day.
    hour = (micros + SHANGHAI) % DAY // 3_600_000_000
    micros = np.minimum(micros + np.where(hour < 8, 9 * 3_600_000_000, 0), micros_of(now))
    quantities = 1 + rng.poisson(0.4, size=total)
    return Orders(members, micros // 1_000_000 * 1_000_000, fen, quantities, channels)


def holders(*, count: int, share: float, rng: Generator) -> Ints:
    """Return the positions of those who have something that ``share`` of all have, ascending."""
    return np.flatnonzero(rng.random(count) < share)


def split(*, count: int, shares: list[float], rng: Generator) -> list[Ints]:
    """Return who has which of several things nobody has two of, each list ascending."""
    edges = np.cumsum([0.0, *shares])
    drawn = rng.random(count)
    return [np.flatnonzero((drawn >= low) & (drawn < high)) for low, high in pairwise(edges)]


def micros_of(moment: datetime) -> int:
    """Return microseconds since 1970."""
    return int(moment.timestamp()) * 1_000_000


def hours_of(moment: datetime) -> float:
    """Return how long the day in Shanghai has lasted, in hours."""
    return (micros_of(moment) + SHANGHAI) % DAY / DAY * 24


def today_of(moment: datetime) -> int:
    """Return the day in Shanghai, counted from 1970."""
    return (micros_of(moment) + SHANGHAI) // DAY
