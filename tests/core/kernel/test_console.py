"""The guard around every console view, with views of its own."""

import pytest
from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from core.kernel.access import Permission, Viewer
from core.kernel.console import console, form_refusal, go_to, page_or_partial
from core.kernel.errors import DomainError, Forbidden, InvalidInput, NotFound, Problem, StaleVersion
from core.kernel.middleware import opens_own_tenant

ALL = Viewer(brand_id=1, label="x", staff_id=1, permissions=frozenset(Permission))
NOBODY = Viewer(brand_id=1, label="x", staff_id=1)
PROGRAM = Viewer(brand_id=1, label="x", api_key_id=1, permissions=frozenset(Permission))


def request(path="/members/?q=1", *, method="get", viewer=ALL, htmx=False, **headers):
    headers |= {"HX-Request": "true"} if htmx else {}
    made = getattr(RequestFactory(), method)(path, headers=headers)
    made.viewer, made.session, made.htmx = viewer, {}, HtmxDetails(made)
    return made


@console(Permission.MEMBERS_VIEW)
def view(_request):
    return HttpResponse("ok")


def raising(error):
    @console(Permission.MEMBERS_VIEW, methods=["GET", "POST"])
    def view(_request):
        raise error

    return view


def test_who_may_gets_in():
    assert view(request()).status_code == 200
    assert view(request(method="head")).status_code == 200


@pytest.mark.parametrize("viewer", [None, PROGRAM])
def test_nobody_signed_in_is_led_to_sign_in_and_back(viewer):
    response = view(request(viewer=viewer))
    assert response["Location"] == "/sign-in/?next=%2Fmembers%2F%3Fq%3D1"


def test_a_part_of_a_page_leads_the_whole_page_to_sign_in():
    asked = request(
        "/members/section/", viewer=None, htmx=True, **{"HX-Current-URL": "/members/7/"}
    )
    response = view(asked)
    assert response["HX-Redirect"] == "/sign-in/?next=%2Fmembers%2F7%2F"


def test_a_post_is_not_replayed_after_sign_in():
    response = raising(NotFound())(request(viewer=None, method="post"))
    assert response["Location"] == "/sign-in/?next=%2F"


def test_another_method_is_refused():
    response = view(request(method="post"))
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")


def test_a_missing_permission_is_refused():
    with pytest.raises(PermissionDenied):
        view(request(viewer=NOBODY))


def test_refusals_become_pages_or_toasts():
    with pytest.raises(Http404):
        raising(NotFound())(request())
    with pytest.raises(PermissionDenied):
        raising(Forbidden())(request())
    page = raising(DomainError("The room is full."))(request())
    assert page.status_code == 409
    assert "The room is full." in page.text
    toast = raising(StaleVersion("Somebody was faster."))(request(htmx=True))
    assert (toast.status_code, toast["HX-Reswap"]) == (412, "none")
    assert "Somebody was faster." in toast["HX-Trigger"]


def test_an_unexpected_error_is_a_bug_and_surfaces():
    with pytest.raises(ZeroDivisionError):
        raising(ZeroDivisionError())(request())


@pytest.mark.parametrize("order", ["above", "below"])
def test_the_mark_of_an_own_tenant_survives_the_guard(order):
    def plain(_request):
        return HttpResponse("ok")

    guard = console()
    marked = opens_own_tenant(guard(plain)) if order == "above" else guard(opens_own_tenant(plain))
    assert marked.opens_own_tenant


def test_one_address_answers_page_and_part():
    pages = ("403.html", "components/skeleton.html")
    assert "<html" in page_or_partial(request(), *pages).text
    part = page_or_partial(request(htmx=True), *pages)
    assert "<html" not in part.text
    assert "HX-Request" in part["Vary"]
    restored = request(htmx=True, **{"HX-History-Restore-Request": "true"})
    assert "<html" in page_or_partial(restored, *pages).text


def test_leading_on_works_with_and_without_scripts():
    assert go_to(request(), "/x/")["Location"] == "/x/"
    assert go_to(request(htmx=True), "/x/")["HX-Redirect"] == "/x/"


class Form(forms.Form):
    phone = forms.CharField(required=False)
    grants = forms.CharField(required=False)


def test_a_refusal_stands_beside_its_field():
    form = Form({})
    form.is_valid()
    problems = (
        Problem("/phone", "invalid", "Not a phone."),
        Problem("/grants/0/role", "scope", "Does not fit."),
        Problem("/unknown", "x", "Elsewhere."),
    )
    form_refusal(form, InvalidInput("x", problems=problems))
    assert form.errors == {
        "phone": ["Not a phone."],
        "grants": ["Does not fit."],
        "__all__": ["Elsewhere."],
    }


def test_a_refusal_without_fields_stands_on_top():
    form = Form({})
    form.is_valid()
    form_refusal(form, DomainError("Not now."))
    assert form.non_field_errors() == ["Not now."]
