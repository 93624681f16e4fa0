from django.urls import path

from delivery.views import AccessLogViewSet, EventViewSet, StreamViewSet

urlpatterns = [
    path("events", EventViewSet.as_view({"get": "list"}), name="events"),
    path("events/ticket", StreamViewSet.as_view({"post": "ticket"}), name="stream-ticket"),
    path("events/stream/<id:family_pk>", StreamViewSet.as_view({"get": "open"}), name="stream"),
    path("access-log", AccessLogViewSet.as_view({"get": "list"}), name="access-log"),
]
