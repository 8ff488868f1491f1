"""`make deploy`, with a wrangler that keeps an account in a file."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pydantic.main
import pytest

from local.deploy import bundle
from local.deploy.first_picture import Visitor
from local.deploy.products import PRODUCTS, refused, without
from local.deploy.run import Deployment
from local.deploy.slim import slim
from local.deploy.wrangler import Answer, DeploymentFailed, Wrangler, run_wrangler
from tests.support.wrangler import URL, Call, FakeAccount, answer

ROOT = Path(__file__).parents[2]
HEALTH = {"status": "ok", "bindings": {"DB": True, "MEDIA": True, "IMAGES": False}}
Handler = Callable[[httpx.Request], httpx.Response]


def serves(request: httpx.Request) -> httpx.Response:
    if request.url.path == "/health":
        return httpx.Response(200, json=HEALTH)
    return httpx.Response(200, headers={"x-darkroom-provider": "huggingface"}, json={"data": []})


@dataclass
class Checkout:
    """A small checkout beside an account, and what was said while it was deployed."""

    root: Path
    account: FakeAccount
    said: list[str] = field(default_factory=list)

    def wrangler(self, arguments: Sequence[str], *, stdin: str = "") -> Answer:
        """The account's wrangler in this process."""
        said = answer(self.account.folder, Call(list(arguments), stdin))
        words = f"{said.output}\n{said.error}".strip()
        return Answer(said.code, said.output, words, (URL,) if said.record else ())

    def deploy(
        self,
        handler: Handler = serves,
        env: Mapping[str, str] | None = None,
        wrangler: Wrangler | None = None,
    ) -> None:
        self.said.clear()
        ticks = count(step=10)
        with httpx.Client(transport=httpx.MockTransport(handler), trust_env=False) as client:
            Deployment(
                wrangler or self.wrangler,
                Visitor(client, pause=lambda _: None, clock=lambda: float(next(ticks))),
                bundle.production_config(self.root),
                bundle.make(self.root, partial(shutil.copytree, self.root / "public")),
                env or {},
                self.said.append,
            ).run()

    @property
    def words(self) -> str:
        return "\n".join(self.said)

    def changes(self) -> list[str]:
        """The commands that were run and may change something."""
        asking = {"whoami", "list", "status", "view"}
        return [" ".join(call[:3]) for call in self.account.calls() if not asking & set(call[:3])]

    def bound(self) -> dict[str, Any]:
        """The configuration of the version that serves."""
        config: dict[str, Any] = self.account.read()["versions"][-1]["config"]
        return config


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    root = tmp_path / "checkout"
    for name in ("src/entry.py", "python_modules/pydantic/main.py", "public/index.html"):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text("# what only people read\n")
    (root / "wrangler.toml").write_text((ROOT / "wrangler.toml").read_text("utf-8"))
    account = FakeAccount.open(tmp_path / "account")
    monkeypatch.setenv("PATH", account.path)
    return Checkout(root, account)


def lacking(checkout: Checkout, *keys: str) -> None:
    checkout.account.write({**checkout.account.read(), "lacks": list(keys)})


def test_a_fresh_account_gets_everything_and_a_picture_is_painted(checkout: Checkout) -> None:
    checkout.deploy(wrangler=run_wrangler)
    state = checkout.account.read()
    assert state["buckets"] == ["darkroom-media"]
    assert state["databases"] == ["darkroom"]
    assert state["tables"]
    assert state["secrets"] == ["TASK_SECRET"]
    assert state["secret_chars"] >= 32
    assert [change.split()[0] for change in checkout.changes()] == ["secret", "deploy", "d1"]
    assert "It has DB, MEDIA." in checkout.said
    assert "painted by huggingface in" in checkout.words
    assert checkout.said[-1] == f"Darkroom is at {URL}"


def test_a_second_run_changes_nothing(checkout: Checkout) -> None:
    checkout.deploy()
    before = checkout.account.read()
    checkout.account.forget_calls()
    checkout.deploy()
    assert checkout.account.read() == before
    assert checkout.changes() == ["d1 migrations apply"]  # wrangler finds none to apply
    assert "The secret TASK_SECRET is there." in checkout.said
    assert "The version that serves is this one." in checkout.said
    assert checkout.said[-1] == f"Darkroom is at {URL}"


