"""Hugging Face Spaces: real Gradio apps behind hf.space, free, with a token or without."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from darkroom.address import Credential, origin_of_base
from darkroom.catalog.model import Upstream
from darkroom.deadline import Deadline
from darkroom.errors import InvalidRequest, JobFailed, JobLost, RateLimited, UpstreamBroken
from darkroom.events import Accepted, Event, Finished
from darkroom.http import Http
from darkroom.job import ImageJob
from darkroom.providers.error_mapping import advise_token
from darkroom.providers.gradio.client import SpaceClient
from darkroom.providers.gradio.config import Signature, SignatureCache
from darkroom.providers.gradio.error_mapping import lost
from darkroom.providers.gradio.messages import MessageReader
from darkroom.providers.openai_compatible import form_file
from darkroom.providers.progress_polling import let_go
from darkroom.providers.provider import Route
from darkroom.providers.template import fill

REJOINING_LIMIT_S = 10.0  # for the first word of a session that was joined before


@dataclass(frozen=True, slots=True)
class SpaceFunction:
    """A Space's function as its catalog row gives it."""

    api_name: str
    inputs: tuple[object, ...]
    fn_index: int | None = None

    @classmethod
    def of(cls, upstream: Upstream) -> "SpaceFunction":
        """Read a row's options; raises `TypeError` or `KeyError` for a row that makes no sense."""
        options = dict(upstream.options)
        inputs = options.pop("inputs")
        if not isinstance(inputs, list):
            raise TypeError(f"{upstream.id}: inputs must be a list")
        return cls(inputs=tuple(inputs), **options)  # type: ignore[arg-type]

    def data(self, job: ImageJob, paths: Sequence[str] = ()) -> list[object]:
        """The positional inputs for a job: `"{steps}"` becomes the job's steps.

        `paths` are where the job's pictures were uploaded to: `"{image}"` becomes the first of
        them, `"{images}"` a gallery of all.
        """
        return [self._input(template, job, paths) for template in self.inputs]

    def _input(self, template: object, job: ImageJob, paths: Sequence[str]) -> object:
        if template == "{image}":
            return _file_data(paths[0])
        if template == "{images}":
            return [{"image": _file_data(path), "caption": None} for path in paths]
        value = fill(template, job)
        # A textbox takes no null: a negative prompt that was not given is an empty one.
        return "" if value is None and template == "{negative_prompt}" else value


