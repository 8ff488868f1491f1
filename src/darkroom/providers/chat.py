"""Text models by OpenAI's chat completions, for every provider that has them."""

import json
import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from darkroom.address import Address, Credential, address_below
from darkroom.blob import Blob, BytesBlob
from darkroom.catalog.provider_row import ChatRow, ProviderRow
from darkroom.deadline import Deadline
from darkroom.errors import Failure, JobFailed, JobLost, UpstreamBroken
from darkroom.http import Http, Pause, UpstreamReply
from darkroom.json_reader import JsonLimits, NoSuchNumber, parse_json_bytes
from darkroom.json_writer import json_parts
from darkroom.providers.api_client import MAX_REFUSAL_BYTES, PAINTING_LIMIT_S, ApiClient
from darkroom.providers.credential import credential_for
from darkroom.providers.error_mapping import UpstreamError, mark_keyless
from darkroom.providers.provider import ChatRoute
from darkroom.providers.response_images import plain_number
from darkroom.sse import EventReader, EventTooLarge

MAX_CHAT_BYTES = 4 * 1024 * 1024
# With the probabilities of its tokens an answer has many values.
CHAT = JsonLimits(MAX_CHAT_BYTES, values=60_000, odd_numbers=True)
IDLE_LIMIT_S = 120.0  # a model that thinks may be silent for long
NOTICE_WITHIN_CHARS, NOTICE_WITHIN_BYTES = 200, 64 * 1024


class ChatCompletions:
    """Sends conversations on as they are, but for the model's name."""

    async def ask(
        self, body: Mapping[str, object], route: ChatRoute, http: Http, deadline: Deadline
    ) -> UpstreamReply:
        """Send a conversation; see `ChatProvider.ask`.

        A blocking answer has been read already, and holds at least one choice.
        """
        provider = route.provider
        chat = provider.chat
        if chat is None:
            raise UpstreamBroken(f"{provider.name} has no text models.")
        try:
            return await self._ask(body, route, chat, http, deadline)
        except Failure as failure:
            if route.token is None and chat.keyless_url:
                mark_keyless(failure)
            raise

    async def _ask(
        self,
        body: Mapping[str, object],
        route: ChatRoute,
        chat: ChatRow,
        http: Http,
        deadline: Deadline,
    ) -> UpstreamReply:
        provider = route.provider
        exchange = ApiClient(
            provider.name, http, deadline, _credential(route), limit_s=PAINTING_LIMIT_S
        )
        address = _address(provider, chat, keyless=route.token is None)
        return await send_conversation(exchange, address, body, route)


async def send_conversation(
    exchange: ApiClient,
    address: Address,
    body: Mapping[str, object],
    route: ChatRoute,
    *,
    headers: Mapping[str, str] | None = None,
) -> UpstreamReply:
    """Send a conversation to an address; see `ChatProvider.ask`."""
    provider, chat = route.provider, route.provider.chat
    assert chat is not None  # noqa: S101 - the caller has looked
    streamed = body.get("stream") is True
    with exchange.deadline.limit(PAINTING_LIMIT_S, exchange.silent):
        reply = await exchange.open(
            "POST",
            address,
            body=json_parts({**body, "model": route.place}),
            headers={"content-type": "application/json", **(headers or {})},
        )
        try:
            if streamed and "event-stream" in reply.headers.get("content-type", ""):
                return await _peeked(reply, chat, provider)
            return await _read(reply, chat, exchange)
        except ConnectionError:
            await reply.close()
            raise JobLost(f"{provider.name} broke off in the middle of its answer.") from None
        except BaseException:
            await reply.close()
            raise


@dataclass(frozen=True, slots=True)
class ReadReply:
    """An answer of which some or all was read, and which is read again from the beginning."""

    status: int
    headers: Mapping[str, str]
    held: tuple[bytes, ...]
    rest: UpstreamReply | None = None
    chunks_left: AsyncGenerator[bytes] | None = field(default=None, repr=False)

    async def read(self, limit: int) -> bytes:
        """The whole body."""
        return b"".join([chunk async for chunk in self.chunks(idle_s=IDLE_LIMIT_S)])

    async def read_blob(self, limit: int) -> Blob:
        """The whole body."""
        return BytesBlob(await self.read(limit))

    async def chunks(self, *, idle_s: float, pause_s: Pause | None = None) -> AsyncGenerator[bytes]:
        """The body as it arrives."""
        for chunk in self.held:
            yield chunk
        if self.chunks_left is not None:
            async for chunk in self.chunks_left:
                yield chunk

    async def close(self) -> None:
        """Stop reading."""
        if self.chunks_left is not None:
            await self.chunks_left.aclose()
        if self.rest is not None:
            await self.rest.close()


