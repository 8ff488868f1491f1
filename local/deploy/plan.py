"""The steps of a deployment, from what an account has. Nothing here runs anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from local.deploy.products import Config

TASK_SECRET = "TASK_SECRET"


@dataclass(frozen=True, slots=True)
class Account:
    """The parts of Darkroom that an account has. `tag` is that of the version that serves."""

    databases: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()
    tag: str | None = None


class Kind(Enum):
    """The kinds of steps."""

    SECRET = "secret"
    MIGRATE = "migrate"
    DEPLOY = "deploy"


@dataclass(frozen=True, slots=True)
class Step:
    """A command of wrangler's and what it is for."""

    kind: Kind
    arguments: tuple[str, ...]
    reason: str

    @property
    def command(self) -> str:
        """The command line that does it by hand."""
        given = " < a new secret" if self.kind is Kind.SECRET else ""
        return f"wrangler {' '.join(self.arguments)}{given}"


@dataclass(frozen=True, slots=True)
class Question:
    """A command of wrangler's that changes nothing, and what its answer is for."""

    arguments: tuple[str, ...]
    reason: str

    @property
    def command(self) -> str:
        """The command line that does it by hand."""
        return f"wrangler {' '.join(self.arguments)}"


def questions(name: str) -> Mapping[str, Question]:
    """The questions that come before any change, for the Worker of that name."""
    return {
        "login": Question(("whoami", "--json"), "Who is logged in to Cloudflare"),
        "buckets": Question(("r2", "bucket", "list"), "Whether the account has R2"),
        "databases": Question(("d1", "list", "--json"), "Which databases there are"),
        "secrets": Question(("secret", "list", "--name", name), "Which secrets the Worker has"),
        "deployment": Question(
            ("deployments", "status", "--name", name, "--json"), "Which version serves"
        ),
    }


def version_question(name: str, version: str) -> Question:
    """The deployed version."""
    arguments = ("versions", "view", version, "--name", name, "--json")
    return Question(arguments, "What that version was made of")


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps, and what the account has already."""

    steps: Sequence[Step]
    kept: Sequence[str] = field(default=())


def plan(config: Config, path: str, tag: str, account: Account) -> Plan:
    """The steps that are left so that the account has `config`, which lies at `path`.

    The secret comes first, as a secret that is put later makes a version without the tag. Tables
    are made before the code that uses them, unless wrangler makes the database while it deploys.
    """
    steps: list[Step] = []
    kept: list[str] = []
    if "durable_objects" in config:
        if TASK_SECRET in account.secrets:
            kept.append(f"The secret {TASK_SECRET} is there.")
        else:
            steps.append(_put_secret(path))
    databases = [database["database_name"] for database in config.get("d1_databases", [])]
    migrate = [_migrate(path, each) for each in config.get("d1_databases", [])]
    exists = set(databases) <= account.databases
    steps += migrate if exists else []
    if account.tag == tag:
        kept.append("The version that serves is this one.")
    else:
        steps.append(_deploy(path, tag, config))
    steps += [] if exists else migrate
    return Plan(steps, kept)


def _put_secret(path: str) -> Step:
    reason = "Make the secret that seals callers' tokens while a task waits; it is never shown"
    return Step(Kind.SECRET, ("secret", "put", TASK_SECRET, "--config", path), reason)


def _migrate(path: str, database: Mapping[str, Any]) -> Step:
    arguments = ("d1", "migrations", "apply", database["binding"], "--remote", "--config", path)
    return Step(Kind.MIGRATE, arguments, "Make the tables that are not there yet")


def _deploy(path: str, tag: str, config: Config) -> Step:
    made = [f"the bucket {bucket['bucket_name']}" for bucket in config.get("r2_buckets", [])]
    made += [f"the database {each['database_name']}" for each in config.get("d1_databases", [])]
    made += ["the Durable Objects"] if "durable_objects" in config else []
    where = f"; {', '.join(made)} are made if they are not there" if made else ""
    return Step(
        Kind.DEPLOY, ("deploy", "--config", path, "--tag", tag), f"Upload the Worker{where}"
    )
