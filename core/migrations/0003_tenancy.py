"""Row-level security, and children tied to parents of their own brand; cities are read-only."""

from django.db import migrations

from core.kernel.rls import enable_rls, revoke_from_app, tie_to_brand

TABLES = [
    "core_region",
    "core_dealer",
    "core_store",
    "core_rolegrant",
    "core_auditentry",
    "core_auditchain",
    "core_auditlink",
    "core_auditcheck",
    "core_storedfile",
    "core_idempotencykey",
    "core_run",
]
TIES = [
    ("core_dealer", "region_id", "core_region"),
    ("core_store", "dealer_id", "core_dealer"),
    ("core_rolegrant", "staff_id", "core_staff"),
    ("core_rolegrant", "region_id", "core_region"),
    ("core_rolegrant", "dealer_id", "core_dealer"),
    ("core_rolegrant", "store_id", "core_store"),
]


class Migration(migrations.Migration):
    dependencies = [("core", "0002_initial")]
    operations = [
        enable_rls(*TABLES),
        *(tie_to_brand(*tie) for tie in TIES),
        # The application reads cities; only the owner, through ``load_divisions``, writes them.
        revoke_from_app("core_city", "INSERT", "UPDATE", "DELETE"),
    ]
