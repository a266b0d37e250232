"""Which addresses a partner's endpoint may have: none inside our own network (server-side request forgery)."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # all that was ever assigned; what wraps IPv4 in old ways lies outside
_PROTOCOLS = IPv4Network("192.0.0.0/24")  # some of it is_global, and none of it is anybody's endpoint


def is_public(address: str) -> bool:
    """Whether an IP literal is an ordinary internet address, also when it wraps an IPv4 one; raises ValueError."""
    ip = _unwrapped(ip_address(address.partition("%")[0]))
    is_usual = ip in _GLOBAL_UNICAST if isinstance(ip, IPv6Address) else ip not in _PROTOCOLS
    return is_usual and ip.is_global and not ip.is_multicast


def _unwrapped(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip
