"""The catalog: every model by id, alias and prefix, read from the TOML files beside this module."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from darkroom.catalog.model import ChatModel, Model
from darkroom.catalog.pool import Pool, PoolOrder, Purpose, read_pool
from darkroom.catalog.provider_row import ProviderRow
from darkroom.catalog.rewriters import DEFAULT_TEXT_MODEL, Rewriter, read_rewriters
from darkroom.catalog.rows import InvalidCatalog, ProviderFile, read_provider
from darkroom.errors import InvalidRequest, ModelNotFound

HERE = Path(__file__).parent
MAX_NAMES = 16  # of a list of models that are tried in order
MAX_CHAT_NAME_CHARS = 200
ANY_NAME = "/*"  # ends the id of the row for a provider's models that have no row
_ANY_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,60}/[A-Za-z0-9][A-Za-z0-9_.-]{0,120}")
MAX_ADVISED_CHARS = 80  # a longer name is compared with none that exist: that would take too long


@dataclass(frozen=True, slots=True)
class Alias:
    """An id that stands for the default model, with what its callers expect."""

    id: str
    response_format: str | None = None


@dataclass(frozen=True, slots=True)
class Resolved:
    """The models that a caller's words mean, in order, and the alias that led there, if any.

    `is_open` says that the caller named none of them: what they do not take may go to others, or be
    done without them. `pool` is there where one of the names was a pool's.
    """

    models: tuple[Model, ...]
    alias: Alias | None = None
    is_open: bool = False
    pool: PoolOrder | None = None


class Catalog:
    """All providers with their models, looked up by what callers write."""

    def __init__(
        self,
        files: Iterable[ProviderFile],
        aliases: Iterable[Alias] = (),
        pools: Iterable[Pool] = (),
        rewriters: Iterable[Rewriter] = (),
    ) -> None:
        self.files = tuple(files)
        self.aliases = tuple(aliases)
        self.pools = {pool.id: pool for pool in pools}
        self.rewriters = {rewriter.id: rewriter for rewriter in rewriters}
        self.providers = tuple(file.provider for file in self.files)
        rows = [model for file in self.files for model in file.models]
        self.models = tuple(model for model in rows if not model.id.endswith(ANY_NAME))
        self._unnamed = {
            model.provider.model_prefix: model for model in rows if model.id.endswith(ANY_NAME)
        }
        self.chat_models = tuple(
            ChatModel(name, provider)
            for provider in self.providers
            if provider.chat
            for name in provider.chat.models
        )
        self._aliases = {alias.id: alias for alias in self.aliases}
        self._by_name: dict[str, Model] = {}
        for model in self.models:
            for spelling in _spellings(model):
                if self._by_name.setdefault(spelling, model) is not model:
                    raise InvalidCatalog(f"two models are called {spelling!r}")
        for model in self.models:
            for name in _names(model):
                if model.provider.bare_names or name.startswith("@"):
                    self._by_name.setdefault(name, model)
        self._by_prefix: dict[str, ProviderRow] = {}
        for provider in self.providers:
            if self._by_prefix.setdefault(provider.model_prefix, provider) is not provider:
                raise InvalidCatalog(f"two providers have the prefix {provider.model_prefix!r}")
        for pool in self.pools.values():
            self._check_pool(pool)
        for rewriter in self.rewriters.values():
            for name in rewriter.models:
                self._check_text_model(name, rewriter)

    def resolve(
        self,
        requested: str | Sequence[str] | None,
        default: str,
        param: str = "model",
        purpose: Purpose = Purpose.GENERATE,
    ) -> Resolved:
        """The models that are meant by a name or a list of names, which stand in field `param`.

        A pool means its models for the `purpose`; none or an alias means the model or pool called
        `default`.
        Raises `ModelNotFound` with the names nearest to what was written, `InvalidRequest` for a
        list of more than 16.
        """
        names = (
            [requested or default]
            if isinstance(requested, str | None)
            else list(requested) or [default]
        )
        if len(names) > MAX_NAMES:
            raise InvalidRequest(
                f"{param}: a list may name {MAX_NAMES} models at the most, not {len(names)}.",
                param=param,
            )
        alias = self._aliases.get(names[0])
        meant = [default if name in self._aliases else name for name in names]
        if any(name in self.pools for name in meant):
            return self._with_pools(meant, alias, param, purpose)
        found = [self._find(name, param) for name in meant]
        is_open = not requested or alias is not None
        return Resolved(tuple({model.id: model for model in found}.values()), alias, is_open)

    def means_default(self, names: Sequence[str]) -> bool:
        """True where `resolve` needs its `default`: no name is there, or one is an alias."""
        return not names or any(name in self._aliases for name in names)

    def find(self, name: str) -> Model | None:
        """The image model of that id or alias, if there is one."""
        return self._by_name.get(name)

    def paints(self, name: str) -> bool:
        """Whether a name means image models: by id, alias or pool."""
        return name in self._by_name or name in self.pools or name in self._aliases

    def find_chat(self, name: str) -> ChatModel:
        """The text model that `provider/id` means; the id goes to the provider as it is.

        Raises `ModelNotFound` where no provider of text has that prefix.
        """
        prefix, _, rest = name.partition("/")
        provider = self._by_prefix.get(prefix)
        is_name = 0 < len(rest) <= MAX_CHAT_NAME_CHARS
        if provider is None or provider.chat is None or not is_name:
            prefixes = [row.model_prefix for row in self.providers if row.chat]
            raise ModelNotFound(
                f"The text model {name[:80]!r} does not exist. Text models are called "
                f"provider/name, where the provider is one of {', '.join(prefixes)}.",
                param="model",
            )
        return ChatModel(rest, provider)

    def _with_pools(
        self, names: Sequence[str], alias: Alias | None, param: str, purpose: Purpose
    ) -> Resolved:
        """The models of names of which some are pools'; each of the others is its own group."""
        found: dict[str, Model] = {}
        ranks: dict[str, int] = {}
        members: set[str] = set()
        pools = [pool for name in names if (pool := self.pools.get(name))]
        for name in names:
            pool = self.pools.get(name)
            for group in pool.groups_for(purpose) if pool else ((name,),):
                rank = len(ranks)  # of those before, none has it
                for model in [self._find(each, param) for each in group]:
                    if model.id not in found:
                        found[model.id], ranks[model.id] = model, rank
                        members |= {model.id} if pool else set()
        order = PoolOrder(pools[0].id, ranks, frozenset(members), pools[0].purpose_for(purpose))
        return Resolved(tuple(found.values()), alias, is_open=True, pool=order)

    def _check_pool(self, pool: Pool) -> None:
        for name in pool.models:
            if name not in self._by_name:
                raise InvalidCatalog(f"the pool {pool.id!r} names {name!r}, which is no model")

    def _check_text_model(self, name: str, rewriter: Rewriter) -> None:
        try:
            if name != DEFAULT_TEXT_MODEL:
                self.find_chat(name)
        except ModelNotFound as failure:
            raise InvalidCatalog(f"the rewriter {rewriter.id!r}: {failure.message}") from None

    def _find(self, name: str, param: str) -> Model:
        model = self._by_name.get(name) or self._without_row(name)
        if model is None:
            raise ModelNotFound(
                f"The model {name[:80]!r} does not exist. {self._advice(name)}", param=param
            )
        return model

    def _without_row(self, name: str) -> Model | None:
        """The model of a provider that serves any number, by the row for those without one."""
        prefix, _, rest = name.partition("/")
        row = self._unnamed.get(prefix)
        if row is None or not _ANY_NAME.fullmatch(rest):
            return None
        upstreams = tuple(replace(upstream, id=rest) for upstream in row.upstreams)
        return replace(row, id=name, name=rest, upstreams=upstreams)

    def _advice(self, name: str) -> str:
        if len(name) > MAX_ADVISED_CHARS:
            return "GET /v1/models lists all there are."
        names = {name.lower(): name for name in (*self._by_name, *self.pools)}
        near = difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.5)
        if not near:
            return "GET /v1/models lists all there are."
        return f"Did you mean {' or '.join(names[match] for match in near)}?"


