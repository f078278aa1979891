"""Row-level security, and children tied to parents of their own brand."""

from django.db import migrations

from core.kernel.rls import enable_rls, tie_to_brand

TABLES = [
    "core_auditentry",
    "core_storedfile",
    "core_region",
    "core_dealer",
    "core_store",
    "core_run",
    "core_rolegrant",
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
    operations = [enable_rls(*TABLES), *(tie_to_brand(*tie) for tie in TIES)]
