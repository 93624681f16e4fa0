"""FinanceBot: a self-hosted ledger for a household."""

from financebot.celery import app as celery_app  # tasks and pokes find it as the current one

__version__ = "0.1.0.dev0"
__all__ = ["__version__", "celery_app"]
