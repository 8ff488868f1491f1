"""Gemini's image models, and Imagen behind the same host.

Source: reference/wire-formats.md B2.
"""

import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

from darkroom.deadline import Deadline
from darkroom.errors import (
    ContentRefused,
    CredentialRefused,
    Failure,
    JobFailed,
    PictureOmitted,
    QuotaExhausted,
    RateLimited,
)
from darkroom.events import Event, Finished, Picture
from darkroom.http import Http
from darkroom.job import ImageJob
from darkroom.json_writer import TextBlob
from darkroom.providers.api_client import PAINTING_LIMIT_S, ApiClient
from darkroom.providers.credential import credential_for
from darkroom.providers.error_mapping import UpstreamError, map_error, queue_full
from darkroom.providers.openai_compatible import template_of
from darkroom.providers.provider import Route
from darkroom.providers.response_images import (
    as_object,
    as_objects,
    no_picture,
    picture_of,
    whole_number,
)
from darkroom.providers.template import fill_object
from darkroom.scrub import scrub

_UNSAFE = frozenset((
    "SAFETY", "IMAGE_SAFETY", "PROHIBITED_CONTENT", "IMAGE_PROHIBITED_CONTENT", "BLOCKLIST", "SPII",
    "MODEL_ARMOR", "ESCALATION",
))  # fmt: skip
_COPIED = frozenset(("RECITATION", "IMAGE_RECITATION"))
_REASONS = {
    "MAX_TOKENS": "ran out of tokens before the picture was done; shorten the prompt",
    "LANGUAGE": "does not take prompts in this language",
    "MALFORMED_RESPONSE": "broke off with a malformed answer; ask again",
}
_POLICY = re.compile(r"violat.{0,80}polic|responsible ai", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Gemini:
    """Runs a job in one request; a row with `imagen = true` goes by `:predict`."""

    async def run(
        self, job: ImageJob, route: Route, http: Http, deadline: Deadline
    ) -> AsyncGenerator[Event]:
        """Ask for the picture and wait for it; see `Provider.run`."""
        credential = credential_for(route.provider, route.token, header="x-goog-api-key", scheme="")
        exchange = ApiClient(
            route.provider.name, http, deadline, credential, sort=_sort, limit_s=PAINTING_LIMIT_S
        )
        path = f"/v1beta/models/{route.place_path()}"
        template = _template(job, route)
        if route.upstream.options.get("imagen"):
            payload: dict[str, object] = {
                "instances": [{"prompt": job.prompt}],
                "parameters": fill_object(template, job),
            }
            answer = await exchange.post(route.address(f"{path}:predict"), payload)
            yield _predicted(answer, exchange.name)
            return
        parts: list[object] = [{"text": job.prompt}]
        for image in job.images:
            data = TextBlob(await image.to_base64())
            parts.append({"inlineData": {"mimeType": image.media_type, "data": data}})
        payload = {
            "contents": [{"role": "user", "parts": parts}],
            "generationConfig": fill_object(template, job),
        }
        answer = await exchange.post(route.address(f"{path}:generateContent"), payload)
        yield _generated(answer, job, exchange)


def _template(job: ImageJob, route: Route) -> dict[str, object]:
    """The row's template; with a source and no size asked for, the source's ratio is kept."""
    name = "parameters" if route.upstream.options.get("imagen") else "body"
    template = template_of(route, as_object(route.provider.options.get(name)))
    image_config = template.get("imageConfig")
    if job.images and not job.size_requested and isinstance(image_config, Mapping):
        template["imageConfig"] = {
            key: value for key, value in image_config.items() if key != "aspectRatio"
        }
    return template


def _generated(answer: Mapping[str, Any], job: ImageJob, exchange: ApiClient) -> Finished:
    """The picture of an answer, whose thoughts on the way to it are dropped."""
    pictures: list[Picture] = []
    words: list[str] = []
    reason = ""
    for candidate in as_objects(answer.get("candidates")):
        reason = str(candidate.get("finishReason") or reason)
        for part in as_objects(as_object(candidate.get("content")).get("parts")):
            if part.get("thought"):
                continue
            inline = as_object(part.get("inlineData") or part.get("inline_data"))
            picture = picture_of(inline.get("data"))
            if picture is not None:
                pictures.append(picture)
            elif isinstance(part.get("text"), str):
                words.append(part["text"])
        if isinstance(message := candidate.get("finishMessage"), str):
            words.append(message)
    if not pictures:
        raise _no_image(answer, scrub(" ".join(words)), reason, exchange.name)
    return Finished(tuple(pictures), seed=job.seed, usage=_usage(answer.get("usageMetadata")))


def _no_image(answer: Mapping[str, Any], words: str, reason: str, name: str) -> Failure:
    """Why there is no picture: the prompt was blocked, or the picture, or something else."""
    feedback = as_object(answer.get("promptFeedback"))
    said = f" It said: {words}" if words else ""
    if block := feedback.get("blockReason"):
        reported = scrub(str(feedback.get("blockReasonMessage") or ""))
        return ContentRefused(
            f"{name} refused the prompt ({scrub(str(block))}). {reported}".strip()
        )
    if reason in _UNSAFE:
        return ContentRefused(f"{name} refused to make this picture ({reason}).{said}")
    if reason in _COPIED:
        return ContentRefused(
            f"{name} withheld the picture, as it came too near to an existing work ({reason}). "
            f"Describe something of your own.{said}"
        )
    if reason == "PUP_LIMITED_DISABLED":
        return CredentialRefused(f"{name} has limited the account of this key ({reason}).{said}")
    if words and reason in ("", "STOP"):
        return no_picture(name, words)
    if reason in ("", "STOP", "NO_IMAGE"):
        return PictureOmitted(
            f"{name} made no picture of this prompt ({reason or 'no reason given'}). Ask again, or "
            f"say plainly what it should show.{said}"
        )
    why = _REASONS.get(reason, "ended without a picture")
    return JobFailed(f"{name} {why} ({scrub(reason)}).{said}", code="no_image")


def _predicted(answer: Mapping[str, Any], name: str) -> Finished:
    found = as_objects(answer.get("predictions"))
    pictures = [picture_of(item.get("bytesBase64Encoded")) for item in found]
    good = tuple(picture for picture in pictures if picture is not None)
    if good:
        return Finished(good)
    reason = next((item["raiFilteredReason"] for item in found if "raiFilteredReason" in item), "")
    if reason:
        raise ContentRefused(f"{name} refused the prompt or its picture: {scrub(str(reason))}")
    raise no_picture(name)


def _sort(refusal: UpstreamError, name: str) -> Failure:
    """As all do, but for Google's limits by the minute and by the day, which sound the same."""
    reported = f": {scrub(refusal.says)}" if refusal.says else "."
    wait_s = refusal.retry_after_s
    if full := queue_full(refusal, name):
        return full
    if refusal.status == 429 and not refusal.is_page:
        spent = wait_s is None and "billing" in refusal.says
        if spent or "PerDay" in str(refusal.body):
            return QuotaExhausted(
                f"The allowance of this key at {name} is used up{reported}", retry_after_s=wait_s
            )
        return RateLimited(f"{name} is getting too many requests{reported}", retry_after_s=wait_s)
    if refusal.status == 400 and _POLICY.search(refusal.says):
        return ContentRefused(f"{name} refused the prompt or its picture{reported}")
    return map_error(refusal, name)


def _usage(reported: object) -> Mapping[str, object] | None:
    """Google's counts in OpenAI's words; none at all where one of them is missing."""
    counts = as_object(reported)
    given, made, total = (
        whole_number(counts.get(f"{which}TokenCount"))
        for which in ("prompt", "candidates", "total")
    )
    if given is None or made is None or total is None:
        return None
    made += whole_number(counts.get("thoughtsTokenCount")) or 0
    return {
        "total_tokens": total,
        "input_tokens": given,
        "output_tokens": made,
        "input_tokens_details": _split(given, counts.get("promptTokensDetails")),
        "output_tokens_details": _split(made, counts.get("candidatesTokensDetails")),
    }


def _split(count: int, details: object) -> Mapping[str, int]:
    """The number of tokens that are those of pictures; all others count as text."""
    images = sum(
        whole_number(detail.get("tokenCount")) or 0
        for detail in as_objects(details)
        if detail.get("modality") == "IMAGE"
    )
    return {"text_tokens": count - images, "image_tokens": images}
