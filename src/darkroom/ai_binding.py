"""The seam for the runtime's binding to Workers AI, and what stands for it among credentials."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from darkroom.deadline import Deadline
from darkroom.http import Part, UpstreamReply
from darkroom.settings import Secret

# The binding rests and is told of as an operator's token is. No header can carry these texts, so no
# caller can send them.
BINDING = Secret("\0the binding AI")
FREE_BINDING = Secret("\0the binding AI, within its free neurons")
BINDINGS = (BINDING, FREE_BINDING)


class AiBinding(Protocol):
    """Runs models of Cloudflare's for the account that the Worker belongs to."""

    async def run(
        self,
        model: str,
        body: Sequence[Part],
        content_type: str,
        options: Mapping[str, object],
        deadline: Deadline,
    ) -> UpstreamReply:
        """Run a model on an input, the parts of a JSON object or of a form.

        The answer is what the REST API would give, without its envelope: JSON, a picture's file, or
        with a status of 500 `{"errors": [{"message": "3040: …"}]}`. Raises `DeadlineExceeded`.
        """
        ...


def open_binding(
    open_models: Collection[str] | None, model: str | None, *, holds_key: bool
) -> tuple[Secret, ...]:
    """The binding as a token, where it is open to a caller for a model, or for any that is None.

    Without a gateway key it is for `open_models` alone, whose neurons are counted; those are None
    where nothing is bound.
    """
    if open_models is None:
        return ()
    if holds_key:
        return (BINDING,)
    is_open = bool(open_models) if model is None else model in open_models
    return (FREE_BINDING,) if is_open else ()
