"""Every provider that tells a task's id is asked on after workerd was killed, and begun once."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from local.processes import free_port, free_ports
from local.stack import LOCAL_SETTINGS, Plan, api_settings, running
from tests.support.slow import SLOW
from tests.support.spaces import eventually
from tests.support.state import stored_bytes

# A model and a token of each provider with tasks, and its stand-in.
WITH_IDS: Mapping[str, tuple[str, str]] = {
    "bfl": ("bfl/flux-2-pro", "bfl:good-key-of-bfl"),
    "modelscope": ("ms/z-image-turbo", "ms:good-key-of-ms"),
    "qwen": ("qwen/qwen-image", "qwen:good-key-of-qwen"),
}
SPACE, SPACE_TOKEN = "flux-1-schnell", "hf:hf_good-key"
KILLS = 3
POLLS = 18  # until a task is done, by waits that grow: longer than a Worker lives here
WAIT_S = 120.0


@dataclass
class Series:
    """The tasks of all rounds, by their prompts, and the stand-ins that saw them."""

    plan: Plan
    places: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    async def submit(self, url: str, number: int) -> None:
        """One task for each provider, and one for a Space."""
        wanted = {f"{name} {number}": pair for name, pair in WITH_IDS.items()}
        wanted[f"space {number}"] = (SPACE, SPACE_TOKEN)
        async with httpx.AsyncClient(timeout=60) as client:
            for key, (model, token) in wanted.items():
                body = {"model": model, "prompt": f"{key} [[steps:{POLLS}]]", "async": True}
                headers = {"authorization": f"Bearer {token}"}
                reply = await client.post(
                    f"{url}/v1/images/generations", json=body, headers=headers
                )
                assert reply.status_code == 202, reply.text
                self.places[key], self.tokens[key] = reply.headers["location"], token

    def reported(self, url: str) -> dict[str, Any]:
        with httpx.Client(timeout=60) as client:
            return {key: client.get(f"{url}{at}").json() for key, at in self.places.items()}

    def begun(self) -> Counter[str]:
        """How often each upstream was asked to begin each task."""
        seen: Counter[str] = Counter()
        for url in (self.plan.spaces_url, *(self.plan.api_urls[name] for name in WITH_IDS)):
            for entry in httpx.get(f"{url}/_log", timeout=30).json():
                is_join = url != self.plan.spaces_url or entry["path"].endswith("/queue/join")
                found = re.search(r"(\w+ \d+) \[\[steps:", json.dumps(entry.get("body")))
                if entry["method"] == "POST" and is_join and found:
                    seen[found[1]] += 1
        return seen

    def has_begun(self, count: int) -> bool:
        return len(self.begun()) == count

    def is_polled_after(self, before: Counter[str]) -> bool:
        """Whether every stand-in was asked after its tasks since then."""
        return all(count > before[name] for name, count in self.polls().items())

    def polls(self) -> Counter[str]:
        """How often each stand-in was asked after its tasks."""
        return Counter(
            {
                name: sum(
                    entry["method"] == "GET"
                    for entry in httpx.get(f"{self.plan.api_urls[name]}/_log", timeout=30).json()
                )
                for name in WITH_IDS
            }
        )


@SLOW
def test_tasks_survive_a_series_of_kills_of_workerd(tmp_path: Path) -> None:
    plan = Plan(
        port=free_port(),
        upstream_port=free_ports(15),
        state=tmp_path / "state",
        logs=tmp_path / "logs-0",
        spaces=("--step-seconds", "1"),
        apis=("--step-seconds", "0.02"),
    )
    series = Series(plan)
    settings = {
        "HUGGINGFACE_SPACE_URL": f"{plan.spaces_url}/spaces/{{subdomain}}",
        **api_settings(plan.api_urls),
        **LOCAL_SETTINGS,
    }
    with ExitStack() as stack:
        *_, worker = stack.enter_context(running(plan))
        again = plan
        for number in range(KILLS):
            asyncio.run(series.submit(again.url, number))
            count = (number + 1) * (len(WITH_IDS) + 1)
            eventually(partial(series.has_begun, count), WAIT_S)
            before = series.polls()
            eventually(partial(series.is_polled_after, before), 60)
            worker.kill()
            again = replace(
                plan,
                port=free_port(),
                upstream_port=None,
                vars=settings,
                logs=tmp_path / f"logs-{number + 1}",
            )
            *_, worker = stack.enter_context(running(again))

        def ends() -> dict[str, Any] | None:
            reported = series.reported(again.url)
            over = all(task["status"] in ("completed", "failed") for task in reported.values())
            return reported if over else None

        ended: dict[str, Any] = eventually(ends, WAIT_S)
        begun = series.begun()

    assert len(ended) == KILLS * (len(WITH_IDS) + 1)
    assert set(begun.values()) == {1}, begun
    with_ids = {key: task for key, task in ended.items() if not key.startswith("space")}
    assert {task["status"] for task in with_ids.values()} == {"completed"}, with_ids
    assert all(task["result"]["data"][0]["url"] for task in with_ids.values())
    for key, task in ended.items():
        if key.startswith("space"):  # Gradio drops what nobody's stream waits for
            assert task["error"]["code"] == "generation_lost", task
            assert "Gradio drops a job's result" in task["error"]["message"]
    lines = (tmp_path / f"logs-{KILLS}" / "worker.log").read_text("utf-8")
    assert '"resumed": true' in lines
    kept = stored_bytes(tmp_path / "state")
    for _, token in WITH_IDS.values():
        secret = token.partition(":")[2]
        assert secret.encode() not in kept, "credentials are sealed"
        assert secret not in lines
