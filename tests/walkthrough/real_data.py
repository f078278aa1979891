"""The real purchase history, spread over dealers in real cities by a stated rule.

Rule (docs/walkthrough.md repeats it):
* the cities are every fifth one of the list of China's cities, in the order of their codes, that
  has a name of its own, up to sixty;
* each city has two dealers, so that dealer n of 120 sits in city n // 2;
* customer k, counting from 0 in the order of the customer numbers, belongs to dealer k mod 120;
* an order keeps its customer, date and quantity; its number is CD- and its place in the file; its
  amount in US cents is stored as so many minor units.

Everything that the test expects is computed here with pandas, from the same files and nothing
else: no query, no code of the product.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from tests.shared_data import shared_file

if TYPE_CHECKING:
    from pathlib import Path

PURCHASES, CITIES_OF_CHINA = map(shared_file, ("purchases.csv", "divisions_cities.csv"))
CITIES, DEALERS_PER_CITY = 60, 2
DEALERS = CITIES * DEALERS_PER_CITY
ROOM_CAP = 200
REFERENCE_DAY = pd.Timestamp("1998-06-30")
WINDOW_DAYS = 180
NAMELESS = ("市辖区", "县", "直辖县级行政区划")


@dataclass(frozen=True)
class Place:
    """One dealer and its city."""

    dealer_code: str
    dealer_name: str
    city_code: str
    city_name: str


@dataclass(frozen=True)
class Expected:
    """What an independent computation says must come out."""

    members: int
    orders: int
    amount_minor: int
    repeat_buyers: int
    service_communities: int
    service_rooms: int
    conversion_communities: int
    conversion_rooms: int


def is_available() -> bool:
    """Whether the real data lies around the checkout."""
    return PURCHASES.exists() and CITIES_OF_CHINA.exists()


def places() -> list[Place]:
    """Return the 120 dealers of the rule."""
    cities = pd.read_csv(CITIES_OF_CHINA, dtype=str).sort_values("code")
    named = cities[~cities["name"].str.endswith(NAMELESS)].iloc[::5].head(CITIES)
    return [
        Place(f"W{2 * n + k:03}", f"{row.name_}{'东西'[k]}店", row.code, row.name_)
        for n, row in enumerate(named.rename(columns={"name": "name_"}).itertuples())
        for k in range(DEALERS_PER_CITY)
    ]


def purchases() -> pd.DataFrame:
    """Return one row per order: customer, day, quantity, cents and dealer index."""
    frame = pd.read_csv(PURCHASES, dtype={"customer_id": str})
    frame["day"] = pd.to_datetime(frame["date"])
    frame["cents"] = (frame["amount_usd"] * 100).round().astype("int64")
    order = {customer: k for k, customer in enumerate(sorted(frame["customer_id"].unique()))}
    frame["dealer"] = frame["customer_id"].map(order) % DEALERS
    return frame


def expected() -> Expected:
    """Compute every figure of the walk-through."""
    frame = purchases()
    customers = frame.groupby("customer_id")["dealer"].first()
    since = REFERENCE_DAY - pd.Timedelta(days=WINDOW_DAYS)
    recent = frame[(frame["day"] >= since) & (frame["day"] <= REFERENCE_DAY)]
    counts = recent.groupby("customer_id").size()
    buyers = counts[counts >= 2].index
    per_city = (customers // DEALERS_PER_CITY).value_counts()
    per_dealer = customers[buyers].value_counts()
    return Expected(
        members=len(customers),
        orders=len(frame),
        amount_minor=int(frame["cents"].sum()),
        repeat_buyers=len(buyers),
        service_communities=len(per_city),
        service_rooms=sum(math.ceil(people / ROOM_CAP) for people in per_city),
        conversion_communities=len(per_dealer),
        conversion_rooms=sum(math.ceil(people / ROOM_CAP) for people in per_dealer),
    )


def write_customers(path: Path) -> None:
    """Write the customers as a file that an operator would upload."""
    frame, dealers = purchases(), places()
    first = frame.groupby("customer_id").agg(dealer=("dealer", "first"), day=("day", "min"))
    with path.open("w", newline="", encoding="utf-8-sig") as stream:
        writer = csv.writer(stream)
        writer.writerow(["客户编号", "姓名", "城市", "经销商", "入会日期"])
        for number, row in first.iterrows():
            place = dealers[row["dealer"]]
            joined = row["day"].strftime("%Y-%m-%d")
            writer.writerow([number, f"客户{number}", place.city_name, place.dealer_code, joined])


def write_orders(path: Path) -> None:
    """Write the orders as a file that an operator would upload."""
    with path.open("w", newline="", encoding="utf-8-sig") as stream:
        writer = csv.writer(stream)
        writer.writerow(["订单号", "客户编号", "下单时间", "金额", "数量"])
        for place, row in enumerate(purchases().itertuples(), start=1):
            amount = f"{row.cents // 100}.{row.cents % 100:02}"
            writer.writerow([f"CD-{place:06}", row.customer_id, row.date, amount, row.quantity])
