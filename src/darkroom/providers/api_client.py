"""The API client: one request to an HTTP API under the deadline, its errors mapped."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from darkroom.address import (
    Address,
    AddressRefused,
    Credential,
    CredentialMisdirected,
    address_below,
    path_segment,
)
from darkroom.blob import Blob
from darkroom.deadline import Deadline
from darkroom.errors import (
    Failure,
    JobLost,
    UpstreamBroken,
    UpstreamSilent,
    UpstreamUnavailable,
)
from darkroom.http import Http, Part, UpstreamReply
from darkroom.image import ImageFile, NotAnImage
from darkroom.json_reader import parse_json
from darkroom.json_writer import json_parts
from darkroom.multipart import FormFile, form_parts, form_type
from darkroom.providers.error_mapping import UpstreamError, map_error, read_text
from darkroom.providers.response_images import no_picture

# A picture of 24 MiB as base64, and what stands around it.
MAX_ANSWER_BYTES = 34 * 1024 * 1024
MAX_REFUSAL_BYTES = 256 * 1024
MAX_WORDS_BYTES = 4096
# How long an API that paints while the caller waits may take until it answers.
PAINTING_LIMIT_S = 180.0
# The timeout of calls that only accept a job or report on one.
ANSWER_LIMIT_S = 30.0

Sorter = Callable[[UpstreamError, str], Failure]


@dataclass(frozen=True, slots=True)
class ApiClient:
    """Asks one provider on behalf of one job.

    `name` is what failures call the provider, `sort` knows how the provider words its refusals.
    """

    name: str
    http: Http
    deadline: Deadline
    credential: Credential | None = None
    sort: Sorter = map_error
    limit_s: float = ANSWER_LIMIT_S

    def within(self, limit_s: float) -> "ApiClient":
        """The same with another limit of time for each answer."""
        return replace(self, limit_s=limit_s)

    async def get(
        self, address: Address, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Ask for JSON; raises a `Failure` for anything else."""
        return await self.ask_json("GET", address, headers=headers)

    async def post(
        self, address: Address, value: object = None, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Send JSON and read JSON; `TextBlob`s in either stay where they are."""
        kind = {"content-type": "application/json"}
        body = json_parts(value)
        return await self.ask_json("POST", address, body=body, headers={**kind, **(headers or {})})

    async def cancel(self, address: Address) -> None:
        """Tell the upstream that a job is not wanted any more, in the little time that has.

        Whatever goes wrong is passed over: a job that cannot be cancelled runs to its end.
        """
        last = replace(self, deadline=self.deadline.closing())
        with suppress(Failure):
            await last.ask("POST", address, headers={"accept": "application/json"})

    async def post_form(
        self, address: Address, fields: Sequence[tuple[str, str | FormFile]], boundary: str
    ) -> dict[str, Any]:
        """Send a form and read JSON."""
        kind = {"content-type": form_type(boundary)}
        body = form_parts(fields, boundary)
        return await self.ask_json("POST", address, body=body, headers=kind)

    async def ask_json(
        self,
        method: str,
        address: Address,
        *,
        body: Sequence[Part] = (),
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Send a request and read its answer, a JSON object; see `parse_json` for long strings."""
        prepare_generation = {"accept": "application/json", **(headers or {})}
        reply, content = await self.ask(method, address, body=body, headers=prepare_generation)
        try:
            answer = parse_json(content)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            text = content.head(MAX_REFUSAL_BYTES).decode("utf-8", "replace")
            raise self.sort(UpstreamError(reply.status, reply.headers, text), self.name)
        return answer

    async def ask(
        self,
        method: str,
        address: Address,
        *,
        body: Sequence[Part] = (),
        headers: Mapping[str, str] | None = None,
    ) -> tuple[UpstreamReply, Blob]:
        """Send a request and read the whole of a good answer; raises a `Failure` for any other."""
        with self.deadline.limit(self.limit_s, self.silent):
            within = self.deadline.already_enforced()
            reply = await self.open(method, address, body=body, headers=headers, deadline=within)
            try:
                return reply, await reply.read_blob(MAX_ANSWER_BYTES)
            except ConnectionError:
                if method == "GET":
                    raise self._unreachable() from None
                raise JobLost(
                    f"{self.name} took the job and broke off in the middle of its answer."
                ) from None
            finally:
                await reply.close()

    async def ask_image(
        self, method: str, address: Address, value: object, headers: Mapping[str, str]
    ) -> tuple[UpstreamReply, ImageFile]:
        """Send JSON and read a picture's file; raises a `Failure` for words or a page."""
        kind = {"content-type": "application/json", **headers}
        reply, content = await self.ask(method, address, body=json_parts(value), headers=kind)
        file = ImageFile(data=content)
        try:
            _ = file.format
        except NotAnImage:
            refusal = UpstreamError(
                reply.status, reply.headers, read_text(content.head(MAX_WORDS_BYTES))
            )
            if refusal.is_page:
                raise self.sort(refusal, self.name) from None
            raise no_picture(self.name, refusal.says) from None
        return reply, file

    async def open(
        self,
        method: str,
        address: Address,
        *,
        body: Sequence[Part] = (),
        headers: Mapping[str, str] | None = None,
        deadline: Deadline | None = None,
    ) -> UpstreamReply:
        """Send a request; a good answer is the caller's to read and to close.

        Its own deadline holds where no other is given. Raises a `Failure` for any other answer.
        """
        try:
            reply = await self.http.send(
                method,
                address,
                headers=headers or {},
                credential=self.credential,
                body=body,
                deadline=deadline or self.deadline,
            )
        except ConnectionError:
            raise self._unreachable() from None
        except CredentialMisdirected:
            raise UpstreamBroken(
                f"{self.name} named an address that its token is not for."
            ) from None
        if 200 <= reply.status < 300:
            return reply
        raise await self._refused(reply)

    async def _refused(self, reply: UpstreamReply) -> Failure:
        try:
            body = await reply.read(MAX_REFUSAL_BYTES)
        except (ConnectionError, UpstreamBroken):
            body = b""
        finally:
            await reply.close()
        return self.sort(UpstreamError(reply.status, reply.headers, read_text(body)), self.name)

    def task_address(self, base_url: str, path: str, task_id: str) -> Address:
        """The address of a task whose id the provider gave; raises `UpstreamBroken` for no id."""
        try:
            return address_below(base_url, path + path_segment(task_id))
        except AddressRefused:
            raise UpstreamBroken(f"{self.name} answered with a task id that is none.") from None

    def _unreachable(self) -> UpstreamUnavailable:
        return UpstreamUnavailable(f"{self.name} cannot be reached.")

    def silent(self) -> UpstreamSilent:
        """The failure of an answer that did not come in its time."""
        return UpstreamSilent(f"{self.name} did not answer within {self.limit_s:.0f} s.")
