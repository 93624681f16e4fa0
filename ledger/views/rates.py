from rest_framework.request import Request
from rest_framework.response import Response

from families.errors import FamilyArchived
from families.roles import P
from families.viewsets import FamilyViewSet
from financebot.api.views import Call, any_of
from financebot.common.errors import DateInFuture, DateTooEarly
from ledger import filters, services
from ledger.models import ExchangeRate
from ledger.serializers import rates as serializers


class RateViewSet(FamilyViewSet):
    calls = {
        "list": Call(
            needs=any_of(P.VIEW_FAMILY),
            query=filters.RateListQuery,
            answer=serializers.RateRead,
            ordering="-day",
        ),
        "create": Call(
            needs=any_of(P.MANAGE_EXCHANGE_RATES),
            body=serializers.RateWrite,
            answer=serializers.RateRead,
            status=201,
            problems=(FamilyArchived, DateInFuture, DateTooEarly),
        ),
    }

    def list(self, request: Request) -> Response:
        return self.page(filters.rates(ExchangeRate.objects.visible_to(self.access), self.query))

    def create(self, request: Request) -> Response:
        fields = self.fields(request)
        return self.once(lambda: services.set_rate(actor=self.actor, fields=fields))