def content_of(answer: object) -> str:
    """The text of a blocking answer, or of one event of a stream; empty where there is none."""
    return _said(answer, "content")


def reasoning_of(answer: object) -> str:
    """The thinking before the text, where the provider keeps that apart."""
    return _said(answer, "reasoning_content") or _said(answer, "reasoning")


def _has_choices(answer: Mapping[str, Any]) -> bool:
    """Whether an answer says anything: clients take the first of its choices unasked."""
    choices = answer.get("choices")
    return isinstance(choices, list) and bool(choices) and isinstance(choices[0], Mapping)


def _said(answer: object, field: str) -> str:
    choices = answer.get("choices") if isinstance(answer, Mapping) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(first, Mapping):
        return ""
    message = first.get("message") or first.get("delta") or {}
    said = message.get(field) if isinstance(message, Mapping) else None
    return said if isinstance(said, str) else ""


def _address(provider: ProviderRow, chat: ChatRow, *, keyless: bool) -> Address:
    if keyless and chat.keyless_url:
        return address_below(provider.urls[chat.keyless_url], chat.keyless_path)
    return address_below(provider.base_url, chat.path)


def _credential(route: ChatRoute) -> Credential | None:
    options = route.provider.options
    own = options.get("headers")
    return credential_for(
        route.provider,
        route.token,
        header=str(options.get("token_header", "authorization")),
        scheme=str(options.get("token_format", "Bearer ")),
        fixed=own if isinstance(own, Mapping) else None,
    )


async def _read(reply: UpstreamReply, chat: ChatRow, exchange: ApiClient) -> UpstreamReply:
    """The whole of a blocking answer; raises a `Failure` where it is none."""
    raw = await reply.read(MAX_CHAT_BYTES)
    try:
        answer = parse_json_bytes(raw, CHAT)
    except ValueError:
        answer = raw[:MAX_REFUSAL_BYTES].decode("utf-8", "replace")
    if not isinstance(answer, Mapping) or not _has_choices(answer):
        status = 400 if isinstance(answer, Mapping) and answer.get("error") else reply.status
        raise exchange.sort(UpstreamError(status, reply.headers, answer), exchange.name)
    _refuse_notice(content_of(answer), chat, exchange.name)
    return ReadReply(reply.status, reply.headers, (_with_plain_numbers(raw, answer),))


def _with_plain_numbers(raw: bytes, answer: Mapping[str, Any]) -> bytes:
    """A blocking answer as it came, unless it has numbers that its readers cannot read."""
    try:
        parse_json_bytes(raw, replace(CHAT, odd_numbers=False))
    except NoSuchNumber:
        return json.dumps(_plain(answer)).encode()
    usage = answer.get("usage")
    if (plain := _plain(usage)) == usage:
        return raw
    return json.dumps({**answer, "usage": plain}).encode()


def _plain(value: Any) -> Any:
    """The same without numbers beyond `MAX_WHOLE`; its depth is bounded by its reader."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return plain_number(value) if is_number else value


async def _peeked(reply: UpstreamReply, chat: ChatRow, provider: ProviderRow) -> UpstreamReply:
    """A stream whose beginning was looked at, where the provider is known to send notices."""
    if not chat.notice:
        return reply
    reader, held, said = EventReader(NOTICE_WITHIN_BYTES), [], ""
    chunks = reply.chunks(idle_s=IDLE_LIMIT_S)
    async for chunk in chunks:
        held.append(chunk)
        try:
            events = reader.feed(chunk)
        except EventTooLarge:
            break
        said += "".join(content_of(_parse(event.data)) for event in events)
        if len(said) >= NOTICE_WITHIN_CHARS or sum(map(len, held)) > NOTICE_WITHIN_BYTES:
            break
    _refuse_notice(said, chat, provider.name)
    return ReadReply(reply.status, reply.headers, tuple(held), reply, chunks)


def _refuse_notice(said: str, chat: ChatRow, name: str) -> None:
    """Raise for a notice that takes the place of an answer."""
    if chat.notice and re.search(chat.notice, said[:NOTICE_WITHIN_CHARS], re.IGNORECASE):
        raise JobFailed(
            f"{name} sent a notice that its service is being moved, in the place of an answer. "
            "Name another text model, or send a token for its new service.",
            code="upstream_notice",
        )


def _parse(data: bytes) -> Any:
    try:
        return parse_json_bytes(data)
    except ValueError:
        return None
