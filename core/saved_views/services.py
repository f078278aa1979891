from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.kernel import crypto
from core.kernel.errors import Forbidden, InvalidInput
from core.lists import selectors as lists
from core.saved_views import selectors
from core.saved_views.models import SavedView

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import QueryDict  # noqa: TID251  only the type

    from core.kernel.access import Viewer

MOST_PER_LIST = 20


@transaction.atomic
def save_view(
    *, list_key: str, name: str, query: QueryDict, is_shared: bool, actor: Viewer, now: datetime
) -> SavedView:
    """Keep an address of a list under a name. A shared one leaves out what was typed.

    Raises:
        NotFound: no such list.
        Forbidden: no role of the actor allows to see the list, or to share.
        InvalidInput: the name is taken, there are too many, or a filter cannot be read.
    """
    if actor.staff_id is None:
        raise Forbidden(_("Views are kept by people."))
    source = lists.known_list(key=list_key, viewer=actor)
    kept = lists.checked(source=source, query=query, viewer=actor)
    _may_share(is_shared, actor)
    for typed in source.searches if is_shared else ():
        kept.pop(typed, None)
    if not kept:
        text = _("Narrow or sort the list first: this is how it looks anyway.")
        raise InvalidInput.on("/name", text, "nothing_to_save")
    if SavedView.objects.owned_by(actor).filter(list_key=list_key).count() >= MOST_PER_LIST:
        text = _("You have %(most)s views of this list. Delete one first.")
        raise InvalidInput.on("/name", text % {"most": MOST_PER_LIST}, "too_many")
    view = SavedView(
        brand_id=actor.brand_id,
        staff_id=actor.staff_id,
        list_key=list_key,
        name=name,
        query=crypto.encrypt(kept.urlencode()),
        is_shared=is_shared,
        created_at=now,
    )
    _store(view)
    _tell("saved_view.saved", view, actor, now)
    return view


@transaction.atomic
def change_view(
    *, view: SavedView, name: str, is_shared: bool, actor: Viewer, now: datetime
) -> SavedView:
    """Rename a view, share it or keep it to oneself. What was typed is left out once it is shared.

    Raises:
        Forbidden: it is somebody else's, or the actor may not share.
        InvalidInput: the name is taken.
    """
    _own(view, actor)
    if is_shared and not view.is_shared:
        _may_share(is_shared, actor)
        source = lists.known_list(key=view.list_key, viewer=actor)
        kept = selectors.query_of(view).copy()
        for typed in source.searches:
            kept.pop(typed, None)
        view.query = crypto.encrypt(kept.urlencode())
    view.name, view.is_shared = name, is_shared
    _store(view)
    _tell("saved_view.changed", view, actor, now)
    return view


@transaction.atomic
def delete_view(*, view: SavedView, actor: Viewer, now: datetime) -> None:
    """Forget a view; for everybody, if it was shared.

    Raises:
        Forbidden: it is somebody else's.
    """
    _own(view, actor)
    _tell("saved_view.deleted", view, actor, now)
    view.delete()


def _tell(action: str, view: SavedView, actor: Viewer, now: datetime) -> None:
    told = {"list": view.list_key}
    audit.record(action=action, subject=view, actor=actor, now=now, data=told)


def _own(view: SavedView, actor: Viewer) -> None:
    if actor.staff_id is None or view.staff_id != actor.staff_id:
        raise Forbidden(_("Only who saved a view may change it."))


def _may_share(is_shared: bool, actor: Viewer) -> None:
    if is_shared and not selectors.may_share(actor):
        raise Forbidden(_("You may keep views for yourself only."))


def _store(view: SavedView) -> None:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        text = _("You have a view of this name already.")
        raise InvalidInput.on("/name", text, "taken") from error
