"""What a member's row brings besides the member: identities, car, consent, tags, own fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from core.kernel.errors import InvalidInput
from members.imports import member_custom, staging
from members.imports.options import CONSENT_PURPOSES
from members.imports.preparing import copy_lines
from members.imports.values import read_tags
from members.tags import services as tag_services
from members.tags.models import Tag

if TYPE_CHECKING:
    from members.imports.member_upsert import Upsert
    from members.imports.preparing import Chunk

MAX_NEW_TAGS = 200
UNKNOWN_TAG = -1  # of a dry run, which creates none


def purposes(upsert: Upsert) -> tuple[str, ...]:
    """Return what consent in this file is for; a column without a choice means everything."""
    if "consent" in upsert.mapping:
        return upsert.options.consent or CONSENT_PURPOSES
    return upsert.options.consent


def plan(cursor: Any, upsert: Upsert, chunk: Chunk, values: dict[str, Any]) -> None:
    """Refuse what contradicts itself and mark the known members for whom anything changes."""
    changes = ["is_own_changed"]
    member_custom.plan(cursor, upsert, chunk, values)
    if _stage_tags(cursor, upsert, chunk):
        staging.run(cursor, REFUSE_UNKNOWN_TAGS, values)
        staging.run(cursor, REFUSE_EXCLUSIVE_TAGS, values)
        changes.append(HAS_NEW_TAG)
    named = [name for name in ("app_user", "unionid") if name in upsert.mapping]
    changes += [HAS_NEW_IDENTITY % {"name": name} for name in named]
    if "vin" in upsert.mapping:
        changes.append(HAS_NEW_VEHICLE)
    if purposes(upsert):
        wants = _wants_consent(upsert)
        changes.append(HAS_NEW_CONSENT % {"wants": wants})
        changes.append(HAS_NEW_WITHDRAWAL)
    if len(changes) == 1:
        staging.run(cursor, "UPDATE import_plan SET is_changed = true WHERE is_own_changed", values)
        return
    condition = " OR ".join(f"({change.strip()})" for change in changes)
    staging.run(cursor, MARK.replace("-- condition", condition), values)


def write(cursor: Any, upsert: Upsert, values: dict[str, Any]) -> None:
    """Write what the plan allows; what is there already stays as it is."""
    for name in ("app_user", "unionid"):
        if name in upsert.mapping:
            staging.run(cursor, INSERT_IDENTITIES % {"name": name}, values)
    if "vin" in upsert.mapping:
        staging.run(cursor, UPSERT_VEHICLES, values)
        staging.run(cursor, UPSERT_OWNERSHIPS, values)
    if purposes(upsert):
        staging.run(cursor, INSERT_CONSENTS % {"wants": _wants_consent(upsert)}, values)
        if "consent" in upsert.mapping:
            staging.run(cursor, WITHDRAW_CONSENTS, values)
    member_custom.write(cursor, upsert, values)
    cursor.execute("SELECT to_regclass('pg_temp.import_tag') IS NOT NULL")
    if cursor.fetchone()[0]:
        staging.run(cursor, tag_services.import_sql(changes=BRING_TAGS), values | upsert.tag_values)


def _wants_consent(upsert: Upsert) -> str:
    return "p.consent" if "consent" in upsert.mapping else "true"


def _stage_tags(cursor: Any, upsert: Upsert, chunk: Chunk) -> bool:
    """Put (row, tag) pairs into ``import_tag``; return whether the file brings any."""
    for_all = read_tags(upsert.options.tags, upsert.options.tag_group)
    if not for_all and not chunk.tags:
        return False
    names = {(group, name) for _n, group, name in chunk.tags} | set(for_all)
    ids = _tag_ids(upsert, names)
    if not upsert.is_dry_run:
        # Until the chunk is committed, so that nobody gives another tag of an exclusive group.
        upsert.hold_tags({pk for pk in ids.values() if pk is not None})
    pairs = [(n, ids[group, name], name) for n, group, name in chunk.tags]
    cursor.execute(
        "CREATE TEMP TABLE import_tag (n bigint, tag_id bigint, name varchar) ON COMMIT DROP"
    )
    staging.copy(cursor, "import_tag", ("n", "tag_id", "name"), copy_lines(pairs))
    for group, name in for_all:
        cursor.execute(
            "INSERT INTO import_tag SELECT n, %s, %s FROM import_plan", [ids[group, name], name]
        )
    cursor.execute("CREATE INDEX ON import_tag (n)")
    # A cell may name what the options name too.
    cursor.execute(
        "DELETE FROM import_tag AS a USING import_tag AS b"
        " WHERE a.n = b.n AND a.tag_id = b.tag_id AND a.ctid > b.ctid"
    )
    cursor.execute("ANALYZE import_tag")
    return True


def _tag_ids(upsert: Upsert, names: set[tuple[str, str]]) -> dict[tuple[str, str], int | None]:
    """Return the id of each (group, tag); missing ones are created where the options say so.

    Raises:
        InvalidInput: so many are new that the column is hardly one of tags.
    """
    found: dict[tuple[str, str], int] = {}
    lower = {name.lower() for _g, name in names}
    rows = Tag.objects.alias(low=Lower("name")).filter(brand_id=upsert.brand_id, low__in=lower)
    for tag_id, group, name in rows.order_by("-pk").values_list("pk", "group__name", "name"):
        found[group.lower(), name.lower()] = found["", name.lower()] = tag_id
    ids: dict[tuple[str, str], int | None] = {
        key: found.get((key[0].lower(), key[1].lower())) for key in names
    }
    missing = sorted(key for key, pk in ids.items() if pk is None)
    if missing and upsert.options.create_tags:
        if len(missing) > MAX_NEW_TAGS:
            raise InvalidInput(
                _("The file names more than %d new tags. Is the right column mapped to tags?")
                % MAX_NEW_TAGS
            )
        ids |= {key: _create_tag(upsert, *key) for key in missing}
    return ids


def _create_tag(upsert: Upsert, group_name: str, name: str) -> int:
    if upsert.is_dry_run:
        return UNKNOWN_TAG
    return tag_services.tag_of_import(
        group_name=group_name or _("Imported"), name=name, actor=upsert.actor, now=upsert.now
    ).pk


MARK = """
UPDATE import_plan AS p SET is_changed = true
WHERE NOT p.is_new AND p.refusal IS NULL AND (-- condition
)
"""
REFUSE_UNKNOWN_TAGS = """
UPDATE import_plan SET refusal = 'tag', other = (
    SELECT left(string_agg(pair.name, ', '), 80) FROM import_tag AS pair
    WHERE pair.n = import_plan.n AND pair.tag_id IS NULL
)
WHERE refusal IS NULL AND n IN (SELECT n FROM import_tag WHERE tag_id IS NULL)
"""
REFUSE_EXCLUSIVE_TAGS = """
UPDATE import_plan SET refusal = 'tags_exclusive' WHERE refusal IS NULL AND n IN (
    SELECT pair.n FROM import_tag AS pair
    JOIN members_tag AS tag ON tag.brand_id = %(brand)s AND tag.id = pair.tag_id
    JOIN members_taggroup AS grp
      ON grp.brand_id = %(brand)s AND grp.id = tag.group_id AND grp.is_exclusive
    GROUP BY pair.n, grp.id HAVING count(DISTINCT tag.id) > 1
)
"""
# A pair that somebody took apart by hand stays apart, and in an exclusive group the tag that
# somebody gave by hand stays.
ALLOWED_TAG = """
    NOT EXISTS (
        SELECT FROM members_tagblock AS block WHERE block.brand_id = %(brand)s
        AND block.tag_id = pair.tag_id AND block.member_id = p.member_id
    )
    AND NOT EXISTS (
        SELECT FROM members_membertag AS held
        JOIN members_tag AS held_tag
          ON held_tag.brand_id = %(brand)s AND held_tag.id = held.tag_id
        JOIN members_tag AS tag ON tag.brand_id = %(brand)s AND tag.id = pair.tag_id
        JOIN members_taggroup AS grp ON grp.brand_id = %(brand)s AND grp.id = tag.group_id
        WHERE held.brand_id = %(brand)s AND held.member_id = p.member_id
        AND held.source = 'manual' AND held.tag_id <> pair.tag_id
        AND grp.is_exclusive AND held_tag.group_id = grp.id
    )
