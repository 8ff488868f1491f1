"""Upstreams of every provider that answer oddly, drawn from a seed, and requests to them."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from darkroom.address import Address, Credential
from darkroom.app import handle
from darkroom.catalog.catalog import load_catalog
from darkroom.catalog.channels import configure
from darkroom.deadline import Deadline
from darkroom.engine.breaker import Breakers
from darkroom.engine.budget import RetryBudget
from darkroom.engine.credentials import Credentials
from darkroom.engine.run import Engine
from darkroom.gateway import Gateway
from darkroom.http import Part, Reply, parts_of
from darkroom.png import Colours, Header, write_png
from darkroom.providers.gradio.config import SignatureCache
from darkroom.providers.registry import build_chat, build_embedders, build_providers
from darkroom.settings import Settings
from tests.support.fakes import FakeClock, FakeReply, MemoryMedia, gateway, request
from tests.support.odd import BASE64, Odd, words

PHOTO = write_png(Header(8, 8, 8, Colours.RGB), zlib.compress(bytes(8 * 25)))
PICTURE = "https://files.example.com/a.png"
DATA_URL = f"data:image/png;base64,{BASE64}"
JSON, EVENTS = "application/json", "text/event-stream"
SEND_S = 4.0  # what each request to an upstream takes
MAX_SENT = 60

URLS = {"A1111_URL": "https://a1111.example", "STUDIO_URL": "https://studio.example",
        "HIDDEN_STATES_URL": "https://states.example"}  # fmt: skip
CATALOG = configure(load_catalog(), URLS).catalog
SETTINGS = Settings(
    poll_delays_s=(0.0,), public_providers=("a1111", "studio", "hidden-states"),
    request_timeout_s=100.0, default_vision_model="pollinations/openai",
)  # fmt: skip

Answer = tuple[str, Any]  # its type, and its JSON, bytes or events
SAID = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [
    {"index": 0, "message": {"role": "assistant", "content": "a cat at dusk", "reasoning_content": "so"},
     "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}  # fmt: skip
DELTA = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "a cat"}}]}
IMAGES = {"created": 1, "data": [{"url": PICTURE, "revised_prompt": "a cat"}, {"b64_json": BASE64}],
          "seed": 4, "usage": {"total_tokens": 3, "input_tokens": 1, "output_tokens": 2,
                               "input_tokens_details": {"text_tokens": 1, "image_tokens": 0}}}  # fmt: skip
TASK_OUTPUT = {"task_id": "task-1", "task_status": "SUCCEEDED", "results": [
    {"url": PICTURE, "actual_prompt": "a cat"}, {"code": "InternalError", "message": "no"}]}  # fmt: skip
GRADIO_MESSAGES = [
    {"msg": "estimation", "event_id": "e1", "rank": 1, "queue_size": 3, "rank_eta": 4.5},
    {"msg": "process_starts", "event_id": "e1", "eta": 2.0},
    {"msg": "progress", "event_id": "e1", "progress_data": [
        {"index": 1, "length": 4, "unit": "steps", "progress": None, "desc": "so"}]},
    {"msg": "log", "event_id": "e1", "log": "ZeroGPU: GPU acquired", "level": "info"},
    {"msg": "process_generating", "event_id": "e1", "success": True, "output": {
        "data": [{"path": "/tmp/p.png", "url": None}, 7], "is_generating": True}},
    {"msg": "process_generating", "event_id": "e1", "success": True, "output": {
        "data": [[["replace", ["path"], "/tmp/q.png"]], []], "is_generating": True}},
    {"msg": "process_completed", "event_id": "e1", "success": True, "output": {
        "data": [{"path": "/tmp/r.png", "url": None, "meta": {"_type": "gradio.FileData"}}, 42],
        "duration": 2.5}},
    {"msg": "close_stream"},
]  # fmt: skip
GRADIO_CONFIG = {"version": "6.1.0", "api_prefix": "/gradio_api", "dependencies": [
    {"id": number, "api_name": name, "inputs": [0] * count, "outputs": [1], "targets": [[9, "click"]]}
    for number, (name, count) in enumerate(sorted({
        (str(upstream.options["api_name"]), len(upstream.options["inputs"]))  # type: ignore[arg-type]
        for model in CATALOG.models if model.provider.protocol == "huggingface"
        for upstream in model.upstreams}))]}  # fmt: skip

# What an honest upstream answers, by the end of a path; the first that fits counts.
HONEST: Sequence[tuple[str, Answer]] = (
    (".png", ("image/png", PHOTO)),
    ("/config", (JSON, GRADIO_CONFIG)),
    ("/upload", (JSON, ["/tmp/a.png"])),
    ("/queue/join", (JSON, {"event_id": "e1"})),
    ("/queue/data", (EVENTS, GRADIO_MESSAGES)),
    ("/cancel", (JSON, {"success": True})),
    ("/async/images/generations", (JSON, {"task_id": "task-1", "status": "waiting"})),
    ("/async/images/edits", (JSON, {"task_id": "task-1", "status": "waiting"})),
    ("/task/task-1", (JSON, {"task_id": "task-1", "status": "success", "output": {"file_url": PICTURE}})),
    ("/api/v1/tasks/task-1", (JSON, {"request_id": "r", "output": TASK_OUTPUT})),
    ("/tasks/task-1", (JSON, {"task_id": "task-1", "task_status": "SUCCEED", "output_images": [PICTURE]})),
    ("/image-synthesis", (JSON, {"output": {"task_id": "task-1", "task_status": "PENDING"}})),
    ("/generation", (JSON, {"output": {"choices": [{"finish_reason": "stop", "message": {
        "role": "assistant", "content": [{"image": PICTURE}, {"text": "so"}]}}]}, "usage": {}})),
    ("/v1/get_result", (JSON, {"id": "1", "status": "Ready", "progress": 0.5, "preview": {"a": PICTURE},
                               "result": {"sample": PICTURE, "seed": 3}, "details": None})),
    (":generateContent", (JSON, {"candidates": [{"finishReason": "STOP", "content": {"parts": [
        {"text": "so"}, {"inlineData": {"mimeType": "image/png", "data": BASE64}}]}}],
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2, "totalTokenCount": 3,
                          "promptTokensDetails": [{"modality": "IMAGE", "tokenCount": 1}]}})),
    (":predict", (JSON, {"predictions": [{"mimeType": "image/png", "bytesBase64Encoded": BASE64}]})),
    ("/sdapi/v1/progress", (JSON, {"progress": 0.5, "eta_relative": 2.0, "current_image": BASE64, "textinfo": None,
                                   "state": {"sampling_step": 2, "sampling_steps": 4, "job": "a"}})),
    ("/sdapi/v1/txt2img", (JSON, {"images": [BASE64], "parameters": {}, "info": json.dumps({"seed": 4})})),
    ("/sdapi/v1/img2img", (JSON, {"images": [BASE64], "parameters": {}, "info": json.dumps({"seed": 4})})),
    ("/api/qwen-image/decompose", (JSON, {"seed": 3, "layers": [{"index": 1, "image": DATA_URL},
                                                                 {"index": 0, "image": DATA_URL}]})),
    ("/api/rewrite", (JSON, {"rewritten_prompt": "a cat", "thinking_content": "so", "gen_time": 0.5})),
    ("/api/encode", (JSON, {"shape": [4, 2560], "dtype": "torch.bfloat16", "path": None})),
    ("/api/save-embeddings", (JSON, {"shape": [4, 2560], "dtype": "torch.bfloat16", "path": "x.pt"})),
    ("/api/vl/extract", (JSON, {"shape": [4, 2560], "embeddings_id": "1", "num_tokens": 4, "original_std": 0.5})),
    ("/hidden_states", (JSON, {"shape": [1, 2, 4], "model": "q", "hidden_states": BASE64[:44]})),
    ("studio.example", ("image/png", PHOTO)),
    ("/chat/completions", (JSON, SAID)),
    ("text.pollinations.ai/openai", (JSON, SAID)),
    ("/images/edits", (JSON, IMAGES)),
    ("/images/generations", (JSON, IMAGES)),
    ("api.bfl.ai", (JSON, {"id": "1", "polling_url": "https://api.bfl.ai/v1/get_result?id=1"})),
    ("router.huggingface.co", ("image/png", PHOTO)),
    ("/flux-1-schnell", (JSON, {"result": {"image": BASE64}, "success": True, "errors": [], "messages": []})),
    ("/phoenix-1.0", ("image/jpeg", PHOTO)),
    ("cloudflare.com/client/v4/accounts/0123456789abcdef0123456789abcdef/ai/run",
     (JSON, {"state": "Completed", "result": {"images": [PICTURE]}, "gatewayMetadata": {"keySource": "Unified"}})),
    ("pollinations.ai", ("image/png", PHOTO)),
    ("", (JSON, {"error": {"message": "no such route", "code": 404}})),
)  # fmt: skip
OPENAI_EVENTS = [
    {"type": "image_generation.partial_image", "partial_image_index": 0, "b64_json": BASE64},
    {"type": "image_generation.completed", "b64_json": BASE64, "usage": IMAGES["usage"]},
]
ERRORS: Sequence[Any] = (
    {"error": {"message": "slow down", "type": "rate_limit", "code": "rate_limit_exceeded"}},
    {"error": "no"}, {"detail": [{"loc": ["body", "x"], "msg": "no", "type": "t"}]}, {"detail": "no"},
    {"code": "Throttling.AllocationQuota", "message": "no"}, {"message": "no", "request_id": "r"},
    {"status": "Request Moderated", "details": {"Moderation Reasons": ["so"]}},
    {"task_status": "FAILED", "task_msg": "no"}, {"output": {"task_status": "UNKNOWN"}},
    {"msg": "unexpected_error", "message": "no"}, {"errors": {"message": "no"}}, "no", [], None,
)  # fmt: skip


@dataclass
class OddHttp:
    """Answers as an upstream would, and in some answers oddly; time passes with each request."""

    odd: Odd
    clock: FakeClock
    oddness: float
    sent: list[str] = field(default_factory=list)

    async def send(
        self,
        method: str,
        address: Address,
        *,
        headers: Mapping[str, str],
        credential: Credential | None = None,
        body: Sequence[Part] = (),
        deadline: Deadline,
    ) -> FakeReply:
        path = str(address).partition("?")[0]
        self.sent.append(f"{method} {path}")
        self.clock.now += SEND_S
        if len(self.sent) > MAX_SENT or self.odd.random.random() < self.oddness * 0.05:
            raise ConnectionError("nobody answers")
        sent = b"".join(part if isinstance(part, bytes) else part.head(1000) for part in body)
        kind, value = self._honest(path, b'"stream": true' in sent or b'"stream"\r\n' in sent)
        if self.odd.random.random() >= self.oddness:
            return FakeReply(200, {"content-type": kind}, [content_of(kind, value)])
        status, reported = self.odd.status_and_type(kind)
        return FakeReply(status, reported, self.odd.pieces(self._odd(kind, value)))

    def _honest(self, path: str, streamed: bool) -> Answer:
        if streamed and path.endswith(("/images/generations", "/chat/completions", "/openai")):
            return EVENTS, OPENAI_EVENTS if "images" in path else [DELTA, SAID]
        return next(
            answer for end, answer in HONEST if path.endswith(end) or ("." in end and end in path)
        )

    def _odd(self, kind: str, value: Any) -> bytes:
        odd = self.odd
        if odd.random.random() < 0.2:
            value, kind = odd.random.choice(ERRORS), JSON
        if isinstance(value, bytes):
            return odd.broken(value)
        if kind == EVENTS:
            events = [odd.changed(each) if odd.random.random() < 0.3 else each for each in value]
            data = b"".join(b"data: %b\n\n" % odd.text(each) for each in events)
            return odd.broken(data) if odd.random.random() < 0.2 else data
        if odd.random.random() < 0.1:
            return odd.text(odd.value())
        return odd.text(odd.changed(value))


def content_of(kind: str, value: Any) -> bytes:
    """The body of an answer: events one after the other, or JSON, unless it is written."""
    if isinstance(value, bytes):
        return value
    if kind == EVENTS:
        return b"".join(b"data: %b\n\n" % json.dumps(each).encode() for each in value)
    return json.dumps(value).encode()


# Each provider by the protocol that its upstreams speak, with models of all its ways to paint.
PAINTERS: Mapping[str, tuple[str, Sequence[str]]] = {
    "huggingface": ("", ("z-image-turbo", "ovis-image", "qwen-image", "qwen-image-edit", "real-esrgan")),
    "gitee": ("gitee:good", ("gitee/Qwen-Image", "gitee/FLUX.2-dev", "gitee/z-image-turbo")),
    "modelscope": ("ms:good", ("ms/z-image-turbo", "ms/qwen-image-edit")),
    "a4f": ("a4f:good", ("a4f/provider-8/z-image",)),
    "siliconflow": ("siliconflow:good", ("siliconflow/Qwen/Qwen-Image",)),
    "openai": ("openai:good", ("openai/gpt-image-2",)),
    "bfl": ("bfl:good", ("bfl/flux-2-pro", "bfl/kontext")),
    "gemini": ("gemini:good", ("gemini/gemini-2.5-flash-image", "gemini/imagen-4")),
    "qwen": ("qwen:good", ("qwen/qwen-image", "qwen/qwen-image-max", "qwen/qwen-image-edit")),
    "a1111": ("", ("a1111/default",)),
    "studio": ("", ("studio/z-image-turbo", "studio/qwen-image-edit", "studio/qwen-image-layered")),
    "hf-inference": ("hf:hf_good", ("hf-inference/black-forest-labs/FLUX.1-schnell",)),
    "pollinations": ("", ("pollinations/flux",)),
    "cloudflare": ("cf:0123456789abcdef0123456789abcdef:good", (
        "cloudflare/flux-1-schnell", "cloudflare/phoenix-1.0", "cloudflare/openai/gpt-image-2")),
}  # fmt: skip
TALKERS = ("deepseek", "studio chat", "pollinations text")
EMBEDDERS = ("hidden-states", "studio embeddings")
UPSTREAMS = (*PAINTERS, *TALKERS, *EMBEDDERS)


def painting(odd: Odd, model: str) -> tuple[str, dict[str, Any]]:
    """A path and a body for a picture by a model, in one of the dialects."""
    prompt = "a lighthouse at dusk"
    source = (
        {"image": DATA_URL} if "edit" in model or "kontext" in model or "esrgan" in model else {}
    )
    images: dict[str, Any] = {
        "model": model,
        "prompt": prompt,
        "seed": 7,
        "response_format": "b64_json",
        **source,
    }
    if source:
        return "/v1/images/edits", images
    if "layered" in model:
        return "/api/qwen-image/decompose", {"image": DATA_URL, "prompt": prompt}
    turn = {"role": "user", "content": prompt}
    ways: Sequence[tuple[str, dict[str, Any]]] = (
        ("/v1/images/generations", images),
        ("/v1/images/generations", {**images, "stream": True, "partial_images": 2}),
        ("/v1/images/generations", {**images, "n": 2, "enhance": True}),
        ("/v1/chat/completions", {"model": model, "messages": [turn]}),
        ("/v1/chat/completions", {"model": model, "messages": [turn], "stream": True}),
        ("/v1/responses", {"model": model, "input": prompt, "tools": [{"type": "image_generation"}]}),
        ("/v1/responses", {"model": model, "input": prompt, "stream": True,
                           "tools": [{"type": "image_generation"}]}),
        (f"/v1beta/models/{model}:generateContent", {"contents": [{"parts": [{"text": prompt}]}]}),
        (f"/v1beta/models/{model}:streamGenerateContent", {"contents": [{"parts": [{"text": prompt}]}]}),
        (f"/hf-inference/models/{model}", {"inputs": prompt}),
        ("/sdapi/v1/txt2img", {"prompt": prompt, "override_settings": {"sd_model_checkpoint": model}}),
        ("/api/generate", {"prompt": prompt, "model": model}),
    )  # fmt: skip
    return odd.random.choice(ways)


def talking(odd: Odd, upstream: str) -> tuple[str, dict[str, Any]]:
    """A path and a body for words."""
    model = {"deepseek": "deepseek/deepseek-chat", "studio chat": "studio/qwen3-4b",
             "pollinations text": "pollinations/openai"}[upstream]  # fmt: skip
    turn = {"role": "user", "content": "a lighthouse"}
    body = {"model": model, "messages": [turn]}
    ways: Sequence[tuple[str, dict[str, Any]]] = (
        ("/v1/chat/completions", body),
        ("/v1/chat/completions", {**body, "stream": True}),
        ("/v1/prompts/enhance", {"prompt": "a lighthouse", "model": model}),
        (
            "/api/rewrite",
            {"prompt": "a lighthouse", "model": model, "rewriter": "rewriter_official"},
        ),
        ("/sdapi/v1/interrogate", {"image": DATA_URL, "model": "clip"}),
    )
    return odd.random.choice(ways)


def embedding(odd: Odd, upstream: str) -> tuple[str, dict[str, Any]]:
    """A path and a body for an embedding."""
    ways: Sequence[tuple[str, dict[str, Any]]] = (
        ("/api/encode", {"prompt": "a lighthouse"}),
        ("/api/save-embeddings", {"prompt": "a lighthouse"}),
        ("/api/vl/extract", {"image": DATA_URL}),
    )
    return odd.random.choice(ways)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was asked, what came of it, and what was logged."""

    method: str
    path: str
    body: Any
    reply: Reply
    log: Sequence[Mapping[str, object]]
    sent: Sequence[str]


