from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.utils import timezone
from django.utils.translation import gettext as _

from core.kernel import formats
from core.kernel.access import Permission
from core.kernel.console import ConsoleRequest, console, form_refusal, go_to, page_or_partial
from core.kernel.errors import DomainError, NotFound
from core.retention.ports import EXPORT
from core.retention.selectors import lifetime_of
from members.profiles.models import Member
from members.subject_files import selectors, services
from members.subject_files.forms import SubjectFileForm

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

REFUSED = 422


@console(Permission.MEMBERS_DISCLOSE, methods=("GET", "POST"))
def subject_files(request: ConsoleRequest, member_id: int) -> HttpResponseBase:
    """Show the files about a member, and have another one written."""
    viewer, now = request.viewer, timezone.now()
    member = Member.objects.visible_to(viewer).filter(pk=member_id).first()
    if member is None:
        raise NotFound
    form = SubjectFileForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        is_whole = form.cleaned_data["is_whole"]
        try:
            made = services.ask_for_file(member=member, is_whole=is_whole, actor=viewer, now=now)
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            messages.success(request, _("The file is being written"))
            return go_to(request, "core:runs-detail", made.run_id)
    may_edit = viewer.may(Permission.MEMBERS_EDIT)
    name = member.display_name if may_edit else formats.masked_name(member.display_name)
    context = {
        "form": form,
        "member": member,
        "name": name,
        "files": selectors.files_of(member=member, viewer=viewer, now=now),
        "may_reveal": viewer.may(Permission.MEMBERS_REVEAL),
        "action": request.path,
        "days": lifetime_of(brand_id=viewer.brand_id, kind=EXPORT).days,
    }
    template = "members/subject_files/page.html"
    return page_or_partial(request, template, template, context, REFUSED if form.is_bound else 200)
