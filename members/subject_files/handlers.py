"""The run that writes a subject file: a zip with JSON for programs and a page per language."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from core.api_keys import selectors as api_keys
from core.audit import services as audit
from core.files import services as files
from core.kernel.access import Permission
from core.kernel.errors import DomainError
from core.retention.ports import EXPORT
from core.retention.selectors import lifetime_of
from core.runs.ports import RunWords, Step
from core.staff import selectors as staff
from members.erasure.ports import Asked
from members.profiles.models import Member
from members.subject_files import gathering
from members.subject_files.models import SubjectFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from core.kernel.access import Viewer
    from core.runs.ports import RunView
    from members.subject_files.gathering import Part

WORDS = RunWords(
    gettext_lazy("Everything about a member"), {"rows": gettext_lazy("rows written")}, "download"
)
LABEL = gettext_noop("Everything about a member")
FORMAT = 1


class RightsLost(DomainError):
    """Who asked may no longer see the member, or not what the file would hold."""

    code = "rights_lost"


class SubjectFileRun:
    """Writes one file; see ``core.runs.ports.RunHandler``."""

    def step(self, *, run: RunView, actor: Viewer, now: datetime) -> Step:
        """Read everything and write it, through the rights of whoever asked as they are now."""
        row, member, viewer = _found(run, actor, now)
        asked = Asked(brand_id=run.brand_id, member_id=member.pk, whole=row.is_whole)
        parts = gathering.parts_of(asked=asked)
        rows = sum(len(part.rows) for part in parts)
        needs = Permission.MEMBERS_REVEAL if row.is_whole else Permission.MEMBERS_DISCLOSE
        with files.result_writer(
            brand_id=run.brand_id,
            name=f"member-{member.pk}.zip",
            actor=viewer,
            now=now,
            lifetime=lifetime_of(brand_id=run.brand_id, kind=EXPORT),
            needs=needs,
            holds=viewer,
        ) as result:
            _write(result.binary, parts, member, now)
        row.file_id = result.stored.pk
        row.save(update_fields=["file_id"])
        data = {"whole": row.is_whole, "rows": rows}
        audit.record(action="subject_file.made", subject=member, actor=viewer, now=now, data=data)
        found = {"files": [{"label": LABEL, "file_id": result.stored.pk}], "counts": {"rows": rows}}
        return Step(done=rows, total=rows, result=found, finished=True)

    def cancelled(self, *, run: RunView, actor: Viewer, now: datetime) -> None:
        """Leave that the file was asked for; there is none."""


def _found(run: RunView, actor: Viewer, now: datetime) -> tuple[SubjectFile, Member, Viewer]:
    """Return what was asked for, of whom and by whom.

    Raises:
        RightsLost: they may not have it any more, or the member is gone.
    """
    viewer: Viewer | None = actor
    if run.params.get("api_key_id") is not None:
        key_id = run.params["api_key_id"]
        viewer = api_keys.viewer_of_key(key_id=key_id, brand_id=run.brand_id, now=now)
    elif actor.staff_id is not None:
        viewer = staff.viewer_of_staff(staff_id=actor.staff_id)
    rows = SubjectFile.objects.filter(brand_id=run.brand_id, pk=run.params["subject_file_id"])
    row = rows.first()
    if viewer is None or row is None or not viewer.may(Permission.MEMBERS_DISCLOSE):
        raise RightsLost(_("Who asked for this file may not have it any more."))
    if row.is_whole and not viewer.may(Permission.MEMBERS_REVEAL):
        raise RightsLost(_("Who asked for this file may not have it any more."))
    # Held, so that a deletion begins when the file can be found: by its row, and by what it holds.
    members = Member.objects.visible_to(viewer).select_for_update(no_key=True)
    member = members.filter(pk=row.member_id).first()
    if member is None:
        raise RightsLost(_("Who asked for this file may not have it any more."))
    return row, member, viewer


def _write(into: Any, parts: Sequence[Part], member: Member, now: datetime) -> None:
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        text = json.dumps(
            _document(parts, member, now), cls=DjangoJSONEncoder, ensure_ascii=False, indent=2
        )
        archive.writestr("data.json", text)
        for code, _name in settings.LANGUAGES:
            with translation.override(code):
                archive.writestr(f"{code}.html", _page(parts, member, now))


def _document(parts: Sequence[Part], member: Member, now: datetime) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "member": member.pk,
        "made_at": now,
        "parts": [
            {
                "key": part.key,
                "label": {code: _in(code, part.label) for code, _name in settings.LANGUAGES},
                "rows": [dict(row) for row in part.rows],
            }
            for part in parts
        ],
    }


def _in(language: str, label: Any) -> str:
    with translation.override(language):
        return str(label)


def _page(parts: Sequence[Part], member: Member, now: datetime) -> str:
    told = [(part.label, list(part.fields.values()), part.shown()) for part in parts]
    context = {"member": member, "parts": told, "made_at": timezone.localtime(now)}
    return render_to_string("members/subject_files/document.html", context)
