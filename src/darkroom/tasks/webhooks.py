"""Webhooks that tell the caller's server of a finished task (reference/wire-formats.md A5).

Signed as Standard Webhooks has it: the receiver checks with the secret that both sides know.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from darkroom.address import Address, origin_of, plain_origin
from darkroom.deadline import Deadline
from darkroom.engine.image_urls import check_source_url
from darkroom.errors import Failure, InvalidRequest, JobFailed
from darkroom.gateway import Gateway
from darkroom.json_writer import json_parts
from darkroom.settings import Secret
from darkroom.stores.tasks import Status, Submission, Task
from darkroom.tasks.errors import LoopDetected
from darkroom.tasks.result_field import with_encoded_file
from darkroom.tasks.shape import Describe

MAX_TRIES = 8
FIRST_PAUSE_S, LONGEST_PAUSE_S = 30.0, 1800.0
ANSWER_LIMIT_S = 15.0
MAX_RESULT_BYTES = 1024 * 1024

# RFC 8586: a gateway that is called with this by another of its names knows its own request.
LOOP_HEADER, LOOP_ID = "cdn-loop", "darkroom"


def check_webhook_url(url: str, gateway: Gateway, origin: str) -> Address:
    """The address as it may be called; raises `InvalidRequest` for one that must not be.

    The policy is that for pictures by their address: public hosts by https, and the operator's
    exceptions. This gateway, which was called at `origin`, sends itself no webhooks.
    """
    settings = gateway.settings
    try:
        address = check_source_url(
            url, allowed_origins=settings.source_origins, param="webhook_url"
        ).address
    except InvalidRequest as failure:
        raise _refused(failure.message.partition(" Or send the picture")[0]) from None
    own = {plain_origin(each) for each in (settings.public_url, origin) if each}
    if address.origin in own:
        raise _refused("webhook_url: this gateway's own address hears of nothing.")
    return address


def check_loop(headers: Mapping[str, str]) -> None:
    """Raise `LoopDetected` for a request that is a webhook of a gateway's."""
    passed = headers.get(LOOP_HEADER, "").split(",")
    if any(entry.partition(";")[0].strip().lower() == LOOP_ID for entry in passed):
        raise LoopDetected("CDN-Loop: this is a webhook of a gateway's, which no gateway takes.")


def _refused(why: str) -> InvalidRequest:
    return InvalidRequest(why, param="webhook_url", code="invalid_webhook_url")


def pause_before_next_s(tries: int) -> float | None:
    """Seconds to wait after so many failed tries; None when it has been tried enough."""
    if tries >= MAX_TRIES:
        return None
    return min(FIRST_PAUSE_S * 2.0 ** (tries - 1), LONGEST_PAUSE_S)


def sign(secret: Secret, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`; the key is what stands in base64 behind `whsec_`."""
    key = base64.b64decode(secret.reveal().removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}"


def message_of(task: Task, described: Mapping[str, object], *, omitted: bool) -> bytes:
    """The body: what a poll would tell, and which event it is.

    That of the two which did not come about, the result or the error, is left out; `omitted` says
    that the result is too large.
    """
    done = task.status is Status.COMPLETED
    unused = {"error", "error_code", "error_detail"} if done else {"result"}
    message: dict[str, Any] = {"event": "task.completed" if done else "task.failed"}
    message |= {name: value for name, value in described.items() if name not in unused}
    if omitted:
        message |= {"result": None, "result_omitted": True}
    parts = json_parts(message)
    return b"".join(part if isinstance(part, bytes) else part.head(part.size) for part in parts)


async def deliver_webhook(
    task: Task, submission: Submission, describe: Describe, gateway: Gateway, *, omitted: bool
) -> bool:
    """Tell once; returns whether the receiver took it. `omitted` as in `message_of`.

    The address is checked anew: what the operator allows may have changed since.
    """
    secret, clock = gateway.settings.webhook_secret, gateway.clock
    if secret is None:
        return False
    described = describe(await with_encoded_file(task), clock.time())
    body = message_of(task, described, omitted=omitted)
    name = described.get("task_id") or described.get("id") or described.get("name")
    message_id, timestamp = f"msg_{name}", int(clock.time())
    headers = {
        "content-type": "application/json",
        "user-agent": "Darkroom-Webhooks",
        LOOP_HEADER: LOOP_ID,
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secret, message_id, timestamp, body),
    }
    deadline = Deadline.after(2 * ANSWER_LIMIT_S, clock)
    try:
        address = check_webhook_url(
            submission.webhook_url or "", gateway, origin_of(submission.url)
        )
        with deadline.limit(ANSWER_LIMIT_S, lambda: JobFailed("the receiver is too slow")):
            reply = await gateway.http.send(
                "POST", address, headers=headers, body=[body], deadline=deadline
            )
            await reply.close()
    except (ConnectionError, Failure):
        return False
    return 200 <= reply.status < 300
