"""A model as the catalog describes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from darkroom.catalog.neurons import NeuronPrice
from darkroom.catalog.provider_row import ProviderRow
from darkroom.catalog.sizes import SizePolicy
from darkroom.errors import InvalidRequest
from darkroom.job import OPTIONS, Operation

MAX_NUMBER_CHARS = 20


@dataclass(frozen=True, slots=True)
class Range:
    """The values that a numeric option may have, bounds included.

    What is below `lowest` is sent as that, where an API refuses what its documents allow. `hints`
    are the values that its author recommends for an aim, such as `fast`, as text.
    """

    minimum: float
    maximum: float
    default: float
    lowest: float | None = None
    hints: Mapping[str, str] = field(default_factory=dict)

    def choose(self, requested: float | None, param: str) -> float:
        """The value asked for, or the default; raises `InvalidRequest` naming the range."""
        if requested is None:
            return self.default
        if not self.minimum <= requested <= self.maximum:
            raise InvalidRequest(
                f"{param}: must be between {_plain(self.minimum)} and {_plain(self.maximum)}, "
                f"not {_plain(requested)}.",
                param=param,
            )
        return self.nearest(requested)

    def nearest(self, requested: float) -> float:
        """The value asked for, or the bound that is nearest to it."""
        lowest = self.minimum if self.lowest is None else self.lowest
        return min(max(requested, lowest), self.maximum)

    def describe(self) -> dict[str, object]:
        """The range in the words of `/v1/models`."""
        bounds = {"minimum": self.minimum, "maximum": self.maximum, "default": self.default}
        return {**bounds, **({"hints": dict(self.hints)} if self.hints else {})}


def _plain(number: float) -> str:
    text = str(number) if isinstance(number, int) else f"{number:.15g}"
    return text if len(text) <= MAX_NUMBER_CHARS else f"{text[:MAX_NUMBER_CHARS]}…"


@dataclass(frozen=True, slots=True)
class Option:
    """A field of OpenAI's that a model takes, such as `quality`.

    `words` are the values that callers may give, as text, and what the model calls each; None is
    any value.
    """

    words: Mapping[str, object] | None = None

    def takes(self, value: object) -> bool:
        """Whether the model knows what is meant."""
        return self.words is None or str(value) in self.words

    def translate(self, value: object) -> object:
        """The model's own value for a value of the field."""
        return value if self.words is None else self.words[str(value)]

    def describe(self) -> list[str] | None:
        """The values, in the words of `/v1/models`; None is any."""
        return None if self.words is None else list(self.words)


@dataclass(frozen=True, slots=True)
class Upstream:
    """One place where a model is served. `options` are for the provider alone to read."""

    id: str
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Model:
    """One row of the catalog: what a model is called, what it can do, and where it is served.

    `max_images` is how many source pictures it takes for an edit, `mask` whether it takes a mask of
    where to change them, `strength` how much of a source it may change, where that can be chosen,
    `scale` how many times longer an upscaler makes each side, `options` are the other fields of
    OpenAI's and of a studio's that it takes, `response_format` is what its callers expect who name
    none, `image_format` the format of its pictures where it is not the provider's. `conditioning`
    are the upstreams that paint a picture so that it resembles another one, empty where that cannot
    be had. Sources with a side of more than `max_source_side` pixels are scaled down. `neurons` is
    the price at Workers AI, where it is known.
    """

    id: str
    name: str
    provider: ProviderRow
    owned_by: str
    sizes: SizePolicy
    upstreams: tuple[Upstream, ...]
    aliases: tuple[str, ...] = ()
    operations: tuple[Operation, ...] = (Operation.GENERATE,)
    steps: Range | None = None
    guidance_scale: Range | None = None
    negative_prompt: bool = False
    prompt_enhance: bool | None = None  # the default of a model that has the option
    seed: bool = True
    previews: bool = False
    max_images: int = 0
    mask: bool = False
    strength: Range | None = None
    scale: int = 1
    max_prompt_chars: int | None = None
    options: Mapping[str, Option] = field(default_factory=dict)
    response_format: str | None = None
    image_format: str | None = None
    conditioning: tuple[Upstream, ...] = ()
    max_source_side: int | None = None
    neurons: NeuronPrice | None = None

    def describe(self) -> dict[str, object]:
        """The model's capabilities, as `/v1/models` lists them."""
        return {
            "operations": list(self.operations),
            "size": self.sizes.describe(),
            "steps": self.steps.describe() if self.steps else None,
            "guidance_scale": self.guidance_scale.describe() if self.guidance_scale else None,
            "negative_prompt": self.negative_prompt,
            "prompt_enhance": self.prompt_enhance is not None,
            "seed": self.seed,
            "previews": self.previews,
            "max_images": self.max_images,
            "mask": self.mask,
            "options": {
                name: option.describe() for name, option in self.options.items() if name in OPTIONS
            },
        }


@dataclass(frozen=True, slots=True)
class ChatModel:
    """A text model of a provider: `name` is what the provider calls it."""

    name: str
    provider: ProviderRow

    @property
    def id(self) -> str:
        """The id under which callers name it."""
        return f"{self.provider.model_prefix}/{self.name}"
