"""A `wrangler` for the PATH that keeps an account in a file, and speaks as the real one does.

Its words are those of wrangler 4.164 and of Cloudflare's API. What the account is like stands in
the file: `account.json` beside a log of the calls, in which no standard input is written but its
length.
"""

import json
import os
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

URL = "https://darkroom.example.workers.dev"
FRESH: dict[str, Any] = {
    "logged_in": True,
    "accounts": [{"id": "0123", "name": "A stranger's account"}],
    "lacks": [],
    "fails": {},
    "exists": False,
    "buckets": [],
    "databases": [],
    "secrets": [],
    "tables": [],
    "versions": [],
}
REFUSALS = {
    "r2_buckets": "Please enable R2 through the Cloudflare Dashboard. [code: 10042]",
    "images": "binding IMAGES of type images is invalid [code: 10021]",
    "analytics_engine_datasets": "You need to enable Analytics Engine. [code: 10089]",
}
NO_WORKER = "This Worker does not exist on your account. [code: 10007]"


@dataclass(frozen=True, slots=True)
class FakeAccount:
    """An account in a folder, and the program that speaks for it."""

    folder: Path

    @classmethod
    def open(cls, folder: Path, **traits: object) -> "FakeAccount":
        """A fresh account, different in `traits`, with its `wrangler` in `folder/bin`."""
        account = cls(folder)
        program = folder / "bin" / "wrangler"
        program.parent.mkdir(parents=True)
        program.write_text(
            f'#!/bin/sh\nexec "{sys.executable}" -I -S "{__file__}" "{folder}" "$@"\n'
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        account.write({**FRESH, **traits})
        return account

    @property
    def path(self) -> str:
        """A PATH on which its wrangler comes first."""
        return f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"

    def read(self) -> dict[str, Any]:
        """What the account has."""
        state: dict[str, Any] = json.loads((self.folder / "account.json").read_text("utf-8"))
        return state

    def write(self, state: dict[str, Any]) -> None:
        """Change it."""
        (self.folder / "account.json").write_text(json.dumps(state), "utf-8")

    def calls(self) -> list[list[str]]:
        """The arguments of each call so far."""
        log = self.folder / "calls"
        return [json.loads(line) for line in log.read_text("utf-8").splitlines()]

    def forget_calls(self) -> None:
        """Empty the log."""
        (self.folder / "calls").write_text("")


class Refused(Exception):
    """What wrangler prints as an error."""


@dataclass(frozen=True, slots=True)
class Call:
    """What wrangler is called with."""

    arguments: list[str]
    stdin: str

    @property
    def config(self) -> dict[str, Any]:
        path = Path(self.arguments[self.arguments.index("--config") + 1])
        config: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return config


@dataclass(frozen=True, slots=True)
class Said:
    """What a call wrote, and its exit status. `record` is what it deployed."""

    code: int
    output: str = ""
    error: str = ""
    record: str = ""


def answer(folder: Path, call: Call) -> Said:
    """One call of wrangler."""
    account = FakeAccount(folder)
    with (folder / "calls").open("a") as log:
        log.write(json.dumps(call.arguments) + "\n")
    state = account.read()
    name = next(key for key in COMMANDS if tuple(call.arguments[: len(key)]) == key)
    offline = name == ("whoami",) or "--dry-run" in call.arguments
    try:
        if not state["logged_in"] and not offline:
            raise Refused("In a non-interactive environment, set CLOUDFLARE_API_TOKEN")  # noqa: TRY301
        if words := state["fails"].get(" ".join(name)):
            raise Refused(words)  # noqa: TRY301
        said = COMMANDS[name](state, call)
    except Refused as refusal:
        return Said(1, error=f"\x1b[31m✘ \x1b[41;97mERROR\x1b[0m {refusal}")
    finally:
        account.write(state)
    return said if isinstance(said, Said) else Said(0, said)


def _whoami(state: dict[str, Any], _: Call) -> str | Said:
    if not state["logged_in"]:
        return Said(1, '{"loggedIn":false}')
    return json.dumps({"loggedIn": True, "email": "a@b.c", "accounts": state["accounts"]})


def _list_buckets(state: dict[str, Any], _: Call) -> str:
    if "r2_buckets" in state["lacks"]:
        raise Refused(REFUSALS["r2_buckets"])
    return "\n".join(f"name: {name}" for name in state["buckets"])


def _list_databases(state: dict[str, Any], _: Call) -> str:
    return json.dumps([{"uuid": "4567", "name": name} for name in state["databases"]])


def _list_secrets(state: dict[str, Any], _: Call) -> str:
    if not state["exists"]:
        raise Refused(NO_WORKER)
    return json.dumps([{"name": name, "type": "secret_text"} for name in state["secrets"]])


def _put_secret(state: dict[str, Any], call: Call) -> str:
    length = len(call.stdin.strip())
    state["exists"] = True
    state["secrets"].append(call.arguments[2])
    state["secret_chars"] = length
    state["versions"].append({"config": {}, "tag": None})
    return f"✨ Success! Uploaded secret {call.arguments[2]}"


def _status(state: dict[str, Any], _: Call) -> str:
    if not state["exists"]:
        raise Refused(NO_WORKER)
    version = {"version_id": str(len(state["versions"]) - 1), "percentage": 100}
    return json.dumps({"id": "8", "versions": [version]})


def _view(state: dict[str, Any], call: Call) -> str:
    tag = state["versions"][int(call.arguments[2])]["tag"]
    return json.dumps({"id": call.arguments[2], "annotations": {"workers/tag": tag} if tag else {}})


def _migrate(state: dict[str, Any], call: Call) -> str:
    (database,) = call.config["d1_databases"]
    if database["database_name"] not in state["databases"]:
        raise Refused(f"Couldn't find a D1 DB named '{database['database_name']}'")
    if state["tables"]:
        return "✅ No migrations to apply!"
    state["tables"] = ["0001_history.sql"]
    return "0001_history.sql ✅"


def _deploy(state: dict[str, Any], call: Call) -> str | Said:
    config = call.config
    if "--dry-run" in call.arguments:
        return "Total Upload: 1.00 KiB / gzip: 0.50 KiB\n--dry-run: exiting now."
    for key in state["lacks"]:
        if key in config:
            raise Refused(REFUSALS[key])
    for bucket in config.get("r2_buckets", []):
        state["buckets"] = sorted({*state["buckets"], bucket["bucket_name"]})
    for database in config.get("d1_databases", []):
        state["databases"] = sorted({*state["databases"], database["database_name"]})
    state["exists"] = True
    tag = call.arguments[call.arguments.index("--tag") + 1]
    state["versions"].append({"config": config, "tag": tag})
    record = {"type": "deploy", "version": 1, "targets": [URL, "schedule: */10 * * * *"]}
    lines = [json.dumps({"type": "wrangler-session", "version": 1}), json.dumps(record)]
    return Said(0, f"Deployed darkroom triggers\n  {URL}", record="\n".join(lines) + "\n")


COMMANDS: dict[tuple[str, ...], Callable[[dict[str, Any], Call], str | Said]] = {
    ("whoami",): _whoami,
    ("r2", "bucket", "list"): _list_buckets,
    ("d1", "list"): _list_databases,
    ("secret", "list"): _list_secrets,
    ("secret", "put"): _put_secret,
    ("deployments", "status"): _status,
    ("versions", "view"): _view,
    ("d1", "migrations", "apply"): _migrate,
    ("deploy",): _deploy,
}


def main() -> int:
    """The program."""
    folder, *arguments = sys.argv[1:]
    said = answer(Path(folder), Call(arguments, sys.stdin.read()))
    print(said.output)
    print(said.error, file=sys.stderr)
    if said.record:
        Path(os.environ["WRANGLER_OUTPUT_FILE_PATH"]).write_text(said.record, "utf-8")
    return said.code


if __name__ == "__main__":
    sys.exit(main())
