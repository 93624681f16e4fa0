from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('families', '0003_names_in_the_office'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='family',
            options={'default_permissions': (), 'permissions': [('view_family', 'view family'), ('edit_family', 'edit family'), ('delete_family', 'delete family'), ('transfer_ownership', 'transfer ownership'), ('close_period', 'close period'), ('view_members', 'view members'), ('invite_member', 'invite member'), ('revoke_invitation', 'revoke invitation'), ('manage_members', 'manage members'), ('leave_family', 'leave family'), ('link_telegram', 'link telegram'), ('view_wallets', 'view wallets'), ('view_wallet_summary', 'view wallet summary'), ('create_wallet', 'create wallet'), ('edit_wallet', 'edit wallet'), ('set_wallet_visibility', 'set wallet visibility'), ('archive_wallet', 'archive wallet'), ('reconcile_wallet', 'reconcile wallet'), ('view_categories', 'view categories'), ('manage_categories', 'manage categories'), ('create_transaction', 'create transaction'), ('transfer_between_wallets', 'transfer between wallets'), ('bulk_transactions', 'bulk transactions'), ('view_transactions', 'view transactions'), ('edit_own_transaction', 'edit own transaction'), ('edit_any_transaction', 'edit any transaction'), ('cancel_own_pending', 'cancel own pending'), ('approve_transaction', 'approve transaction'), ('approve_large_transaction', 'approve large transaction'), ('reject_transaction', 'reject transaction'), ('delete_transaction', 'delete transaction'), ('undo_own_transaction', 'undo own transaction'), ('manage_exchange_rates', 'manage exchange rates'), ('view_audit_log', 'view audit log'), ('verify_audit', 'verify audit'), ('view_access_log', 'view access log'), ('receive_events', 'receive events')], 'verbose_name_plural': 'families'},
        ),
    ]
