"""Gateway keys that are handed out: what each of them may use."""

import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from darkroom.access_errors import NotAllowed

MAX_NAMES = 100  # of models, and of providers
MAX_TEXT_CHARS = 200
_DIGEST = re.compile("[0-9a-f]{64}")
LATEST = 4_102_444_800  # the year 2100: what is larger is in milliseconds


def _moment(value: object) -> object:
    """Seconds since 1970 of an ISO 8601 time with its zone; anything else is left as it is."""
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return value if moment.tzinfo is None else moment.timestamp()


def _printable(text: str) -> str:
    if not text.isprintable():
        raise PydanticCustomError("unprintable", "String should have no control characters")
    return text


Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_TEXT_CHARS),
    AfterValidator(_printable),
]
Names = Annotated[list[Text], Field(max_length=MAX_NAMES)]


class KeyFields(BaseModel):
    """The fields of a new gateway key: the models and providers it opens, and its limits."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Annotated[Text, Field(description="Whose it is, or what for.")]
    models: Annotated[
        Names, Field(description="The models that it opens, all where there are none.")
    ] = []
    providers: Annotated[
        Names, Field(description="The providers that it opens, all where there are none.")
    ] = []
    images_per_day: Annotated[
        Annotated[int, Field(ge=1, le=10**9)] | None,
        Field(description="Pictures in a day of UTC; the deployment's limit where it is null."),
    ] = None
    requests_per_minute: Annotated[
        Annotated[int, Field(ge=1, le=10**9)] | None,
        Field(description="Requests in a minute; the deployment's limit where it is null."),
    ] = None
    expires_at: Annotated[
        Annotated[float, Field(ge=0, le=LATEST)] | None,
        BeforeValidator(_moment),
        Field(
            description="When it ends: seconds since 1970, or a time in ISO 8601 with its zone. "
            "Never where it is null."
        ),
    ] = None


def _digest(text: str) -> str:
    if not _DIGEST.fullmatch(text):
        raise PydanticCustomError("digest", "Must be a SHA-256 digest in hexadecimal")
    return text


class NamedDigest(KeyFields):
    """A key of the settings: with the SHA-256 digest by which it is known."""

    digest: Annotated[str, AfterValidator(_digest)]


@dataclass(frozen=True, slots=True)
class GatewayKey:
    """A key as it is known here: by the SHA-256 digest of its text, never the text itself.

    `models` and `providers` are the ids that it opens, all where there are none. The limits are
    the deployment's where they are None. Times are in seconds since 1970.
    """

    id: str
    name: str
    digest: str
    models: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    images_per_day: int | None = None
    requests_per_minute: int | None = None
    expires_at: float | None = None
    created_at: float | None = None

    def is_over(self, now: float) -> bool:
        """True once the key has expired."""
        return self.expires_at is not None and self.expires_at <= now

    def check(self, provider: str, model: str | None) -> None:
        """Raise `NotAllowed` for a provider that this key does not open, or a model."""
        for opened, asked in ((self.providers, provider), (self.models, model)):
            if opened and asked is not None and asked not in opened:
                raise NotAllowed(
                    f"This gateway key is for {', '.join(opened)} alone, not for {asked[:80]}.",
                    param="model",
                )

    def described(self) -> dict[str, object]:
        """All that may be told of it."""
        told = asdict(self)
        del told["digest"]
        return {**told, "models": list(self.models), "providers": list(self.providers)}


def make_key(
    fields: KeyFields, key_id: str, digest: str, created_at: float | None = None
) -> GatewayKey:
    """A key as its fields say."""
    return GatewayKey(
        id=key_id,
        name=fields.name,
        digest=digest,
        models=tuple(fields.models),
        providers=tuple(fields.providers),
        images_per_day=fields.images_per_day,
        requests_per_minute=fields.requests_per_minute,
        expires_at=fields.expires_at,
        created_at=created_at,
    )


def id_of_digest(digest: str) -> str:
    """The id of a key of the settings, which have none of their own."""
    return f"key_{digest[:16]}"
