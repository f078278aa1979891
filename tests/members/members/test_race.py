"""27: of two who saw the same version and save at once exactly one gets through; nothing is lost.

The control takes the lock away, so that both compare versions before either has written: both
believe that they saved, and what one of them changed is gone.
"""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import count

import pytest
from django.db import connection
from django.utils import timezone

from core.kernel.access import system_viewer
from core.kernel.errors import StaleVersion
from core.kernel.scoping import tenant
from members.members.services import change_member
from members.profiles import services as profiles
from members.profiles.models import Member
from members.segments import services as segments
from tests.factories.members import MemberFactory, SegmentFactory

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 5
WRITERS = 2
number = count(1)


class Edited:
    """Something that two people edit at once, each another part of it."""

    def __init__(self, row, change, writer, changes):
        self.row, self.change, self.writer, self.changes = row, change, writer, changes
        self.actor = system_viewer(row.brand_id)

    def save(self, changes, version):
        with tenant(self.row.brand_id):
            return self.change(
                changes=changes, version=version, actor=self.actor, now=timezone.now()
            )

    def read(self):
        with tenant(self.row.brand_id):
            self.row.refresh_from_db()
        return self.row

    def landed(self):
        """Which of the changes are there."""
        row = self.read()
        return [all(getattr(row, k) == v for k, v in each.items()) for each in self.changes]


def member(brand):
    row = MemberFactory(brand=brand, display_name="陈小宇")
    change = partial(change_member, member=row, custom={})
    changes = [{"display_name": "林珊"}, {"customer_no": f"C{next(number)}"}]
    return Edited(row, change, profiles, changes)


def segment(brand):
    row = SegmentFactory(brand=brand, description="")
    change = partial(segments.change_segment, segment=row)
    changes = [{"name": f"新车主 {next(number)}"}, {"description": "今年交付"}]
    return Edited(row, change, segments, changes)


@pytest.fixture(params=[member, segment])
def edit(request, brand):
    return partial(request.param, brand)


def meet(monkeypatch, edited, wait):
    """Hold who has compared versions until the other has as well, or for as long as ``wait``."""
    compared, store = threading.Barrier(WRITERS), edited.writer._store

    def later(row):
        with suppress(threading.BrokenBarrierError):  # The other one waits for our lock.
            compared.wait(timeout=wait)
        return store(row)

    monkeypatch.setattr(edited.writer, "_store", later)


def together(edited, version):
    """Let both save at once; return what each was told."""
    start = threading.Barrier(WRITERS)

    def save(changes):
        start.wait()
        try:
            return edited.save(changes, version).version
        except StaleVersion:
            return "stale"
        finally:
            connection.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(save, edited.changes))


def test_27_one_of_two_gets_through_and_the_other_is_told(edit, monkeypatch):
    for turn in range(ROUNDS):
        edited = edit()
        if turn == 0:  # Once the two meet for certain; then however it comes.
            meet(monkeypatch, edited, wait=0.5)
        told = together(edited, version=1)
        monkeypatch.undo()
        assert sorted(told, key=str) == [2, "stale"]
        assert edited.landed() == [answer == 2 for answer in told]
        # Who was told reads again and saves again: both changes stand.
        late = edited.changes[told.index("stale")]
        assert edited.save(late, version=edited.read().version).version == 3
        assert edited.landed() == [True, True]


def test_without_the_lock_both_are_told_that_they_saved_and_one_change_is_lost(edit, monkeypatch):
    """The control."""
    edited = edit()
    rows = type(type(edited.row).objects)
    monkeypatch.setattr(rows, "select_for_update", lambda self, **_how: self.get_queryset())
    meet(monkeypatch, edited, wait=10)
    assert together(edited, version=1) == [2, 2]
    assert sorted(edited.landed()) == [False, True]


@pytest.mark.parametrize("left_out", [{}, {"version": None}])
def test_27_rest_writes_nothing_without_a_version(client, api_key, edit, left_out):
    edited = edit()
    place = "members" if isinstance(edited.row, Member) else "segments"
    answer = client.patch(
        f"/api/v1/{place}/{edited.row.pk}/",
        json.dumps(edited.changes[0] | left_out),
        content_type="application/json",
        headers={"Authorization": f"Bearer {api_key}"},
    )
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/version"]
    assert edited.landed() == [False, False]
