"""The `response` object and its output items, in every status.

All required fields of `openai.types.responses.Response` are there; ours stand beside them.
Source: reference/wire-formats.md B3.7.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from darkroom.context import RequestContext
from darkroom.dialects.openai.background_responses import response_id
from darkroom.dialects.openai.errors import enhancement_error, error_body
from darkroom.dialects.openai.kept_pictures import KeptPictures, PictureId, item_id
from darkroom.dialects.openai.responses_input import IMAGE_CALL
from darkroom.dialects.openai.responses_request import WORDS
from darkroom.dialects.openai.usage import sum_usage
from darkroom.errors import ContentRefused, Failure
from darkroom.generation.output import Completed
from darkroom.generation.run import Generation, GenerationResult
from darkroom.image import ImageFile
from darkroom.job import Operation
from darkroom.json_writer import TextBlob


@dataclass(frozen=True, slots=True)
class Envelope:
    """The fields of a response that are the same in every status.

    The ids of its items are made of `token`. `repeated` are the fields that say again what the
    request said, `created_at` is in seconds since 1970, `store` says whether pictures are kept.
    """

    id: str
    token: str
    created_at: int
    model: str
    repeated: Mapping[str, object]
    background: bool = False
    store: bool = False

    @classmethod
    def begin(
        cls,
        context: RequestContext,
        model: str,
        repeated: Mapping[str, object],
        *,
        background: bool = False,
        store: bool = False,
    ) -> "Envelope":
        """The envelope of a response that begins now, named after the task that makes it."""
        token = context.task_id or context.gateway.draw_token()
        now = int(context.gateway.clock.time())
        return cls(response_id(token), token, now, model, repeated, background, store)

    def following(self, picture_id: PictureId) -> "Envelope":
        """The same under an id that names the pictures of the response before it."""
        if picture_id.token is None:
            return self
        return replace(self, id=f"{response_id(picture_id.token)}.{self.token}")

    def response(self, status: str, output: Sequence[Mapping[str, object]]) -> dict[str, object]:
        """The response in a status."""
        return {
            "id": self.id,
            "object": "response",
            "created_at": self.created_at,
            "status": status,
            "background": self.background,
            "error": None,
            "incomplete_details": None,
            "max_output_tokens": None,
            "model": self.model,
            "output": output,
            "store": self.store,
            "temperature": None,
            "text": {"format": {"type": "text"}},
            "top_p": None,
            "truncation": "disabled",
            "usage": None,
            **self.repeated,
        }

    def message(self, text: str | None) -> dict[str, object]:
        """The message that ends the output; without a text one that has only begun."""
        content = [] if text is None else [text_part(text)]
        return {
            "id": f"msg_{self.token}",
            "type": "message",
            "status": "in_progress" if text is None else "completed",
            "role": "assistant",
            "content": content,
        }


def text_part(text: str) -> dict[str, object]:
    """The one part of a message."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


@dataclass(frozen=True, slots=True)
class Answer:
    """One generation as a response: an image_generation_call for each picture, then a message.

    Without the message a client that calls tools in a loop would take the call for unanswered, and
    ask again. `kept` keeps the pictures, where they may be.
    """

    generation: Generation
    envelope: Envelope
    kept: KeptPictures | None = None

    @property
    def count(self) -> int:
        """How many pictures there are to be."""
        return len(self.generation.image_request.seeds)

    def item_id(self, index: int) -> str:
        """The id of a picture."""
        return item_id(self.envelope.token, index)

    def begun(self) -> dict[str, object]:
        """The response while nothing has come of it yet."""
        return self.envelope.response("in_progress", ())

    async def keep(self, result: GenerationResult) -> "Answer":
        """Keep the pictures for the next turn; returns the answer that says whether they were."""
        if self.kept is None:
            return self
        files = {index: _file_of(done) for index, done in result.completed.items()}
        store = await self.kept.keep(self.envelope.token, files)
        return replace(self, envelope=replace(self.envelope, store=store))

    def completed(self, result: GenerationResult) -> dict[str, object]:
        """The response with its pictures, and what is to be said of them."""
        done = result.done
        seeds = [item.seed for item in done]
        output = [*self._items(result), self.envelope.message(self.closing_words(result))]
        return {
            **self.envelope.response("completed", output),
            "completed_at": int(result.timing.clock.time()),
            "model": done[0].served.model.id,
            "usage": sum_usage([item.usage for item in done]),
            "provider": done[0].provider,
            "seed": seeds[0],
            **({"seeds": seeds} if len(seeds) > 1 else {}),
            **enhancement_error(self.generation.enhancement_failure),
            **result.remarks(self.generation),
        }

    def closing_words(self, result: GenerationResult) -> str:
        """The text of the message: how many pictures there are."""
        done, count = len(result.completed), self.count
        if count == 1:
            return "Here is the picture."
        return (
            f"Here are the {count} pictures."
            if done == count
            else (f"{done} of {count} pictures were painted, the others failed.")
        )

    def failed(self, failure: Failure, result: GenerationResult) -> dict[str, object]:
        """The response that came to nothing after it had begun."""
        error = {
            "code": _error_code(failure),
            "message": failure.message,
            "param": failure.param,
            "type": failure.type,
        }
        return {**self.envelope.response("failed", self._items(result)), "error": error}

    def item(self, index: int, status: str = "in_progress") -> dict[str, object]:
        """A picture that is not there."""
        return {"id": self.item_id(index), "type": IMAGE_CALL, "status": status, "result": None}

    def painted_item(self, index: int, picture: Completed) -> dict[str, object]:
        """A picture that is there, as base64."""
        options, job = picture.served.job.options, picture.served.job
        item = {
            **self.item(index, "completed"),
            "action": "generate" if job.operation is Operation.GENERATE else "edit",
            "size": picture.picture.size or str(job.size),
            "quality": in_words("quality", options.get("quality")) or "auto",
            "background": in_words("background", options.get("background")) or "auto",
        }
        if output_format := in_words("output_format", picture.picture.output_format):
            item["output_format"] = output_format
        if picture.revised_prompt:
            item["revised_prompt"] = picture.revised_prompt
        return {**item, "result": picture.picture.value}

    def failed_item(self, index: int, failure: Failure) -> dict[str, object]:
        """A picture that came to nothing, and why."""
        return {**self.item(index, "failed"), **error_body(failure)}

    def _items(self, result: GenerationResult) -> Sequence[Mapping[str, object]]:
        items: list[Mapping[str, object]] = []
        for index in range(self.count):
            if index in result.completed:
                items.append(self.painted_item(index, result.completed[index]))
            elif index in result.failures:
                items.append(self.failed_item(index, result.failures[index]))
            else:
                items.append(self.item(index, "failed"))
        return items


def in_words(name: str, value: object) -> str | None:
    """A field's value, if the wire has a word for it."""
    return value if isinstance(value, str) and value in WORDS[name] else None


def _file_of(done: Completed) -> ImageFile:
    """A picture's file; of one that was remembered only the base64 is at hand."""
    text = done.picture.text
    assert isinstance(text, TextBlob)  # noqa: S101 - pictures of responses are base64
    return done.picture.file or ImageFile(base64=text.content)


def _error_code(failure: Failure) -> str:
    """The nearest of the few codes that a response's own error may have."""
    if isinstance(failure, ContentRefused):
        return "image_content_policy_violation"
    if failure.status == 429:
        return "rate_limit_exceeded"
    return "invalid_prompt" if failure.status == 400 else "server_error"
