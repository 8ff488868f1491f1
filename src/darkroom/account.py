"""The account that a request is charged to: a gateway key, a token or an address."""

import hashlib
import ipaddress
from dataclasses import dataclass

from darkroom.access import Caller, is_admin
from darkroom.limit_settings import ADDRESS_FACTOR, Limits
from darkroom.stores.budget import Share
from darkroom.stores.kept import KeptLimits

IPV6_PREFIX = 64  # what one customer is given: all in it count as one
UNKNOWN = "unknown"
CALLER, ADDRESS, DEPLOYMENT = "caller", "address", "deployment"


@dataclass(frozen=True, slots=True)
class Account:
    """The party that a request is charged to.

    `who` tells callers apart and nobody who they are: `key:…`, `token:…` or `address:…`, with
    digests; `label` is what usage is reported under: a key's id, `token` or `anonymous`. `network`
    is the digest of the address, None for callers whose address does not count: those with a
    gateway key, and where none is known. No limit holds for an `admin`.
    """

    who: str
    label: str
    network: str | None = None
    images_per_day: int | None = None
    requests_per_minute: int | None = None
    admin: bool = False
    is_stranger: bool = True  # who has no gateway key: any number of them can be made up

    def request_limits(self, limits: Limits) -> list[tuple[str, str, int]]:
        """The scopes that a request counts for, with the name and the limit in a minute of each."""
        own = self.requests_per_minute or limits.requests_per_minute
        counted = [(CALLER, self.who, own)]
        if self.network is not None:
            counted.append((ADDRESS, self.network, limits.requests_per_minute * ADDRESS_FACTOR))
        return [*counted, (DEPLOYMENT, DEPLOYMENT, limits.total_requests_per_minute)]

    def kept_limits(self, limits: Limits) -> KeptLimits:
        """The limits of what this account keeps."""
        return KeptLimits(
            limits.kept_bytes,
            limits.kept_objects,
            limits.total_kept_bytes,
            limits.total_kept_objects,
        )

    def shares(self, limits: Limits) -> tuple[Share, ...]:
        """The shares that work of this account counts against, its own first."""
        images = self.images_per_day or limits.images_per_day
        own = Share(CALLER, self.who, images, limits.jobs_at_work, limits.tasks_waiting)
        whole = Share(
            DEPLOYMENT,
            DEPLOYMENT,
            limits.total_images_per_day,
            limits.total_jobs_at_work,
            limits.total_tasks_waiting,
            limits.total_callers if self.is_stranger else 0,
        )
        if self.network is None:
            return own, whole
        address = Share(
            ADDRESS,
            self.network,
            limits.images_per_day * ADDRESS_FACTOR,
            limits.jobs_at_work * ADDRESS_FACTOR,
            limits.tasks_waiting * ADDRESS_FACTOR,
            limits.callers_per_address,
        )
        return own, address, whole


def account_of(caller: Caller | None, address: str | None) -> Account:
    """The account of a caller, None for one who is not known; `address` as the edge tells it."""
    if caller is not None and caller.key is not None:
        key = caller.key
        return Account(
            f"key:{key.id}",
            key.id,
            None,
            key.images_per_day,
            key.requests_per_minute,
            admin=is_admin(caller),
            is_stranger=False,
        )
    network = network_of(address)
    digest = _digest(network) if network else None
    scope = caller.scope if caller is not None else None
    counted = f"network:{digest}" if digest else None
    if scope is not None:
        return Account(f"token:{scope}", "token", counted)
    return Account(f"address:{digest or UNKNOWN}", "anonymous", counted)


def network_of(address: str | None) -> str | None:
    """An IPv4 address, or the /64 of an IPv6 address; None for what is no address."""
    if not address:
        return None
    try:
        parsed = ipaddress.ip_address(address.strip().partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        bits = 128 - IPV6_PREFIX
        return f"{ipaddress.IPv6Address(int(parsed) >> bits << bits)}/{IPV6_PREFIX}"
    return str(parsed)


def _digest(network: str) -> str:
    return hashlib.sha256(network.encode()).hexdigest()[:32]