def test_a_changed_page_is_deployed_after_the_tables_and_keeps_the_secret(
    checkout: Checkout,
) -> None:
    checkout.deploy()
    checkout.account.forget_calls()
    (checkout.root / "public/index.html").write_text("<p>another page</p>")
    checkout.deploy()
    assert [change.split()[0] for change in checkout.changes()] == ["d1", "deploy"]
    assert checkout.account.read()["secrets"] == ["TASK_SECRET"]


@pytest.mark.parametrize(
    ("key", "binding", "words"),
    [
        ("r2_buckets", "MEDIA", "This account has no R2: pictures are handed over as"),
        ("images", "IMAGES", "This account has no Images: pictures stay in the format"),
    ],
)
def test_an_account_that_lacks_something_is_deployed_without_it_and_gets_it_later(
    checkout: Checkout, key: str, binding: str, words: str
) -> None:
    lacking(checkout, key)
    checkout.deploy()
    assert words in checkout.words
    assert "type make deploy again" in checkout.words
    assert binding not in json.dumps(checkout.bound())
    assert "The first picture was painted" in checkout.words
    versions = len(checkout.account.read()["versions"])

    checkout.deploy()
    assert "The version that serves is this one." in checkout.said
    assert len(checkout.account.read()["versions"]) == versions

    lacking(checkout)
    checkout.deploy()
    assert binding in json.dumps(checkout.bound())
    assert "has no" not in checkout.words


def test_an_account_that_lacks_several_things_is_deployed_without_all_of_them(
    checkout: Checkout,
) -> None:
    settings = checkout.root / "wrangler.toml"
    engine = '[[analytics_engine_datasets]]\nbinding = "ANALYTICS"\ndataset = "darkroom"\n'
    settings.write_text(f"{settings.read_text()}\n{engine}")
    lacking(checkout, "r2_buckets", "images", "analytics_engine_datasets")
    checkout.deploy()
    for name in ("R2", "Images", "Analytics Engine"):
        assert f"This account has no {name}:" in checkout.words
    assert not {"r2_buckets", "images", "analytics_engine_datasets"} & set(checkout.bound())
    assert checkout.account.read()["secrets"] == ["TASK_SECRET"]


def test_whoever_is_not_logged_in_is_told_what_to_type(checkout: Checkout) -> None:
    checkout.account.write({**checkout.account.read(), "logged_in": False})
    with pytest.raises(DeploymentFailed, match="Type npx wrangler login"):
        checkout.deploy(wrangler=run_wrangler)
    assert checkout.account.calls() == [["whoami", "--json"]]


def test_of_several_accounts_one_must_be_named(checkout: Checkout) -> None:
    accounts = [{"id": "0123", "name": "Mine"}, {"id": "89ab", "name": "My employer's"}]
    checkout.account.write({**checkout.account.read(), "accounts": accounts})
    with pytest.raises(DeploymentFailed, match=r"89ab  My employer's\n.*CLOUDFLARE_ACCOUNT_ID="):
        checkout.deploy()
    assert checkout.account.calls() == [["whoami", "--json"]]
    checkout.deploy(env={"CLOUDFLARE_ACCOUNT_ID": "89ab"})
    assert checkout.said[0] == "Deploying darkroom to My employer's."


