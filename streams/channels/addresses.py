"""Which addresses a partner's endpoint may have: none inside our own network (server-side request forgery)."""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

_NAT64 = IPv6Network("64:ff9b::/96")


class AddressRefused(OSError):
    """A host name leads to private, loopback, link-local or otherwise unroutable addresses only."""


def is_public(address: str) -> bool:
    """Whether an IP literal is an ordinary internet address, also when it wraps an IPv4 one; raises ValueError."""
    ip = _unwrapped(ip_address(address.partition("%")[0]))
    return ip.is_global and not ip.is_multicast


def _unwrapped(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


class PublicResolver(AbstractResolver):
    """Resolves at connect time and hands out public addresses only, so a name cannot change between check and use."""

    def __init__(self) -> None:
        self._inner = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        public = [each for each in found if is_public(each["host"])]
        if not public:
            addresses = ", ".join(each["host"] for each in found)
            raise AddressRefused(f"{host} is {addresses}: not a public address; allow_private: true would permit it")
        return public

    async def close(self) -> None:
        await self._inner.close()
