"""The client of Gradio's queue protocol: join, follow the stream, leave (reference/gradio.md 1)."""

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractContextManager, aclosing
from typing import Any

from darkroom.address import Credential, address_below
from darkroom.deadline import Deadline
from darkroom.errors import Failure, JobLost, UpstreamBroken, UpstreamUnavailable
from darkroom.http import Http, Part, UpstreamReply
from darkroom.json_reader import CONFIG, EVENT, parse_json_bytes
from darkroom.json_writer import compact_json
from darkroom.multipart import FormFile, form_parts, form_type
from darkroom.providers.gradio.config import Signature, find_signature
from darkroom.providers.gradio.error_mapping import answer_failure, lost
from darkroom.providers.gradio.outputs import FileAddresses
from darkroom.sse import EventTooLarge, read_latest_events

ANSWER_LIMIT_S = 30.0  # a sleeping Space may let a request hang
IDLE_LIMIT_S = 60.0  # heartbeats come every 15 s
PROGRESS_EVERY_S = 0.05
UNWATCHED_PAUSE_S = 2.0  # while the job runs; the end of the stream, after the result, ends it
MAX_ANSWER_BYTES = 64 * 1024
OK = 200
Sent = tuple[Sequence[Part], Mapping[str, str]]  # a body and its headers
_REPLICA = re.compile("[A-Za-z0-9]{1,40}")


