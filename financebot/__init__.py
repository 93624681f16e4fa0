"""FinanceBot: a self-hosted ledger for a household."""

__version__ = "0.1.0.dev0"
