from django.urls import path

from delivery.views import AccessLogViewSet, EventViewSet

urlpatterns = [
    path("events", EventViewSet.as_view({"get": "list"}), name="events"),
    path("access-log", AccessLogViewSet.as_view({"get": "list"}), name="access-log"),
]
