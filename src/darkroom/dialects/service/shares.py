"""`/v1/shares` and `GET /p/{id}`: a picture on a page of its own, for some days.

The page is the one answer of the gateway in HTML. Its words come from callers: each is escaped, and
the page's Content-Security-Policy lets nothing run.
"""

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Template
from typing import Annotated
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from darkroom.blob import BytesBlob
from darkroom.context import RequestContext
from darkroom.deadline import Deadline
from darkroom.errors import InvalidRequest, NotConfigured, RouteNotFound, UpstreamUnavailable
from darkroom.gateway import Gateway
from darkroom.http import Reply, Request, json_reply
from darkroom.image import ImageFile, NotAnImage
from darkroom.limit_settings import DAY_S
from darkroom.response_headers import HTML, IMAGE_TYPES, JSON
from darkroom.stores.unavailable import StoreUnavailable

PATH = "/v1/shares"
PAGE = "/p/"
FOLDER = "shares/"  # of the bucket: what is told with each picture, which lies below /media/
MAX_PICTURE_BYTES = 16 * 1024 * 1024
MAX_BODY_BYTES = MAX_PICTURE_BYTES + 512 * 1024
MAX_FACTS_BYTES = 1024 * 1024
MAX_SIDE = 16_384
STORE_LIMIT_S = 30.0
ID_CHARS = 32
TITLE_CHARS, DESCRIPTION_CHARS = 80, 200
NOT_FOUND = "There is no such shared picture here, or no longer."
_ID = re.compile(r"\w{1,64}", re.ASCII)
# Neither text nor the space between: these hide or turn around what stands beside them.
_UNSEEN = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class SharingOff(NotConfigured):
    """The operator has not switched sharing on, or nothing is kept here."""

    default_code = "sharing_off"


class ShareFields(BaseModel):
    """The fields that are told with a shared picture; all may be left out."""

    model_config = ConfigDict(extra="ignore")

    prompt: Annotated[str, Field(max_length=32_000)] = ""
    negative_prompt: Annotated[str, Field(max_length=4_000)] = ""
    model: Annotated[str, Field(max_length=200)] = ""
    seed: Annotated[int | None, Field(ge=0, le=2**53)] = None
    steps: Annotated[int | None, Field(ge=0, le=10_000)] = None
    guidance_scale: Annotated[float | None, Field(ge=0, le=1_000)] = None


class SharedPicture(ShareFields):
    """What is kept of a shared picture beside its file; `until` is in seconds since 1970."""

    name: str
    width: int
    height: int
    until: float


def can_share(gateway: Gateway) -> bool:
    """Whether pictures can be shared here."""
    return gateway.settings.sharing and gateway.media is not None


async def create_share(context: RequestContext) -> Reply:
    """Keep a picture and what is told with it; the answer has the address of its page."""
    gateway = context.gateway
    _ = context.caller  # raises for a key that is none
    document = await context.read_document(min(MAX_BODY_BYTES, gateway.settings.max_body_bytes))
    if gateway.media is None or not gateway.settings.sharing:
        raise SharingOff("Pictures are not shared here: the operator has to set SHARING to true.")
    picture, (width, height) = await _read_picture(document.pop("image", None))
    fields = _read_fields(document)
    key, kind = gateway.draw_token(), picture.media_type
    share_id = _id_of(key)
    name = f"{share_id}.{picture.format}"
    until = gateway.clock.time() + gateway.settings.lifetimes.share_lifetime_days * DAY_S
    shared = SharedPicture(
        **fields.model_dump(), name=name, width=width, height=height, until=until
    )
    content = await picture.to_bytes()
    facts = BytesBlob(shared.model_dump_json().encode("utf-8", "replace"))
    unavailable = UpstreamUnavailable("The picture cannot be kept now. Try again.")
    try:
        with context.deadline.limit(STORE_LIMIT_S, lambda: unavailable):
            await gateway.media.put_parts(name, [content], kind, until)
            try:
                await gateway.media.put_parts(f"{FOLDER}{share_id}", [facts], JSON, until)
            except BaseException:  # a picture without a page would use up room
                await gateway.media.delete(name)
                raise
    except StoreUnavailable:
        raise unavailable from None
    url = f"{_origin(context.request, gateway)}{PAGE}{share_id}"
    body = {
        "object": "share",
        "id": share_id,
        "key": key,
        "url": url,
        "image_url": f"{_origin(context.request, gateway)}/media/{name}",
        "expires_at": int(until),
    }
    headers = {"content-type": JSON, "cache-control": "no-store", "location": url}
    return Reply(201, headers, [json.dumps(body).encode()])


async def end_share(context: RequestContext) -> Reply:
    """End a share at once, for whoever has its key: only who made it was told."""
    gateway = context.gateway
    key = context.request.path_after(f"{PATH}/").removesuffix("/")
    share_id = _id_of(key)
    shared = None
    if gateway.media is not None and _ID.fullmatch(key):
        shared = await _read_shared(share_id, gateway)
    if gateway.media is None or shared is None:
        raise RouteNotFound(NOT_FOUND, code="share_not_found")
    unavailable = UpstreamUnavailable("The picture cannot be deleted now. Try again.")
    try:
        with context.deadline.limit(STORE_LIMIT_S, lambda: unavailable):
            await gateway.media.delete(shared.name, f"{FOLDER}{share_id}")
    except StoreUnavailable:
        raise unavailable from None
    return json_reply({"object": "share.deleted", "id": share_id, "deleted": True})


