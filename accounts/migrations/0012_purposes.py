from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0011_device_look'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='onetimecode',
            name='accounts_code_purpose_known',
        ),
        migrations.AlterField(
            model_name='onetimecode',
            name='purpose',
            field=models.CharField(choices=[('invitation', 'Invitation'), ('confirmation', 'Confirmation'), ('two_factor_challenge', 'Two Factor Challenge'), ('password_reset', 'Password Reset'), ('email_verification', 'Email Verification'), ('not_me', 'Not Me'), ('oauth_state', 'Oauth State'), ('chat_binding', 'Chat Binding'), ('person_binding', 'Person Binding'), ('binding_consent', 'Binding Consent'), ('stream_ticket', 'Stream Ticket'), ('completion', 'Completion')], max_length=30),
        ),
        migrations.AddConstraint(
            model_name='onetimecode',
            constraint=models.CheckConstraint(condition=models.Q(('purpose__in', ['invitation', 'confirmation', 'two_factor_challenge', 'password_reset', 'email_verification', 'not_me', 'oauth_state', 'chat_binding', 'person_binding', 'binding_consent', 'stream_ticket', 'completion'])), name='accounts_code_purpose_known'),
        ),
    ]
