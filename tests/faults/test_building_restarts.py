"""Invariant 3: a build run that is killed again and again ends where an uninterrupted one does."""

import signal
import subprocess
import sys

import pytest

from tests.faults.product import ROOT

pytestmark = pytest.mark.fault

MEMBERS, DEALERS, BATCH, CAP = 3000, 7, 100, 40
POINTS = [
    "build.batch_chosen",
    "build.communities_ready",
    "build.rooms_opened",
    "build.members_placed",
    "build.step_done",
]
KILLS = 20
# A first run leaves rooms with free seats; the second one, for the rest, is killed.
BRAND = """
    INSERT INTO core_brand (code, name, created_at) VALUES (%(code)s, '远航汽车', now())
    RETURNING id
"""
PEOPLE = """
    WITH city AS (
        INSERT INTO core_city (code, name, province_name) VALUES ('3301', '杭州市', '浙江省')
        ON CONFLICT (code) DO UPDATE SET name = excluded.name RETURNING code
    ), region AS (
        INSERT INTO core_region (brand_id, code, name) VALUES (%(brand)s, 'r', '华东') RETURNING id
    ), dealer AS (
        INSERT INTO core_dealer (brand_id, region_id, code, name, city_id, is_active)
        SELECT %(brand)s, region.id, 'D' || n, '远航中心' || n, city.code, true
        FROM region, city, generate_series(1, %(dealers)s) AS n RETURNING id, code
    ), member AS (
        INSERT INTO members_member (brand_id, display_name, customer_no, phone_masked, phone_tail,
            gender, home_dealer_id, stage, source, created_at, updated_at, version)
        SELECT %(brand)s, '车主 ' || n, 'C' || n, '', '', '', dealer.id, 'growth', 'demo', now(),
            now(), 1
        FROM generate_series(1, %(members)s) AS n
        JOIN dealer ON dealer.code = 'D' || (1 + n %% %(dealers)s)
        ORDER BY n RETURNING id, customer_no
    )
    INSERT INTO members_consent (brand_id, member_id, purpose, version, given_at, evidence)
    SELECT %(brand)s, id, 'community', '1', now(), 'test' FROM member
    WHERE substr(customer_no, 2)::int %% %(agreed)s = 0
"""
AGREE = """
    INSERT INTO members_consent (brand_id, member_id, purpose, version, given_at, evidence)
    SELECT brand_id, id, 'community', '1', now(), 'test' FROM members_member
    WHERE brand_id = %s ON CONFLICT DO NOTHING
"""
SETUP = """
from datetime import timedelta
from django.utils import timezone
from communities.group_building import applying, services
from communities.group_building.models import CandidateBatch
from communities.group_building.services import RuleWanted
from communities.policies.services import install_default_policies
from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from core.organizations.models import Brand
from core.runs.services import work_due
applying.BATCH_PEOPLE = CandidateBatch.SIZE = {batch}
brand = Brand.objects.get(pk={brand})
actor, now = system_viewer(brand.pk), timezone.now()
def work():
    work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(seconds=300))
"""
RULE = """
with tenant(brand.pk):
    install_default_policies(brand=brand, actor=actor, now=now)
    wanted = RuleWanted(name="By dealer", kind="service", group_by=("dealer",), room_cap={cap})
    print(services.create_rule(wanted=wanted, actor=actor, now=now).pk)
"""
CONFIRM = """
with tenant(brand.pk):
    run = services.plan_run(rule_id={rule}, actor=actor, now=now)
work()
with tenant(brand.pk):
    print(services.confirm_run(run_id=run.pk, actor=actor, now=now).pk)
"""
SEATS = """
    SELECT member.customer_no, dealer.code, room.number, room.name, seat.placement, seat.read_seq
    FROM communities_membership AS seat
    JOIN members_member AS member ON member.id = seat.member_id
    JOIN communities_room AS room ON room.id = seat.room_id
    JOIN communities_community AS home ON home.id = seat.community_id
    JOIN core_dealer AS dealer ON dealer.id = home.dealer_id
    WHERE seat.left_at IS NULL
"""


class Build:
    """One brand whose second run is confirmed and not yet begun."""

    def __init__(self, product, code):
        self.product = product
        with product.cursor() as cursor:
            cursor.execute(BRAND, {"code": code})
            [self.brand] = cursor.fetchone()
        people = {"brand": self.brand, "members": MEMBERS, "dealers": DEALERS, "agreed": 9}
        with product.cursor(self.brand) as cursor:
            cursor.execute(PEOPLE, people)
        rule = self.python(RULE.format(cap=CAP))
        self.python(CONFIRM.format(rule=rule) + "work()")
        with product.cursor(self.brand) as cursor:
            cursor.execute(AGREE, [self.brand])
        self.run = int(self.python(CONFIRM.format(rule=rule)))

    def python(self, code):
        head = SETUP.format(brand=self.brand, batch=BATCH)
        return self.product.run(head + code).splitlines()[-1] if code else ""

    def work(self, **variables):
        """Let one worker process work the run; return how it ended."""
        head = SETUP.format(brand=self.brand, batch=BATCH)
        done = subprocess.run(
            [sys.executable, "-c", f"import django; django.setup()\n{head}work()"],
            cwd=ROOT,
            env=self.product.stack.env | variables,
            capture_output=True,
            check=False,
        )
        with self.product.cursor(self.brand) as cursor:  # The lease of a dead worker, waited out.
            cursor.execute(
                "UPDATE core_run SET claimable_at = now() WHERE state IN ('queued', 'running')"
            )
        return done.returncode

    def state(self):
        return self.product.one(
            self.brand, "SELECT state FROM communities_buildrun WHERE id = %s", self.run
        )

    def report(self):
        return self.product.one(
            self.brand, "SELECT report FROM communities_buildrun WHERE id = %s", self.run
        )

    def seats(self):
        return sorted(self.product.all(self.brand, SEATS))


def test_twenty_kills_change_nothing(product):
    undisturbed, killed = Build(product, "undisturbed"), Build(product, "killed")
    assert undisturbed.work() == 0
    for number in range(KILLS):
        point = POINTS[number % len(POINTS)]
        # The second passage: the first step of each worker commits, its second dies on the way.
        assert killed.work(FAULT_POINTS=f"{point}=kill@2") == -signal.SIGKILL, number
        assert killed.state() == "applying"
    assert killed.work() == 0
    assert killed.state() == undisturbed.state() == "applied"
    assert killed.seats() == undisturbed.seats()
    assert len(killed.seats()) == MEMBERS
    assert killed.report() == undisturbed.report()
    assert killed.report()["placements"]["existing"] > 0
    assert product.breaches(killed.brand) == []


def test_without_its_checkpoint_the_run_would_tell_another_story(product):
    """The negative control: a cursor that is lost sends the run back over people it has seated."""
    build = Build(product, "forgetful")
    before = len(build.seats())
    assert build.work(FAULT_POINTS="build.step_done=kill@9") == -signal.SIGKILL
    seated = len(build.seats()) - before
    with product.cursor(build.brand) as cursor:
        cursor.execute("UPDATE core_run SET cursor = '{}', done = 0 WHERE kind = 'build_apply'")
    assert build.work() == 0
    report = build.report()
    assert report["drops"]["inside"] == seated >= 8 * BATCH
    assert report["placed"] < len(build.seats()) == MEMBERS
