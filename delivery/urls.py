from django.urls import path

from delivery.views import AccessLogViewSet, AuditViewSet, EventViewSet, ExportViewSet, StreamViewSet

urlpatterns = [
    path("events", EventViewSet.as_view({"get": "list"}), name="events"),
    path("events/ticket", EventViewSet.as_view({"post": "ticket"}), name="stream-ticket"),
    path("events/stream/<id:family_pk>", StreamViewSet.as_view({"get": "open"}), name="stream"),
    path("families/<id:family_pk>/audit/verify", AuditViewSet.as_view({"get": "verify"}), name="audit-verify"),
    path("users/me/export", ExportViewSet.as_view({"post": "create"}), name="export-me"),
    path("access-log", AccessLogViewSet.as_view({"get": "list"}), name="access-log"),
]
