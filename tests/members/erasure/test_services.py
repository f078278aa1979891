from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.audit.models import AuditEntry
from core.kernel.access import Viewer
from core.kernel.errors import Forbidden, InvalidInput
from core.kernel.scoping import tenant
from core.runs import services as runs
from core.runs.models import Run
from members.erasure import handlers, journal, services
from members.erasure.models import Erasure
from members.profiles.models import Member
from members.profiles.services import register_member
from tests.factories.core import BrandFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def member(brand):
    return MemberFactory(brand=brand, display_name="欧阳若兰", phone="+8613812345678")


def grace(brand, actor, days):
    with tenant(brand.pk):
        services.change_grace(days=days, actor=actor, now=timezone.now())


def members_of(brand):
    with tenant(brand.pk):
        return list(Member.objects.filter(brand=brand).order_by("pk"))


def test_without_days_of_grace_it_begins_at_once(brand, member, erase):
    made = erase(member)
    assert members_of(brand) == []
    assert (made.note, made.traces, made.member_id) == ("", None, member.pk)


def test_within_its_days_it_waits_and_can_be_taken_back(brand, actor, member, ask, work):
    grace(brand, actor, 3)
    made = ask(member)
    work()
    assert members_of(brand) == [member]
    with tenant(brand.pk):
        taken = services.withdraw(erasure=made, actor=actor, now=timezone.now())
        assert services.start_due(brand_id=brand.pk, now=timezone.now() + 4 * DAY) is None
        with pytest.raises(services.TooLate):
            services.withdraw(erasure=taken, actor=actor, now=timezone.now())
    assert members_of(brand) == [member]


def test_after_its_days_it_is_done(brand, actor, member, ask, work):
    grace(brand, actor, 3)
    ask(member, now=timezone.now() - 3 * DAY)
    with tenant(brand.pk):
        services.start_due(brand_id=brand.pk, now=timezone.now())
    work()
    assert members_of(brand) == []


def test_once_asked_for_it_is_not_asked_for_again(brand, actor, member, ask):
    grace(brand, actor, 1)
    ask(member)
    with pytest.raises(services.AlreadyAsked):
        ask(member)


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"typed": "欧阳"}, "/name"),
        ({"reason": "bored"}, "/reason"),
        ({"reason": "restored"}, "/reason"),
    ],
)
def test_a_wrong_word_is_refused(member, ask, wrong, pointer):
    with pytest.raises(InvalidInput) as refusal:
        ask(member, **wrong)
    assert refusal.value.problems[0].pointer == pointer


def test_it_needs_its_permission(brand, member):
    nobody = Viewer(brand_id=brand.pk, label="A", staff_id=1)
    with tenant(brand.pk), pytest.raises(Forbidden):
        services.request_erasure(
            member=member,
            typed_name=member.display_name,
            reason="asked",
            note="",
            actor=nobody,
            now=timezone.now(),
        )


@pytest.mark.parametrize("days", [-1, 8])
def test_days_of_grace_are_a_week_at_most(brand, actor, days):
    with pytest.raises(InvalidInput):
        grace(brand, actor, days)


def test_who_sees_a_part_of_the_brand_does_not_set_its_days(brand, actor):
    part = replace(actor, dealer_ids=frozenset({1}))
    with pytest.raises(Forbidden):
        grace(brand, part, 3)


def test_the_trail_tells_it_and_names_nobody(brand, member, erase):
    erase(member)
    with tenant(brand.pk):
        entries = AuditEntry.objects.filter(subject_type="members.erasure").order_by("pk")
        told = list(entries.values_list("action", "data"))
    assert told == [("erasure.asked", {"reason": "asked"}), ("erasure.finished", {})]


def test_the_same_phone_later_is_a_new_member(brand, actor, member, erase):
    erase(member)
    values = {"display_name": "欧阳若兰", "phone": "13812345678"}
    with tenant(brand.pk):
        again = register_member(values=values, actor=actor, now=timezone.now())
    assert again.pk != member.pk


def test_a_cancelled_run_leaves_it_to_the_next(brand, member, ask, work):
    made = ask(member)
    with tenant(brand.pk):
        Run.objects.filter(pk=made.run_id).update(asked="cancel")
    work()
    assert members_of(brand) == [member]
    with tenant(brand.pk):
        assert services.start_due(brand_id=brand.pk, now=timezone.now()) is not None
    work()
    assert members_of(brand) == []


