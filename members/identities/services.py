"""By which names other systems know a member."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.kernel.errors import DomainError, InvalidInput, NotFound
from core.kernel.scoping import require_same_brand
from members.erasure import selectors as erasures
from members.identities import rules
from members.identities.models import Identity
from members.profiles import ports
from members.profiles.models import Member

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer

ONE_OWNER = "members_identity_one_owner"


class IdentityTaken(DomainError):
    """Another member has this name in that system; the two may be one person."""

    code = "identity_taken"


@transaction.atomic
def add_identity(
    *, member: Member, kind: str, value: str, actor: Viewer, now: datetime
) -> Identity:
    """Note by which name another system knows a member. What is there already is returned.

    Raises:
        IdentityTaken: it is another member's.
        InvalidInput: there is no such kind, or the value cannot be a name.
        NotFound: the member is gone.
    """
    if kind not in Identity.Kind.values:
        raise InvalidInput.on("/kind", _("This kind does not exist."), "unknown_choice")
    try:
        known_as = rules.normalized(value)
    except rules.NotAnIdentifier as error:
        text = _("Enter plain letters, digits and signs without spaces.")
        raise InvalidInput.on("/value", text) from error
    owner = Member.objects.select_for_update(no_key=True).filter(pk=member.pk).first()
    if owner is None:
        raise NotFound(_("This member does not exist any more."))
    require_same_brand(owner, member)
    name = {"brand_id": owner.brand_id, "kind": kind, "value": known_as}
    held = Identity.objects.filter(**name, member=owner).first()
    if held is not None:
        return held
    try:
        with transaction.atomic():
            identity = Identity.objects.create(**name, member=owner, created_at=now)
    except IntegrityError as error:
        if ONE_OWNER not in str(error):
            raise
        _tell_of_holder(owner, kind, known_as, now)
        raise IdentityTaken(
            _("Another member has it. If both are one person, merge them.")
        ) from error
    data = {"kind": kind, "identity": identity.pk}
    audit.record(action="member.identity_added", subject=owner, actor=actor, now=now, data=data)
    return identity


def _tell_of_holder(member: Member, kind: str, value: str, now: datetime) -> None:
    named = Identity.objects.filter(brand_id=member.brand_id, kind=kind, value=value)
    holder = named.values_list("member_id", flat=True).first()
    if holder is not None:
        mix_up = ports.MixUp(kind, member.pk, holder)
        ports.member_mixed_up(mix_up=mix_up, brand_id=member.brand_id, now=now)


@transaction.atomic
def remove_identity(*, identity: Identity, reason: str, actor: Viewer, now: datetime) -> None:
    """Forget a name of a member, for a reason that the audit trail keeps.

    Raises:
        InvalidInput: there is no reason.
        NotFound: somebody removed it meanwhile.
    """
    reason = " ".join(reason.split())
    if not reason:
        raise InvalidInput.on("/reason", _("Say why."), "required")
    held = Identity.objects.select_for_update().filter(pk=identity.pk).first()
    if held is None:
        raise NotFound
    member = held.member
    said = erasures.without_member(text=reason[:200], member=member, more=[held.value])
    data = {"kind": held.kind, "identity": held.pk, "reason": said}
    held.delete()
    audit.record(action="member.identity_removed", subject=member, actor=actor, now=now, data=data)
