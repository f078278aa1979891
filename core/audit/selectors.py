from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils.translation import gettext as _

from core.audit import anchors, ports
from core.audit.models import AuditChain, AuditEntry
from core.kernel.access import SYSTEM

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.kernel.access import Viewer

MOST_FAULTS = 20


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as a person reads it: actor, sentence, what it was about."""

    entry: AuditEntry
    text: str
    subject_label: str
    subject_name: str
    subject_url: str

    @property
    def actor(self) -> str:
        """Who did it; the system under its name in the reader's language."""
        return _("System") if self.entry.actor_label == SYSTEM else self.entry.actor_label

    @property
    def at(self) -> Any:
        """When."""
        return self.entry.created_at

    @property
    def facts(self) -> list[tuple[str, Any]]:
        """The entry's data as name and value, in words where they have some."""
        return [ports.item_in_words(name, value) for name, value in self.entry.data.items()]

    @property
    def detail(self) -> str:
        """The subject again, where the sentence does not already stand beside it."""
        return ""


def lines_of(*, entries: Iterable[AuditEntry], viewer: Viewer) -> list[Line]:
    """Return entries in words, with one query for each kind of subject among them."""
    entries = list(entries)
    ids: dict[str, set[int]] = {}
    for entry in entries:
        ids.setdefault(entry.subject_type, set()).add(entry.subject_id)
    known = {
        kind: describe(viewer=viewer, ids=wanted)
        for kind, wanted in ids.items()
        if (describe := ports.subject_kind(kind).describe) is not None
    }
    return [_line(entry, known.get(entry.subject_type, {})) for entry in entries]


def _line(entry: AuditEntry, known: Any) -> Line:
    name, url = known.get(entry.subject_id, (f"#{entry.subject_id}", ""))
    return Line(
        entry=entry,
        text=ports.sentence_of(entry.action, entry.data),
        subject_label=str(ports.subject_kind(entry.subject_type).label),
        subject_name=name,
        subject_url=url,
    )


@dataclass(frozen=True, slots=True)
class Fault:
    """One place where the chain, its entries or the outside anchors disagree."""

    kind: str
    seq: int | None
    entry_id: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found. Whole if ``faults`` is empty."""

    seq: int
    anchored_seq: int
    faults: Sequence[Fault]


# One statement, hence one snapshot: entries that commit meanwhile are in neither part.
VERIFY = """
WITH link AS MATERIALIZED (
    SELECT seq, entry_id, prev_hash, hash, row_number() OVER in_order AS place,
           lag(hash, 1, decode(repeat('00', 32), 'hex')) OVER in_order AS hash_before
    FROM core_auditlink WHERE brand_id = %(brand)s
    WINDOW in_order AS (ORDER BY seq)
), head AS (
    SELECT coalesce(max(seq), 0) AS seq FROM core_auditchain WHERE brand_id = %(brand)s
), fault AS (
    SELECT CASE
               WHEN link.seq <> link.place THEN 'link_missing'
               WHEN link.prev_hash <> link.hash_before THEN 'order_broken'
               WHEN entry.id IS NULL THEN 'entry_missing'
               WHEN link.hash <> core_audit_hash(link.prev_hash, entry, link.seq)
                   THEN 'entry_changed'
           END AS kind, link.seq, link.entry_id
    FROM link LEFT JOIN core_auditentry AS entry
      ON entry.id = link.entry_id AND entry.brand_id = %(brand)s
    UNION ALL
    SELECT 'entry_unlinked', NULL, entry.id FROM core_auditentry AS entry
    WHERE entry.brand_id = %(brand)s AND NOT EXISTS (
        SELECT FROM core_auditlink AS link
        WHERE link.brand_id = %(brand)s AND link.entry_id = entry.id)
    UNION ALL
    SELECT 'head_differs', head.seq, NULL FROM head
    LEFT JOIN core_auditchain AS chain ON chain.brand_id = %(brand)s
    LEFT JOIN link ON link.seq = head.seq
    WHERE head.seq <> (SELECT coalesce(max(seq), 0) FROM link) OR link.hash <> chain.hash
    UNION ALL
    SELECT CASE WHEN link.seq IS NULL THEN 'tail_missing' ELSE 'anchor_differs' END,
           anchor.seq, link.entry_id
    FROM unnest(%(seqs)s::bigint[], %(hashes)s::bytea[]) AS anchor (seq, hash)
    LEFT JOIN link ON link.seq = anchor.seq
    WHERE link.seq IS NULL OR link.hash <> anchor.hash
)
SELECT head.seq, fault.kind, fault.seq, fault.entry_id
FROM head LEFT JOIN fault ON fault.kind IS NOT NULL
ORDER BY fault.seq NULLS LAST, fault.entry_id LIMIT %(most)s
"""


def verify(*, brand_id: int) -> Verdict:
    """Recompute a brand's whole chain and compare it with the heads anchored outside.

    Finds an entry edited, deleted, added or moved behind the trigger's back, and a tail cut off.
    Runs inside the brand's tenant; reads every entry, so never from a page.
    """
    try:
        anchored = anchors.read(brand_id=brand_id)
    except anchors.UnreadableAnchors:
        return Verdict(seq=0, anchored_seq=0, faults=[Fault("anchors_unreadable", None)])
    with connection.cursor() as cursor:
        cursor.execute(
            VERIFY,
            {
                "brand": brand_id,
                "seqs": [anchor.seq for anchor in anchored],
                "hashes": [anchor.hash for anchor in anchored],
                "most": MOST_FAULTS,
            },
        )
        rows = cursor.fetchall()
    return Verdict(
        seq=rows[0][0],
        anchored_seq=max((anchor.seq for anchor in anchored), default=0),
        faults=[Fault(kind, seq, entry_id) for _head, kind, seq, entry_id in rows if kind],
    )


def head_of(*, brand_id: int) -> AuditChain | None:
    """Return the newest link of a brand's chain, or None before its first entry."""
    return AuditChain.objects.filter(brand_id=brand_id).first()