def test_a_run_that_failed_is_followed_by_another(brand, member, ask, work):
    made, later = ask(member), timezone.now() + 2 * services.TAKEN_UP_AGAIN
    with tenant(brand.pk):
        Run.objects.filter(pk=made.run_id).update(state="failed", finished_at=timezone.now())
        assert services.start_due(brand_id=brand.pk, now=timezone.now()) is None
        assert services.start_due(brand_id=brand.pk, now=later) is not None


def restored(brand, member):
    """What a backup made before the deletion brings back."""
    with tenant(brand.pk):
        Erasure.objects.all().delete()
        member.save(force_insert=True)


def test_a_restored_backup_deletes_again(brand, member, erase, capsys):
    erase(member)
    restored(brand, member)
    call_command("reapply_deletions")
    assert members_of(brand) == []
    assert "1 deleted again" in capsys.readouterr().out
    with tenant(brand.pk):
        assert Erasure.objects.get().reason == "restored"
    call_command("reapply_deletions")
    assert "0 deleted again" in capsys.readouterr().out


def test_somebody_who_got_the_number_anew_stays(brand, member, erase):
    erase(member)
    member.created_at += timedelta(seconds=1)
    restored(brand, member)
    call_command("reapply_deletions")
    assert members_of(brand) == [member]


def test_two_people_of_one_number_are_both_known_again(brand, member, erase):
    erase(member)
    first_came = member.created_at
    member.created_at += timedelta(seconds=1)
    restored(brand, member)
    erase(member)
    member.created_at = first_came
    restored(brand, member)
    call_command("reapply_deletions")
    assert members_of(brand) == []


def test_a_damaged_journal_is_reported(brand, member, erase, settings):
    erase(member)
    file = settings.AUDIT_ANCHOR_DIR / f"erasures-{brand.pk}.log"
    file.write_text(file.read_text().replace(f" {member.pk} ", " x "))
    with pytest.raises(CommandError):
        call_command("reapply_deletions")


def test_a_line_that_a_crash_cut_is_passed_over(brand, settings):
    line, now = journal.Line(7, b"m" * 16), timezone.now()
    journal.append(brand_id=brand.pk, lines=[line], now=now)
    with (settings.AUDIT_ANCHOR_DIR / f"erasures-{brand.pk}.log").open("a") as file:
        file.write("2026-01-01T00:00:00+00:00 1 8 6d6d")
    journal.append(brand_id=brand.pk, lines=[journal.Line(9, b"n" * 16)], now=now)
    assert [one.member_id for one in journal.read(brand_id=brand.pk)] == [7, 9]


def test_one_brand_deletes_nobody_of_another(brand, member, erase):
    other = MemberFactory(brand=BrandFactory(), display_name=member.display_name)
    erase(member)
    with tenant(other.brand_id):
        assert Member.objects.filter(pk=other.pk).exists()


def test_a_deletion_that_broke_and_was_taken_back_is_not_done_again(
    brand, actor, member, ask, work, monkeypatch
):
    """The journal is written before the rows go, and knows of the member already."""
    grace(brand, actor, 1)
    made = ask(member, now=timezone.now() - 2 * DAY)

    def broken(*_given):
        raise RuntimeError("no power")

    with monkeypatch.context() as patched:
        patched.setattr(handlers, "_delete", broken)
        with tenant(brand.pk):
            run = services.start_due(brand_id=brand.pk, now=timezone.now())
        work()
    with tenant(brand.pk):
        runs.ask(run_id=run.pk, wish=Run.Asked.CANCEL, actor=actor, now=timezone.now())
    work()
    assert journal.read(brand_id=brand.pk)
    with tenant(brand.pk):
        made.refresh_from_db()
        services.withdraw(erasure=made, actor=actor, now=timezone.now())
    call_command("reapply_deletions")
    work()
    assert members_of(brand) == [member]


def test_who_is_deleted_after_all_is_in_the_journal_again(brand):
    line, now = journal.Line(7, b"m" * 16), timezone.now()
    for is_withdrawn, known in [(False, [line]), (True, []), (False, [line])]:
        journal.append(brand_id=brand.pk, lines=[line], now=now, is_withdrawn=is_withdrawn)
        assert journal.read(brand_id=brand.pk) == known
