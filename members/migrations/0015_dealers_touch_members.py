"""A dealer that moves to another region takes its members along: live segments hear of them."""

from django.db import migrations

from members.live.touching import touch_behind


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0012_brand_without_own_index"),
        ("members", "0014_order_categories"),
    ]
    operations = [
        touch_behind(
            "core_dealer", "region_id", through="members_member", key="home_dealer_id", member="id"
        )
    ]
