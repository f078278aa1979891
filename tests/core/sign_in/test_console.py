from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.utils import timezone

from core.audit.models import AuditEntry
from core.kernel.scoping import tenant
from core.staff.models import Staff, StaffSession
from tests.factories.core import RoleGrantFactory, StaffFactory

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture
def person(brand):
    person = StaffFactory(brand=brand, username="lin")
    person.set_password(PASSWORD)
    person.save()
    RoleGrantFactory(brand=brand, staff=person, role="hq_operator")
    return person


def sign_in(client, *, password=PASSWORD, username="lin", **extra):
    values = {"username": username, "password": password, **extra}
    return client.post("/sign-in/", values, headers={"User-Agent": "Firefox/140 (Windows NT)"})


def test_signing_in_opens_the_workbench_and_remembers_the_browser(client, person):
    before = client.get("/sign-in/").cookies.get("sessionid")
    response = sign_in(client, username=" LIN ")
    assert (response.status_code, response["Location"]) == (302, "/")
    assert before is None or before.value != client.cookies["sessionid"].value
    session = StaffSession.objects.get(staff_id=person.pk)
    assert session.session_key == client.cookies["sessionid"].value
    assert session.ip_address == "127.0.0.1"
    assert session.user_agent == "Firefox/140 (Windows NT)"


def test_a_planted_session_key_is_not_taken_over(client, person):
    """Session fixation: what was known before signing in opens nothing afterwards."""
    session = client.session
    session["planted"] = True
    session.save()
    client.cookies["sessionid"] = planted = session.session_key
    sign_in(client)
    assert client.cookies["sessionid"].value != planted
    assert not StaffSession.objects.filter(session_key=planted).exists()


@pytest.mark.parametrize(
    "evil", ["//evil.example/", "https://evil.example/", "javascript:alert(1)"]
)
def test_next_leads_only_to_our_own_pages(client, person, evil):
    assert sign_in(client, next=evil)["Location"] == "/"


def test_next_leads_back(client, person):
    assert sign_in(client, next="/account/?x=1")["Location"] == "/account/?x=1"


def test_a_wrong_password_keeps_the_name_and_says_no_more(client, person):
    wrong = sign_in(client, password="wrong")
    unknown = sign_in(client, password="wrong", username="nobody")
    assert wrong.status_code == unknown.status_code == 422
    assert 'value="lin"' in wrong.text
    text = wrong.context["form"].non_field_errors()
    assert text == unknown.context["form"].non_field_errors()


def test_five_wrong_attempts_lock_the_name_for_a_stated_time(client, person):
    for _attempt in range(4):
        assert sign_in(client, password="wrong", username="Lin").status_code == 422
    response = sign_in(client, password="wrong", username="LIN")
    assert response.status_code == 429
    assert 890 <= int(response["Retry-After"]) <= 900
    assert response.context["lock"]
    assert sign_in(client).status_code == 429, "the right password must wait as well"
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=15, seconds=1))
    assert sign_in(client).status_code == 302


def test_a_signed_in_person_cannot_guess_unthrottled(signed_in, person):
    signed_in.post("/sign-out/")
    for _attempt in range(5):
        response = sign_in(signed_in, password="wrong")
    assert response.status_code == 429


def test_a_deactivated_person_is_out_at_once(client, person):
    sign_in(client)
    Staff.objects.filter(pk=person.pk).update(is_active=False)
    assert client.get("/account/").status_code == 302
    assert sign_in(client).status_code == 422


def test_signing_out_ends_the_session(client, person):
    sign_in(client)
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert not StaffSession.objects.filter(staff_id=person.pk).exists()


def test_the_account_shows_own_sessions_only(client, brand, person):
    sign_in(client)
    other = StaffFactory(brand=brand)
    StaffSession.objects.create(
        session_key="x" * 32,
        session_data="",
        expire_date=timezone.now() + timedelta(hours=1),
        staff_id=other.pk,
        ip_address="203.0.113.9",
        created_at=timezone.now(),
        seen_at=timezone.now(),
    )
    response = client.get("/account/")
    assert response.status_code == 200
    assert "203.0.113.9" not in response.text
    assert client.cookies["sessionid"].value not in response.text
    assert [session.is_current for session in response.context["sessions"]] == [True]


def second_browser(client, person):
    other = type(client)()
    sign_in(other)
    return other


def test_one_browser_ends_another(client, person):
    sign_in(client)
    other = second_browser(client, person)
    refs = [s.ref for s in client.get("/account/").context["sessions"] if not s.is_current]
    assert client.post(f"/account/sessions/{refs[0]}/end/").status_code == 302
    assert other.get("/account/").status_code == 302
    assert client.get("/account/").status_code == 200


