"""Routes as attempts see them, and the words for them."""

from datetime import UTC, datetime
from typing import Protocol

from darkroom.catalog.provider_row import ProviderRow
from darkroom.engine.credentials import cooldown_place
from darkroom.settings import Secret
from darkroom.stores.cooldowns import Reason, Rest


class AnyRoute(Protocol):
    """The part of a route that attempts need."""

    @property
    def provider(self) -> ProviderRow:
        """The provider's row."""
        ...

    @property
    def place(self) -> str:
        """The name of the upstream at its provider."""
        ...

    @property
    def token(self) -> Secret | None:
        """The credential."""
        ...

    @property
    def credential(self) -> int | None:
        """The credential's place in its list."""
        ...


class HasRoute(Protocol):
    """Something that goes by a route."""

    @property
    def route(self) -> AnyRoute:
        """The route."""
        ...


_REASONS = {
    Reason.QUOTA: "its quota is used up until",
    Reason.RATE: "it is rate limited until",
    Reason.REFUSED: "it was refused, and is not tried again before",
}


def describe_rest(route: AnyRoute, rest: Rest) -> str:
    """The message about a token that is cooling down."""
    until = datetime.fromtimestamp(rest.until, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    upstream = cooldown_place(route.provider, route.place)
    where = f"{route.provider.name}, {upstream}" if upstream else route.provider.name
    return f"token {credential_number(route)} of {where}: {_REASONS[rest.reason]} {until}"


def credential_number(route: AnyRoute) -> int:
    """The credential's place in its list; 0 without one."""
    return route.credential or 0
