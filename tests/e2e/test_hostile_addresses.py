"""Upstreams that name addresses: none is asked but their own, and no token goes anywhere else."""

import json
from collections.abc import Mapping

import httpx
import pytest

from tests.e2e.hostile import (
    ADDRESSING,
    BFL,
    CALLERS_TOKEN,
    GITEE,
    IMAGES,
    MODELSCOPE,
    OPERATORS_KEY,
    OPERATORS_TOKEN,
    OTHER_SPACE,
    PAINTERS,
    QWEN_TASK,
    SPACE,
    HostileStack,
    Model,
    assert_answered,
    assert_refused,
)
from tests.support.slow import slow

CREDENTIALS = {
    CALLERS_TOKEN: {"authorization": f"Bearer {CALLERS_TOKEN}"},
    OPERATORS_TOKEN: OPERATORS_KEY,
}
LONGEST_REST_S = 3600
# "1" behind the Space's address is another port of the same host, as ".evil.example" is another
# host behind a name.
PREFIXES = (
    "@{forbidden}", "1", "%0A@{forbidden}", "//{forbidden}", "%5C@{forbidden}", "http://{forbidden}", ".{forbidden}",
    *slow(
        "1/", "x@{forbidden}", ":x@{forbidden}", "%2540{forbidden}", "%09@{forbidden}", "%0D%0A@{forbidden}",
        "%00@{forbidden}", "%20@{forbidden}", "%EF%BC%A0{forbidden}", "%5C%5C{forbidden}", "/%5C{forbidden}",
        "/..//{forbidden}", "/../@{forbidden}", "?@{forbidden}", "%23@{forbidden}", "/a%09@{forbidden}",
    ),
)  # fmt: skip


@pytest.mark.parametrize("model", PAINTERS, ids=lambda model: model.name)
def test_an_honest_picture_is_fetched(gateway: HostileStack, model: Model) -> None:
    gateway.assert_paints(model)
    assert gateway.hostile.requests_to_forbidden() == []


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_spaces_own_api_prefix_takes_no_token_to_another_host(
    gateway: HostileStack, prefix: str
) -> None:
    gateway.forget_signature(SPACE)
    gateway.hostile.forget()
    with gateway.hostile.mode(f"[[config.prefix:{prefix}]]"):
        for headers in CREDENTIALS.values():
            assert_answered(gateway.paint(SPACE, "a lighthouse [[fail]]", headers))
    assert len(gateway.hostile.requested("/config")) == 2, "each asked how the Space is called"
    assert gateway.hostile.requests_to_forbidden() == []
    gateway.forget_signature(SPACE)
    gateway.assert_paints(SPACE)


@pytest.mark.parametrize("token", CREDENTIALS)
def test_a_token_goes_to_the_space_itself(gateway: HostileStack, token: str) -> None:
    reply = gateway.paint(SPACE, "a lighthouse", CREDENTIALS[token], response_format="b64_json")
    assert reply.status_code == 200
    (join,) = gateway.hostile.requested("/queue/join")
    assert join["headers"]["x-hf-authorization"] == f"Bearer {token}"


@pytest.mark.parametrize("directive", ["config.prefixes", "config.root", "join.replica"])
def test_other_facts_about_a_space_lead_nowhere_either(
    gateway: HostileStack, directive: str
) -> None:
    gateway.forget_signature(SPACE)
    with gateway.hostile.mode(f"[[{directive}]]"):
        assert_answered(gateway.paint(SPACE, "a lighthouse", CREDENTIALS[CALLERS_TOKEN]))
    assert gateway.hostile.requests_to_forbidden() == []
    gateway.assert_paints(SPACE)


@pytest.mark.parametrize(
    "directive",
    [
        "path:@{forbidden}/x.png",
        "path:1/x.png",
        "path:%2540{forbidden}/x.png",
        "path:/../..//{forbidden}/x.png",
        "picture:%0Ahttp://{forbidden}/x.png",
        "picture:http:%5C%5C{forbidden}/x.png",
        "picture:///{forbidden}/x.png",
        "output://{forbidden}/x.png",
        "output:http://{forbidden}/x.png",
        "output:http://{forbidden}/file=x",
        "file.redirect",
    ],
)
def test_a_space_names_no_file_of_another_host(gateway: HostileStack, directive: str) -> None:
    prompt = f"a lighthouse [[{directive}]]"
    token = CREDENTIALS[CALLERS_TOKEN]
    assert_answered(gateway.paint(SPACE, prompt, token, response_format="b64_json"))
    assert gateway.hostile.requests_to_forbidden() == []
    gateway.assert_paints(SPACE)


