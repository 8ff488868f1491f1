"""Every command of the README is run as it is written, addresses aside."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from darkroom.app import ENDPOINTS
from darkroom.settings import Settings
from tests.e2e.stack import Stack

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
ADDRESS = "http://127.0.0.1:8787"
# Run by test_commands.py and by whoever runs this; the others need an account at Cloudflare.
RUN_ELSEWHERE = {
    "make dev",
    "make test",
    "git clone https://github.com/you/darkroom && cd darkroom",  # the reader's own copy
    "make deploy",  # test_commands.py shows its steps, unit/test_deploy.py does them
    "claude mcp add --transport http darkroom http://127.0.0.1:8787/mcp",  # an agent of the reader's
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


CURLS = [block for block in blocks("sh") if block.startswith("curl")]


def test_no_command_of_the_readme_goes_untried() -> None:
    others = [line for block in blocks("sh") if block not in CURLS for line in block.splitlines()]
    assert set(others) == RUN_ELSEWHERE
    assert len(CURLS) >= 4


@pytest.mark.parametrize("block", CURLS)
def test_a_curl_example_answers(block: str, stack: Stack, tmp_path: Path) -> None:
    Image.new("RGB", (512, 384), "teal").save(tmp_path / "photo.png")  # the reader's own
    script = block.replace(ADDRESS, stack.url).replace("curl ", "curl -sS --fail-with-body ", 1)
    result = subprocess.run(
        ["sh", "-ec", script], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert (
        '"url"' in result.stdout
        or "image_generation.completed" in result.stdout
        or "task.completed" in result.stdout
        or '"object"' in result.stdout
    )


@pytest.mark.parametrize("block", blocks("python"))
def test_a_python_example_runs(block: str, stack: Stack) -> None:
    script = block.replace(ADDRESS, stack.url)
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "bytes of" in result.stdout


def test_every_route_is_described() -> None:
    described = (ROOT / "docs/api.md").read_text("utf-8")
    for endpoint in ENDPOINTS:
        for method in endpoint.routes:
            assert f"`{method} {endpoint.path}" in described


def test_every_setting_is_described_with_its_default() -> None:
    described = (ROOT / "docs/operations.md").read_text("utf-8")
    settings = Settings()
    groups = (settings, settings.limits, settings.lifetimes, settings.ai)
    defaults = {
        name: getattr(group, name) for group in groups for name in group.__dataclass_fields__
    }
    for name in defaults.keys() - {"named_keys", "limits", "lifetimes", "ai"}:  # of other variables
        name = "<PROVIDER>_TOKENS" if name == "tokens" else name.upper()  # noqa: PLW2901
        row = re.search(rf"^\| `{name}` \| (.*?) \|", described, re.MULTILINE)
        assert row, name
        default = defaults.get(name.lower())
        if default not in (None, {}):
            written = f"{default:g}" if isinstance(default, float) else str(default)
            if isinstance(default, tuple):
                written = ",".join(f"{entry:g}" for entry in default)
            assert written.lower() in row[1].lower()


def test_every_link_between_documents_leads_somewhere() -> None:
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text("utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
