from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "financebot.api"
    label = "api"
