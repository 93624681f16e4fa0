from django.urls import path

from delivery.views import AccessLogViewSet, AuditViewSet, EventViewSet, ExportViewSet

urlpatterns = [
    path("events", EventViewSet.as_view({"get": "list"}), name="events"),
    path("families/<id:family_pk>/audit/verify", AuditViewSet.as_view({"get": "verify"}), name="audit-verify"),
    path("users/me/export", ExportViewSet.as_view({"post": "create"}), name="export-me"),
    path("access-log", AccessLogViewSet.as_view({"get": "list"}), name="access-log"),
]
