from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.kernel.access import Permission
from core.kernel.console import (
    ConsoleRequest,
    console,
    form_refusal,
    form_status,
    go_to,
    page_or_partial,
)
from core.kernel.errors import DomainError, NotFound
from core.kernel.paging import keyset_page
from core.organizations import forms, listing, selectors, services
from core.organizations.models import Dealer, Region, Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.forms import Form
    from django.http import HttpResponse
    from django.http.response import HttpResponseBase

PAGE_SIZE = 50


@console(Permission.STAFF_VIEW)
def organization(request: ConsoleRequest) -> HttpResponseBase:
    """Show the tree: regions as tabs, their dealers as a list, stores one click further."""
    regions = selectors.regions_of(viewer=request.viewer)
    wanted = request.GET.get("region", "")
    chosen = next((row for row in regions if str(row.region.pk) == wanted), None)
    page = keyset_page(
        selectors.dealers_of(
            viewer=request.viewer,
            region_id=chosen.region.pk if chosen else None,
            text=listing.typed(request.GET),
        ),
        order=listing.DEALERS.order_of(request.GET),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=PAGE_SIZE,
    )
    context = {
        "rows": page.rows,
        "next": page.next,
        "previous": page.previous,
        "chosen": chosen,
        "views": _views(regions, chosen),
        "dealer_count": sum(row.dealer_count for row in regions),
        "store_count": sum(row.store_count for row in regions),
        "region_count": len(regions),
        "may_edit": request.viewer.may(Permission.ORGANIZATION_EDIT),
    }
    return page_or_partial(
        request, "core/organizations/list.html", "core/organizations/_list.html", context
    )


def _views(
    regions: list[selectors.RegionRow], chosen: selectors.RegionRow | None
) -> list[dict[str, Any]]:
    place = reverse("core:organization")
    whole = {
        "url": place,
        "label": _("All regions"),
        "count": sum(row.dealer_count for row in regions),
        "is_current": chosen is None,
    }
    return [
        whole,
        *(
            {
                "url": f"{place}?region={row.region.pk}",
                "label": row.region.name,
                "count": row.dealer_count,
                "is_current": row is chosen,
            }
            for row in regions
        ),
    ]


@console(Permission.STAFF_VIEW)
def organization_dealer(request: ConsoleRequest, dealer_id: int) -> HttpResponseBase:
    """Show one dealer with its stores."""
    dealer = _fetch(request, Dealer, dealer_id)
    stores = Store.objects.visible_to(request.viewer).filter(dealer=dealer)
    context = {
        "dealer": dealer,
        "stores": stores.select_related("city").order_by("name", "pk"),
        "may_edit": request.viewer.may(Permission.ORGANIZATION_EDIT),
        "may_audit": request.viewer.may(Permission.AUDIT_VIEW),
    }
    return page_or_partial(
        request, "core/organizations/dealer.html", "core/organizations/dealer.html", context
    )


def _fetch(request: ConsoleRequest, model: Any, pk: int) -> Any:
    related = {Dealer: ("city", "region"), Store: ("city", "dealer")}.get(model, ())
    row = model.objects.visible_to(request.viewer).select_related(*related).filter(pk=pk).first()
    if row is None:
        raise NotFound
    return row


@console(Permission.ORGANIZATION_EDIT, methods=["GET", "POST"])
def region_new(request: ConsoleRequest) -> HttpResponseBase:
    """Add a region."""
    form = forms.NewRegionForm(request.POST or None)
    return _edit(request, form, _("Add region"), services.create_region)


@console(Permission.ORGANIZATION_EDIT, methods=["GET", "POST"])
def region_edit(request: ConsoleRequest, region_id: int) -> HttpResponseBase:
    """Rename a region."""
    region = _fetch(request, Region, region_id)
    initial = {"name": region.name, "version": region.version}
    form = forms.RegionForm(request.POST or None, initial=initial)

    def rename(*, actor: Any, now: Any, version: int, **changes: Any) -> Region:
        return services.change_region(
            region=region, changes=changes, version=version, actor=actor, now=now
        )

    return _edit(request, form, _("Rename region"), rename, button=_("Save changes"))


