"""What any dialect asks for: one wish, as each model that may serve it takes it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from darkroom.catalog.catalog import Resolved
from darkroom.catalog.model import Range
from darkroom.catalog.provider_row import ProviderRow
from darkroom.catalog.wish import Fitted, Wish, fit_any
from darkroom.errors import InvalidRequest
from darkroom.job import MAX_SEED, ImageJob, Operation

SEEDS = Range(0, MAX_SEED, 0)
WORDLESS = (Operation.UPSCALE, Operation.DECOMPOSE)
ANY_SEED = -1  # AUTOMATIC1111 has taught people that it means any


@dataclass(frozen=True, slots=True)
class Delivery:
    """How the caller wants pictures: in which field, and in which format if it matters.

    `bytes` is the file itself, for an answer that is nothing else. `compression` is 0 to 100, as
    OpenAI's `output_compression`. `keep` has a picture kept here, if it can be, that is handed
    over in another way than by its address.
    """

    field: Literal["url", "b64_json", "bytes"] = "url"
    output_format: str | None = None
    compression: int | None = None
    keep: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether the picture may stay as the upstream made it."""
        return self.output_format is None and self.compression is None


@dataclass(frozen=True, slots=True)
class Order:
    """What a caller asked for.

    `choices` are the models that may serve it, in the order in which they are tried; `seeds` one
    for each picture, `seeded` whether the caller chose them. `stream` asks for events as they come,
    `previews` is how many previews of each picture are wanted at the most; None is any. `asked` is
    how the caller named the model, `providers` are those of all models that were meant. `spelled`
    is how the caller spelled each field that was given, `unheard` those of them that mean nothing
    to any model, `unread` what else has no effect, in words that the caller knows it by. `noted` is
    what the caller's history says beside what every dialect tells it; None keeps it out of there.
    """

    asked: str
    providers: tuple[ProviderRow, ...]
    choices: tuple[Fitted, ...]
    seeds: tuple[int, ...]
    seeded: bool
    delivery: Delivery = field(default_factory=Delivery)
    stream: bool = False
    previews: int | None = None
    enhance: bool = False
    spelled: Mapping[str, str] = field(default_factory=dict)
    unheard: frozenset[str] = frozenset()
    unread: tuple[str, ...] = ()
    noted: Mapping[str, object] | None = field(default_factory=dict)

    def jobs_of(self, choice: Fitted) -> tuple[ImageJob, ...]:
        """The jobs as one of the models takes them."""
        return tuple(replace(choice.job, seed=seed) for seed in self.seeds)

    def ignored_by(self, choice: Fitted, missed: Sequence[str] = ()) -> tuple[str, ...]:
        """What has no effect with a model, as the caller spelled it.

        `missed` are those that came to nothing when the picture was handed over.
        """
        without = {*self.unheard, *choice.ignored, *missed}
        fields = (spelling for name, spelling in self.spelled.items() if name in without)
        return (*fields, *self.unread)

    def with_unheard(self, names: Iterable[str]) -> "Order":
        """The same, with the names of further fields that mean nothing, whatever they are."""
        unheard = {f"unheard {name}": name for name in names}
        return replace(
            self,
            spelled={**self.spelled, **unheard},
            unheard=self.unheard | unheard.keys(),
        )

    def with_prompt(self, prompt: str) -> "Order":
        """The same with another prompt for every model."""
        choices = tuple(
            replace(choice, job=replace(choice.job, prompt=prompt)) for choice in self.choices
        )
        return replace(self, choices=choices)


def place_order(
    wish: Wish,
    resolved: Resolved,
    *,
    count: int,
    draw_seed: Callable[[], int],
    asked: str | None = None,
    needs_words: bool = True,
    **rest: object,
) -> Order:
    """Fit a wish to the models that were meant; `rest` are further fields of the `Order`.

    Where the wish names no seed, or -1, `draw_seed` gives each picture one. Raises
    `InvalidRequest` naming the field that no model can take, or the prompt where it is empty and
    `needs_words` does not let it be.
    """
    drawn = wish.seed in (None, ANY_SEED)
    first = draw_seed() if drawn else int(SEEDS.choose(wish.seed, wish.spelling("seed")))
    choices = fit_any(replace(wish, seed=None if drawn else first), resolved.models)
    if needs_words and not wish.prompt and choices[0].job.operation not in WORDLESS:
        param = wish.spelling("prompt")
        raise InvalidRequest(
            f"{param}: say what the picture should show.",
            param=param,
            code="missing_required_parameter",
        )
    return Order(
        asked=asked or resolved.models[0].id,
        providers=tuple(model.provider for model in resolved.models),
        choices=choices,
        seeds=_seeds(first, count, drawn=drawn, draw_seed=draw_seed),
        seeded=not drawn,
        **rest,  # type: ignore[arg-type]
    )


def _seeds(first: int, count: int, *, drawn: bool, draw_seed: Callable[[], int]) -> tuple[int, ...]:
    """One seed for each picture, no two alike; given seeds count upwards."""
    seeds = [first]
    while len(seeds) < count:
        seed = draw_seed() if drawn else (seeds[-1] + 1) % (MAX_SEED + 1)
        if seed not in seeds:
            seeds.append(seed)
    return tuple(seeds)
