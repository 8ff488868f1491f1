"""The result of a call that painted: a text, links to the pictures, and small pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from darkroom.context import RequestContext
from darkroom.dialects.mcp.previews import InlinePicture, limit_of, make_preview, whole_picture
from darkroom.dialects.mcp.results import MAX_WORDS_CHARS, Result, text_content
from darkroom.errors import Failure
from darkroom.generation.output import Completed, RenderedPreview
from darkroom.generation.run import Generation, GenerationResult
from darkroom.scrub import without_tokens

LINK, PREVIEW, FULL = "link", "preview", "full"
PICTURES = "darkroom://pictures/"  # by the id that a picture has in its caller's history

_AUDIENCE = {"audience": ["user", "assistant"]}


@dataclass(frozen=True, slots=True)
class Painted:
    """The result of a painting call. `sketches` are the latest previews of upstreams by index."""

    generation: Generation
    result: GenerationResult
    sketches: Mapping[int, RenderedPreview]
    returns: str
    context: RequestContext

    async def render(self) -> Result:
        """The tool's result; raises the first failure where no picture was finished."""
        result = self.result
        if not result.completed:
            raise result.failures[min(result.failures)]
        links: list[dict[str, Any]] = []
        images: list[InlinePicture] = []
        notes: list[str] = []
        for index, item in sorted(result.completed.items()):
            if link := _link(index, item):
                links.append(link)
            image = await self._image(index, item)
            if image is not None:
                images.append(image)
            elif self.returns == FULL:
                notes.append("The picture is too large to stand in the answer.")
            elif link is None:
                notes.append(
                    "This gateway keeps no pictures, so there is no address: call again with "
                    'return: "full".'
                )
        facts = self._facts()
        words = [*self._words(facts), *dict.fromkeys(notes)]
        return {
            "content": [
                text_content("\n".join(words)),
                *links,
                *(image.content for image in images),
            ],
            "structuredContent": facts,
        }

    async def _image(self, index: int, item: Completed) -> InlinePicture | None:
        if self.returns == LINK:
            return None
        if self.returns == FULL:
            return whole_picture(item)
        limit_bytes = limit_of(len(self.result.completed))
        return await make_preview(item, self.sketches.get(index), limit_bytes, self.context)

    def _facts(self) -> dict[str, Any]:
        done = self.result.done
        remarks = dict(self.result.remarks(self.generation))
        if "ignored" in remarks:  # the names are the caller's own
            remarks["ignored"] = [without_tokens(name) for name in _list_of(remarks["ignored"])]
        facts: dict[str, Any] = {
            "model": done[0].served.model.id,
            "provider": done[0].provider,
            "seconds": round(max(item.took_s for item in done), 1),
            "images": [_fields(item) for item in done],
            **remarks,
        }
        if revised := next((item.revised_prompt for item in done if item.revised_prompt), None):
            facts["revised_prompt"] = without_tokens(revised, MAX_WORDS_CHARS)
        if failures := self.result.failures:
            facts["errors"] = [
                f"Picture {index + 1}: {_told(failure)}"
                for index, failure in sorted(failures.items())
            ]
        return facts

    def _words(self, facts: Mapping[str, Any]) -> list[str]:
        by = f"Painted by {facts['model']} at {facts['provider']} in {facts['seconds']} s."
        words = [by]
        for image in facts["images"]:
            about = ", ".join(
                filter(None, (image.get("size"), image.get("mime_type"), _seed_of(image)))
            )
            where = image.get("url") or image.get("uri")
            words.append(f"{about}: {where}" if where else f"{about}.")
        if facts.get("ignored"):
            words.append(f"Without effect here: {', '.join(facts['ignored'])}.")
        if facts.get("adjusted"):
            used = (f"{name}={value}" for name, value in facts["adjusted"].items())
            words.append(f"Used in place of what was asked: {', '.join(used)}.")
        if self.generation.enhancement_failure is not None:
            words.append(f"Not enhanced: {_told(self.generation.enhancement_failure)}")
        if "revised_prompt" in facts:
            words.append(f"Prompt used: {facts['revised_prompt']}")
        return [*words, *facts.get("errors", ())]


def _fields(item: Completed) -> dict[str, Any]:
    picture = item.picture
    fields = {
        "url": _address(item),
        "uri": f"{PICTURES}{item.history_id}" if item.history_id is not None else None,
        "mime_type": f"image/{picture.output_format}" if picture.output_format else None,
        "size": picture.size or str(item.served.job.size),
        "seed": item.seed,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _address(item: Completed) -> str | None:
    """The picture's address; None for one that stands in the answer alone."""
    value = item.picture.value
    return value if isinstance(value, str) else None


def _link(index: int, item: Completed) -> dict[str, Any] | None:
    address, picture = _address(item), item.picture
    if address is None:
        return None
    link: dict[str, Any] = {
        "type": "resource_link",
        "uri": address,
        "name": picture.media_name or f"picture {index + 1}",
        "description": f"{picture.size or item.served.job.size}, seed {item.seed}",
        "annotations": _AUDIENCE,
    }
    if picture.output_format:
        link["mimeType"] = f"image/{picture.output_format}"
    return link


def _list_of(value: object) -> list[str]:
    return list(map(str, value)) if isinstance(value, list) else []


def _seed_of(image: Mapping[str, Any]) -> str | None:
    return f"seed {image['seed']}" if "seed" in image else None


def _told(failure: Failure) -> str:
    return without_tokens(failure.message, MAX_WORDS_CHARS)