ADDRESSES = (
    "http://{forbidden}/x.png", "http://{forbidden}/404", "http://2130706433:{port}/x.png",
    "http://x@{forbidden}/x.png", "https://{forbidden}/x.png", "http://localhost:{port}/x.png",
    "http://127.1:{port}/x.png", "http://0x7f.1:{port}/x.png", "http://%5B::ffff:127.0.0.1%5D:{port}/x.png",
    "http://0:{port}/x.png", "http://127.0.0.1:9/x.png", "http://kubernetes.default/x.png",
    "HTTP://{forbidden}/x.png",
)  # fmt: skip
USUAL_ADDRESSES = ADDRESSES[:4]


@pytest.mark.parametrize("model", ADDRESSING, ids=lambda model: model.name)
def test_an_address_without_a_scheme_leads_to_no_inner_host(
    gateway: HostileStack, model: Model
) -> None:
    reply = gateway.paint(model, "a lighthouse [[picture://{forbidden}/x.png]]")
    if model is SPACE:  # there it is the path of a file of the Space's own
        assert_answered(reply)
    else:
        assert_refused(reply)
    assert gateway.hostile.requests_to_forbidden() == []


@pytest.mark.parametrize("model", ADDRESSING, ids=lambda model: model.name)
def test_an_address_without_a_host_is_fetched_from_the_upstream(
    gateway: HostileStack, model: Model
) -> None:
    prompt = "a lighthouse [[picture:/files/x.png]]"
    reply = gateway.paint(model, prompt, response_format="b64_json")
    assert reply.status_code == 200, reply.text[:500]
    assert gateway.hostile.requested("/files/x.png")
    assert gateway.hostile.requests_to_forbidden() == []


@pytest.fixture(scope="module")
def ports(hostile_stack: HostileStack) -> Mapping[str, str]:
    """The port of the forbidden host, for addresses that spell the host in another way."""
    return {"{port}": hostile_stack.hostile.forbidden.rpartition(":")[2]}


@pytest.mark.parametrize("addresses", [USUAL_ADDRESSES, *slow(ADDRESSES)], ids=["usual", "all"])
@pytest.mark.parametrize("model", ADDRESSING, ids=lambda model: model.name)
def test_no_upstream_has_the_gateway_fetch_from_another_host(
    gateway: HostileStack, ports: Mapping[str, str], model: Model, addresses: tuple[str, ...]
) -> None:
    said = set()
    for address in (address.replace("{port}", ports["{port}"]) for address in addresses):
        prompt = f"a lighthouse [[picture:{address}]]"
        reply = gateway.paint(model, prompt, response_format="b64_json")
        assert_refused(reply)
        assert reply.status_code == 502, (address, reply.text[:300])
        said.add(reply.json()["error"]["message"])
        assert gateway.hostile.requests_to_forbidden() == [], address
    gateway.assert_paints(model)
    assert not any(status in message for status in ("404", "200") for message in said), said


@pytest.mark.parametrize("model", ADDRESSING, ids=lambda model: model.name)
def test_an_address_of_another_host_is_not_handed_to_the_caller(
    gateway: HostileStack, model: Model
) -> None:
    prompt = "a lighthouse [[picture]] [[preview]]"
    whole = gateway.paint(model, prompt, response_format="url")
    assert whole.status_code == 502, whole.text[:300]
    stream = gateway.paint(model, prompt, response_format="url", stream=True, partial_images=2)
    for reply in (whole, stream):
        assert gateway.hostile.forbidden not in reply.text
    assert gateway.hostile.requests_to_forbidden() == []
    gateway.assert_paints(model)


@pytest.mark.parametrize("model", [SPACE, BFL], ids=lambda model: model.name)
def test_a_preview_of_another_host_is_not_fetched(gateway: HostileStack, model: Model) -> None:
    prompt = "a lighthouse [[preview]]"
    reply = gateway.paint(model, prompt, stream=True, partial_images=2, response_format="b64_json")
    events = [json.loads(line[6:]) for line in reply.text.splitlines() if line[:7] == "data: {"]
    assert events[-1]["type"] == "image_generation.completed", "the picture itself is honest"
    assert gateway.hostile.requests_to_forbidden() == []


@pytest.mark.parametrize(
    "polling",
    [
        "http://{forbidden}/poll", "https://{forbidden}/poll", "{api}@{forbidden}/poll", "{api}1/poll", "//{forbidden}",
        "{api}%5C@{forbidden}/poll", "https://bfl.ai@{forbidden}/", "https://{forbidden}%5C.bfl.ai/",
        "https://{forbidden}%23.bfl.ai/", "%0Ahttp://{forbidden}/poll",
    ],
)  # fmt: skip
def test_bfl_is_polled_a_task_at_its_own_host_alone(gateway: HostileStack, polling: str) -> None:
    polling = polling.replace("{api}", gateway.hostile.api_url)
    assert_refused(gateway.paint(BFL, f"a lighthouse [[polling:{polling}]]"))
    assert gateway.hostile.requests_to_forbidden() == []
    gateway.assert_paints(BFL)