class SpaceClient:
    """Speaks to one Space on behalf of one job.

    `space` is the name that errors use, `base_url` the server's address, `credential` what
    goes with every request. Requests after an upload, else after the join, are
    pinned to the replica that took it, where there are several.
    """

    def __init__(
        self,
        *,
        space: str,
        base_url: str,
        credential: Credential | None,
        session_hash: str,
        http: Http,
        deadline: Deadline,
    ) -> None:
        self._space = space
        self.base_url = base_url
        self._root, self._replica = base_url, ""
        self._credential = credential
        self._session_hash = session_hash
        self._http = http
        self._deadline = deadline
        self._stream: UpstreamReply | None = None
        self._joined: tuple[Signature, str] | None = None

    async def fetch_signature(
        self, api_name: str, input_count: int, fn_index: int | None
    ) -> Signature:
        """Ask the server how a function is called; raises a `Failure` when it cannot tell."""
        reply, body = await self._ask("GET", "/config", CONFIG.text_bytes)
        if not _is_json(reply):
            raise answer_failure(reply.status, reply.headers, body, self._space)
        return find_signature(body, api_name, input_count, fn_index)

    async def upload(
        self, signature: Signature, files: Sequence[FormFile], boundary: str
    ) -> Sequence[str]:
        """Put files where the job can read them; returns their paths there, in order.

        They lie on one replica, so everything after goes to that one. Raises a `Failure` when the
        server takes fewer than were sent, which it does without an error (reference/gradio.md 7).
        """
        form = form_parts([("files", file) for file in files], boundary)
        sent = form, {"content-type": form_type(boundary)}
        with self._answered_in_time():
            within = self._deadline.already_enforced()
            reply = await self._open("POST", f"{signature.prefix}/upload", sent, within)
            body = await self._read(reply, MAX_ANSWER_BYTES, lost_if_ok=False)
        paths = _parse_list(body) if _is_json(reply) else []
        if len(paths) != len(files):
            raise answer_failure(reply.status, reply.headers, body, self._space)
        self._pin(reply.headers.get("x-proxied-replica", ""))
        return paths

    async def join(self, signature: Signature, data: Sequence[object]) -> None:
        """Put the job into the queue.

        Raises a `Failure` when the job is not taken.
        """
        payload = {
            "data": list(data),
            "fn_index": signature.fn_index,
            "trigger_id": signature.trigger_id,
            "session_hash": self._session_hash,
            "event_data": None,
        }
        path = f"{signature.prefix}/queue/join"
        reply, body = await self._ask("POST", path, MAX_ANSWER_BYTES, payload)
        event_id = _event_id(body) if _is_json(reply) else None
        if event_id is None:
            raise answer_failure(reply.status, reply.headers, body, self._space)
        self._pin(reply.headers.get("x-proxied-replica", ""))
        self._joined = (signature, event_id)

    @property
    def handle(self) -> Mapping[str, str]:
        """The handle by which `rejoin` follows the job again."""
        signature, event_id = self._job
        return {
            "session": self._session_hash,
            "event": event_id,
            "prefix": signature.prefix,
            "function": str(signature.fn_index),
            "replica": self._replica,
        }

    def rejoin(self, handle: Mapping[str, str]) -> None:
        """Be who has joined the queue before."""
        self._session_hash = handle["session"]
        self._pin(handle["replica"])
        signature = Signature(handle["prefix"], int(handle["function"]), None)
        self._joined = (signature, handle["event"])

    @property
    def files(self) -> FileAddresses:
        """The address of the job's files; known once it has joined."""
        signature, _ = self._job
        return FileAddresses(self._root, signature.prefix, self._credential)

    async def messages(self, *, watched: bool = True) -> AsyncGenerator[Mapping[str, Any]]:
        """Follow the job's messages; raises `JobLost` when the stream ends or falls silent.

        Of progress that is reported faster than people see it the latest is there, and none at all
        where nobody watches it.
        """
        signature, event_id = self._job
        path = f"{signature.prefix}/queue/data?session_hash={self._session_hash}"
        try:
            stream = await self._send("GET", path)
        except UpstreamUnavailable:
            raise lost(self._space) from None
        self._stream = stream
        if stream.status != OK or not _is_event_stream(stream):
            raise lost(self._space)
        pause_s = 0.0
        try:
            async with (
                aclosing(stream.chunks(idle_s=IDLE_LIMIT_S, pause_s=lambda: pause_s)) as chunks,
                aclosing(read_latest_events(chunks, _is_progress, transient=watched)) as events,
            ):
                async for event in events:
                    message = _parse(event.data)
                    if message.get("event_id") in (None, event_id):
                        if watched:
                            pause_s = PROGRESS_EVERY_S if message.get("msg") == "progress" else 0.0
                        elif message.get("msg") == "process_starts":
                            pause_s = UNWATCHED_PAUSE_S
                        yield message
        except TimeoutError:
            raise JobLost(
                f"The Space {self._space} took the job and then fell silent for "
                f"{IDLE_LIMIT_S:.0f} s."
            ) from None
        except ConnectionError:
            raise lost(self._space) from None
        except EventTooLarge:
            raise UpstreamBroken(
                f"The Space {self._space} sent more than Darkroom can hold."
            ) from None

    async def cancel(self) -> None:
        """Take the job back; a Space that cannot be reached is left to notice the closed stream."""
        if self._joined is None:
            return
        signature, event_id = self._joined
        payload = {
            "event_id": event_id,
            "session_hash": self._session_hash,
            "fn_index": signature.fn_index,
        }
        self._deadline = self._deadline.closing()
        try:
            reply = await self._send("POST", f"{signature.prefix}/cancel", payload)
            await reply.close()
        except Failure:
            return

    @property
    def closing_s(self) -> float:
        """The timeout of cancelling a job, in seconds."""
        return self._deadline.closing_s

    async def close(self) -> None:
        """Let go of the stream."""
        if self._stream is not None:
            await self._stream.close()

    @property
    def _job(self) -> tuple[Signature, str]:
        if self._joined is None:
            raise RuntimeError("the job has not joined the queue yet")
        return self._joined

    async def _ask(
        self, method: str, path: str, limit: int, payload: Mapping[str, object] | None = None
    ) -> tuple[UpstreamReply, bytes]:
        """Send a request and read its whole answer, of `limit` bytes at the most."""
        with self._answered_in_time():
            within = self._deadline.already_enforced()
            reply = await self._open(method, path, _as_json(payload), within)
            return reply, await self._read(reply, limit, lost_if_ok=method == "POST")

    async def _read(self, reply: UpstreamReply, limit: int, *, lost_if_ok: bool) -> bytes:
        try:
            return await reply.read(limit)
        except ConnectionError:
            if lost_if_ok and reply.status == OK:
                raise lost(self._space) from None  # it was taken, but not as which job
            raise UpstreamUnavailable(
                f"The Space {self._space} broke off in the middle of its answer."
            ) from None
        finally:
            await reply.close()

    async def _send(
        self, method: str, path: str, payload: Mapping[str, object] | None = None
    ) -> UpstreamReply:
        with self._answered_in_time():
            within = self._deadline.already_enforced()
            return await self._open(method, path, _as_json(payload), within)

    async def _open(self, method: str, path: str, sent: Sent, deadline: Deadline) -> UpstreamReply:
        body, headers = sent
        try:
            return await self._http.send(
                method,
                address_below(self._root, path),
                headers={"accept": "*/*", **headers},
                credential=self._credential,
                body=body,
                deadline=deadline,
            )
        except ConnectionError:
            raise UpstreamUnavailable(f"The Space {self._space} cannot be reached.") from None

    def _answered_in_time(self) -> AbstractContextManager[None]:
        late = f"The Space {self._space} did not answer within {ANSWER_LIMIT_S:.0f} s."
        return self._deadline.limit(ANSWER_LIMIT_S, lambda: UpstreamUnavailable(late))

    def _pin(self, name: str) -> None:
        """Stay with the replica that holds the session (reference/gradio.md section 9)."""
        replica = name.rpartition("-")[2]
        if _REPLICA.fullmatch(replica):
            self._replica = replica
            self._root = f"{self.base_url}/--replicas/{replica}"


def _as_json(payload: object | None) -> Sent:
    """The body of a request and the headers that go with it."""
    if payload is None:
        return (), {}
    kind = {"content-type": "application/json", "x-gradio-user": "api"}
    return [compact_json(payload)], kind


def _is_progress(data: bytes) -> bool:
    """True for a message about steps; any other has to be parsed to be known."""
    return data.startswith((b'{"msg":"progress",', b'{"msg": "progress",'))


def _is_json(reply: UpstreamReply) -> bool:
    return reply.status == OK and "json" in reply.headers.get("content-type", "")


def _is_event_stream(reply: UpstreamReply) -> bool:
    return reply.headers.get("content-type", "").startswith("text/event-stream")


def _event_id(body: bytes) -> str | None:
    event_id = _parse(body).get("event_id")
    return event_id if isinstance(event_id, str) else None


def _parse_list(data: bytes) -> list[str]:
    """A JSON list of texts; empty for anything else."""
    try:
        value = parse_json_bytes(data)
    except ValueError:
        return []
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _parse(data: bytes) -> Mapping[str, Any]:
    try:
        value = parse_json_bytes(data, EVENT)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
