"""Host names and addresses as settings list them and as browsers write them."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
"""Names of this machine itself: there the pages are without TLS."""
_NAME: Final = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")


def hosts_in(text: str) -> tuple[str, ...]:
    """Returns the names and addresses of a list with spaces, each once, as browsers write them."""
    return tuple(dict.fromkeys(host_of(each) for each in text.split()))


def host_of(name: str) -> str:
    """Returns a name in lower case; an address in its short form, IPv4 inside IPv6 as IPv4."""
    address = _address(name)
    if address is None:
        return name.lower()
    return str(getattr(address, "ipv4_mapped", None) or address)


def base_address(scheme: str, host: str, port: int) -> str:
    """Returns the part before the path in the address of a page."""
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def listened_on_fault(text: str) -> str:
    """Returns why a list is not one of host names and addresses of this machine; "" where it is."""
    for host in hosts_in(text):
        address = _address(host)
        if host in LOOPBACK:
            return f"{host} reaches only this machine, which has the pages anyway; leave it out"
        if address is not None and address.is_unspecified:
            return f"{host} means every address; name those that browsers use"
        if address is None and not _NAME.fullmatch(host):
            return f"{host} is neither a host name nor an address; leave port and https:// out"
    return ""


def machines_fault(text: str) -> str:
    """Returns why a list is not one of addresses of other machines; "" where it is."""
    for host in hosts_in(text):
        address = _address(host)
        if address is None:
            return f"{host} is not an IP address; a name may mean another machine tomorrow"
        if address.is_unspecified or address.is_multicast:
            return f"{host} is not the address of one machine"
    return ""


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
