"""The server of streams: ASGI (3.0), one WebSocket (RFC 6455) a listener.

The handshake is answered by the whole application, as a GET of the same address, in a thread; from then on a listener
costs no thread, and what they are told is read for them, with their rights as they are at that moment.
"""

import asyncio
import contextlib
import io
import json
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.base import BaseHandler
from django.http import HttpResponse

from delivery.handshake import MARK, Handshake
from delivery.hub import Hub, Place
from delivery.listening import Close
from financebot.api import problems
from financebot.common.errors import NotFound

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

log = logging.getLogger("financebot.stream")

HANDSHAKES = 8  # at once
HEARTBEAT = json.dumps({"type": "heartbeat"}, separators=(",", ":"))
HEARTBEAT_EVERY = 25.0  # seconds without another message
PATIENCE = 5.0  # seconds that a message may take to be taken
PREFIX = "ticket."


class StreamServer:
    def __init__(self) -> None:
        self.handler = BaseHandler()
        self.handler.load_middleware()
        self.handshakes = ThreadPoolExecutor(HANDSHAKES, thread_name_prefix="handshake")
        self.hub = Hub()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await _answer(send, "http.response", problems.page("upgrade_required"))
        else:
            try:
                await self._serve(scope, receive, send)
            except Exception:
                log.exception("a stream ends")
                raise

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        following = asyncio.create_task(self.hub.follow())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        following.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        handshake, subprotocol = _read(scope)
        loop = asyncio.get_running_loop()
        response = await loop.run_in_executor(self.handshakes, self._ask, scope, handshake)
        place = await self.hub.enter(handshake.listener) if handshake.listener else None
        if place is None:
            refusal = problems.page("overloaded") if handshake.listener else response
            await _answer(send, "websocket.http.response", refusal)
            return
        try:
            await send({"type": "websocket.accept", "subprotocol": subprotocol})
            await self._tell(place, receive, send)
        finally:
            self.hub.leave(place)

    def _ask(self, scope: Scope, handshake: Handshake) -> HttpResponse:
        """What the application says to the handshake; its view fills in who listens."""
        scheme = {"ws": "http", "wss": "https"}.get(scope.get("scheme", "ws"), "http")
        request = ASGIRequest({**scope, "type": "http", "method": "GET", "scheme": scheme}, io.BytesIO())
        query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
        request.META["RAW_URI"] = scope.get("raw_path", b"").decode("latin-1") + query
        if not _is_own_or_listed(request):
            return problems.page("csrf_failed")
        setattr(request, MARK, handshake)
        response = cast("HttpResponse", self.handler.get_response(request))
        response.close()
        return response

    async def _tell(self, place: Place, receive: Receive, send: Send) -> None:
        telling = asyncio.create_task(self._speak(place, send))
        leaving = asyncio.create_task(_until_gone(receive))
        try:
            await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            telling.cancel()
            leaving.cancel()
        why = telling.result() if telling.done() and not telling.cancelled() else None
        if why is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(send({"type": "websocket.close", "code": int(why)}), 1)

    async def _speak(self, place: Place, send: Send) -> Close:
        """Tell what there is to tell, until there is a reason to stop."""
        spoken_at = time.monotonic()
        while True:
            pause = spoken_at + HEARTBEAT_EVERY - time.monotonic()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(place.news.wait(), max(pause, 0))
            messages = await self._next(place)
            if place.ends:
                return place.ends
            if not messages and time.monotonic() >= spoken_at + HEARTBEAT_EVERY:
                messages = [HEARTBEAT]
            for message in messages:
                try:
                    await asyncio.wait_for(send({"type": "websocket.send", "text": message}), PATIENCE)
                except TimeoutError:
                    return Close.TOO_SLOW
                spoken_at = time.monotonic()

    async def _next(self, place: Place) -> list[str]:
        if place.ends or not place.news.is_set():
            return []
        place.news.clear()
        try:
            heard = await self.hub.hear(place)
        except NotFound:
            place.end(Close.REMOVED)
            return []
        place.through = heard.through
        if heard.more:
            place.news.set()
        return heard.messages


async def _until_gone(receive: Receive) -> None:
    """What a listener says is nothing to us, until they say that they go."""
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def _answer(send: Send, kind: str, response: HttpResponse) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.items()]
    await send({"type": f"{kind}.start", "status": response.status_code, "headers": headers})
    await send({"type": f"{kind}.body", "body": response.content})


def _read(scope: Scope) -> tuple[Handshake, str | None]:
    """The ticket, as a subprotocol, which is then the one agreed upon, or in the query."""
    offered = next((name for name in scope.get("subprotocols", ()) if name.startswith(PREFIX)), None)
    if offered:
        return Handshake(offered.removeprefix(PREFIX)), offered
    query = parse_qs(scope["query_string"].decode("latin-1"))
    return Handshake(query.get("ticket", [""])[0]), None


def _is_own_or_listed(request: ASGIRequest) -> bool:
    """Browsers open WebSockets to anywhere for any page, and say which page it was."""
    origin = request.headers.get("Origin")
    if origin is None or origin in settings.CORS_ALLOWED_ORIGINS:
        return True
    return urlsplit(origin).netloc == request.headers.get("Host")
