from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from django.db import connection

from core.kernel import crypto
from members.erasure import ports
from members.erasure.models import Erasure, ErasurePolicy
from members.erasure.rules import Kind, Trace, Traces

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from core.kernel.access import Viewer
    from members.profiles.models import Member

KIND = "erase_members"
LOCK = "hashtextextended('members.erasure', %s)"
LET_NOBODY_GO = f"SELECT pg_advisory_xact_lock_shared({LOCK})"
LET_NOBODY_IN = f"SELECT pg_advisory_xact_lock({LOCK})"


def grace_days(*, brand_id: int) -> int:
    """Return how many days the brand lets a deletion wait."""
    rows = ErasurePolicy.objects.filter(brand_id=brand_id).values_list("grace_days", flat=True)
    return rows.first() or 0


def waiting_of(*, viewer: Viewer, member_id: int) -> Erasure | None:
    """Return the deletion that waits for a member or is at work, if any."""
    rows = Erasure.objects.visible_to(viewer).filter(member_id=member_id)
    return rows.filter(state__in=[Erasure.State.WAITING, Erasure.State.RUNNING]).first()


def any_waits(*, brand_id: int, member_ids: Sequence[int]) -> bool:
    """Whether one of these members is to be deleted."""
    rows = Erasure.objects.filter(brand_id=brand_id, member_id__in=member_ids)
    return rows.filter(state__in=[Erasure.State.WAITING, Erasure.State.RUNNING]).exists()


def without_member(*, text: str, member: Member, more: Iterable[str] = ()) -> str:
    """Return a text without what gives a member away: for the trail, which nothing can leave.

    ``more`` are further names and numbers of theirs.
    """
    known = [Trace(member.pk, Kind.NAME, member.display_name)]
    numbers = [*more, member.customer_no or ""]
    if member.phone_cipher is not None:
        numbers.append(crypto.decrypt(bytes(member.phone_cipher)))
    known += [Trace(member.pk, Kind.NUMBER, number) for number in numbers if number]
    return str(Traces(tuple(known)).without(text))


def gone(*, viewer: Viewer, member_id: int) -> Erasure | None:
    """Return how somebody was deleted who was in the viewer's sight."""
    rows = Erasure.objects.visible_to(viewer).filter(member_id=member_id)
    return rows.filter(rows_gone_at__isnull=False).order_by("-pk").first()


def mark_of(*, brand_id: int, member_id: int, created_at: datetime) -> bytes:
    """Return the keyed hash by which a restored backup knows this very person again."""
    value = f"{member_id} {created_at.isoformat()}"
    return crypto.lookup_hash(brand_id=brand_id, kind="erased", value=value)


def sealed(traces: Iterable[Trace]) -> bytes:
    """Return traces as they may lie in a table."""
    return crypto.encrypt(json.dumps([asdict(trace) for trace in traces], ensure_ascii=False))


def traces_of(*, run_id: int, brand_id: int) -> Traces:
    """Return the traces of everybody whom a run erases."""
    rows = Erasure.objects.filter(
        brand_id=brand_id, run_id=run_id, state=Erasure.State.RUNNING, traces__isnull=False
    )
    return _opened(rows)


def traces_of_going(*, brand_id: int) -> Traces:
    """Return the traces of everybody whose rows are gone and whose texts are not, yet."""
    open_ = [Erasure.State.WAITING, Erasure.State.RUNNING]
    rows = Erasure.objects.filter(brand_id=brand_id, state__in=open_, traces__isnull=False)
    return _opened(rows)


def let_nobody_go(*, brand_id: int) -> None:
    """Let nobody's rows go until the transaction ends; a deletion at work is waited for.

    For who copies people, or their numbers, without holding each of them.
    """
    with connection.cursor() as cursor:
        cursor.execute(LET_NOBODY_GO, [brand_id])


def wait_for_writers(*, brand_id: int) -> None:
    """Wait until those have committed who called ``let_nobody_go``; others wait for us."""
    with connection.cursor() as cursor:
        cursor.execute(LET_NOBODY_IN, [brand_id])


def _opened(rows: QuerySet[Erasure]) -> Traces:
    found: dict[Trace, None] = {}
    for sealed_traces in rows.order_by("pk").values_list("traces", flat=True):
        for one in json.loads(crypto.decrypt(bytes(sealed_traces or b""))):
            found[Trace(one["member_id"], Kind(one["kind"]), one["text"])] = None
    return Traces(tuple(found))


@dataclass(frozen=True, slots=True)
class Area:
    """What one table keeps of somebody: how many rows go, how many stay, and why they do."""

    key: str
    label: str
    goes: int
    stays: int
    why: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a deletion would reach; ``people`` counts the member and who was merged into them."""

    people: int
    areas: list[Area]

    @property
    def going(self) -> list[Area]:
        """Where something goes, the most first."""
        return sorted((a for a in self.areas if a.goes), key=lambda a: -a.goes)

    @property
    def staying(self) -> list[Area]:
        """Where something stays."""
        return [a for a in self.areas if a.stays]


def preview(*, member: Member, now: datetime) -> Preview:
    """Count what is kept of a member, table by table: one statement for each that is announced.

    Texts that are searched through, and files, are found while the deletion runs.
    """
    kin = ports.kin_of(brand_id=member.brand_id, ids=[member.pk])
    ids = tuple(sorted({member.pk, *kin}))
    erasing = ports.Erasing(brand_id=member.brand_id, ids=ids, now=now)
    return Preview(len(ids), [_area(holding, erasing) for holding in ports.holdings()])


def _area(holding: ports.Holding, erasing: ports.Erasing) -> Area:
    named = " OR ".join(f"{column} = ANY(%(ids)s::bigint[])" for column in holding.columns)
    goes, stays = ("0", "count(*)") if holding.kept else ("count(*)", "0")
    usual = (
        f"SELECT {goes}, {stays} FROM {holding.model._meta.db_table}"  # noqa: S608  (our names)
        f" WHERE brand_id = %(brand)s AND ({named})"
    )
    with connection.cursor() as cursor:
        cursor.execute(holding.count or usual, erasing.params)
        going, staying = cursor.fetchone()
    key, why = holding.model._meta.model_name or "", str(holding.kept) if staying else ""
    return Area(key, str(holding.label), going, staying, why)


def describe_erasures(*, viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    """Return what the audit trail calls deletions: by the member's number."""
    rows = Erasure.objects.visible_to(viewer).filter(pk__in=ids)
    return {pk: (f"#{number}", "") for pk, number in rows.values_list("pk", "member_id")}
