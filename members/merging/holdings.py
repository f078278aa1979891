"""What the concepts of members keep about a member, as merging moves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.kernel import formats
from members.lifecycle.rules import ZONE_NAME
from members.merging.ports import Clash, MergedField, MovedRows

if TYPE_CHECKING:
    from members.profiles.models import Member

# Of a group that allows one tag a member keeps one, and a tag that a person gave stays.
BY_HAND = "l.source = 'manual' AND w.source <> 'manual'"
SAME_EXCLUSIVE_GROUP = """
EXISTS (
    SELECT FROM members_tag AS one
    JOIN members_tag AS other ON other.brand_id = one.brand_id AND other.group_id = one.group_id
    JOIN members_taggroup AS grp ON grp.brand_id = one.brand_id AND grp.id = one.group_id
    WHERE one.brand_id = w.brand_id AND one.id = w.tag_id AND other.id = l.tag_id
      AND grp.is_exclusive AND one.id <> other.id
)
"""
# No rule may have given what somebody took off either of the two by hand.
BLOCKED = """
t.source = 'rule' AND EXISTS (
    SELECT FROM members_tagblock AS block
    WHERE block.brand_id = t.brand_id AND block.tag_id = t.tag_id
      AND block.member_id IN (%(winner)s, %(loser)s)
)
"""
# Of a tag that is gone nothing comes back, nor what would stand against what was said since.
TAG_STANDS = (
    "EXISTS (SELECT FROM members_tag AS tag WHERE (tag.brand_id, tag.id) = (k.brand_id, k.tag_id))"
)
MAY_COME_BACK = f"""
{TAG_STANDS} AND (k.expires_at IS NULL OR k.expires_at > %(now)s)
AND (k.source <> 'rule' OR (
    EXISTS (
        SELECT FROM members_tagrule AS rule
        WHERE rule.brand_id = k.brand_id AND rule.tag_id = k.tag_id
    ) AND NOT EXISTS (
        SELECT FROM members_tagblock AS block
        WHERE (block.brand_id, block.tag_id, block.member_id)
            = (k.brand_id, k.tag_id, k.member_id)
    )
))
AND NOT EXISTS (
    SELECT FROM members_tag AS one
    JOIN members_taggroup AS grp ON grp.brand_id = one.brand_id AND grp.id = one.group_id
    JOIN members_tag AS other ON other.brand_id = one.brand_id
        AND other.group_id = one.group_id AND other.id <> one.id
    JOIN members_membertag AS held ON held.brand_id = one.brand_id
        AND held.tag_id = other.id AND held.member_id = k.member_id
    WHERE one.brand_id = k.brand_id AND one.id = k.tag_id AND grp.is_exclusive
)
"""  # noqa: S608  only constants are put in
VALUE_STANDS = """
EXISTS (
    SELECT FROM members_customfield AS field
    WHERE field.brand_id = k.brand_id AND field.id = k.field_id
) AND (k.choice_id IS NULL OR EXISTS (
    SELECT FROM members_customchoice AS choice
    WHERE choice.brand_id = k.brand_id AND choice.id = k.choice_id
))
"""
# Who withdrew as one person has withdrawn as both.
WITHDRAWN_SINCE = """
UPDATE members_consent AS theirs
SET withdrawn_at = greatest(said.withdrawn_at, theirs.given_at),
    withdrawn_evidence = said.withdrawn_evidence
FROM members_consent AS said
WHERE said.brand_id = %(brand)s AND said.member_id = %(winner)s
    AND said.withdrawn_at > %(merged_at)s
    AND theirs.brand_id = said.brand_id AND theirs.member_id = %(loser)s
    AND theirs.purpose = said.purpose AND theirs.withdrawn_at IS NULL
