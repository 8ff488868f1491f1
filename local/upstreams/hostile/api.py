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
from .directives import Directives
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
        self._posts: list[tuple[str, Callable[[Call, Directives], Answer]]] = [
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

    async def serve(self, call: Call, directives: Directives) -> Response:
        """Answer a call."""
        if call.path.endswith(CHAT):
            return await complete_chat(call, directives.at("answer", *Kind))
        if DRAWN.search(call.path):
            return await draw(call, directives.at("answer", *Kind))
        if call.method == "POST":
            for pattern, answer in self._posts:
                if re.search(pattern, call.path):
                    return await answer_json(
                        call, directives.at("answer", *Kind), answer(call, directives)
                    )
            return error_reply(404, f"no route {call.path}")
        directives = self._jobs.find(call.path) + directives
        if call.path.startswith("/files/"):
            return await answer_file(call, directives.at("file"))
        if "/task" in call.path:
            return await answer_json(
                call, directives.at("poll", Kind.CONTENT), self._poll(call, directives)
            )
        if call.path.startswith("/poll/"):
            return await answer_json(
                call, directives.at("poll"), self._poll_as_bfl(call, directives)
            )
        return await answer_json(
            call, directives.at("answer", *Kind), {"data": [], "progress": 0.5}
        )

    def _paint(self, call: Call, directives: Directives) -> Answer:
        if "fail" in directives:
            return {"error": {"message": "It failed. ", "code": "server_error"}}
        pictures: Any = [self._picture(call, directives)] * (directives.number("pictures") or 1)
        data = nestable(pictures) if "nested" in directives else pictures
        return {"created": CREATED, "seed": SEED, "data": data}

    def _paint_or_submit(self, call: Call, directives: Directives) -> Answer:
        is_task = "x-modelscope-async-mode" in call.headers
        return self._submit(call, directives) if is_task else self._paint(call, directives)

    def _submit(self, call: Call, directives: Directives) -> Answer:
        return {"task_id": self._task(directives), "task_status": "PENDING", "status": "waiting"}

    def _submit_to_dashscope(self, call: Call, directives: Directives) -> Answer:
        return {"output": {"task_id": self._task(directives), "task_status": "PENDING"}}

    def _submit_to_bfl(self, call: Call, directives: Directives) -> Answer:
        task_id = self._task(directives)
        polling_url = directives.text("polling", f"{call.origin}/poll/{task_id}")
        return {"id": task_id, "polling_url": polling_url}

    def _poll(self, call: Call, directives: Directives) -> Answer:
        """A task's end, in the words of each provider that has tasks."""
        address = self._address(call, directives)
        done = "FAILED" if "fail" in directives else directives.text("state", "SUCCEEDED")
        state = {"SUCCEEDED": "success", "FAILED": "failure"}.get(done, done)
        output = {
            "task_status": done,
            "message": "It failed. " if "fail" in directives else "",
            "results": [{"url": address}],
            "data": [{"url": address}],
        }
        states = {"task_status": done, "status": state}
        if "stateless" in directives:
            states = {}
            del output["task_status"]
        images: Any = nestable([address]) if "nested" in directives else [address]
        if "state" in directives or "stateless" in directives:
            images = []
            del output["results"], output["data"]
        return {**states, "output": output, "output_images": images, "seed": SEED}

    def _poll_as_bfl(self, call: Call, directives: Directives) -> Answer:
        status = directives.text("state", "Error" if "fail" in directives else "Ready")
        sample = None if "state" in directives else self._address(call, directives)
        result = {"sample": sample, "seed": SEED}
        preview = directives.text("preview") or None
        return {"status": status, "progress": 0.5, "preview": preview, "result": result}

    def _paint_by_message(self, call: Call, directives: Directives) -> Answer:
        content = [{"image": self._address(call, directives)}]
        return {"output": {"choices": [{"message": {"content": content}}]}}

    def _paint_as_a1111(self, call: Call, directives: Directives) -> Answer:
        info = f'{{"seed": {SEED}, "all": {nested_lists(directives.number("info"))}}}'
        return {"images": [_base64(directives)], "info": info, "parameters": {}}

    def _decompose(self, call: Call, directives: Directives) -> Answer:
        layer = {"index": 0, "image": _base64(directives)}
        return {"layers": [layer] * (directives.number("pictures") or 2), "seed": SEED}

    def _paint_as_gemini(self, call: Call, directives: Directives) -> Answer:
        part = {"inlineData": {"mimeType": "image/png", "data": _base64(directives)}}
        parts = nestable([part]) if "nested" in directives else [part]
        return {"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}

    def _picture(self, call: Call, directives: Directives) -> Answer:
        reported = {"revised_prompt": "A lighthouse. "}
        if "inline" in directives:
            return {"b64_json": _base64(directives), **reported}
        return {"url": self._address(call, directives), **reported}

    def _address(self, call: Call, directives: Directives) -> str:
        picture_id = self._jobs.put(uuid.uuid4().hex, directives)
        return directives.text("picture", f"{call.origin}/files/{picture_id}.png")

    def _task(self, directives: Directives) -> str:
        return self._jobs.put(directives.text("task", uuid.uuid4().hex), directives)


async def draw(call: Call, directives: Directives) -> Response:
    """The picture's file, or JSON where that is what should misbehave."""
    if any(BY_NAME[each.name].kind in (Kind.STATUS, Kind.BODY) for each in directives):
        return await answer_json(call, directives, {"error": {"message": "It failed. "}})
    return await answer_file(call, directives)


async def complete_chat(call: Call, directives: Directives) -> Response:
    """An answer of a text model, blocking or streamed."""
    text = SCRIPT if "html" in directives else "A lighthouse at dusk. "
    reported = {"id": "chatcmpl-1", "created": CREATED, "model": "hostile"}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    if call.json_object().get("stream") is not True:
        message = {"role": "assistant", "content": text}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        whole = {**reported, "object": "chat.completion", "choices": choices, "usage": usage}
        return await answer_json(call, directives, whole)
    reported["object"] = "chat.completion.chunk"
    early = [
        {**reported, "choices": [{"index": 0, "delta": {"role": "assistant", "content": text}}]}
    ]
    last = {
        **reported,
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": "stop"}],
    }
    if "status" in directives or "refuse" in directives or "retry" in directives:
        return await answer_json(call, directives, last)
    return answer_events(call, directives, early, last, "[DONE]")


def _base64(directives: Directives) -> str:
    return base64.b64encode(picture(directives.number("big"))).decode()
