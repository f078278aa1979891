"""The calendar of events, and who registers for them."""

from django.db import migrations


class Migration(migrations.Migration):
    initial = True
    dependencies = [("members", "0011_erasure"), ("communities", "0010_message_age")]
    operations: list = []
