"""Who calls the API: an app by its key, or else an address."""

import re
from ipaddress import IPv6Address, ip_address
from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from access.models import AppKey

# What one household or phone gets: any address in it may be used by the same caller.
NETWORK_BITS = 64
LONGEST = 100
# As some proxies write it.
WITH_PORT = re.compile(r"(\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:.]+\]):\d{1,5}")


def key_of(request: Request) -> AppKey | None:
    return request.auth if isinstance(request.auth, AppKey) else None


def address_of(request: Any) -> str:
    """Of whoever called, past as many proxies as PROXIES says.

    An IPv6 address stands for its /64; what is no address stays as it is.
    """
    said = str(BaseThrottle().get_ident(request) or "")
    ported = WITH_PORT.fullmatch(said)
    try:
        address = ip_address((ported[1] if ported else said).strip("[]"))
    except ValueError:
        return said[:LONGEST]
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        network = int(address) >> (128 - NETWORK_BITS) << (128 - NETWORK_BITS)
        return f"{IPv6Address(network)}/{NETWORK_BITS}"
    return str(address)


def caller_of(request: Request) -> str:
    """One word for the caller: its key's, else its address."""
    key = key_of(request)
    return f"key {key.pk}" if key else f"address {address_of(request)}"
