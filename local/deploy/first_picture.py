"""The check of a deployment: its health, and a picture that needs no key."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from local.deploy.wrangler import DeploymentFailed

HEALTH_LIMIT_S = 120  # a new address takes a while until it is known and has its certificate
PAUSE_S = 3
PICTURE_LIMIT_S = 320
PROMPT = "a lighthouse at dusk"
_LOGS = "Type npx wrangler tail darkroom to see what it logs, and make deploy to try again."


@dataclass(frozen=True, slots=True)
class Visitor:
    """Asks a deployment, with a clock and a pause that tests replace."""

    client: httpx.Client
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def health(self, url: str) -> str:
        """Which bindings it has; raises `DeploymentFailed` if it is not well in two minutes."""
        end = self.clock() + HEALTH_LIMIT_S
        while True:
            last = "nothing"
            try:
                answer = self.client.get(f"{url}/health", timeout=30)
                last = f"status {answer.status_code}"
                if answer.status_code == 200:
                    bindings = answer.json()["bindings"]
                    return ", ".join(sorted(name for name, has in bindings.items() if has))
            except (httpx.HTTPError, ValueError, KeyError) as failure:
                last = str(failure) or type(failure).__name__
            if self.clock() > end:
                raise DeploymentFailed(
                    f"Darkroom was deployed, but {url}/health does not answer as it should: "
                    f"{last}. {_LOGS}"
                )
            self.pause(PAUSE_S)

    def picture(self, url: str) -> str:
        """The provider that painted, and its time; raises `DeploymentFailed` if none did."""
        begun = self.clock()
        try:
            answer = self.client.post(
                f"{url}/v1/images/generations", json={"prompt": PROMPT}, timeout=PICTURE_LIMIT_S
            )
        except httpx.HTTPError as failure:
            raise DeploymentFailed(_unpainted(url, str(failure))) from None
        if answer.status_code != 200:
            raise DeploymentFailed(_unpainted(url, _words_of(answer)))
        seconds = self.clock() - begun
        return f"{answer.headers.get('x-darkroom-provider', 'somebody')} in {seconds:.1f} s"


def _words_of(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status_code}"


def _unpainted(url: str, words: str) -> str:
    return f"Darkroom serves at {url}, but the first picture did not come: {words}. {_LOGS}"