class HuggingFace:
    """Runs a job at the Space that its route names."""

    def __init__(
        self,
        *,
        token_header: str,
        new_session: Callable[[], str],
        signatures: SignatureCache,
    ) -> None:
        self._token_header = token_header
        self._new_session = new_session
        self._signatures = signatures

    def run(
        self, job: ImageJob, route: Route, http: Http, deadline: Deadline
    ) -> AsyncGenerator[Event]:
        """Join the Space's queue and relay what happens there; see `Provider.run`."""
        return self._follow(None, job, route, http, deadline)

    def resume(
        self,
        handle: Mapping[str, str],
        job: ImageJob,
        route: Route,
        http: Http,
        deadline: Deadline,
    ) -> AsyncGenerator[Event]:
        """Read the stream of a session that has joined before; see `ResumableProvider.resume`.

        Gradio drops a session as soon as its stream breaks off: there is something to read only
        where none had been opened yet.
        """
        return self._follow(handle, job, route, http, deadline)

    async def _follow(
        self,
        handle: Mapping[str, str] | None,
        job: ImageJob,
        route: Route,
        http: Http,
        deadline: Deadline,
    ) -> AsyncGenerator[Event]:
        space, function = route.upstream.id, SpaceFunction.of(route.upstream)
        client = SpaceClient(
            space=space,
            base_url=route.base_url,
            credential=self._credential(route),
            session_hash=self._new_session(),
            http=http,
            deadline=deadline,
        )
        over = False
        try:
            if handle is None:
                await self._join(client, function, job, deadline)
            else:
                client.rejoin(handle)
            yield Accepted(client.handle)
            reader = MessageReader(space, client.files)
            whole = client.messages(watched=job.watched)
            rejoined = handle is not None
            async with aclosing(
                _at_once(whole, space, deadline) if rejoined else whole
            ) as messages:
                async for message in messages:
                    over = message.get("msg") in ("process_completed", "unexpected_error")
                    event = reader.read(message)
                    if isinstance(event, Finished):
                        await client.close()
                        yield _with_seed(event, job, route)
                        return
                    if event is not None:
                        yield event
            raise lost(space)
        except JobLost:
            if handle is not None:
                raise _dropped(space) from None
            raise
        except (InvalidRequest, JobFailed):
            # The function may be another one by now.
            self._signatures.forget(client.base_url, function.api_name)
            raise
        except RateLimited as failure:
            if route.token is None:
                advise_token(failure, route.provider)
            raise
        finally:
            # In this order: once a caller has left, only what is awaited now is sure to happen,
            # and a read that is never broken off stays in memory.
            await client.close()
            if not over:
                await client.cancel()

    async def _join(
        self, client: SpaceClient, function: SpaceFunction, job: ImageJob, deadline: Deadline
    ) -> None:
        """Join by the cached signature, or by a fresh one if the Space has changed meanwhile."""
        server = client.base_url
        cached = self._signatures.get(server, function.api_name, deadline.clock)
        if cached is not None:
            try:
                await self._enter(client, function, job, cached)
            except (UpstreamBroken, InvalidRequest):
                self._signatures.forget(server, function.api_name)
            else:
                return
        signature = await client.fetch_signature(
            function.api_name, len(function.inputs), function.fn_index
        )
        self._signatures.put(server, function.api_name, signature, deadline.clock)
        await self._enter(client, function, job, signature)

    async def _enter(
        self, client: SpaceClient, function: SpaceFunction, job: ImageJob, signature: Signature
    ) -> None:
        """Upload the job's pictures, if it has any, and join."""
        paths: Sequence[str] = ()
        if job.images:
            files = [await form_file(image, "image") for image in job.images]
            paths = await client.upload(signature, files, self._new_session())
        await _uninterrupted(client.join(signature, function.data(job, paths)), client.closing_s)

    def _credential(self, route: Route) -> Credential | None:
        if route.token is None:
            return None
        headers = {self._token_header: f"Bearer {route.token.reveal()}"}
        return Credential(headers, origin_of_base(route.base_url))


async def _uninterrupted(joining: Coroutine[None, None, None], limit_s: float) -> None:
    """Let a join come to its end even when the caller leaves: only a known job can be cancelled.

    Once the caller has left it may take `limit_s`.
    """
    task, ended = asyncio.ensure_future(joining), asyncio.get_running_loop().create_future()

    def end(_task: object) -> None:
        if not ended.done():
            ended.set_result(None)

    task.add_done_callback(end)
    try:
        await ended  # with fewer callbacks than `asyncio.shield`
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=limit_s)
        await let_go(task)
        raise
    task.result()


async def _at_once(
    messages: AsyncGenerator[Mapping[str, Any]], space: str, deadline: Deadline
) -> AsyncGenerator[Mapping[str, Any]]:
    """The messages of a session that was joined before.

    One that still waits for its reader has something to say. Of one that was dropped Gradio 4 and 5
    say so, while 6 sends heartbeats for ever: then `JobLost` is raised.
    """
    async with aclosing(messages):
        with deadline.limit(REJOINING_LIMIT_S, lambda: lost(space)):
            async for message in messages:
                if message.get("msg") != "heartbeat":
                    break
            else:
                return
        yield message
        async for message in messages:
            yield message


def _dropped(space: str) -> JobLost:
    return JobLost(
        f"The gateway was restarted while the Space {space} was at work, and Gradio drops a job's "
        "result when the stream that waits for it breaks off. The work may have been done and paid "
        "for, so it was not begun again."
    )


def _with_seed(finished: Finished, job: ImageJob, route: Route) -> Finished:
    """The end with the requested seed, where the Space takes one and reports none."""
    if finished.seed is not None or not route.model.seed:
        return finished
    return replace(finished, seed=job.seed)


def _file_data(path: str) -> dict[str, object]:
    return {"path": path, "meta": {"_type": "gradio.FileData"}}
