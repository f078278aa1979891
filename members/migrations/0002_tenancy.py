"""Row-level security, and children tied to parents of their own brand."""

from django.db import migrations

from core.kernel.rls import enable_rls, tie_to_brand

TABLES = [
    "members_member",
    "members_identity",
    "members_importprofile",
    "members_importjob",
    "members_importrejection",
    "members_order",
    "members_consent",
    "members_segment",
    "members_taggroup",
    "members_tag",
    "members_membertag",
    "members_tagblock",
    "members_tagrule",
    "members_vehiclemodel",
    "members_vehicle",
    "members_ownership",
]
TIES = [
    ("members_member", "home_dealer_id", "core_dealer"),
    ("members_identity", "member_id", "members_member"),
    ("members_importjob", "run_id", "core_run"),
    ("members_importjob", "file_id", "core_storedfile"),
    ("members_importjob", "errors_file_id", "core_storedfile"),
    ("members_importrejection", "job_id", "members_importjob"),
    ("members_order", "member_id", "members_member"),
    ("members_consent", "member_id", "members_member"),
    ("members_tag", "group_id", "members_taggroup"),
    ("members_membertag", "tag_id", "members_tag"),
    ("members_membertag", "member_id", "members_member"),
    ("members_tagblock", "tag_id", "members_tag"),
    ("members_tagblock", "member_id", "members_member"),
    ("members_tagrule", "tag_id", "members_tag"),
    ("members_vehicle", "model_id", "members_vehiclemodel"),
    ("members_ownership", "vehicle_id", "members_vehicle"),
    ("members_ownership", "member_id", "members_member"),
]


class Migration(migrations.Migration):
    dependencies = [("members", "0001_initial")]
    operations = [enable_rls(*TABLES), *(tie_to_brand(*tie) for tie in TIES)]
