"""The choice of the text model that rewrites."""

from contextlib import suppress
from dataclasses import dataclass

from darkroom.access import Caller
from darkroom.catalog.model import ChatModel
from darkroom.catalog.rewriters import DEFAULT_TEXT_MODEL, Rewriter
from darkroom.errors import Failure, InvalidRequest, ModelNotFound
from darkroom.gateway import Gateway
from darkroom.generation.prompt_enhancement import default_text_model

DEFAULT_REWRITER = "qwen3-4b"


@dataclass(frozen=True, slots=True)
class ChosenModel:
    """A text model, and the studio's rewriter that it was named by, if any."""

    model: ChatModel
    rewriter: Rewriter | None = None

    @property
    def sees(self) -> bool:
        """Whether it may be sent pictures; assumed of a model that was named by its own id."""
        return self.rewriter is None or self.rewriter.supports_image


def choose_model(name: str, caller: Caller, gateway: Gateway) -> ChosenModel:
    """The model that a name means for a caller: the first that they may use.

    Raises `ModelNotFound` for a name that means nothing, `InvalidRequest` for one that is not set
    up, and why the caller may not use the first where they may use none.
    """
    catalog = gateway.catalog
    rewriter = catalog.rewriters.get(name or DEFAULT_REWRITER)
    if rewriter is None:
        return ChosenModel(_named(name, caller, gateway))
    if not rewriter.models:
        raise InvalidRequest(
            f"model: {rewriter.id} is not set up here: the setting REWRITER_MODELS does not "
            "say which text model it is.",
            param="model",
        )
    failures: list[Failure] = []
    for candidate in rewriter.models:
        if candidate == DEFAULT_TEXT_MODEL:
            return ChosenModel(default_text_model(caller, gateway), rewriter)
        model = catalog.find_chat(candidate)
        try:
            caller.tokens_for(model.provider, model.id)
        except Failure as failure:
            failures.append(failure)
        else:
            return ChosenModel(model, rewriter)
    raise failures[0]


def is_there(rewriter: Rewriter, gateway: Gateway) -> bool:
    """Whether it is known where one of its models answers."""
    catalog = gateway.catalog
    return any(
        name == DEFAULT_TEXT_MODEL or catalog.find_chat(name).provider.is_configured
        for name in rewriter.models
    )


def may_use(rewriter: Rewriter, caller: Caller, gateway: Gateway) -> bool:
    """Whether a caller has the credentials for a rewriter's model."""
    with suppress(Failure):
        model = choose_model(rewriter.id, caller, gateway).model
        caller.tokens_for(model.provider, model.id)
        return True
    return False


def _named(name: str, caller: Caller, gateway: Gateway) -> ChatModel:
    try:
        model = gateway.catalog.find_chat(name)
    except ModelNotFound as failure:
        names = ", ".join(gateway.catalog.rewriters)
        raise ModelNotFound(
            f"model: {name[:80]!r} is neither one of {names} nor a text model. {failure.message}",
            param="model",
        ) from None
    caller.check_prefixes([model.provider], model.id)
    return model
