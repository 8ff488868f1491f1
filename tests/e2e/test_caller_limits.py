"""Limits and gateway keys in workerd: its Durable Object, its D1, its R2 and its cron trigger."""

import re
import shlex
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.stack import ADMIN_KEY, Stack
from tests.support.spaces import eventually

ADMIN = {"authorization": f"Bearer {ADMIN_KEY}"}
DOCUMENT = Path("docs/operations.md")
BODY = {"model": "gitee/z-image-turbo", "prompt": "a cat", "size": "512x512"}


def make_key(stack: Stack, **fields: Any) -> dict[str, Any]:
    reply = httpx.post(f"{stack.url}/v1/admin/keys", json=fields, headers=ADMIN, timeout=60)
    assert reply.status_code == 201, reply.text
    key: dict[str, Any] = reply.json()
    return key


def paint(stack: Stack, key: str, **fields: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {key},gitee:good-friend"}
    url = f"{stack.url}/v1/images/generations"
    return httpx.post(url, json={**BODY, **fields}, headers=headers, timeout=100)


def images_of(stack: Stack, key_id: str) -> int:
    reply = httpx.get(f"{stack.url}/v1/usage?key={key_id}", headers=ADMIN, timeout=30)
    return int(reply.json()["images"])


def test_of_two_hundred_at_once_a_key_paints_exactly_what_its_day_holds(stack: Stack) -> None:
    key = make_key(stack, name="Two hundred", images_per_day=17)
    with ThreadPoolExecutor(40) as pool:
        replies = list(pool.map(lambda _: paint(stack, key["key"]), range(200)))
    assert Counter(reply.status_code for reply in replies) == {200: 17, 429: 183}
    refused = next(reply for reply in replies if reply.status_code == 429)
    assert "images_per_day: the limit of 17 pictures a day" in refused.json()["error"]["message"]
    assert int(refused.headers["retry-after"]) > 0
    eventually(lambda: images_of(stack, key["id"]) == 17)


def test_pictures_that_fail_do_not_count_and_tasks_do(stack: Stack) -> None:
    key = make_key(stack, name="Failures", images_per_day=2)
    assert paint(stack, key["key"], prompt="[[refuse]]").status_code == 400
    accepted = paint(stack, key["key"], **{"async": True})
    assert accepted.status_code == 202, accepted.text
    task = f"{stack.url}{accepted.headers['location']}?wait=20"
    assert httpx.get(task, timeout=60).json()["status"] == "completed"
    eventually(lambda: images_of(stack, key["id"]) == 1)
    assert paint(stack, key["key"], n=2).status_code == 429
    last = paint(stack, key["key"])
    assert (last.status_code, last.headers["x-ratelimit-remaining-images"]) == (200, "0")
    assert paint(stack, key["key"]).status_code == 429


def test_the_walk_of_the_documentation_works_as_it_is_written(stack: Stack) -> None:
    section = (
        DOCUMENT.read_text("utf-8").partition("## A key for a friend")[2].partition("\n## ")[0]
    )
    commands = [line[4:] for line in section.splitlines() if line.startswith("    ")]
    assert len(commands) >= 6
    script = "\n".join(["set -e", *commands])
    settings = {"DARKROOM": stack.url, "ADMIN": ADMIN_KEY}
    before = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in settings.items())
    done = subprocess.run(
        ["bash", "-c", before + script], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    statuses = [line for line in done.stdout.splitlines() if line.isdigit()]
    assert statuses == ["200"] * 10 + ["429", "401"]
    assert '"images": 10' in done.stdout


def test_a_key_that_was_ended_opens_nothing_any_more(stack: Stack) -> None:
    key = make_key(stack, name="Short", models=["gitee/z-image-turbo"])
    assert paint(stack, key["key"]).status_code == 200
    assert paint(stack, key["key"], model="flux-1-schnell").status_code == 403
    url = f"{stack.url}/v1/admin/keys/{key['id']}"
    assert httpx.delete(url, headers={"authorization": f"Bearer {key['key']}"}).status_code == 403
    assert httpx.delete(url, headers=ADMIN).json()["deleted"]
    assert paint(stack, key["key"]).status_code == 401
    assert httpx.delete(url, headers=ADMIN).status_code == 404
    listed = httpx.get(f"{stack.url}/v1/admin/keys", headers=ADMIN).text
    assert key["id"] not in listed
    assert "dk_" not in listed


@pytest.mark.parametrize("key_id", ["' OR '1'='1", "%", "a%00b", "x" * 4000, "..%2f..", "key_*"])
def test_ids_of_keys_are_no_sql(stack: Stack, key_id: str) -> None:
    key = make_key(stack, name="'); DROP TABLE gateway_keys; --")
    assert httpx.delete(f"{stack.url}/v1/admin/keys/{key_id}", headers=ADMIN).status_code == 404
    assert key["id"] in httpx.get(f"{stack.url}/v1/admin/keys", headers=ADMIN).text
    query = {"key": key_id, "from": "2026-01-01", "to": "2099-12-31"}
    usage = httpx.get(f"{stack.url}/v1/usage", params=query, headers=ADMIN)
    assert (usage.status_code, usage.json()["data"]) == (200, [])


def test_what_is_kept_has_a_lifetime_and_the_cron_trigger_runs(stack: Stack) -> None:
    key = make_key(stack, name="Keeper")
    (entry,) = paint(stack, key["key"], response_format="url").json()["data"]
    assert entry["expires_at"] > 29 * 86_400
    assert httpx.get(entry["url"]).status_code == 200
    swept = httpx.get(f"{stack.url}/cdn-cgi/handler/scheduled", timeout=60)
    assert swept.status_code == 200, swept.text
    eventually(lambda: '"sweep": "database"' in stack.worker_log.read_text("utf-8"))
    log = stack.worker_log.read_text("utf-8")
    assert '{"sweep": "bucket", "deleted": 0, "failed": false}' in log
    assert re.search(r'{"sweep": "database", "deleted": \d+, "failed": false}', log)
    assert httpx.get(entry["url"]).status_code == 200


def test_health_tells_how_far_limits_reach(stack: Stack) -> None:
    limits = {"requests": "isolate", "painting": "deployment", "kept": "deployment"}
    assert stack.health()["limits"] == limits
