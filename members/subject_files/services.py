"""Asking for everything that is kept about a member. The handler writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.kernel.access import Permission
from core.runs import services as runs
from members.subject_files import selectors
from members.subject_files.models import SubjectFile

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.profiles.models import Member


@transaction.atomic
def ask_for_file(*, member: Member, is_whole: bool, actor: Viewer, now: datetime) -> SubjectFile:
    """Have everything kept about a member written to a file in the background.

    ``is_whole`` writes phones, VINs and names elsewhere out, for handing the file to the person.

    Raises:
        Forbidden: no role of the actor allows it, or not to see whole numbers.
    """
    actor.require(Permission.MEMBERS_DISCLOSE)
    if is_whole:
        actor.require(Permission.MEMBERS_REVEAL)
    made = SubjectFile.objects.create(
        brand_id=member.brand_id,
        member=member,
        is_whole=is_whole,
        requested_by_id=actor.staff_id,
        requested_by_label=actor.label,
        created_at=now,
    )
    run = runs.start_run(
        kind=selectors.KIND,
        title=_("Everything about member #%(number)s") % {"number": member.pk},
        params={"subject_file_id": made.pk, "api_key_id": actor.api_key_id},
        actor=actor,
        now=now,
        subject_url=reverse("members:subject-files", args=[member.pk]),
    )
    made.run_id = run.pk
    made.save(update_fields=["run_id"])
    data = {"whole": is_whole}
    audit.record(action="subject_file.asked", subject=member, actor=actor, now=now, data=data)
    return made
