from django.db import migrations, models

import financebot.common.clock
import financebot.common.encryption


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_two_factor'),
    ]

    operations = [
        migrations.CreateModel(
            name='ApiClient',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('client_id', models.CharField(max_length=60, unique=True)),
                ('secret', financebot.common.encryption.EncryptedField(bound_to='client_id')),
                ('previous_secret', financebot.common.encryption.EncryptedField(bound_to='client_id', null=True)),
                ('previous_until', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(default=financebot.common.clock.now)),
                ('revoked_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': 'API client',
                'verbose_name_plural': 'API clients',
                'constraints': [models.CheckConstraint(condition=models.Q(('client_id', ''), _negated=True), name='accounts_client_named'), models.CheckConstraint(condition=models.Q(models.Q(('previous_secret__isnull', True), ('previous_until__isnull', True)), models.Q(('previous_secret__isnull', False), ('previous_until__isnull', False)), _connector='OR'), name='accounts_client_previous_ends')],
            },
        ),
        migrations.CreateModel(
            name='ServiceToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('jti', models.CharField(max_length=32, unique=True)),
                ('scope', models.CharField(choices=[('telegram_bot', 'Telegram Bot')], max_length=20)),
                ('client', models.CharField(max_length=60)),
                ('issued_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': 'service token',
                'verbose_name_plural': 'service tokens',
                'constraints': [models.CheckConstraint(condition=models.Q(('scope__in', ['telegram_bot'])), name='accounts_service_scope_known'), models.CheckConstraint(condition=models.Q(('client', ''), _negated=True), name='accounts_service_client_named')],
            },
        ),
        migrations.AddField(
            model_name='loginsession',
            name='signed_by',
            field=models.CharField(blank=True, default='', max_length=60),
            preserve_default=False,
        ),
    ]