"""
# Of a pair both have to be there still.
BOTH_ARE_THERE = """
(
    SELECT count(*) FROM members_member AS m
    WHERE m.brand_id = k.brand_id AND m.id IN (k.first_id, k.second_id)
) = 2
"""
TABLES = (
    MovedRows(table="members_identity", label=_("Names in other systems"), part="identities"),
    MovedRows(table="members_ownership", label=_("Vehicles"), part="ownerships"),
    MovedRows(table="members_order", label=_("Orders"), part="orders"),
    MovedRows(
        table="members_membertag",
        label=_("Tags"),
        key=("tag_id",),
        impossible=BLOCKED,
        comes_back=MAY_COME_BACK,
        clashes=(
            Clash(
                together="l.tag_id = w.tag_id",
                loser_stays=BY_HAND,
                words=_("Both have it: the one given by hand stays."),
            ),
            Clash(
                together=SAME_EXCLUSIVE_GROUP,
                loser_stays=BY_HAND,
                words=_("One tag of the group is allowed: the one given by hand stays."),
            ),
        ),
    ),
    MovedRows(
        table="members_tagblock",
        label=_("Tags taken off by hand"),
        key=("tag_id",),
        clashes=(Clash(together="l.tag_id = w.tag_id", words=_("Both have it: one is enough.")),),
        comes_back=TAG_STANDS,
        is_shown=False,
    ),
    MovedRows(
        table="members_consent",
        label=_("Consent"),
        clashes=(
            Clash(
                together="l.purpose = w.purpose",
                loser_stays="l.withdrawn_at IS NOT NULL AND w.withdrawn_at IS NULL",
                words=_("Both answered: who withdrew has withdrawn."),
            ),
        ),
        answers=("version", "given_at", "withdrawn_at"),
        settled=WITHDRAWN_SINCE,
    ),
    MovedRows(table="members_pastconsent", label=_("Earlier answers"), is_shown=False),
    MovedRows(table="members_subjectfile", label=_("Files about the person"), is_shown=False),
    MovedRows(table="members_reveal", label=_("Reveals"), is_shown=False),
    MovedRows(
        table="members_customvalue",
        label=_("Custom fields"),
        key=("field_id", "slot"),
        # Of several choices there is a row each, and those of both stay.
        clashes=(
            Clash(
                together="l.field_id = w.field_id AND l.slot = w.slot",
                words=_("Both have a value: that of the one who stays counts."),
            ),
        ),
        comes_back=VALUE_STANDS,
        answers=("text", "number", "day", "choice_id"),
    ),
    MovedRows(table="members_stagechange", label=_("Changes of stage"), marked="of_merged"),
    # A pair with the one who goes says nothing any more; undoing brings it back.
    MovedRows(
        table="members_duplicatepair",
        label=_("Pairs to judge"),
        column="first_id",
        impossible="t.first_id = %(loser)s",
        comes_back=BOTH_ARE_THERE,
        is_shown=False,
    ),
    MovedRows(
        table="members_duplicatepair",
        label=_("Pairs to judge"),
        column="second_id",
        impossible="t.second_id = %(loser)s",
        comes_back=BOTH_ARE_THERE,
        is_shown=False,
    ),
    MovedRows(
        table="members_mergedmember", label=_("Earlier merges"), column="winner_id", is_shown=False
    ),
    MovedRows(table="members_membermerge", label=_("Earlier merges"), column="winner_id"),
)


def _city(member: Member) -> str:
    return member.city.name if member.city else ""


def _dealer(member: Member) -> str:
    return member.home_dealer.name if member.home_dealer else ""


def _active(member: Member) -> str:
    return formats.exact(member.last_active_at) if member.last_active_at else ""


FIELDS = (
    MergedField(
        key="display_name",
        label=pgettext_lazy("of a person", "Name"),
        columns=("display_name",),
        shown=lambda member: member.display_name,
    ),
    MergedField(
        key="phone",
        label=_("Phone"),
        columns=("phone_hash", "phone_cipher", "phone_masked", "phone_tail"),
        shown=lambda member: member.phone_masked,
    ),
    MergedField(
        key="customer_no",
        label=_("Customer number"),
        columns=("customer_no",),
        shown=lambda member: member.customer_no or "",
    ),
    MergedField(
        key="gender",
        label=_("Gender"),
        columns=("gender",),
        shown=lambda member: str(member.get_gender_display()),
    ),
    MergedField(key="city", label=_("City"), columns=("city_id",), shown=_city),
    MergedField(
        key="home_dealer", label=_("Home dealer"), columns=("home_dealer_id",), shown=_dealer
    ),
    MergedField(
        key="stage",
        label=_("Stage"),
        columns=("stage",),
        along={"stage_since": f"(%(now)s AT TIME ZONE '{ZONE_NAME}')::date"},
        shown=lambda member: str(member.get_stage_display()),
    ),
    MergedField(
        key="joined_on",
        label=_("Member since"),
        columns=("joined_on",),
        shown=lambda member: member.joined_on.isoformat() if member.joined_on else "",
        combined="least(w.joined_on, l.joined_on)",
    ),
    MergedField(
        key="last_active_at",
        label=_("Last active"),
        columns=("last_active_at",),
        shown=_active,
        combined="greatest(w.last_active_at, l.last_active_at)",
    ),
)
