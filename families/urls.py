from django.urls import path

from families.views import InvitationViewSet, MemberViewSet, MyFamiliesViewSet, OneFamilyViewSet

ONE = "families/<id:family_pk>"

urlpatterns = [
    path("families", MyFamiliesViewSet.as_view({"get": "list", "post": "create"}), name="families"),
    path("invitations/accept", MyFamiliesViewSet.as_view({"post": "accept"}), name="invitation-accept"),
    path(
        ONE,
        OneFamilyViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="family",
    ),
    path(f"{ONE}/restore", OneFamilyViewSet.as_view({"post": "restore"}), name="family-restore"),
    path(f"{ONE}/close", OneFamilyViewSet.as_view({"post": "close"}), name="family-close"),
    path(f"{ONE}/reopen", OneFamilyViewSet.as_view({"post": "reopen"}), name="family-reopen"),
    path(
        f"{ONE}/transfer-ownership",
        OneFamilyViewSet.as_view({"post": "transfer_ownership"}),
        name="family-transfer",
    ),
    path(f"{ONE}/permissions", OneFamilyViewSet.as_view({"get": "permissions"}), name="family-permissions"),
    path(f"{ONE}/members", MemberViewSet.as_view({"get": "list"}), name="members"),
    path(
        f"{ONE}/members/<id:pk>",
        MemberViewSet.as_view({"patch": "partial_update", "delete": "destroy"}),
        name="member",
    ),
    path(f"{ONE}/members/<id:pk>/suspend", MemberViewSet.as_view({"post": "suspend"}), name="member-suspend"),
    path(f"{ONE}/members/<id:pk>/resume", MemberViewSet.as_view({"post": "resume"}), name="member-resume"),
    path(
        f"{ONE}/members/<id:pk>/telegram-consent",
        MemberViewSet.as_view({"post": "telegram_consent"}),
        name="member-telegram-consent",
    ),
    path(
        f"{ONE}/invitations",
        InvitationViewSet.as_view({"get": "list", "post": "create"}),
        name="invitations",
    ),
    path(f"{ONE}/invitations/<id:pk>", InvitationViewSet.as_view({"delete": "destroy"}), name="invitation"),
]
