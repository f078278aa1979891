import pytest
from django.urls import reverse
from django.utils import timezone

from core.kernel.scoping import tenant
from members.custom_fields import selectors, services
from members.custom_fields.models import CustomField
from members.members import listing
from members.profiles.models import Member
from tests.factories.core import DealerFactory, RoleGrantFactory, StaffFactory
from tests.factories.members import MemberFactory, SegmentFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
LIST, NEW = reverse("members:custom-fields-list"), reverse("members:custom-fields-new")
USE = {
    "label": "购车用途",
    "kind": "choice",
    "key": "use",
    "data_class": "internal",
    "choices": "家用\n通勤\n\n",
}


def field_of(brand, key):
    with tenant(brand.pk):
        return CustomField.objects.get(key=key)


def spec_of(brand, key):
    with tenant(brand.pk):
        (spec,) = selectors.specs_of([CustomField.objects.get(key=key)])
        return spec


def held(member):
    with tenant(member.brand_id):
        fields = selectors.specs(brand_id=member.brand_id)
        found = selectors.values_of(brand_id=member.brand_id, member_ids=[member.pk], fields=fields)
        return found[member.pk]


@pytest.fixture
def member(brand):
    return MemberFactory(brand=brand, display_name="陈小宇")


def edit(signed_in, member, **values):
    with tenant(member.brand_id):
        version = Member.objects.get(pk=member.pk).version
    known = {"display_name": member.display_name, "stage": "prospect", "version": version}
    whole = known | values
    return signed_in.post(reverse("members:members-edit", args=[member.pk]), whole)


def test_a_field_is_declared_and_stands_in_the_list(signed_in, brand):
    assert NEW in signed_in.get(LIST).content.decode()
    assert 'name="choices"' in signed_in.get(NEW, {"kind": "choice"}).content.decode()
    assert signed_in.post(NEW, USE).status_code == 302
    page = signed_in.get(LIST).content.decode()
    assert "购车用途" in page
    assert "家用、通勤" in page
    assert [choice.label for choice in spec_of(brand, "use").offered] == ["家用", "通勤"]


def test_another_kind_asks_for_other_things_and_keeps_what_was_typed(signed_in):
    page = signed_in.get(NEW, {"kind": "number", "label": "家庭人数"}, headers=HTMX)
    text = page.content.decode()
    assert "<html" not in text
    assert 'name="decimals"' in text
    assert 'name="choices"' not in text
    assert "家庭人数" in text


def test_a_refused_field_keeps_what_was_typed(signed_in, brand):
    page = signed_in.post(NEW, USE | {"key": "Big Key", "choices": "甲\n甲"})
    assert page.status_code == 422
    assert "Big Key" in page.content.decode()
    page = signed_in.post(NEW, USE | {"choices": "甲\n甲"})
    assert page.context["form"].errors["choices"]
    with tenant(brand.pk):
        assert not CustomField.objects.exists()


def test_choices_are_renamed_added_and_archived(signed_in, brand):
    signed_in.post(NEW, USE)
    field, (home, work) = field_of(brand, "use"), spec_of(brand, "use").choices
    url = reverse("members:custom-fields-edit", args=[field.pk])
    assert "通勤" in signed_in.get(url).content.decode()
    changes = {"label": "用途", "data_class": "internal", "version": 1, "choices": "自驾"}
    names = {f"choice_{home.pk}": "家里用", f"choice_{work.pk}": ""}
    assert signed_in.post(url, changes | names).status_code == 302
    assert [choice.label for choice in spec_of(brand, "use").offered] == ["家里用", "自驾"]
    assert "通勤" in signed_in.get(url).content.decode()  # among the archived
    stale = signed_in.post(url, changes | names)
    assert stale.status_code == 412
    twice = signed_in.post(url, changes | {"version": 2, f"choice_{home.pk}": "自驾"})
    assert twice.status_code == 422


def test_fields_move_and_are_archived_and_restored(signed_in, brand, declare):
    first, second = declare("a"), declare("b")
    moved = signed_in.post(
        reverse("members:custom-fields-move", args=[second.pk]), {"to": "0"}, headers=HTMX
    )
    text = moved.content.decode()
    assert text.index(">b<") < text.index(">a<")
    archive = reverse("members:custom-fields-archive", args=[first.pk])
    signed_in.post(archive)
    assert field_of(brand, "a").is_archived
    signed_in.post(archive, {"restore": "1"})
    assert not field_of(brand, "a").is_archived


def test_counts_come_by_themselves(signed_in, brand, declare, actor, member):
    field = declare("use")
    with tenant(brand.pk):
        services.set_values(
            member_ids=[member.pk], values={"use": "x"}, actor=actor, now=timezone.now()
        )
    page = signed_in.get(reverse("members:custom-fields-counts"), headers=HTMX)
    assert f'id="field-count-{field.pk}" hx-swap-oob="true">1<' in page.content.decode()


