"""Callers of the API: an app by its key, or else an address."""

import re
from ipaddress import IPv6Address, ip_address
from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from access.models import AppKey

# The prefix that one household or phone gets; one caller may use any address in it.
NETWORK_BITS = 64
MAX_CHARACTERS = 100
# Some proxies add the port.
WITH_PORT = re.compile(r"(\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:.]+\]):\d{1,5}")


def key_of(request: Request) -> AppKey | None:
    return request.auth if isinstance(request.auth, AppKey) else None


def address_of(request: Any) -> str:
    """Return the caller's address, past as many proxies as PROXIES says.

    An IPv6 address stands for its /64; text that is no address is returned as it is.
    """
    text = str(BaseThrottle().get_ident(request) or "")
    with_port = WITH_PORT.fullmatch(text)
    try:
        address = ip_address((with_port[1] if with_port else text).strip("[]"))
    except ValueError:
        return text[:MAX_CHARACTERS]
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        network = int(address) >> (128 - NETWORK_BITS) << (128 - NETWORK_BITS)
        return f"{IPv6Address(network)}/{NETWORK_BITS}"
    return str(address)


def caller_of(request: Request) -> str:
    """Return one word for the caller: its key's id, else its address."""
    key = key_of(request)
    return f"key {key.pk}" if key else f"address {address_of(request)}"
