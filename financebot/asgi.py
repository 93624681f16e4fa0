"""For the stream alone: everything else is served by WSGI, which is several times faster with Django's ORM."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "financebot.settings")
django.setup(set_prefix=False)

from delivery.stream import StreamServer  # noqa: E402 - apps are ready only now

application = StreamServer()
