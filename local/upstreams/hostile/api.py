"""A hostile API: OpenAI's images and chat, and the tasks of Gitee, ModelScope, BFL and DashScope.

AUTOMATIC1111, Gemini, a studio and Pollinations are there too. Sources: reference/wire-formats.md,
part B.
"""

import base64
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp

from ..apis.call import Call
from .answers import answer_events, answer_file, answer_json
from .bodies import nestable, nested_lists, picture
from .directives import Asked
from .listener import Jobs, error_reply, listen_with
from .table import BY_NAME, Kind

CREATED = 1_700_000_000
SEED = 42
SCRIPT = "<script>alert(document.domain)</script>"
Answer = Mapping[str, Any]

CHAT = ("/chat/completions", "/openai")
# Where the answer is the picture's file itself: Inference Providers, a studio, old Pollinations.
DRAWN = re.compile(r"/hf-inference/models/|/(?:generate|edit-layer|edit-multi)$|^/prompt/")


def build_api(forbidden: str) -> ASGIApp:
    """The server; the providers' addresses end in `/v1`, or are its root."""
    return listen_with(Api().serve, forbidden)


class Api:
    """Answers by the ending of the path, and by what a body has that only one provider's has."""

    def __init__(self) -> None:
        self._jobs = Jobs()
        self._posts: list[tuple[str, Callable[[Call, Asked], Answer]]] = [
            (r"/async/images/\w+$", self._submit),
            (r"/images/generations$", self._paint_or_submit),
            (r"/images/edits$", self._paint),
            (r"/multimodal-generation/generation$", self._paint_by_message),
            (r"/text2image/image-synthesis$", self._submit_to_dashscope),
            (r"/sdapi/v1/\w+2img$", self._paint_as_a1111),
            (r":generateContent$", self._paint_as_gemini),
            (r"/decompose$", self._decompose),
            (r"/v1/[\w.-]+$", self._submit_to_bfl),
        ]

    async def serve(self, call: Call, asked: Asked) -> Response:
        """Answer a call."""
        if call.path.endswith(CHAT):
            return await complete_chat(call, asked.at("answer", *Kind))
        if DRAWN.search(call.path):
            return await draw(call, asked.at("answer", *Kind))
        if call.method == "POST":
            for pattern, answer in self._posts:
                if re.search(pattern, call.path):
                    return await answer_json(call, asked.at("answer", *Kind), answer(call, asked))
            return error_reply(404, f"no route {call.path}")
        asked = self._jobs.find(call.path) + asked
        if call.path.startswith("/files/"):
            return await answer_file(call, asked.at("file"))
        if "/task" in call.path:
            return await answer_json(call, asked.at("poll", Kind.CONTENT), self._poll(call, asked))
        if call.path.startswith("/poll/"):
            return await answer_json(call, asked.at("poll"), self._poll_as_bfl(call, asked))
        return await answer_json(call, asked.at("answer", *Kind), {"data": [], "progress": 0.5})

    def _paint(self, call: Call, asked: Asked) -> Answer:
        if "fail" in asked:
            return {"error": {"message": "It failed. ", "code": "server_error"}}
        pictures: Any = [self._picture(call, asked)] * (asked.number("pictures") or 1)
        data = nestable(pictures) if "nested" in asked else pictures
        return {"created": CREATED, "seed": SEED, "data": data}

    def _paint_or_submit(self, call: Call, asked: Asked) -> Answer:
        is_task = "x-modelscope-async-mode" in call.headers
        return self._submit(call, asked) if is_task else self._paint(call, asked)

    def _submit(self, call: Call, asked: Asked) -> Answer:
        return {"task_id": self._task(asked), "task_status": "PENDING", "status": "waiting"}

    def _submit_to_dashscope(self, call: Call, asked: Asked) -> Answer:
        return {"output": {"task_id": self._task(asked), "task_status": "PENDING"}}

    def _submit_to_bfl(self, call: Call, asked: Asked) -> Answer:
        task_id = self._task(asked)
        polling_url = asked.text("polling", f"{call.origin}/poll/{task_id}")
        return {"id": task_id, "polling_url": polling_url}

    def _poll(self, call: Call, asked: Asked) -> Answer:
        """A task's end, in the words of each provider that has tasks."""
        address = self._address(call, asked)
        done = "FAILED" if "fail" in asked else asked.text("state", "SUCCEEDED")
        state = {"SUCCEEDED": "success", "FAILED": "failure"}.get(done, done)
        output = {
            "task_status": done,
            "message": "It failed. " if "fail" in asked else "",
            "results": [{"url": address}],
            "data": [{"url": address}],
        }
        states = {"task_status": done, "status": state}
        if "stateless" in asked:
            states = {}
            del output["task_status"]
        images: Any = nestable([address]) if "nested" in asked else [address]
        if "state" in asked or "stateless" in asked:
            images = []
            del output["results"], output["data"]
        return {**states, "output": output, "output_images": images, "seed": SEED}

    def _poll_as_bfl(self, call: Call, asked: Asked) -> Answer:
        status = asked.text("state", "Error" if "fail" in asked else "Ready")
        sample = None if "state" in asked else self._address(call, asked)
        result = {"sample": sample, "seed": SEED}
        preview = asked.text("preview") or None
        return {"status": status, "progress": 0.5, "preview": preview, "result": result}

    def _paint_by_message(self, call: Call, asked: Asked) -> Answer:
        content = [{"image": self._address(call, asked)}]
        return {"output": {"choices": [{"message": {"content": content}}]}}

    def _paint_as_a1111(self, call: Call, asked: Asked) -> Answer:
        info = f'{{"seed": {SEED}, "all": {nested_lists(asked.number("info"))}}}'
        return {"images": [_base64(asked)], "info": info, "parameters": {}}

    def _decompose(self, call: Call, asked: Asked) -> Answer:
        layer = {"index": 0, "image": _base64(asked)}
        return {"layers": [layer] * (asked.number("pictures") or 2), "seed": SEED}

    def _paint_as_gemini(self, call: Call, asked: Asked) -> Answer:
        part = {"inlineData": {"mimeType": "image/png", "data": _base64(asked)}}
        parts = nestable([part]) if "nested" in asked else [part]
        return {"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}

    def _picture(self, call: Call, asked: Asked) -> Answer:
        told = {"revised_prompt": "A lighthouse. "}
        if "inline" in asked:
            return {"b64_json": _base64(asked), **told}
        return {"url": self._address(call, asked), **told}

    def _address(self, call: Call, asked: Asked) -> str:
        picture_id = self._jobs.put(uuid.uuid4().hex, asked)
        return asked.text("picture", f"{call.origin}/files/{picture_id}.png")

    def _task(self, asked: Asked) -> str:
        return self._jobs.put(asked.text("task", uuid.uuid4().hex), asked)


async def draw(call: Call, asked: Asked) -> Response:
    """The picture's file, or JSON where that is what should misbehave."""
    if any(BY_NAME[each.name].kind in (Kind.STATUS, Kind.BODY) for each in asked):
        return await answer_json(call, asked, {"error": {"message": "It failed. "}})
    return await answer_file(call, asked)


async def complete_chat(call: Call, asked: Asked) -> Response:
    """An answer of a text model, blocking or streamed."""
    text = SCRIPT if "html" in asked else "A lighthouse at dusk. "
    told = {"id": "chatcmpl-1", "created": CREATED, "model": "hostile"}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    if call.json_object().get("stream") is not True:
        message = {"role": "assistant", "content": text}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        whole = {**told, "object": "chat.completion", "choices": choices, "usage": usage}
        return await answer_json(call, asked, whole)
    told["object"] = "chat.completion.chunk"
    early = [{**told, "choices": [{"index": 0, "delta": {"role": "assistant", "content": text}}]}]
    last = {**told, "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": "stop"}]}
    if "status" in asked or "refuse" in asked or "retry" in asked:
        return await answer_json(call, asked, last)
    return answer_events(call, asked, early, last, "[DONE]")


def _base64(asked: Asked) -> str:
    return base64.b64encode(picture(asked.number("big"))).decode()
