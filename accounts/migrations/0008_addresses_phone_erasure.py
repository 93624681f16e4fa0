
import financebot.common.encryption
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_oauth'),
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='erased_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='user',
            name='former_email',
            field=models.EmailField(db_index=True, max_length=254, null=True),
        ),
        migrations.AddField(
            model_name='user',
            name='former_until',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='user',
            name='new_email',
            field=models.EmailField(max_length=254, null=True),
        ),
        migrations.AddField(
            model_name='user',
            name='phone',
            field=financebot.common.encryption.EncryptedField(bound_to='id', null=True),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('former_email__isnull', True), ('former_until__isnull', True)), models.Q(('former_email__isnull', False), ('former_until__isnull', False)), _connector='OR'), name='accounts_former_email_ends'),
        ),
    ]