@pytest.mark.parametrize(
    ("command", "words", "told"),
    [
        (
            "deploy",
            "Script startup exceeded CPU time limit. [code: 10021]",
            "exceeded CPU time limit",
        ),
        (
            "deploy",
            "register a workers.dev subdomain here",
            "choose one, and type make deploy again",
        ),
        ("d1 migrations apply", "near SELEC: syntax error", "make deploy goes on from there"),
        ("secret put", "Authentication error [code: 10000]", "secret put TASK_SECRET"),
        ("d1 list", "Authentication error [code: 10000]", "nothing was deployed"),
        ("r2 bucket list", "Authentication error [code: 10000]", "nothing was deployed"),
    ],
)
def test_what_fails_is_told_in_wranglers_words_and_a_later_run_goes_on(
    checkout: Checkout, command: str, words: str, told: str
) -> None:
    checkout.account.write({**checkout.account.read(), "fails": {command: words}})
    with pytest.raises(DeploymentFailed) as failure:
        checkout.deploy()
    assert told in str(failure.value)
    assert words in str(failure.value)
    checkout.account.write({**checkout.account.read(), "fails": {}})
    checkout.deploy()
    assert checkout.account.read()["secrets"] == ["TASK_SECRET"]
    assert checkout.account.read()["tables"]
    assert checkout.said[-1] == f"Darkroom is at {URL}"


def test_a_secret_that_is_there_is_kept(checkout: Checkout) -> None:
    versions: list[dict[str, Any]] = [{"config": {}, "tag": None}]
    state = checkout.account.read()
    checkout.account.write(
        {**state, "exists": True, "secrets": ["TASK_SECRET"], "versions": versions}
    )
    checkout.deploy()
    assert "secret put TASK_SECRET" not in checkout.changes()


