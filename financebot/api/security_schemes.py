"""How a caller shows who they are, in the words of OpenAPI. Nothing here needs Django: the settings read it."""

SIGNATURE = {
    "clientId": ("X-Client-Id", "The client that signs."),
    "timestamp": ("X-Timestamp", "Seconds since 1970, within 30 of the server's clock."),
    "nonce": (
        "X-Nonce",
        "16 to 64 of A-Z a-z 0-9 _ -; who never repeats a request within a second may leave it out, and :NONCE below.",
    ),
    "signature": (
        "X-Signature",
        "HMAC-SHA256 of METHOD:ENDPOINT:TIMESTAMP:BODY_HASH:NONCE under the client's secret, in lower-case hex.",
    ),
}
SCHEMES: dict[str, dict[str, str]] = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    **{
        name: {"type": "apiKey", "in": "header", "name": header, "description": said}
        for name, (header, said) in SIGNATURE.items()
    },
}
