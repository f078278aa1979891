"""What stands below this concept and cannot announce itself: the tables of core, and members."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.http import QueryDict  # noqa: TID251  (an address's query, parsed; no request)
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.api_keys.models import ApiKey
from core.audit.models import AuditChain, AuditCheck, AuditEntry, AuditLink
from core.audit.ports import sentence_of
from core.exports.models import ExportRequest
from core.files.models import StoredFile
from core.idempotency.models import IdempotencyKey
from core.kernel import crypto
from core.key_rotation.models import KeyRotation
from core.lists import ports
from core.lists import selectors as lists
from core.organizations.models import Brand, City, Dealer, Region, Store
from core.retention.models import RetentionRule
from core.runs.models import Run
from core.saved_views.models import SavedView
from core.staff.models import RoleGrant, Staff, StaffSession
from members.erasure import in_files
from members.erasure.models import Erasure, ErasurePolicy
from members.erasure.ports import Holding, Search
from members.erasure.rules import Kind, Trace
from members.erasure.services import stretch, texts_of
from members.profiles.models import Member

if TYPE_CHECKING:
    from collections.abc import Iterator

    from members.erasure.ports import Asked, Erasing, Searching

OF_A_RUN = ("title", "params", "cursor", "result", "error")


def _traces(erasing: Erasing) -> Iterator[Trace]:
    rows = Member.objects.filter(brand_id=erasing.brand_id, pk__in=erasing.ids)
    for member in rows:
        yield Trace(member.pk, Kind.NAME, member.display_name)
        if member.customer_no:
            yield Trace(member.pk, Kind.NUMBER, member.customer_no)
        if member.phone_cipher is not None:
            yield Trace(member.pk, Kind.NUMBER, crypto.decrypt(bytes(member.phone_cipher)))
            yield Trace(member.pk, Kind.MASK, member.phone_masked)


def _member(asked: Asked) -> Iterator[dict[str, Any]]:
    rows = Member.objects.filter(brand_id=asked.brand_id, pk=asked.member_id)
    for member in rows.select_related("city", "home_dealer"):
        sealed = member.phone_cipher
        yield {
            "display_name": member.display_name,
            "phone": crypto.decrypt(bytes(sealed))
            if asked.whole and sealed is not None
            else member.phone_masked,
            "customer_no": member.customer_no,
            "gender": member.get_gender_display(),
            "city": member.city.name if member.city else None,
            "home_dealer": member.home_dealer.name if member.home_dealer else None,
            "stage": member.get_stage_display(),
            "stage_since": member.stage_since,
            "source": member.get_source_display(),
            "joined_on": member.joined_on,
            "last_active_at": member.last_active_at,
            "created_at": member.created_at,
            "updated_at": member.updated_at,
        }


def _entries(asked: Asked) -> Iterator[dict[str, Any]]:
    rows = AuditEntry.objects.filter(
        brand_id=asked.brand_id,
        subject_type=Member._meta.label_lower,
        subject_id=asked.member_id,
    )
    for action, data, at in rows.order_by("-pk").values_list("action", "data", "created_at"):
        yield {"at": at, "what": sentence_of(action, data)}


HOLDINGS = (
    Holding(
        model=Member,
        columns=("id",),
        label=_("Basics"),
        tell=_member,
        fields={
            "display_name": pgettext_lazy("of a person", "Name"),
            "phone": _("Phone"),
            "customer_no": _("Customer number"),
            "gender": _("Gender"),
            "city": _("City"),
            "home_dealer": _("Home dealer"),
            "stage": _("Stage"),
            "stage_since": _("In this stage since"),
            "source": _("Source"),
            "joined_on": _("Member since"),
            "last_active_at": _("Last active"),
            "created_at": _("Taken in"),
            "updated_at": _("Changed"),
        },
        traces=_traces,
        order=100,
    ),
    Holding(
        model=AuditEntry,
        columns=("subject_id",),
        label=_("What was done"),
        kept=_("Append-only and chained; it holds numbers and field names, no personal values."),
        count="""
            SELECT 0, count(*) FROM core_auditentry WHERE brand_id = %(brand)s
            AND subject_type = 'members.member' AND subject_id = ANY(%(ids)s::bigint[])
        """,
        tell=_entries,
        fields={"at": _("Time"), "what": _("Act")},
    ),
    Holding(
        model=Erasure,
        columns=("member_id",),
        label=_("Deletions"),
        kept=_("What remains: a number, a time, who did it and a keyed hash."),
        fields={"requested_at": _("Asked"), "state": _("State"), "due_at": _("Due")},
    ),
)


def _runs(searching: Searching) -> Any:
    """Titles and parameters; and what a list was narrowed by, which lies sealed among them."""
    low, high = stretch(model=Run, searching=searching)
    rows = Run.objects.filter(brand_id=searching.brand_id, pk__gt=low, pk__lte=high)
    for run in rows.filter(params__has_key="query").only("params"):
        query = lists.opened(run.params["query"])
        if _names_somebody(query, searching):
            # Never less than was asked: a run that goes on would else mean the whole list.
            params = run.params | {"query": lists.sealed(_without(query, searching))}
            rows.filter(pk=run.pk).update(params=params)
    return PLAIN_RUNS.step(searching)


def _views(searching: Searching) -> Any:
    low, high = stretch(model=SavedView, searching=searching)
    rows = SavedView.objects.filter(brand_id=searching.brand_id, pk__gt=low, pk__lte=high)
    for view in rows:
        query = QueryDict(crypto.decrypt(bytes(view.query)))
        if _names_somebody(query, searching) or searching.traces.without(view.name) != view.name:
            view.delete()
    return high if high > low else None


def _names_somebody(query: QueryDict, searching: Searching) -> bool:
    return _without(query, searching) != query


def _without(query: QueryDict, searching: Searching) -> QueryDict:
    """Return what an address asks for without the people: such words find nobody."""
    typed, clean = ports.typed_names(), query.copy()
    for name, values in query.lists():
        # Digits that nobody typed name a row: a tag, a dealer, a segment.
        named = [value.isdecimal() and name not in typed for value in values]
        without = searching.traces.without(values)
        clean.setlist(name, [v if n else w for v, w, n in zip(values, without, named, strict=True)])
    return clean


def _answers(searching: Searching) -> Any:
    """Empty kept answers that tell of somebody: what else stands in them is about them, too.

    That a request was answered stays known.
    """
    low, high = stretch(model=IdempotencyKey, searching=searching)
    rows = IdempotencyKey.objects.filter(brand_id=searching.brand_id, pk__gt=low, pk__lte=high)
    # A batch of a thousand rows leaves 100 kB: a few at a time.
    for key in rows.iterator(chunk_size=50):
        kept = json.loads(crypto.decrypt(bytes(key.answer)))
        if searching.traces.without(key.key) != key.key:
            key.key = f"erased {key.pk}"
        elif searching.traces.without(kept, masks=True) == kept:
            continue
        key.answer = crypto.encrypt(json.dumps({"body": None, "headers": {}}))
        key.save(update_fields=["key", "answer"])
    return high if high > low else None


PLAIN_RUNS = texts_of(model=Run, columns=OF_A_RUN, of_program=True)
SEARCHES = (
    Search(model=Run, columns=OF_A_RUN, step=_runs),
    Search(model=StoredFile, columns=("name",), step=in_files.step),
    texts_of(model=ExportRequest, columns=("words", "reason")),
    Search(model=SavedView, columns=("name", "query"), step=_views),
    Search(model=IdempotencyKey, columns=("key", "answer"), step=_answers),
)
# What people are called by whoever does not know their name, and systems by default.
COMMON_WORDS = (
    *("微信用户", "匿名用户", "用户", "客户", "顾客", "车主", "会员", "先生", "女士", "小姐"),
    *("本人", "朋友", "家人", "测试", "未知", "匿名", "customer", "member", "unknown", "test"),
)
OF_THE_CHAIN = "Links and verdicts of the audit chain: hashes and numbers of entries."
OF_PLACES = "The organization of the brand: places and companies."
OF_STAFF = "People who work with the product, not members."
IMPERSONAL = {
    ApiKey: "Programs.",
    AuditChain: OF_THE_CHAIN,
    AuditLink: OF_THE_CHAIN,
    AuditCheck: OF_THE_CHAIN,
    Brand: OF_PLACES,
    City: OF_PLACES,
    Region: OF_PLACES,
    Dealer: OF_PLACES,
    Store: OF_PLACES,
    Staff: OF_STAFF,
    RoleGrant: OF_STAFF,
    StaffSession: OF_STAFF,
    ErasurePolicy: "A number of days.",
    RetentionRule: "A number of days.",
    KeyRotation: "How far a rotation of keys has come.",
}