def test_the_secret_is_in_no_argument_and_in_no_line(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.token_urlsafe", lambda size: "s3cret" * (size // 6))
    checkout.deploy()
    assert checkout.account.read()["secret_chars"] == 48
    assert "s3cret" not in json.dumps(checkout.account.calls()) + checkout.words
    assert "s3cret" not in json.dumps(checkout.account.read())


def test_a_deployment_that_is_not_well_is_told(checkout: Checkout) -> None:
    with pytest.raises(
        DeploymentFailed, match=r"/health does not answer as it should: status 500.*wrangler tail"
    ):
        checkout.deploy(lambda _: httpx.Response(500))


def test_an_address_that_is_not_known_yet_is_asked_again(checkout: Checkout) -> None:
    asked = count()

    def serves_late(request: httpx.Request) -> httpx.Response:
        if next(asked) < 3:
            raise httpx.ConnectError("Name or service not known")
        return serves(request)

    checkout.deploy(serves_late)
    assert checkout.said[-1] == f"Darkroom is at {URL}"


def test_a_picture_that_does_not_come_is_told_in_the_gateways_words(checkout: Checkout) -> None:
    def serves_no_picture(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/health":
            return serves(request)
        return httpx.Response(429, json={"error": {"message": "All free quota is used up"}})

    with pytest.raises(
        DeploymentFailed, match=r"serves at .* did not come: All free quota is used up"
    ):
        checkout.deploy(serves_no_picture)


def test_wranglers_colours_are_left_out(checkout: Checkout) -> None:
    said = run_wrangler(["secret", "list"])
    assert not said.ok
    assert said.words == "✘ ERROR This Worker does not exist on your account. [code: 10007]"


def test_a_machine_without_wrangler_is_told_what_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeploymentFailed, match="Type make deploy, which installs it"):
        run_wrangler(["whoami"])


def test_a_dry_run_shows_every_step_and_needs_no_login(checkout: Checkout) -> None:
    checkout.account.write({**checkout.account.read(), "logged_in": False})
    done = subprocess.run(
        [sys.executable, "-m", "local.deploy", "--dry-run"],
        cwd=checkout.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for command in (
        "wrangler whoami",
        "wrangler secret put TASK_SECRET --config build/deploy/wrangler.json < a new secret",
        "wrangler deploy --config build/deploy/wrangler.json --tag ",
        "wrangler d1 migrations apply DB --remote",
        "GET /health",
        "POST /v1/images/generations",
        "Nothing was done. Total Upload: ",
    ):
        assert command in done.stdout
    (call,) = checkout.account.calls()
    assert call[-1] == "--dry-run"


def test_without_packages_nothing_is_deployed(tmp_path: Path) -> None:
    with pytest.raises(DeploymentFailed, match="Type make deploy, which installs them"):
        bundle.make(tmp_path)


def test_every_binding_of_the_worker_can_be_left_out() -> None:
    config = bundle.production_config(ROOT)
    plain = {
        "name",
        "main",
        "compatibility_date",
        "compatibility_flags",
        "rules",
        "assets",
        "observability",
        "keep_vars",
    }
    assert set(without(config, PRODUCTS)) == plain


def test_a_refusal_is_known_by_the_name_of_a_binding() -> None:
    config = bundle.production_config(ROOT)
    product = refused(
        "binding DB of type d1 must have a valid `id` specified [code: 10021]", config
    )
    assert product is not None
    assert product.name == "D1"
    assert refused("binding BUDGET of type durable_object_namespace is invalid", config) != product
    assert refused("Uncaught SyntaxError: enable nothing", config) is None


def bound_names() -> set[str]:
    """The bindings of `wrangler.toml`."""
    config = bundle.production_config(ROOT)
    text = json.dumps({key: value for key, value in config.items() if key != "migrations"})
    return set(re.findall(r'"(?:binding|name)": "([A-Z_]+)"', text))


def test_every_binding_is_described_to_who_deploys() -> None:
    described = json.loads((ROOT / "package.json").read_text("utf-8"))["cloudflare"]["bindings"]
    table = (ROOT / "README.md").read_text("utf-8").partition("| binding | what it buys |")[2]
    assert len(bound_names()) >= 10
    assert bound_names() - described.keys() == set()
    assert bound_names() - set(re.findall("`([A-Z_]+)`", table)) == set()


def test_secrets_that_the_button_asks_for_have_no_value_to_be_deployed_by_mistake() -> None:
    described = json.loads((ROOT / "package.json").read_text("utf-8"))["cloudflare"]["bindings"]
    lines = (ROOT / ".dev.vars.example").read_text("utf-8").splitlines()
    secrets = [line for line in lines if line and not line.startswith("#")]
    assert secrets == ["TASK_SECRET="]
    assert described.keys() - bound_names() == {"TASK_SECRET"}


CODE = b'''"""Says what it is."""
import os  # for people


class Thing:
    """Is a thing.

    And more.
    """

    # a comment
    text = "# not a comment"

    def work(self):
        """Works."""
'''


def test_slim_code_does_the_same_on_the_same_lines() -> None:
    slimmed = slim(CODE)
    assert b"for people" not in slimmed
    assert b"Is a thing" not in slimmed
    assert slimmed.count(b"\n") == CODE.count(b"\n")
    names: dict[str, Any] = {}
    exec(compile(slimmed, "slim", "exec"), names)
    thing = names["Thing"]
    assert thing.text == "# not a comment"
    assert thing().work() is None
    assert thing.work.__code__.co_firstlineno == 14


def without_docstrings(source: bytes) -> ast.Module:
    """The tree of some code, with a dash for each docstring."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        match node:
            case (
                ast.Module(body=[ast.Expr(value=ast.Constant(value=str()) as text), *_])
                | ast.ClassDef(body=[ast.Expr(value=ast.Constant(value=str()) as text), *_])
                | ast.FunctionDef(body=[ast.Expr(value=ast.Constant(value=str()) as text), *_])
                | ast.AsyncFunctionDef(body=[ast.Expr(value=ast.Constant(value=str()) as text), *_])
            ):
                text.value = "-"
    return tree


CARRIED = [*sorted((ROOT / "src/darkroom/engine").glob("*.py")), Path(pydantic.main.__file__)]


@pytest.mark.parametrize("path", CARRIED, ids=lambda path: path.name)
def test_the_workers_code_is_slimmed_to_the_same_tree_on_the_same_lines(path: Path) -> None:
    source = path.read_bytes()
    slimmed, wanted = ast.parse(slim(source)), without_docstrings(source)
    assert ast.dump(slimmed) == ast.dump(wanted)
    lines = [
        [node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt)]
        for tree in (slimmed, wanted)
    ]
    assert lines[0] == lines[1]
    assert len(slim(source)) < len(source)


def test_code_of_a_later_python_stays_as_it_is() -> None:
    assert slim(b"def later(: # not yet\n") == b"def later(: # not yet\n"
