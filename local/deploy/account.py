"""The state of a Cloudflare account, as wrangler tells it before anything is deployed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from local.deploy.plan import Account, Question, questions, version_question
from local.deploy.products import Config, Product, refused
from local.deploy.wrangler import Answer, DeploymentFailed, Wrangler

NO_SUCH_WORKER = "code: 10007"
LOGIN = "Type npx wrangler login, or set CLOUDFLARE_API_TOKEN, and then make deploy again."


@dataclass(frozen=True, slots=True)
class Survey:
    """An account, what it lacks as far as asking shows, and who is logged in."""

    account: Account
    lacking: Sequence[Product]
    owner: str


def survey(wrangler: Wrangler, config: Config, env: Mapping[str, str]) -> Survey:
    """Ask for all that the plan needs; raises `DeploymentFailed` where that is not to be had."""
    name = config["name"]
    ask = questions(name)
    owner = _owner(wrangler(ask["login"].arguments), config, env)
    buckets = wrangler(ask["buckets"].arguments)
    lacking = []
    if not buckets.ok:
        product = refused(buckets.words, config)
        if product is None:
            raise _failed(ask["buckets"], buckets)
        lacking.append(product)
    databases = _answer(wrangler, ask["databases"])
    secrets = _answer_of_worker(wrangler, ask["secrets"])
    account = Account(
        frozenset(row["name"] for row in databases.json()),
        frozenset(row["name"] for row in secrets.json()) if secrets else frozenset(),
        _tag(wrangler, name, ask["deployment"]) if secrets else None,
    )
    return Survey(account, lacking, owner)


def _owner(answer: Answer, config: Config, env: Mapping[str, str]) -> str:
    user = answer.json() if answer.output.lstrip().startswith("{") else {}
    if not answer.ok or not user.get("loggedIn"):
        raise DeploymentFailed(f"Nobody is logged in to Cloudflare. {LOGIN}")
    accounts = user.get("accounts") or []
    chosen = config.get("account_id") or env.get("CLOUDFLARE_ACCOUNT_ID")
    if len(accounts) > 1 and not chosen:
        listed = "\n".join(f"  {account['id']}  {account['name']}" for account in accounts)
        raise DeploymentFailed(
            f"You have several Cloudflare accounts:\n{listed}\n"
            "Type CLOUDFLARE_ACCOUNT_ID=… make deploy with the id of one of them."
        )
    named = [account["name"] for account in accounts if chosen in (None, "", account["id"])]
    return str(named[0] if named else chosen or user.get("email") or "your account")


def _tag(wrangler: Wrangler, name: str, question: Question) -> str | None:
    status = wrangler(question.arguments)  # fails for a Worker that was never deployed
    versions = status.json()["versions"] if status.ok else []
    if len(versions) != 1:
        return None
    version = _answer(wrangler, version_question(name, versions[0]["version_id"])).json()
    return (version.get("annotations") or {}).get("workers/tag")


def _answer_of_worker(wrangler: Wrangler, question: Question) -> Answer | None:
    """None if there is no such Worker yet."""
    answer = wrangler(question.arguments)
    if not answer.ok and NO_SUCH_WORKER in answer.words:
        return None
    return _checked(question, answer)


def _answer(wrangler: Wrangler, question: Question) -> Answer:
    return _checked(question, wrangler(question.arguments))


def _checked(question: Question, answer: Answer) -> Answer:
    if not answer.ok:
        raise _failed(question, answer)
    return answer


def _failed(question: Question, answer: Answer) -> DeploymentFailed:
    return DeploymentFailed(
        f"{question.command} failed, so that nothing was deployed. wrangler says:\n{answer.words}"
    )
