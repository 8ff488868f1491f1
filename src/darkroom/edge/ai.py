"""The binding to Workers AI."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from js import AbortController, IdentityTransformStream, Object, Response
from pyodide.ffi import JsException, to_js

from darkroom.deadline import Deadline, out_of_time
from darkroom.edge.blob import join
from darkroom.edge.http import EdgeReply
from darkroom.edge.promises import let_fail
from darkroom.http import Part

JSON = "application/json"


class EdgeAi:
    """An `AiBinding` of the runtime's; `binding` is the runtime's own, as with `R2Media`.

    Neither an input's pictures nor an answer's enter Python's memory.
    """

    def __init__(self, binding: Any) -> None:
        self._binding = binding

    async def run(
        self,
        model: str,
        body: Sequence[Part],
        content_type: str,
        options: Mapping[str, object],
        deadline: Deadline,
    ) -> EdgeReply:
        """Run a model; see `AiBinding.run`.

        A call cannot be taken back: when its caller leaves, its answer is cancelled as it comes.
        """
        controller = AbortController.new()
        message = Response.new(join(body))
        if content_type.startswith(JSON):
            value = await message.json()
        else:
            value = _object({"multipart": {}})
            value.multipart.body, value.multipart.contentType = message.body, content_type
        running = asyncio.ensure_future(self._binding.run(model, value, _object(dict(options))))
        try:
            async with asyncio.timeout(deadline.remaining_s()):
                result = await asyncio.shield(running)
        except TimeoutError:
            running.add_done_callback(_let_go)
            raise out_of_time() from None
        except asyncio.CancelledError:
            running.add_done_callback(_let_go)
            raise
        except (OSError, JsException) as error:
            failed = json.dumps({"errors": [{"message": str(error)[:1000]}]})
            headers = _object({"content-type": JSON})
            return EdgeReply(
                Response.new(failed, status=500, headers=headers), controller, deadline, body
            )
        return EdgeReply(_response(result, controller), controller, deadline, body)


def _response(result: Any, controller: Any) -> Any:
    """A `Response` of what a model returned: a stream of bytes, or a value that is JSON."""
    if not hasattr(result, "getReader"):
        return Response.json(result)
    through = IdentityTransformStream.new()
    return Response.new(result.pipeThrough(through, signal=controller.signal))


def _let_go(running: asyncio.Future[Any]) -> None:
    """Cancel a stream that nobody reads any more."""
    if running.cancelled() or running.exception() is not None:
        return
    result = running.result()
    if hasattr(result, "cancel"):
        let_fail(result.cancel())


def _object(value: object) -> Any:
    return to_js(value, dict_converter=Object.fromEntries)