TASKS = (
    "../../x",
    "../images/generations",
    "x?y=1",
    "x%23y",
    "..%5C..%5Cx",
    "%252e%252e/%252e%252e/x",
    "/x",
    "%0Ax",
)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(
    ("model", "below"), [(MODELSCOPE, "/v1/tasks/"), (QWEN_TASK, "/api/v1/tasks/")]
)
def test_the_id_of_a_task_leads_to_no_other_route(
    gateway: HostileStack, model: Model, below: str, task: str
) -> None:
    assert_answered(gateway.paint(model, f"a lighthouse [[task:{task}]]"))
    polls = [entry for entry in gateway.hostile.requested() if entry["method"] == "GET"]
    others = [entry["path"] for entry in polls if not entry["path"].startswith(below)]
    assert [path for path in others if not path.startswith("/files/")] == []
    assert [entry["query"] for entry in polls if entry["query"]] == []
    gateway.assert_paints(model)


@pytest.mark.parametrize("stage", ["config", "join", "event", "file"])
def test_a_space_redirects_nobody(gateway: HostileStack, stage: str) -> None:
    gateway.forget_signature(SPACE)
    with gateway.hostile.mode(f"[[{stage}.redirect]]"):
        prompt, token = "a lighthouse", CREDENTIALS[CALLERS_TOKEN]
        assert_refused(gateway.paint(SPACE, prompt, token, response_format="b64_json"))
    assert gateway.hostile.requests_to_forbidden() == []
    gateway.assert_paints(SPACE)


@pytest.mark.parametrize("stage", ["answer", "poll", "file"])
@pytest.mark.parametrize("model", [GITEE, MODELSCOPE, BFL], ids=lambda model: model.name)
def test_an_api_redirects_nobody(gateway: HostileStack, model: Model, stage: str) -> None:
    prompt = f"a lighthouse [[{stage}.redirect]]"
    assert_answered(gateway.paint(model, prompt, response_format="b64_json"))
    assert gateway.hostile.requests_to_forbidden() == []


@pytest.mark.parametrize("token", CREDENTIALS)
@pytest.mark.parametrize(
    ("space", "directive", "status"),
    [(Model("qwen-image"), "retry:9999999", 429), (Model("z-image"), "refuse", 401)],
    ids=["429", "401"],
)
def test_a_space_that_refuses_a_token_does_not_speak_for_other_spaces(
    gateway: HostileStack, space: Model, directive: str, status: int, token: str
) -> None:
    def paint(model: Model, prompt: str) -> httpx.Response:
        return gateway.paint(model, prompt, headers, response_format="b64_json")

    headers = (
        CREDENTIALS[token] if token == OPERATORS_TOKEN else Model("", f"hf_{status}rests").bearer()
    )
    assert paint(OTHER_SPACE, "a lighthouse").status_code == 200
    refused = paint(space, f"a lighthouse [[{directive}]]")
    assert_refused(refused)
    assert refused.status_code == status
    assert int(refused.headers.get("retry-after", "0")) <= LONGEST_REST_S
    other = paint(OTHER_SPACE, "a lighthouse")
    assert other.status_code == 200, other.text[:300]
    joins = gateway.hostile.requested("/queue/join")
    assert joins[-1]["headers"].get("x-hf-authorization") == joins[0]["headers"].get(
        "x-hf-authorization"
    ), "with the same token"


def test_no_upstream_has_callers_wait_for_months(gateway: HostileStack) -> None:
    for model in (GITEE, MODELSCOPE, BFL, QWEN_TASK):
        headers = model.bearer()
        for prompt in ("a lighthouse [[retry:9999999]]", "a lighthouse"):
            reply = gateway.paint(model, prompt, headers)
            assert reply.status_code == 429, reply.text[:300]
            assert 0 < int(reply.headers["retry-after"]) <= LONGEST_REST_S
        gateway.assert_paints(model)


def test_a_caller_without_a_token_is_not_kept_from_a_space_by_others(
    gateway: HostileStack,
) -> None:
    body = {"model": SPACE.name, "prompt": "a lighthouse [[retry:9999999]]"}
    headers = Model("", "hf_alone").bearer()
    assert httpx.post(f"{gateway.url}{IMAGES}", json=body, headers=headers).status_code == 429
    gateway.assert_paints(SPACE)
