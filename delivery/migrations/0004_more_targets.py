
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0007_account_events'),
        ('delivery', '0003_letters'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='delivery',
            name='delivery_target_kind_known',
        ),
        migrations.AlterField(
            model_name='delivery',
            name='target_kind',
            field=models.CharField(choices=[('member', 'Member'), ('person', 'Person'), ('new', 'New Address'), ('former', 'Former'), ('operator', 'Operator'), ('invitation', 'Invitation')], max_length=10),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(('target_kind__in', ['member', 'person', 'new', 'former', 'operator', 'invitation'])), name='delivery_target_kind_known'),
        ),
    ]
