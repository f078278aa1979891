"""Two calls at once that mean the same people, in opposite order: nobody twice, nothing lost."""

import contextlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.test import Client

from core.kernel.scoping import tenant
from members.imports import batching, member_upsert
from members.profiles.models import Member

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE, ROUNDS = 60, 3


def at_once(api_key, *calls):
    """Send calls in threads of their own that begin together; return the outcomes of each."""
    start = threading.Barrier(len(calls))

    def send(rows):
        try:
            start.wait()
            answer = Client().post(
                "/api/v1/members/batch/",
                json.dumps({"rows": rows}),
                content_type="application/json",
                headers={"Authorization": f"Bearer {api_key}"},
            )
            assert answer.status_code == 200, answer.content
            return [row["outcome"] for row in answer.json()["results"]]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [each.result() for each in [pool.submit(send, rows) for rows in calls]]


def people(round_, name):
    return [
        {"customer_no": f"R{round_}-{n}", "display_name": name, "phone": f"138{round_:04}{n:04}"}
        for n in range(PEOPLE)
    ]


def test_two_calls_about_the_same_people_follow_each_other(api_key, brand):
    for round_ in range(ROUNDS):
        one, two = people(round_, "甲"), people(round_, "乙")[::-1]
        outcomes = at_once(api_key, one, two)
        assert sorted(map(set, outcomes), key=str) == [{"created"}, {"updated"}]
    with tenant(brand.pk):
        assert Member.objects.count() == PEOPLE * ROUNDS
        assert {row.version for row in Member.objects.all()} == {2}


def test_without_following_each_other_one_has_to_look_again(api_key, brand, monkeypatch):
    """The control: both have planned to create before either has written."""
    tries, met, honest = [], threading.Barrier(2), member_upsert.Upsert._write

    def write(self, *asked):
        tries.append(1)
        with contextlib.suppress(threading.BrokenBarrierError):
            met.wait(timeout=1)
        honest(self, *asked)

    monkeypatch.setattr(batching, "one_call_at_a_time", lambda _brand_id: None)
    monkeypatch.setattr(member_upsert.Upsert, "_write", write)
    at_once(api_key, people(9, "甲"), people(9, "乙")[::-1])
    assert len(tries) > 2
    with tenant(brand.pk):
        assert Member.objects.count() == PEOPLE
