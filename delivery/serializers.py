from rest_framework import serializers

from audit.names import EventName
from financebot.api.serializers import Answer, IdField, StrictSerializer, WholeField
from financebot.api.views import PageQuery, Query


class EventListQuery(PageQuery):
    family_id = IdField(required=False)
    after = WholeField(required=False, min_value=0, max_value=2**63 - 1)
    action = serializers.ChoiceField(required=False, choices=EventName.values)
    entity_type = serializers.CharField(required=False, max_length=30)
    entity_id = IdField(required=False)
    actor = IdField(required=False)


class EventRead(Answer):
    id = serializers.IntegerField(help_text="the event's position: 1, 2, 3 … without gaps over all families")
    family_id = serializers.IntegerField()
    action = serializers.CharField()
    actor_id = serializers.IntegerField(allow_null=True)
    entity_type = serializers.CharField()
    entity_id = serializers.IntegerField()
    changes = serializers.DictField(allow_null=True, help_text="{field: [before, after]}")
    request_id = serializers.CharField()
    client_id = serializers.CharField()
    ip = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()


class VerifyAuditQuery(Query):
    after = WholeField(
        default=0, min_value=0, max_value=2**63 - 1, help_text="a position; the part after it is checked"
    )


class VerifyAuditRead(Answer):
    whole = serializers.BooleanField(help_text="whether nothing is wrong in this part")
    first = serializers.IntegerField(help_text="the part's first position")
    last = serializers.IntegerField(help_text="its last")
    sealed_to = serializers.IntegerField(
        help_text="the last position that is sealed; what follows is younger than a minute"
    )
    wrong_at = serializers.ListField(child=serializers.IntegerField(), help_text="positions, at most 100")
    next_after = serializers.IntegerField(allow_null=True, help_text="where to go on; null at the end")


class TicketWrite(StrictSerializer):
    family_id = IdField(required=False)


class TicketRead(Answer):
    ticket = serializers.CharField(help_text="good once; goes as the subprotocol `ticket.…` or as `?ticket=`")
    url = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="seconds")


class StreamQuery(Query):
    after = WholeField(required=False, min_value=0, max_value=2**63 - 1)
    ticket = serializers.CharField(required=False, max_length=200)


class AccessLogQuery(PageQuery):
    family_id = IdField(required=False)


class AccessLogRead(Answer):
    id = serializers.IntegerField()
    method = serializers.CharField()
    route = serializers.CharField()
    status = serializers.IntegerField()
    duration_ms = serializers.IntegerField()
    user_id = serializers.IntegerField(allow_null=True)
    family_id = serializers.IntegerField(allow_null=True)
    client_id = serializers.CharField(source="client")
    ip = serializers.CharField(source="address")
    user_agent = serializers.CharField()
    request_id = serializers.CharField()
    created_at = serializers.DateTimeField()
