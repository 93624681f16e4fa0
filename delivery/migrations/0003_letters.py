from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("delivery", "0002_names_in_the_office")]

    operations = [
        migrations.RemoveConstraint(model_name="delivery", name="delivery_once"),
        migrations.AddField(
            model_name="delivery",
            name="target_kind",
            field=models.CharField(
                choices=[("member", "Member"), ("person", "Person"), ("invitation", "Invitation")],
                default="member",
                max_length=10,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="delivery",
            name="gathers",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                fields=["event", "outlet", "target_kind", "target"], name="delivery_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=Q(target_kind__in=["member", "person", "invitation"]), name="delivery_target_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=Q(gathers=0) | Q(target_kind="person"), name="delivery_gathers_for_people_only"
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["target_kind", "target", "created_at"], name="delivery_of_target"),
        ),
    ]