def test_all_other_browsers_end_together(client, person):
    sign_in(client)
    others = [second_browser(client, person) for _n in range(2)]
    client.post("/account/sessions/end-others/")
    assert [other.get("/account/").status_code for other in others] == [302, 302]
    assert client.get("/account/").status_code == 200


def test_anothers_session_cannot_be_ended(client, brand, person, staff):
    admin = type(client)()
    admin.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    refs = [s.ref for s in admin.get("/account/").context["sessions"]]
    sign_in(client)
    assert client.post(f"/account/sessions/{refs[0]}/end/").status_code == 404
    assert admin.get("/account/").status_code == 200


def change_password(client, **changes):
    values = {
        "old_password": PASSWORD,
        "new_password": "a new long sentence",
        "repeated": "a new long sentence",
    }
    return client.post("/account/password/", values | changes)


def test_changing_the_password_signs_other_browsers_out(client, brand, person):
    sign_in(client)
    other = second_browser(client, person)
    assert change_password(client).status_code == 302
    assert client.get("/account/").status_code == 200
    assert other.get("/account/").status_code == 302
    assert sign_in(type(client)(), password="a new long sentence").status_code == 302
    with tenant(brand.pk):
        actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert actions >= {"staff.password_changed", "staff.sessions_ended"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"old_password": "wrong"}, "old_password"),
        ({"repeated": "something else"}, "repeated"),
        ({"new_password": "short", "repeated": "short"}, "new_password"),
        ({"new_password": "password123", "repeated": "password123"}, "new_password"),
    ],
)
def test_a_refused_password_changes_nothing(client, person, changes, field):
    sign_in(client)
    response = change_password(client, **changes)
    assert response.status_code == 422
    assert field in response.context["password_form"].errors
    assert sign_in(type(client)()).status_code == 302


def test_guessing_the_present_password_is_throttled_too(client, person):
    sign_in(client)
    for _attempt in range(5):
        response = change_password(client, old_password="wrong")
    assert response.status_code == 422
    assert change_password(client).status_code == 422, "locked"


def test_an_initial_password_must_be_changed_first(client, person):
    Staff.objects.filter(pk=person.pk).update(must_change_password=True)
    sign_in(client)
    assert client.post("/account/sessions/end-others/")["Location"] == "/account/"
    assert client.get("/account/").context["must_change"]
    polled = client.get("/tasks/badge/", headers={"HX-Request": "true"})
    assert (polled.status_code, "HX-Redirect" in polled) == (204, False), "no endless reloading"
    assert change_password(client).status_code == 302
    assert not client.get("/account/").context["must_change"]
    assert not Staff.objects.get(pk=person.pk).must_change_password


def test_the_console_speaks_the_persons_language(client, person):
    sign_in(client)
    client.post("/language/", {"language": "en", "next": "/account/"})
    assert Staff.objects.get(pk=person.pk).language == "en"
    other = second_browser(client, person)
    assert other.cookies["django_language"].value == "en"
    client.post("/account/language/", {"language": "zh-hans"})
    assert Staff.objects.get(pk=person.pk).language == "zh-hans"
    assert client.cookies["django_language"].value == "zh-hans"


def test_seen_is_noted_at_most_every_five_minutes(client, person):
    sign_in(client)
    rows = StaffSession.objects.filter(staff_id=person.pk)
    just_now = timezone.now() - timedelta(minutes=4)
    rows.update(seen_at=just_now)
    client.get("/account/")
    assert rows.get().seen_at == just_now
    rows.update(seen_at=timezone.now() - timedelta(minutes=6))
    client.get("/account/")
    assert timezone.now() - rows.get().seen_at < timedelta(minutes=1)


def test_signing_in_is_remembered_when_the_session_is_written_again(client, person):
    sign_in(client)
    rows = StaffSession.objects.filter(staff_id=person.pk)
    before = rows.get().created_at
    session = client.session
    session["something"] = 1
    session.save()
    assert rows.get().created_at == before


def test_a_forwarded_address_counts_only_behind_our_own_proxy(client, person, settings):
    settings.TRUSTED_PROXIES = 0
    spoof = {"X-Forwarded-For": "203.0.113.66"}
    values = {"username": "lin", "password": PASSWORD}
    client.post("/sign-in/", values, headers=spoof)
    assert StaffSession.objects.get(staff_id=person.pk).ip_address == "127.0.0.1"
    settings.TRUSTED_PROXIES = 1
    spoof = {"X-Forwarded-For": "203.0.113.66, 198.51.100.7"}
    other = type(client)()
    other.post("/sign-in/", values, headers=spoof)
    addresses = StaffSession.objects.filter(staff_id=person.pk).values_list("ip_address", flat=True)
    assert set(addresses) == {"127.0.0.1", "198.51.100.7"}


def test_the_account_page_needs_few_queries(client, person, query_budget):
    sign_in(client)
    with query_budget(0):
        client.get("/account/")
