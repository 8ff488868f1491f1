"""`python -m local.upstreams.hostile --port 9350`"""

import argparse

from ..apis.serving import run_servers
from .api import build_api
from .forbidden import build_forbidden
from .space import build_space
from .table import describe

DEFAULT_PORT = 9350
HOST = "127.0.0.1"
# Where a Worker asks the hostile API instead of each provider.
API_SETTINGS = {
    "GITEE_URL": "/v1",
    "MODELSCOPE_URL": "/v1",
    "SILICONFLOW_URL": "/v1",
    "OPENAI_URL": "/v1",
    "A4F_URL": "/v1",
    "DEEPSEEK_URL": "/v1",
    "BFL_URL": "",
    "QWEN_URL": "",
    "GEMINI_URL": "",
    "A1111_URL": "",
    "STUDIO_URL": "",
    "HF_INFERENCE_URL": "",
    "POLLINATIONS_URL": "",
    "POLLINATIONS_TEXT_URL": "",
    "POLLINATIONS_IMAGE_URL": "",
}


def main() -> None:
    """Serve until told to stop."""
    options = parse_options()
    space, api = options.port, options.port + 1
    forbidden = options.forbidden_port or options.port + 2
    print("A Worker is led here by these settings:")
    for name, value in settings(f"http://{HOST}:{space}", f"http://{HOST}:{api}").items():
        print(f"    {name}={value}")
    where = f"{HOST}:{forbidden}"
    apps = {
        "space": build_space(where),
        "api": build_api(where),
        "forbidden": build_forbidden(),
    }
    run_servers(apps, HOST, (space, api, forbidden))


def settings(space_url: str, api_url: str) -> dict[str, str]:
    """The settings that lead a Worker to the hostile servers.

    The Spaces have no path of their own: what follows a host at once may become a part of it.
    """
    apis = {name: f"{api_url}{path}" for name, path in API_SETTINGS.items()}
    return {"HUGGINGFACE_SPACE_URL": space_url, **apis}


def parse_options() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m local.upstreams.hostile",
        description=describe(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="of the Space; the API has the next"
    )
    parser.add_argument(
        "--forbidden-port",
        type=int,
        help="of the host that must never be asked; the one behind the API's by default",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
