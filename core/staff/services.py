"""People who work for a brand: hired, given roles, let go. An admin never decides about oneself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from axes import utils as axes
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.kernel import letters
from core.kernel.errors import DomainError, InvalidInput, NotFound
from core.kernel.scoping import require_same_brand
from core.staff import rules
from core.staff.models import Role, RoleGrant, Staff, StaffSession
from core.staff.passwords import fresh_password

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from core.kernel.access import Viewer
    from core.organizations.models import Dealer, Region, Store

NODES = ("region", "dealer", "store")


class LastAdmin(DomainError):
    """Nobody would be left who may edit staff."""

    code = "last_admin"


class OwnRoles(DomainError):
    """People do not decide about their own roles or access."""

    code = "own_roles"


@transaction.atomic
def create_staff(
    *, username: str, display_name: str, email: str, actor: Viewer, now: datetime
) -> tuple[Staff, str]:
    """Return the person and their initial password, which is nowhere kept.

    Raises:
        InvalidInput: the user name is taken, or the name could be taken for another.
    """
    staff = Staff(
        brand_id=actor.brand_id,
        username=username.strip().lower(),
        display_name=_name(display_name),
        email=email,
        must_change_password=True,
    )
    password = fresh_password()
    staff.set_password(password)
    try:
        with transaction.atomic():
            staff.save()
    except IntegrityError as error:
        raise InvalidInput.on("/username", _("This user name is taken."), "taken") from error
    audit.record(action="staff.created", subject=staff, actor=actor, now=now)
    return staff, password


@transaction.atomic
def edit_staff(
    *, staff_id: int, display_name: str, email: str, actor: Viewer, now: datetime
) -> Staff:
    """Correct a person's name and address.

    Raises:
        InvalidInput: the name could be taken for another.
    """
    staff = _locked(staff_id, actor)
    name = display_name if display_name == staff.display_name else _name(display_name)
    wanted = {"display_name": name, "email": email}
    changed = [field for field, value in wanted.items() if getattr(staff, field) != value]
    for field in changed:
        setattr(staff, field, wanted[field])
    if changed:
        staff.save(update_fields=changed)
        audit.record(
            action="staff.changed", subject=staff, actor=actor, now=now, data={"fields": changed}
        )
    return staff


def _name(raw: str) -> str:
    """Return a name as it is kept: nobody passes for a colleague by letters that look alike."""
    name = " ".join(letters.without_hidden(raw).split())
    if not name:
        raise InvalidInput.on("/display_name", _("A name is needed."), "required")
    if letters.mixes_alphabets(name):
        text = _("A word of this name mixes alphabets. Write each word in letters of one alphabet.")
        raise InvalidInput.on("/display_name", text, "mixed_alphabets")
    return name


@transaction.atomic
def grant_role(
    *,
    staff_id: int,
    role: str,
    actor: Viewer,
    now: datetime,
    region: Region | None = None,
    dealer: Dealer | None = None,
    store: Store | None = None,
) -> RoleGrant:
    """Give a person a role at one node of the tree; none of the three means the whole brand.

    Raises:
        OwnRoles: it is the actor's own.
        InvalidInput: the node does not fit the role, or the person has this already.
        CrossBrand: a node is another brand's.
    """
    staff = _locked(staff_id, actor)
    _refuse_own(staff, actor)
    require_same_brand(staff, *(node for node in (region, dealer, store) if node is not None))
    if store is not None and dealer is None:
        dealer = store.dealer
    _check_node(role, region=region, dealer=dealer, store=store)
    grant = RoleGrant(
        brand_id=actor.brand_id, staff=staff, role=role, region=region, dealer=dealer, store=store
    )
    try:
        with transaction.atomic():
            grant.save()
    except IntegrityError as error:
        detail = _("This person has this role here already.")
        raise InvalidInput.on("/role", detail, "taken") from error
    audit.record(
        action="staff.role_granted", subject=staff, actor=actor, now=now, data=_told(grant)
    )
    return grant


def _check_node(
    role: str, *, region: Region | None, dealer: Dealer | None, store: Store | None
) -> None:
    """Refuse a scope that does not fit the role, naming the field to fill or to empty.

    Raises:
        InvalidInput: it does not fit.
    """
    fitting = rules.NODES_OF_ROLE.get(role)
    if fitting is None:
        raise InvalidInput.on("/role", _("There is no such role."))
    node = rules.node_of(region=bool(region), dealer=bool(dealer), store=bool(store))
    if node not in fitting:
        if fitting == (rules.Node.BRAND,):
            detail = _("This role is for the whole brand.")
            raise InvalidInput.on(f"/{node}", detail, "scope")
        missing = fitting[0]
        detail = {
            rules.Node.REGION: _("This role needs a region."),
            rules.Node.DEALER: _("This role needs a dealer."),
        }.get(missing, _("This role does not reach down to a store."))
        raise InvalidInput.on(f"/{missing if missing in NODES else node}", detail, "scope")
    if dealer is not None and region is not None:
        raise InvalidInput.on("/region", _("Choose a region or a dealer, not both."), "scope")
    if store is not None and dealer is not None and store.dealer_id != dealer.pk:
        raise InvalidInput.on("/store", _("This store belongs to another dealer."), "scope")


@transaction.atomic
def lift_role(*, staff_id: int, grant_id: int, actor: Viewer, now: datetime) -> None:
    """Take a role from a person; it ends with their next request.

    Raises:
        OwnRoles: it is the actor's own.
        LastAdmin: nobody would be left who may edit staff.
        NotFound: the person has no such grant.
    """
    admins = _lock_admin_grants(actor)
    staff = _locked(staff_id, actor)
    _refuse_own(staff, actor)
    grant = RoleGrant.objects.filter(brand_id=actor.brand_id, pk=grant_id, staff=staff).first()
    if grant is None:
        raise NotFound
    if grant.role == Role.HQ_ADMIN:
        _refuse_last_admin(staff, admins)
    told = _told(grant)
    grant.delete()
    audit.record(action="staff.role_lifted", subject=staff, actor=actor, now=now, data=told)


@transaction.atomic
def deactivate(*, staff_id: int, actor: Viewer, now: datetime) -> Staff:
    """Shut a person out at once: their browsers are signed out, their password opens nothing.

    Raises:
        OwnRoles: it is the actor.
        LastAdmin: nobody would be left who may edit staff.
    """
    admins = _lock_admin_grants(actor)
    staff = _locked(staff_id, actor)
    _refuse_own(staff, actor)
    if not staff.is_active:
        return staff
    _refuse_last_admin(staff, admins)
    staff.is_active = False
    staff.save(update_fields=["is_active"])
    ended, _by_model = StaffSession.objects.filter(staff_id=staff.pk).delete()
    audit.record(
        action="staff.deactivated", subject=staff, actor=actor, now=now, data={"sessions": ended}
    )
    return staff


def deactivate_several(
    *, staff_ids: Sequence[int], actor: Viewer, now: datetime
) -> tuple[int, list[str]]:
    """Shut the people of a page out at once; each is a change of its own, with its own entry.

    Returns how many may not sign in any more, and why the others may.
    """
    shut_out, refusals = 0, []
    for staff_id in sorted(staff_ids):  # In one order, so that two people cannot deadlock.
        try:
            deactivate(staff_id=staff_id, actor=actor, now=now)
        except DomainError as refusal:
            refusals.append(str(refusal))
        else:
            shut_out += 1
    return shut_out, refusals


@transaction.atomic
def reactivate(*, staff_id: int, actor: Viewer, now: datetime) -> Staff:
    """Let a person sign in again, with the roles they had."""
    staff = _locked(staff_id, actor)
    if staff.is_active:
        return staff
    staff.is_active = True
    staff.save(update_fields=["is_active"])
    audit.record(action="staff.reactivated", subject=staff, actor=actor, now=now)
    return staff


@transaction.atomic
def reset_password(*, staff_id: int, actor: Viewer, now: datetime) -> tuple[Staff, str]:
    """Return a new initial password, nowhere kept; all the person's browsers are signed out.

    Also ends a lockout after too many wrong attempts.

    Raises:
        OwnRoles: it is the actor, who changes it in the account page.
    """
    staff = _locked(staff_id, actor)
    _refuse_own(staff, actor)
    password = fresh_password()
    staff.set_password(password)
    staff.must_change_password = True
    staff.save(update_fields=["password", "must_change_password"])
    StaffSession.objects.filter(staff_id=staff.pk).delete()
    axes.reset(username=staff.username)  # A lockout was of the old password.
    audit.record(action="staff.password_reset", subject=staff, actor=actor, now=now)
    return staff, password


def _locked(staff_id: int, actor: Viewer) -> Staff:
    # NO KEY UPDATE: rows that point here check their key at commit and must not wait for us.
    rows = Staff.objects.of_brand(actor.brand_id).select_for_update(no_key=True)
    staff: Staff | None = rows.filter(pk=staff_id).first()
    if staff is None:
        raise NotFound
    return staff


def _refuse_own(staff: Staff, actor: Viewer) -> None:
    if staff.pk == actor.staff_id:
        raise OwnRoles(_("Nobody decides about their own access. Ask another HQ admin."))


def _lock_admin_grants(actor: Viewer) -> list[int]:
    """Lock every HQ admin's grant in key order, so that two admins cannot remove each other."""
    grants = RoleGrant.objects.filter(brand_id=actor.brand_id, role=Role.HQ_ADMIN)
    locked = grants.order_by("pk").select_for_update(no_key=True)
    return [grant.staff_id for grant in locked]


def _refuse_last_admin(staff: Staff, admins: list[int]) -> None:
    others = Staff.objects.filter(pk__in=admins, is_active=True).exclude(pk=staff.pk)
    if staff.pk in admins and not others.exists():
        raise LastAdmin(_("This is the last HQ admin. Make somebody else HQ admin first."))


def _told(grant: RoleGrant) -> dict[str, Any]:
    nodes = {name: getattr(grant, f"{name}_id") for name in NODES}
    return {"role": grant.role} | {name: pk for name, pk in nodes.items() if pk is not None}
