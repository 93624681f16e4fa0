from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0009_telegram'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='loginthrottle',
            name='accounts_throttle_kind_known',
        ),
        migrations.AlterField(
            model_name='loginthrottle',
            name='kind',
            field=models.CharField(choices=[('pair', 'Pair'), ('device', 'Device'), ('network', 'Network'), ('account', 'Account'), ('codes_minutes', 'Codes Minutes'), ('codes_hour', 'Codes Hour'), ('codes_day', 'Codes Day'), ('codes_account', 'Codes Account')], max_length=20),
        ),
        migrations.AddConstraint(
            model_name='loginthrottle',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['pair', 'device', 'network', 'account', 'codes_minutes', 'codes_hour', 'codes_day', 'codes_account'])), name='accounts_throttle_kind_known'),
        ),
    ]