"""
HAS_NEW_TAG = """
    EXISTS (
        SELECT FROM import_tag AS pair WHERE pair.n = p.n
        AND NOT EXISTS (
            SELECT FROM members_membertag AS held WHERE held.brand_id = %(brand)s
            AND held.tag_id = pair.tag_id AND held.member_id = p.member_id
        ) AND -- allowed
    )
""".replace("-- allowed", ALLOWED_TAG)
HAS_NEW_IDENTITY = """
    p.%(name)s IS NOT NULL AND NOT EXISTS (
        SELECT FROM members_identity AS i
        WHERE i.brand_id = %%(brand)s AND i.kind = '%(name)s' AND i.value = p.%(name)s
    )
"""
HAS_NEW_VEHICLE = """
    p.vin_hash IS NOT NULL AND NOT EXISTS (
        SELECT FROM members_vehicle AS v
        JOIN members_ownership AS o
          ON o.brand_id = v.brand_id AND o.vehicle_id = v.id AND o.ended_on IS NULL
        WHERE v.brand_id = %(brand)s AND v.vin_hash = p.vin_hash AND v.model_id = p.model_id
        AND o.member_id = p.member_id AND o.delivered_on = p.delivered_on
    )
"""
HAS_NEW_CONSENT = """
    %(wants)s AND (
        SELECT count(*) FROM members_consent AS c WHERE c.brand_id = %%(brand)s
        AND c.member_id = p.member_id AND c.purpose = ANY (%%(purposes)s)
    ) < cardinality(%%(purposes)s)