@cache
def load_catalog() -> Catalog:
    """The catalog's files, read once; raises `InvalidCatalog` when a row makes no sense."""
    files = [
        read_provider(path.name, tomllib.loads(path.read_text("utf-8")))
        for path in sorted((HERE / "models").glob("*.toml"), key=_image_request)
    ]
    aliases = tomllib.loads((HERE / "aliases.toml").read_text("utf-8"))["alias"]
    pools = tomllib.loads((HERE / "pools.toml").read_text("utf-8"))["pool"]
    return Catalog(
        files,
        [Alias(**row) for row in aliases],
        [read_pool(row.pop("id"), row) for row in pools],
        read_rewriters(tomllib.loads((HERE / "rewriters.toml").read_text("utf-8"))),
    )


def _image_request(path: Path) -> tuple[bool, str]:
    """Free Spaces come first, where they are chosen first; then the alphabet."""
    return path.stem != "huggingface", path.stem


def _spellings(model: Model) -> Sequence[str]:
    names = _names(model)
    prefixed = [f"{model.provider.model_prefix}/{name}" for name in names]
    return [*names, *prefixed] if model.provider.bare_ids else prefixed


def _names(model: Model) -> Sequence[str]:
    """The names of a model at its provider."""
    return [model.id.removeprefix(f"{model.provider.model_prefix}/"), *model.aliases]
