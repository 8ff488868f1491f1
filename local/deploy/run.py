"""Carries out a deployment, and shows what one would do."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from local.deploy.account import survey
from local.deploy.bundle import Bundle
from local.deploy.first_picture import PROMPT, Visitor
from local.deploy.plan import TASK_SECRET, Account, Kind, Plan, Step, plan, questions
from local.deploy.products import Config, Product, refused, without
from local.deploy.wrangler import DeploymentFailed, Wrangler

SECRET_BYTES = 48
_ONBOARDING = "register a workers.dev subdomain"


@dataclass(frozen=True, slots=True)
class Deployment:
    """Everything that deploying needs; `say` shows a line to whoever typed `make deploy`."""

    wrangler: Wrangler
    visitor: Visitor
    config: Config
    bundle: Bundle
    env: Mapping[str, str]
    say: Callable[[str], None]

    def run(self) -> None:
        """Deploy what is not deployed; raises `DeploymentFailed` saying what to do about it."""
        found = survey(self.wrangler, self.config, self.env)
        self.say(f"Deploying {self.config['name']} to {found.owner}.")
        lacking = list(found.lacking)
        for product in lacking:
            self._tell_lacking(product)
        account = found.account
        while (targets := self._carry_out(self._plan(lacking, account), lacking)) is None:
            account = replace(account, secrets=account.secrets | {TASK_SECRET})
        self._visit(targets)

    def _carry_out(self, work: Plan, lacking: list[Product]) -> tuple[str, ...] | None:
        """Where it was deployed to; None after one more product has turned out to be lacking."""
        targets: tuple[str, ...] = ()
        for step in work.steps:
            self.say(f"{step.reason}.")
            answer = self.wrangler(step.arguments, stdin=_standard_input(step))
            if answer.targets:
                targets = answer.targets
                self._remembered.write_text("\n".join(targets), "utf-8")
            if answer.ok:
                continue
            product = refused(answer.words, without(self.config, lacking))
            if product is None or step.kind is not Kind.DEPLOY:
                raise DeploymentFailed(_failure(step, answer.words))
            self._tell_lacking(product)
            lacking.append(product)
            return None
        for line in work.kept:
            self.say(line)
        return targets

    def show(self) -> None:
        """Every step of a first deployment, none of which is done."""
        work = self._plan([], Account())
        asked = questions(self.config["name"]).values()
        lines = [(each.reason, each.command) for each in asked]
        lines += [(step.reason, step.command) for step in work.steps]
        lines += [
            ("Whether it serves", "GET /health"),
            ("Its first picture", f'POST /v1/images/generations {{"prompt": "{PROMPT}"}}'),
        ]
        for number, (reason, command) in enumerate(lines, 1):
            self.say(f"{number}. {reason}:\n   {command}")
        self.say("What the account lacks is left out; what is there already is not made again.")
        checked = self.wrangler(("deploy", "--config", str(self.bundle.config), "--dry-run"))
        if not checked.ok:
            raise DeploymentFailed(f"wrangler cannot pack this Worker:\n{checked.words}")
        for line in checked.words.splitlines():
            if line.startswith("Total Upload"):
                self.say(f"Nothing was done. {line}")

    def _plan(self, lacking: list[Product], account: Account) -> Plan:
        config = without(self.config, lacking)
        tag = self.bundle.write(config)
        return plan(config, str(self.bundle.config), tag, account)

    def _tell_lacking(self, product: Product) -> None:
        self.say(
            f"This account has no {product.name}: {product.without}. "
            f"To add it, switch it on at {product.enable}, and type make deploy again."
        )

    @property
    def _remembered(self) -> Path:
        """Where the last deployment's addresses are kept, for runs that deploy nothing."""
        return self.bundle.folder.with_name("deployed")

    def _visit(self, targets: tuple[str, ...]) -> None:
        if not targets and self._remembered.exists():
            targets = tuple(self._remembered.read_text("utf-8").split("\n"))
        urls = [url for target in targets if (url := _url(target))]
        if not urls:
            self.say("Its address is in the dashboard, under Workers & Pages.")
            return
        self.say(f"It has {self.visitor.health(urls[0])}.")
        self.say(f"The first picture was painted by {self.visitor.picture(urls[0])}.")
        self.say(f"Darkroom is at {urls[0]}")


def _standard_input(step: Step) -> str:
    return secrets.token_urlsafe(SECRET_BYTES) if step.kind is Kind.SECRET else ""


def _url(target: str) -> str | None:
    """The address of a target; None for a schedule, and a route of a zone."""
    host = target.partition(" (custom domain")[0].removeprefix("https://").rstrip("/")
    return None if {" ", "*", "/"} & set(host) else f"https://{host}"


def _failure(step: Step, words: str) -> str:
    if _ONBOARDING in words:
        return (
            "This account has no address at workers.dev yet. Open Workers & Pages in the "
            f"dashboard once, choose one, and type make deploy again. wrangler says:\n{words}"
        )
    return (
        f"This failed: {step.command}\nWhat was done before it stays, and make deploy goes on "
        f"from there. wrangler says:\n{words}"
    )
