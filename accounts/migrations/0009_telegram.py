import django.db.models.deletion
import financebot.common.clock
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0008_addresses_phone_erasure'),
    ]

    operations = [
        migrations.CreateModel(
            name='TelegramIdentity',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('chat_id', models.BigIntegerField(unique=True)),
                ('username', models.CharField(blank=True, max_length=64)),
                ('first_name', models.CharField(blank=True, max_length=100)),
                ('last_name', models.CharField(blank=True, max_length=100)),
                ('verified_at', models.DateTimeField(default=financebot.common.clock.now)),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='telegram_identity', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'Telegram binding',
                'verbose_name_plural': 'Telegram bindings',
                'constraints': [models.CheckConstraint(condition=models.Q(('chat_id__gte', 1)), name='accounts_chat_of_one_person')],
            },
        ),
    ]
