"""The whole of Darkroom on one machine: the stand-in upstreams and the Worker in workerd."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from local.migrations import migrate
from local.processes import Process, StartFailed, answers, is_free

START_LIMIT_S = 120.0
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan of a stack: `vars` are the Worker's settings, `assets` the page's files."""

    port: int
    upstream_port: int | None
    state: Path
    logs: Path
    gradio: str = "gradio6"
    spaces: tuple[str, ...] = ()
    apis: tuple[str, ...] = ()
    vars: Mapping[str, str] = field(default_factory=dict)
    assets: Path = Path("public")

    @property
    def url(self) -> str:
        """Where the Worker answers."""
        return f"http://{HOST}:{self.port}"

    @property
    def spaces_url(self) -> str:
        """Where the stand-in Spaces answer."""
        return f"http://{HOST}:{self.upstream_port}"

    @property
    def api_urls(self) -> Mapping[str, str]:
        """Where the stand-ins of the APIs answer, above the Spaces."""
        assert self.upstream_port is not None
        return api_urls(self.upstream_port + 1)


# Where each stand-in of an API answers the requests of its provider, by the Worker's settings.
API_SETTINGS: Mapping[str, Mapping[str, str]] = {
    "gitee": {"GITEE_URL": "/v1"},
    "modelscope": {"MODELSCOPE_URL": "/v1"},
    "a4f": {"A4F_URL": "/v1"},
    "siliconflow": {"SILICONFLOW_URL": "/v1"},
    "openai": {"OPENAI_URL": "/v1"},
    "bfl": {"BFL_URL": ""},
    "gemini": {"GEMINI_URL": ""},
    "qwen": {"QWEN_URL": ""},
    "a1111": {"A1111_URL": ""},
    "studio": {"STUDIO_URL": ""},
    "pollinations": {
        "POLLINATIONS_URL": "",
        "POLLINATIONS_TEXT_URL": "",
        "POLLINATIONS_IMAGE_URL": "",
    },
    "hf_inference": {"HF_INFERENCE_URL": "", "HUGGINGFACE_HUB_URL": ""},
    "deepseek": {"DEEPSEEK_URL": "/v1"},
    "hidden_states": {"HIDDEN_STATES_URL": ""},
    # The stand-in of the binding (local/ai.js) forwards to the same place.
    "cloudflare": {"CLOUDFLARE_URL": "/client/v4", "AI_STAND_IN_URL": "/client/v4"},
}
# Nothing is limited where one machine sends all requests.
UNLIMITED: Mapping[str, str] = {
    f"{total}{name}": "0"
    for total in ("", "TOTAL_")
    for name in (
        "REQUESTS_PER_MINUTE",
        "JOBS_AT_WORK",
        "TASKS_WAITING",
        "IMAGES_PER_DAY",
        "KEPT_BYTES",
        "KEPT_OBJECTS",
    )
} | {"CALLERS_PER_ADDRESS": "0", "TOTAL_CALLERS": "0"}
# What makes them pleasant to work with: their tasks are done soon, the operator's servers are open,
# there is something to seal and to sign with, and somebody without a token looks at pictures.
LOCAL_SETTINGS: Mapping[str, str] = {
    "POLL_DELAYS_S": "0.2,0.3",
    "PUBLIC_PROVIDERS": "a1111,studio,hidden-states",
    "REWRITER_MODELS": '{"qwen3-vl": "pollinations/openai"}',
    "TASK_SECRET": "for this machine alone, and for nobody's credentials",
    "SHARING": "true",
    "WEBHOOK_SECRET": "whsec_bm90IGEgc2VjcmV0LCBidXQgb2YgdGhlIHJpZ2h0IHNpemU=",
}


def api_urls(first_port: int) -> Mapping[str, str]:
    """Where each stand-in of an API listens."""
    return {name: f"http://{HOST}:{first_port + index}" for index, name in enumerate(API_SETTINGS)}


def api_settings(urls: Mapping[str, str]) -> Mapping[str, str]:
    """The settings that lead a Worker to the stand-ins."""
    return {
        variable: urls[name] + path
        for name, variables in API_SETTINGS.items()
        for variable, path in variables.items()
    }


@contextmanager
def running(plan: Plan) -> Iterator[tuple[Process, ...]]:
    """Start everything, yield it once all of it is ready, and stop it afterwards.

    Raises `StartFailed` when a port is taken or a part does not come up.
    """
    with ExitStack() as stack:
        processes = []
        settings = dict(plan.vars)
        if plan.upstream_port is not None:
            processes.append(start_spaces(plan))
            stack.callback(processes[-1].stop)
            processes.append(start_apis(plan.upstream_port + 1, plan.logs, plan.apis))
            stack.callback(processes[-1].stop)
            settings = {
                "HUGGINGFACE_SPACE_URL": f"{plan.spaces_url}/spaces/{{subdomain}}",
                **api_settings(plan.api_urls),
                **LOCAL_SETTINGS,
                **settings,
            }
        worker = start_worker(plan, settings)
        stack.callback(worker.stop)
        processes.append(worker)
        if plan.upstream_port is not None:
            for process, url in zip(
                processes, (plan.spaces_url, plan.api_urls["gitee"]), strict=False
            ):
                process.wait_until(lambda url=url: answers(f"{url}/_health"), START_LIMIT_S)  # type: ignore[misc]
        worker.wait_until(lambda: answers(f"{plan.url}/health"), START_LIMIT_S)
        yield tuple(processes)


def start_spaces(plan: Plan) -> Process:
    """Start the stand-in Spaces on real Gradio."""
    assert plan.upstream_port is not None
    _demand(plan.upstream_port, "UPSTREAM_PORT")
    python = str(Path(f".venv-{plan.gradio}/bin/python"))
    command = [python, "-m", "local.upstreams.spaces", "--port", str(plan.upstream_port)]
    return Process("the stand-in Spaces", [*command, *plan.spaces], plan.logs / "spaces.log")


def start_apis(first_port: int, logs: Path, options: tuple[str, ...] = ()) -> Process:
    """Start the stand-ins of all APIs, each on a port of its own from the first one upwards."""
    for url in api_urls(first_port).values():
        _demand(int(url.rpartition(":")[2]), "UPSTREAM_PORT")
    command = [sys.executable, "-m", "local.upstreams.apis", "--port", str(first_port), *options]
    return Process("the stand-in APIs", command, logs / "apis.log")


def start_worker(plan: Plan, settings: Mapping[str, str]) -> Process:
    """Start the Worker under `wrangler dev`, with the tables of its database."""
    _demand(plan.port, "PORT")
    migrate(plan.state, wrangler_environment())
    command = ["wrangler", "dev", "--env", "local", "--ip", HOST, "--port", str(plan.port)]
    command += ["--inspector-port", "0", "--persist-to", str(plan.state)]
    command += ["--assets", str(plan.assets)]
    command += ["--show-interactive-dev-session=false"]
    for name, value in {**UNLIMITED, **settings}.items():
        command += ["--var", f"{name}:{value}"]
    return Process("wrangler", command, plan.logs / "worker.log", wrangler_environment())


def wrangler_environment() -> Mapping[str, str]:
    """What keeps `wrangler dev` offline, and lets it find Python."""
    return {
        "WRANGLER_SEND_METRICS": "false",
        "CLOUDFLARE_CF_FETCH_ENABLED": "false",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


def _demand(port: int, name: str) -> None:
    if not is_free(port):
        raise StartFailed(f"Port {port} is taken; choose another with {name}=.")
