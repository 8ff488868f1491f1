"""The validated image request, with resolved parameters for each candidate model."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from darkroom.catalog.catalog import Resolved
from darkroom.catalog.parameters import (
    RequestedParameters,
    ResolvedParameters,
    UnableModel,
    resolve_for_models,
)
from darkroom.catalog.pool import PoolOrder
from darkroom.catalog.provider_row import ProviderRow
from darkroom.errors import InvalidRequest
from darkroom.job import MAX_SEED, ImageJob, Operation
from darkroom.overlay import OverlayTerms
from darkroom.stores.conversion import Converter

WORDLESS = (Operation.UPSCALE, Operation.DECOMPOSE)


@dataclass(frozen=True, slots=True)
class Delivery:
    """The requested output: the response field, and the format if any.

    `bytes` is the file itself, for an answer that is nothing else. `compression` is 0 to 100, as
    OpenAI's `output_compression`. `keep` has a picture kept here, if it can be, that is handed
    over in another way than by its address. `both_within_bytes` is how large a picture may be
    that comes as `b64_json` too beside its `url`.
    """

    field: Literal["url", "b64_json", "bytes"] = "url"
    output_format: str | None = None
    compression: int | None = None
    keep: bool = False
    both_within_bytes: int = 0

    @property
    def is_plain(self) -> bool:
        """Whether the picture may stay as the upstream made it."""
        return self.output_format is None and self.compression is None


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """A validated request for images.

    `choices` are the models that may serve it, in the order in which they are tried, `unable` those
    that were left out, each with the reason; `seeds` one
    for each picture, `seeded` whether the caller chose them. `adjusted` holds what was taken in
    place of the caller's values, whichever model serves; `stands_in` says that the model is none
    that the caller named, `pool` that a pool's name stood for some of them. `stream` asks for
    events as they come, `previews` is how many previews of each picture are wanted at most; None is
    any.
    `requested_model` is how the caller named it, `providers` are those of all that were meant.
    `field_aliases` is how the caller spelled each field that was given, `unsupported_fields` those
    of them that mean nothing to any model, `no_effect` what else is ignored, as the caller wrote
    it. `history_fields` go into the caller's history beside those of every dialect; None keeps the
    pictures out of it.
    """

    requested_model: str
    providers: tuple[ProviderRow, ...]
    choices: tuple[ResolvedParameters, ...]
    seeds: tuple[int, ...]
    seeded: bool
    unable: tuple[UnableModel, ...] = ()
    delivery: Delivery = field(default_factory=Delivery)
    stream: bool = False
    previews: int | None = None
    enhance: bool = False
    field_aliases: Mapping[str, str] = field(default_factory=dict)
    unsupported_fields: frozenset[str] = frozenset()
    no_effect: tuple[str, ...] = ()
    adjusted: Mapping[str, object] = field(default_factory=dict)
    stands_in: bool = False
    pool: PoolOrder | None = None
    history_fields: Mapping[str, object] | None = field(default_factory=dict)

    def jobs_of(self, choice: ResolvedParameters) -> tuple[ImageJob, ...]:
        """The jobs for one of the models, one for each seed."""
        return tuple(replace(choice.job, seed=seed) for seed in self.seeds)

    def ignored_by(self, choice: ResolvedParameters, missed: Sequence[str] = ()) -> tuple[str, ...]:
        """The fields that a model ignores, as the caller spelled them.

        `missed` are output options that could not be applied.
        """
        without = {*self.unsupported_fields, *choice.ignored, *missed}
        fields = (spelling for name, spelling in self.field_aliases.items() if name in without)
        return (*fields, *self.no_effect)

    def adjusted_by(self, choice: ResolvedParameters) -> Mapping[str, object]:
        """The values that were used in place of the caller's, by the caller's names of fields."""
        own = {
            name if name == "size" else self.field_aliases.get(name, name): value
            for name, value in choice.adjusted.items()
        }
        model = {self.field_aliases.get("model", "model"): choice.model.id}
        return {**(model if self.stands_in else {}), **self.adjusted, **own}

    def takes_preview(self, already: int) -> bool:
        """True where one more preview than so many is passed on."""
        return self.previews is None or already < self.previews

    def with_unsupported(self, names: Iterable[str]) -> "ImageRequest":
        """The same, with the names of further unsupported fields."""
        unsupported_fields = {f"unsupported {name}": name for name in names}
        return replace(
            self,
            field_aliases={**self.field_aliases, **unsupported_fields},
            unsupported_fields=self.unsupported_fields | unsupported_fields.keys(),
        )

    def with_prompt(self, prompt: str) -> "ImageRequest":
        """The same with another prompt for every model."""
        choices = tuple(
            replace(choice, job=replace(choice.job, prompt=prompt)) for choice in self.choices
        )
        return replace(self, choices=choices)


def build_request(
    requested: RequestedParameters,
    resolved: Resolved,
    *,
    count: int,
    draw_seed: Callable[[], int],
    converter: Converter | None = None,
    requested_model: str | None = None,
    needs_words: bool = True,
    adjusted: Mapping[str, object] | None = None,
    **rest: object,
) -> ImageRequest:
    """Resolve parameters for the requested models; `rest` are further fields of the request.

    A mask is laid over the results of models that take none, where the caller named no model;
    `converter` makes PNGs of other pictures for it.
    Without a seed, or with one below 0 as AUTOMATIC1111 has taught people, `draw_seed` gives each
    picture one; larger ones are folded into the range that all models take. Raises `InvalidRequest`
    naming the field that no model can take, or the prompt where it is empty and `needs_words` does
    not let it be.
    """
    drawn = requested.seed is None or requested.seed < 0
    first = draw_seed() if drawn else fold_seed(requested.seed or 0)
    folded = {} if drawn or first == requested.seed else {requested.spelling("seed"): first}
    names = requested.spelling("mask"), requested.spelling("image")
    terms = OverlayTerms(converter, count, *names) if resolved.is_open else None
    choices, unable = resolve_for_models(
        replace(requested, seed=None if drawn else first, overlay_terms=terms), resolved.models
    )
    if needs_words and not requested.prompt and choices[0].job.operation not in WORDLESS:
        param = requested.spelling("prompt")
        raise InvalidRequest(
            f"{param}: say what the picture should show.",
            param=param,
            code="missing_required_parameter",
        )
    return ImageRequest(
        requested_model=requested_model
        or (resolved.pool.id if resolved.pool else resolved.models[0].id),
        adjusted={**(adjusted or {}), **folded},
        stands_in=resolved.alias is not None,
        pool=resolved.pool,
        providers=tuple(model.provider for model in resolved.models),
        choices=choices,
        unable=unable,
        seeds=_seeds(first, count, drawn=drawn, draw_seed=draw_seed),
        seeded=not drawn,
        **rest,  # type: ignore[arg-type]
    )


def fold_seed(seed: int) -> int:
    """The seed of 31 bits that stands for a larger one."""
    return seed % (MAX_SEED + 1)


def _seeds(first: int, count: int, *, drawn: bool, draw_seed: Callable[[], int]) -> tuple[int, ...]:
    """One seed for each picture, no two alike; given seeds count upwards."""
    seeds = [first]
    while len(seeds) < count:
        seed = draw_seed() if drawn else (seeds[-1] + 1) % (MAX_SEED + 1)
        if seed not in seeds:
            seeds.append(seed)
    return tuple(seeds)