@console(Permission.ORGANIZATION_EDIT, methods=["GET", "POST"])
def dealer_new(request: ConsoleRequest) -> HttpResponseBase:
    """Add a dealer, to the region that was looked at."""
    form = forms.NewDealerForm(
        request.POST or None,
        viewer=request.viewer,
        initial={"region": request.GET.get("region")},
    )
    return _edit(request, form, _("Add dealer"), services.create_dealer)


@console(Permission.ORGANIZATION_EDIT, methods=["GET", "POST"])
def dealer_edit(request: ConsoleRequest, dealer_id: int) -> HttpResponseBase:
    """Change a dealer's name, region, city, or whether it works with the brand."""
    dealer = _fetch(request, Dealer, dealer_id)
    initial = {
        "name": dealer.name,
        "region": dealer.region_id,
        "city": dealer.city.name,
        "is_active": dealer.is_active,
        "version": dealer.version,
    }
    form = forms.DealerForm(request.POST or None, viewer=request.viewer, initial=initial)

    def change(*, actor: Any, now: Any, version: int, **changes: Any) -> Dealer:
        return services.change_dealer(
            dealer=dealer, changes=changes, version=version, actor=actor, now=now
        )

    return _edit(request, form, _("Edit dealer"), change, button=_("Save changes"))


@console(Permission.ORGANIZATION_EDIT, methods=["GET", "POST"])
def store_new(request: ConsoleRequest, dealer_id: int) -> HttpResponseBase:
    """Add a store to a dealer."""
    dealer = _fetch(request, Dealer, dealer_id)
    initial = {"city": dealer.city.name}
    form = forms.NewStoreForm(request.POST or None, initial=initial)

    def create(**values: Any) -> Store:
        return services.create_store(dealer=dealer, **values)

    return _edit(request, form, _("Add store"), create)


@console(Permission.ORGANIZATION_EDIT, methods=["GET", "POST"])
def store_edit(request: ConsoleRequest, store_id: int) -> HttpResponseBase:
    """Change a store's name, city and address."""
    store = _fetch(request, Store, store_id)
    initial = {"name": store.name, "city": store.city.name, "address": store.address}
    initial |= {"version": store.version}
    form = forms.StoreForm(request.POST or None, initial=initial)

    def change(*, actor: Any, now: Any, version: int, **changes: Any) -> Store:
        return services.change_store(
            store=store, changes=changes, version=version, actor=actor, now=now
        )

    return _edit(request, form, _("Edit store"), change, button=_("Save changes"))


def _edit(
    request: ConsoleRequest,
    form: Form,
    heading: str,
    write: Callable[..., Any],
    *,
    button: str = "",
) -> HttpResponse:
    """Show a form in a drawer, or as a page; save through ``write`` and go where the row shows."""
    if request.method == "POST" and form.is_valid():
        try:
            row = write(**form.cleaned_data, actor=request.viewer, now=timezone.now())
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            messages.success(request, _("%(name)s saved") % {"name": row.name})
            return go_to(request, _place_of(row))
    context = {
        "id": "node-edit",
        "action": request.get_full_path(),
        "form": form,
        "heading": heading,
        "button": button or heading,
        "back": reverse("core:organization"),
    }
    return page_or_partial(
        request,
        "core/organizations/edit.html",
        "core/organizations/edit_drawer.html",
        context,
        status=form_status(form),
    )


def _place_of(row: Region | Dealer | Store) -> str:
    if isinstance(row, Region):
        return f"{reverse('core:organization')}?region={row.pk}"
    dealer_id = row.pk if isinstance(row, Dealer) else row.dealer_id
    return reverse("core:organization-dealer", args=[dealer_id])
