"""Who may enter a community of each kind, and that an operator promoted somebody past it."""

from django.db import migrations, models

# The policies in force get what the product says of their kind; older versions stay as they were.
# Force binds the owner too.
BY_KIND = """
    ALTER TABLE communities_communitypolicy NO FORCE ROW LEVEL SECURITY;
    UPDATE communities_communitypolicy SET entry = CASE kind
        WHEN 'flash' THEN 'join_code' WHEN 'conversion' THEN 'orders' ELSE 'invitation' END
    WHERE is_current AND kind IN ('flash', 'conversion', 'core');
    ALTER TABLE communities_communitypolicy FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('communities', '0011_brand_without_own_index'),
    ]

    operations = [
        migrations.AddField(
            model_name='buildrule',
            name='promotes',
            field=models.BooleanField(db_default=False, default=False, verbose_name='its segment counts as promoted'),
        ),
        migrations.AddField(
            model_name='communitypolicy',
            name='entry',
            field=models.CharField(choices=[('join_code', 'With the join code, open to everybody'), ('segment', 'By a tie to the brand: a segment, or every member'), ('orders', 'By orders, or promoted by an operator'), ('invitation', 'By invitation after screening')], db_default='segment', default='segment', max_length=10, verbose_name='entry'),
        ),
        migrations.AddField(
            model_name='communitypolicy',
            name='entry_days',
            field=models.PositiveSmallIntegerField(db_default=180, default=180, verbose_name='within days'),
        ),
        migrations.AddField(
            model_name='communitypolicy',
            name='entry_orders',
            field=models.PositiveSmallIntegerField(db_default=2, default=2, verbose_name='orders'),
        ),
        migrations.RunSQL(BY_KIND, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='candidatebatch',
            name='exclusion',
            field=models.CharField(blank=True, choices=[('', 'placed'), ('inside', 'already in a suitable group'), ('no_consent', 'no consent to community invitations'), ('no_group', 'what the rule groups by is missing'), ('no_entry', 'does not meet the entry rule'), ('closed', 'the community no longer takes members')], max_length=10),
        ),
        migrations.AlterField(
            model_name='membership',
            name='source',
            field=models.CharField(choices=[('build', 'Build run'), ('manual', 'By hand'), ('join_code', 'Join code'), ('api', 'API'), ('promoted', 'Promoted by an operator')], max_length=9),
        ),
        migrations.AddConstraint(
            model_name='communitypolicy',
            constraint=models.CheckConstraint(condition=models.Q(('entry_days__gte', 1), ('entry_orders__gte', 1)), name='communities_policy_entry_sane'),
        ),
    ]