async def ask_oddly(upstream: str, seed: int, oddness: float | None = None) -> Outcome:
    """Ask one upstream's models for something; what it answers is drawn from the seed.

    `oddness` is which share of the answers is odd.
    """
    odd = Odd(Random(f"{upstream} {seed}"), words("providers", "generation"))
    token = ""
    if upstream in PAINTERS:
        token, models = PAINTERS[upstream]
        path, body = painting(odd, odd.random.choice(models))
    elif upstream in TALKERS:
        token = "deepseek:good" if upstream == "deepseek" else ""
        path, body = talking(odd, upstream)
    else:
        path, body = embedding(odd, upstream)
    clock = FakeClock()
    http = OddHttp(odd, clock, odd.random.choice((0.2, 0.5, 1.0)) if oddness is None else oddness)
    log: list[Mapping[str, object]] = []
    headers = {"content-type": JSON, "cf-connecting-ip": "203.0.113.7"}
    headers |= {"authorization": f"Bearer {token}"} if token else {}
    reply = await handle(
        request("POST", path, body, headers), gateway_before(http, clock), log.append
    )
    reply = Reply(reply.status, reply.headers, await parts_of(reply.body))
    return Outcome("POST", path, body, reply, log, http.sent)


def gateway_before(http: OddHttp, clock: FakeClock, settings: Settings = SETTINGS) -> Gateway:
    """A gateway with the real providers before odd upstreams."""
    gate = gateway(http=http, media=MemoryMedia(), settings=settings, catalog=CATALOG, clock=clock)
    engine = Engine(
        providers=build_providers(settings, lambda: "token", SignatureCache()),
        chat=build_chat(),
        embedders=build_embedders(settings),
        http=http,
        credentials=Credentials(clock),
        breakers=Breakers(clock),
        budget=RetryBudget(),
    )
    return replace(gate, engine=engine)
