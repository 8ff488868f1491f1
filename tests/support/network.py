"""The network of the tests on CPython: `Http` by httpx, over real sockets."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence

import httpx

from darkroom.address import Address, Credential, check_destination
from darkroom.blob import Blob, BytesBlob
from darkroom.deadline import Deadline, out_of_time
from darkroom.errors import UpstreamBroken
from darkroom.http import Part, Pause


class HttpxReply:
    """An `UpstreamReply` of httpx."""

    def __init__(self, response: httpx.Response, deadline: Deadline) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = dict(response.headers)
        self._response = response
        self._deadline = deadline

    async def read(self, limit: int) -> bytes:
        data = bytearray()
        async for chunk in self.chunks(idle_s=self._deadline.remaining_s()):
            data += chunk
            if len(data) > limit:
                raise UpstreamBroken("too long")
        return bytes(data)

    async def read_blob(self, limit: int) -> Blob:
        return BytesBlob(await self.read(limit))

    async def chunks(self, *, idle_s: float, pause_s: Pause | None = None) -> AsyncGenerator[bytes]:
        body = self._response.aiter_bytes()
        while True:
            remaining = self._deadline.remaining_s()
            try:
                async with asyncio.timeout(min(idle_s, remaining)):
                    chunk = await anext(body)
            except StopAsyncIteration:
                return
            except TimeoutError:
                if remaining <= idle_s:
                    raise out_of_time() from None
                raise
            except httpx.HTTPError as error:
                raise ConnectionError(str(error)) from error
            yield chunk

    async def close(self) -> None:
        await self._response.aclose()


class HttpxHttp:
    """An `Http` of httpx."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def send(
        self,
        method: str,
        address: Address,
        *,
        headers: Mapping[str, str],
        credential: Credential | None = None,
        body: Sequence[Part] = (),
        deadline: Deadline,
    ) -> HttpxReply:
        content = b"".join(
            part if isinstance(part, bytes) else part.head(part.size) for part in body
        )
        url = httpx.URL(str(address))
        check_destination(f"{url.scheme}://{url.netloc.decode()}", address, credential)
        sent = {**headers, **(credential.headers if credential else {})}
        request = self._client.build_request(method, url, headers=sent, content=content or None)
        try:
            with deadline.enforced():
                response = await self._client.send(request, stream=True)
        except httpx.HTTPError as error:
            raise ConnectionError(str(error)) from error
        return HttpxReply(response, deadline)