async def show_share(context: RequestContext) -> Reply:
    """The page of a shared picture, for people and for programs that show what a link leads to."""
    request, gateway = context.request, context.gateway
    share_id = request.path_after(PAGE).removesuffix("/")
    shared = None
    if can_share(gateway) and _ID.fullmatch(share_id):
        shared = await _read_shared(share_id, gateway)
    if shared is None or shared.until <= gateway.clock.time():
        raise RouteNotFound(NOT_FOUND, code="share_not_found")
    template, policy = _page()
    page = template.substitute(_shown(shared, share_id, _origin(request, gateway)))
    headers = {
        "content-type": HTML,
        "content-security-policy": policy,
        "cache-control": "public, max-age=300",
        "referrer-policy": "no-referrer",
        "x-robots-tag": "noindex",
    }
    return Reply(200, headers, [page.encode("utf-8", "replace")], is_page=True)


def _id_of(key: str) -> str:
    """The id of the share that a key ends, so that no key has to be kept."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:ID_CHARS]


async def _read_picture(image: object) -> tuple[ImageFile, tuple[int, int]]:
    """The picture of a form, and its size; raises `InvalidRequest` for what is none."""
    if not isinstance(image, ImageFile):
        raise InvalidRequest(
            "image: send the picture as a file of a form (multipart/form-data).",
            param="image",
            code="missing_required_parameter",
        )
    if image.stored_bytes > MAX_PICTURE_BYTES:
        raise InvalidRequest(
            f"image: a shared picture may have {MAX_PICTURE_BYTES} bytes.", param="image"
        )
    try:
        size = image.dimensions if image.media_type in IMAGE_TYPES else None
    except NotAnImage:
        size = None
    if size is None or not all(0 < side <= MAX_SIDE for side in size):
        raise InvalidRequest(
            "image: this is no PNG, JPEG, WebP, GIF or AVIF with a size that can be shown.",
            param="image",
            code="invalid_image",
        )
    return image, size


def _read_fields(document: Mapping[str, object]) -> ShareFields:
    known = {name: value for name, value in document.items() if value is not None}
    try:
        fields = ShareFields.model_validate(known)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(map(str, found["loc"])) or "body"
        raise InvalidRequest(f"{field[:100]}: {found['msg']}.", param=field[:100]) from None
    texts = ("prompt", "negative_prompt", "model")
    clean = {name: _UNSEEN.sub("", getattr(fields, name)).strip() for name in texts}
    return fields.model_copy(update=clean)


async def _read_shared(share_id: str, gateway: Gateway) -> SharedPicture | None:
    assert gateway.media is not None  # noqa: S101 - `can_share` said so
    deadline = Deadline.after(STORE_LIMIT_S, gateway.clock)
    try:
        with deadline.enforced():
            stored = await gateway.media.get(f"{FOLDER}{share_id}")
    except StoreUnavailable:
        raise UpstreamUnavailable("Shared pictures cannot be read now. Try again.") from None
    if stored is None or stored.size > MAX_FACTS_BYTES:
        return None
    try:
        return SharedPicture.model_validate_json(stored.content.head(stored.size))
    except ValidationError:
        return None


def _origin(request: Request, gateway: Gateway) -> str:
    return gateway.settings.public_url or request.origin


def _shown(shared: SharedPicture, share_id: str, origin: str) -> dict[str, str]:
    """What goes into the page, escaped."""
    told = shared.model_dump(include=set(ShareFields.model_fields), exclude_none=True)
    fields = {name: value for name, value in told.items() if value != ""}
    facts = {
        "Model": shared.model,
        "Seed": shared.seed,
        "Steps": shared.steps,
        "Guidance": shared.guidance_scale,
        "Size": f"{shared.width} × {shared.height}",
        "Not shown": shared.negative_prompt,
    }
    known = [(name, str(fact)) for name, fact in facts.items() if fact not in ("", None)]
    title = _cut(shared.prompt, TITLE_CHARS) or "A picture"
    texts = {
        "title": title,
        "description": _cut(shared.prompt, DESCRIPTION_CHARS) or "Painted with Darkroom.",
        "prompt": shared.prompt,
        "page": f"{origin}{PAGE}{share_id}",
        "image": f"{origin}/media/{shared.name}",
        "source": f"/media/{shared.name}",
        "open": f"/#create?{urlencode(fields, quote_via=quote)}",
        "width": str(shared.width),
        "height": str(shared.height),
    }
    rows = (f"<dt>{html.escape(name)}</dt><dd>{html.escape(fact)}</dd>" for name, fact in known)
    return {**{name: html.escape(text) for name, text in texts.items()}, "facts": "".join(rows)}


def _cut(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


@cache
def _page() -> tuple[Template, str]:
    """The page, and its Content-Security-Policy, which names its one style by its digest."""
    text = (Path(__file__).parent / "share.html").read_text("utf-8")
    style = text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src 'self'; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )
    return Template(text), policy