def test_a_value_is_given_in_the_members_form_and_stands_on_the_page(signed_in, member, declare):
    use = declare("use", "choice", label="购车用途")
    declare("likes", "choices", label="兴趣")
    declare("size", "number", label="家庭人数", help="几口人")
    declare("swap", "date")
    choices = spec_of(member.brand, "use").choices
    likes = [choice.pk for choice in spec_of(member.brand, "likes").choices[:2]]
    page = signed_in.get(reverse("members:members-edit", args=[member.pk])).content.decode()
    assert "购车用途" in page
    assert "几口人" in page
    answer = edit(
        signed_in,
        member,
        custom_use=choices[1].pk,
        custom_likes=likes,
        custom_size="4",
        custom_swap="2027-01-02",
    )
    assert answer.status_code == 302, answer.content.decode()
    assert held(member)["use"] == (choices[1].pk,)
    section = reverse("members:members-detail", args=[member.pk])
    card = signed_in.get(section).content.decode()
    for text in ("购车用途", "通勤", "家用、通勤", "<dd>4</dd>", "2027-01-02"):
        assert text in card
    edit(signed_in, member, custom_use="", custom_likes=likes[:1])
    assert held(member) == {"likes": (likes[0],)}
    assert use.key == "use"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("custom_size", "viele"),
        ("custom_swap", "2026-02-30"),
        ("custom_use", "999999999"),
        ("custom_nick", "Z" + "\u0336" * 20),
        ("custom_must", ""),
    ],
)
def test_a_refused_value_is_named_and_kept(name, value, signed_in, member, declare):
    declare("size", "number")
    declare("swap", "date")
    declare("use", "choice")
    declare("nick")
    declare("must", is_required=True)
    page = edit(signed_in, member, **({"custom_must": "x"} | {name: value}))
    assert page.status_code == 422
    assert list(page.context["form"].errors) == [name]
    assert name == "custom_use" or value in page.content.decode()
    assert held(member) == {}


def test_markup_in_a_value_is_inert(signed_in, member, declare):
    declare("nick")
    edit(signed_in, member, custom_nick="{{7*7}}<script>alert(1)</script>")
    card = signed_in.get(reverse("members:members-detail", args=[member.pk]))
    assert "{{7*7}}&lt;script&gt;" in card.content.decode()


def test_an_archived_choice_stays_with_who_has_it(signed_in, member, declare, actor, brand):
    field = declare("use", "choice")
    home, *rest = spec_of(brand, "use").choices
    edit(signed_in, member, custom_use=home.pk)
    with tenant(brand.pk):
        names = [{"id": choice.pk, "label": choice.label} for choice in rest]
        services.change_field(
            field=field, changes={"choices": names}, actor=actor, now=timezone.now()
        )
    assert edit(signed_in, member, custom_use=home.pk).status_code == 302
    assert held(member) == {"use": (home.pk,)}
    form = signed_in.get(reverse("members:members-new")).context["form"]
    assert home.pk not in dict(form.fields["custom_use"].choices)


def test_personal_values_are_masked_for_who_may_not_edit_and_in_files(
    client, member, declare, actor, brand
):
    declare("nick", data_class="personal")
    with tenant(brand.pk):
        services.set_values(
            member_ids=[member.pk], values={"nick": "小陈"}, actor=actor, now=timezone.now()
        )
        columns = [column.key for column in listing.columns(actor)]
        (cells,) = listing.cells([member], actor)
    assert dict(zip(columns, cells, strict=True))["custom.nick"] == "•••"
    analyst = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=analyst, role="analyst")
    client.force_login(analyst, backend="django.contrib.auth.backends.ModelBackend")
    card = client.get(reverse("members:members-detail", args=[member.pk]))
    assert "小陈" not in card.content.decode()
    assert "•••" in card.content.decode()


def test_a_dealers_people_fill_in_values_but_declare_none(client, brand, declare):
    dealer = DealerFactory(brand=brand)
    person = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=person, role="dealer_staff", dealer=dealer)
    declare("use")
    member = MemberFactory(brand=brand, home_dealer=dealer)
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(LIST).status_code == 403
    answer = edit(client, member, home_dealer=dealer.pk, custom_use="x")
    assert answer.status_code == 302, answer.content.decode()
    assert held(member) == {"use": "x"}


def test_a_segment_keeps_an_archived_field_in_its_builder(signed_in, brand, declare, actor):
    field = declare("use", "choice", label="购车用途")
    home = spec_of(brand, "use").choices[0]
    leaf = {"field": "custom.use", "cmp": "in", "value": [home.pk]}
    segment = SegmentFactory(brand=brand, tree={"op": "all", "items": [leaf]})
    new = signed_in.get(reverse("members:segments-new"))
    assert "custom.use" in {each["field"] for each in new.context["criteria"]}
    with tenant(brand.pk):
        services.archive_field(field=field, actor=actor, now=timezone.now())
    new = signed_in.get(reverse("members:segments-new"))
    assert "custom.use" not in {each["field"] for each in new.context["criteria"]}
    kept = signed_in.get(reverse("members:segments-edit", args=[segment.pk]))
    assert "custom.use" in {each["field"] for each in kept.context["criteria"]}
    page = signed_in.get(reverse("members:segments-detail", args=[segment.pk]))
    assert "购车用途" in page.content.decode()
    assert "家用" in page.content.decode()


def test_the_list_is_narrowed_by_a_choice(signed_in, brand, member, declare, actor):
    declare("use", "choice")
    declare("likes", "choices")
    other = MemberFactory(brand=brand, display_name="马明")
    with tenant(brand.pk):
        for person, use in ((member, "家用"), (other, "通勤")):
            values = {"use": use, "likes": ["家用", "自驾游"]}
            services.set_values(
                member_ids=[person.pk], values=values, actor=actor, now=timezone.now()
            )
    home, likes = spec_of(brand, "use").choices[0], spec_of(brand, "likes").choices

    def listed(**query):
        page = signed_in.get(reverse("members:members-list"), query)
        return sorted(line.member.display_name for line in page.context["rows"])

    assert listed(custom_use=home.pk) == ["陈小宇"]
    assert listed(custom_likes=likes[2].pk) == ["陈小宇", "马明"]
    assert listed(custom_likes=likes[1].pk) == []
    assert listed(custom_use="x") == []
