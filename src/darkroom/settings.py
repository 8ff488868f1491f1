"""The environment, read once into a frozen value."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from darkroom.errors import Misconfigured


class Secret:
    """A string that does not print itself."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The string, for the one header that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may choose, by variables of the same names in upper case.

    `huggingface_space_url` is where a Space answers: `{subdomain}` stands for its name as
    hf.space spells it. `huggingface_token_header` is the header that takes a caller's token to a
    Space: the hosting edge strips `x-hf-authorization`, while the Space's author would see
    `authorization` (reference/gradio.md section 8). `public_url` is this gateway's own address,
    for the links in its answers; without it the caller's spelling is used.
    """

    default_model: str = "z-image-turbo"
    public_url: str | None = None
    request_timeout_s: float = 300.0
    max_body_bytes: int = 512 * 1024
    huggingface_space_url: str = "https://{subdomain}.hf.space"
    huggingface_token_header: str = "x-hf-authorization"  # noqa: S105 - a header's name

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Settings":
        """Read the environment; what is absent or empty keeps its default.

        Raises `Misconfigured` for a value that cannot be used.
        """
        defaults = cls()
        token_header = env.get("HUGGINGFACE_TOKEN_HEADER", "").lower()
        if token_header not in ("", "x-hf-authorization", "authorization"):
            raise Misconfigured(
                "HUGGINGFACE_TOKEN_HEADER must be X-HF-Authorization or Authorization"
            )
        return cls(
            default_model=env.get("DEFAULT_MODEL") or defaults.default_model,
            public_url=(env.get("PUBLIC_URL") or "").rstrip("/") or None,
            request_timeout_s=_number(env, "REQUEST_TIMEOUT_S", defaults.request_timeout_s),
            max_body_bytes=int(_number(env, "MAX_BODY_BYTES", defaults.max_body_bytes)),
            huggingface_space_url=(
                env.get("HUGGINGFACE_SPACE_URL") or defaults.huggingface_space_url
            ).rstrip("/"),
            huggingface_token_header=token_header or defaults.huggingface_token_header,
        )


def _number(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value < math.inf:
        raise Misconfigured(f"{name} must be a number of at least 1")
    return value