"""
HAS_NEW_WITHDRAWAL = """
    p.consent = false AND EXISTS (
        SELECT FROM members_consent AS c WHERE c.brand_id = %(brand)s
        AND c.member_id = p.member_id AND c.purpose = ANY (%(purposes)s)
        AND c.withdrawn_at IS NULL
    )
"""
INSERT_IDENTITIES = """
INSERT INTO members_identity (brand_id, member_id, kind, value, created_at)
SELECT %%(brand)s, p.member_id, '%(name)s', p.%(name)s, %%(now)s
FROM import_plan AS p WHERE p.refusal IS NULL AND p.%(name)s IS NOT NULL
ON CONFLICT (brand_id, kind, value) DO NOTHING
"""
UPSERT_VEHICLES = """
INSERT INTO members_vehicle AS v
    (brand_id, vin_cipher, vin_hash, vin_tail, model_id, is_domestic, created_at)
SELECT %(brand)s, p.vin_cipher, p.vin_hash, p.vin_tail, p.model_id, %(domestic)s, %(now)s
FROM import_plan AS p WHERE p.refusal IS NULL AND p.vin_hash IS NOT NULL
ON CONFLICT (brand_id, vin_hash) DO UPDATE SET model_id = excluded.model_id
WHERE v.model_id <> excluded.model_id
"""
UPSERT_OWNERSHIPS = """
INSERT INTO members_ownership AS o (brand_id, vehicle_id, member_id, delivered_on)
SELECT %(brand)s, v.id, p.member_id, p.delivered_on
FROM import_plan AS p
JOIN members_vehicle AS v ON v.brand_id = %(brand)s AND v.vin_hash = p.vin_hash
WHERE p.refusal IS NULL AND p.vin_hash IS NOT NULL
ON CONFLICT (brand_id, vehicle_id) WHERE ended_on IS NULL
DO UPDATE SET delivered_on = excluded.delivered_on
WHERE o.member_id = excluded.member_id AND o.delivered_on <> excluded.delivered_on
"""
# A consent once withdrawn stays so: only the person can give it again, not a file.
INSERT_CONSENTS = """
INSERT INTO members_consent (brand_id, member_id, purpose, version, given_at, evidence)
SELECT %%(brand)s, p.member_id, purpose, %%(version)s, %%(now)s, %%(evidence)s
FROM import_plan AS p CROSS JOIN unnest(%%(purposes)s) AS purpose
WHERE p.refusal IS NULL AND %(wants)s
ON CONFLICT (brand_id, member_id, purpose) DO NOTHING
"""
WITHDRAW_CONSENTS = """
UPDATE members_consent AS c SET withdrawn_at = %(now)s
FROM import_plan AS p
WHERE p.refusal IS NULL AND p.consent = false AND c.brand_id = %(brand)s
AND c.member_id = p.member_id AND c.purpose = ANY (%(purposes)s) AND c.withdrawn_at IS NULL
"""
BRING_TAGS = """
matched AS (SELECT p.member_id FROM import_plan AS p WHERE p.refusal IS NULL),
replaced AS (
    DELETE FROM members_membertag AS held
    USING import_plan AS p, import_tag AS pair, members_tag AS tag, members_taggroup AS grp,
          members_tag AS held_tag
    WHERE p.refusal IS NULL AND pair.n = p.n AND NOT p.is_new
    AND tag.brand_id = %(brand)s AND tag.id = pair.tag_id
    AND grp.brand_id = %(brand)s AND grp.id = tag.group_id AND grp.is_exclusive
    AND held_tag.brand_id = %(brand)s AND held_tag.group_id = grp.id AND held_tag.id <> tag.id
    AND held.brand_id = %(brand)s AND held.member_id = p.member_id AND held.tag_id = held_tag.id
    AND held.source <> 'manual' AND -- allowed
    RETURNING held.tag_id, held.member_id, held.source, held.author_id, held.tagged_at,
        held.expires_at
), given AS (
    INSERT INTO members_membertag (brand_id, tag_id, member_id, source, author_id, tagged_at)
    SELECT %(brand)s, pair.tag_id, p.member_id, 'import', %(author)s, %(now)s
    FROM import_plan AS p JOIN import_tag AS pair ON pair.n = p.n
    WHERE p.refusal IS NULL AND -- allowed
    ON CONFLICT (brand_id, tag_id, member_id) DO NOTHING RETURNING tag_id, member_id
), deltas (tag_id, kind, member_id, source, author_id, tagged_at, expires_at) AS MATERIALIZED (
    SELECT tag_id, 'replaced', member_id, source, author_id, tagged_at, expires_at FROM replaced
    UNION ALL
    SELECT tag_id, 'given', member_id, NULL, NULL, NULL, NULL FROM given
""".replace("-- allowed", ALLOWED_TAG)
