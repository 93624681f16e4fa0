"""Where a request comes from, as far as limits are concerned."""

import ipaddress


def network_of(address: str) -> str:
    """What counts as one place: an IPv4 address, or the /64 that a household has of IPv6 (RFC 6177)."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
