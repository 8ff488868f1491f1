"""The hostile stand-ins attack as their table says, and answer honestly where nothing is asked."""

import gzip
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local.upstreams.hostile.directives import UnknownDirective, parse
from local.upstreams.hostile.table import MISBEHAVIOURS, STAGES, Kind, describe
from tests.support.hostile import Hostile, running_hostile

IMAGES = "/v1/images/generations"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    with running_hostile(tmp_path_factory.mktemp("hostile")) as servers:
        yield servers


def ask(hostile: Hostile, prompt: str, path: str = IMAGES, **fields: Any) -> httpx.Response:
    """What the API answers to a prompt."""
    return httpx.post(f"{hostile.api_url}{path}", json={"prompt": prompt, **fields}, timeout=30)


def join(hostile: Hostile, prompt: str, session: str = "s1") -> httpx.Response:
    """What a Space answers to who joins its queue."""
    body = {"data": [prompt, 1], "session_hash": session, "fn_index": 0}
    url = f"{hostile.space_url}/gradio_api/queue/join"
    return httpx.post(url, json=body, timeout=30)


def stream_url(hostile: Hostile, prompt: str) -> str:
    """Where the messages are of a job with this prompt."""
    session = f"s{abs(hash(prompt))}"
    assert join(hostile, prompt, session).json() == {"event_id": session}
    return f"{hostile.space_url}/gradio_api/queue/data?session_hash={session}"


def messages(hostile: Hostile, prompt: str) -> list[str]:
    """The data of each event of a job, as text."""
    text = httpx.get(stream_url(hostile, prompt), timeout=30).text
    return [event.removeprefix("data: ") for event in text.split("\n\n") if event]


def last_message(hostile: Hostile, prompt: str) -> Any:
    """What ends a job, before the stream's own end."""
    return json.loads(messages(hostile, prompt)[-2])


def first_bytes(url: str, count: int) -> bytes:
    """The beginning of an answer that may have no end."""
    seen = b""
    with httpx.stream("GET", url, timeout=30) as reply:
        for chunk in reply.iter_bytes():
            seen += chunk
            if len(seen) >= count:
                break
    return seen


def depth_of(text: str) -> int:
    """How deep the brackets of a JSON text go."""
    depth = deepest = 0
    for bracket in re.findall(r"[\[\]{}]", text):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def test_without_a_directive_a_space_paints(hostile: Hostile) -> None:
    config = httpx.get(f"{hostile.space_url}/config").json()
    assert config["api_prefix"] == "/gradio_api"
    assert {f["api_name"] for f in config["dependencies"]} >= {"generate_image", "infer"}
    kinds = [json.loads(message)["msg"] for message in messages(hostile, "a cat")]
    assert kinds[0] == "estimation" and kinds[-2:] == ["process_completed", "close_stream"]
    output, seed, _ = last_message(hostile, "a cat")["output"]["data"]
    file = httpx.get(f"{hostile.space_url}/gradio_api/file={output['path']}")
    assert file.content.startswith(b"\x89PNG") and seed == 42


@pytest.mark.parametrize("path", [IMAGES, "/v1/images/edits"])
def test_without_a_directive_an_api_paints(hostile: Hostile, path: str) -> None:
    (entry,) = ask(hostile, "a cat", path).json()["data"]
    assert httpx.get(entry["url"]).content.startswith(b"\x89PNG")
    assert entry["url"].startswith(hostile.api_url)


@pytest.mark.parametrize(
    ("submit", "headers", "poll", "done"),
    [
        (IMAGES, {"x-modelscope-async-mode": "true"}, "/v1/tasks/{}", "task_status"),
        ("/v1/async/images/edits", {}, "/v1/task/{}", "status"),
        ("/api/v1/services/aigc/text2image/image-synthesis", {}, "/api/v1/tasks/{}", "output"),
    ],
)
def test_tasks_are_done_at_the_first_poll(
    hostile: Hostile, submit: str, headers: dict[str, str], poll: str, done: str
) -> None:
    body = {"input": {"prompt": "a cat"}}
    task = httpx.post(f"{hostile.api_url}{submit}", json=body, headers=headers).json()
    task_id = task.get("task_id") or task["output"]["task_id"]
    state = httpx.get(f"{hostile.api_url}{poll.format(task_id)}").json()
    said = state[done]["task_status"] if done == "output" else state[done]
    assert said in ("SUCCEEDED", "success")
    assert httpx.get(state["output_images"][0]).content.startswith(b"\x89PNG")


def test_a_task_of_bfl_is_polled_where_it_says(hostile: Hostile) -> None:
    task = ask(hostile, "a cat", "/v1/flux-2-pro").json()
    state = httpx.get(task["polling_url"]).json()
    assert state["status"] == "Ready"
    assert httpx.get(state["result"]["sample"]).content.startswith(b"\x89PNG")
    assert hostile.forbidden in ask(hostile, "[[polling]]", "/v1/flux-2-pro").json()["polling_url"]


def test_a_chat_answers_whole_and_in_a_stream(hostile: Hostile) -> None:
    whole = ask(hostile, "hello", "/v1/chat/completions")
    assert whole.json()["choices"][0]["message"]["content"].startswith("A lighthouse")
    stream = ask(hostile, "hello", "/v1/chat/completions", stream=True)
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert stream.text.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize("depth", [500, 5000, 50_000])
@pytest.mark.parametrize("name", ["deep", "objects", "unclosed"])
def test_a_deep_answer_is_as_deep_as_requested(hostile: Hostile, name: str, depth: int) -> None:
    prompt = f"[[{name}:{depth}]]"
    assert depth_of(ask(hostile, prompt).text) == depth
    assert depth_of(messages(hostile, prompt)[-2]) == depth
    stream = ask(hostile, prompt, "/v1/chat/completions", stream=True).text
    assert depth_of(stream.split("\n\n")[1]) == depth
    with hostile.mode(f"[[config.{name}:{depth}]]"):
        assert depth_of(httpx.get(f"{hostile.space_url}/config").text) == depth
    assert depth_of(httpx.get(f"{hostile.space_url}/config").text) < 10


def test_a_deep_field_or_picture_stands_in_an_honest_answer(hostile: Hostile) -> None:
    answer = ask(hostile, "[[field:300]] [[nested:200]]").text
    assert answer.startswith('{"created"') and answer.count("[") == 501
    assert '"url"' in answer
    assert messages(hostile, "[[nested:3000]]")[-2].count("[" * 3000) == 1


@pytest.mark.parametrize(
    ("directive", "item"), [("many:7000", "{}"), ("strings:7000", '""'), ("keys:7000", '"k6999":1')]
)
def test_many_small_values_come_beside_the_picture(
    hostile: Hostile, directive: str, item: str
) -> None:
    answer = ask(hostile, f"[[{directive}]]")
    assert answer.json()["data"][0]["url"]
    assert item in answer.text and answer.text.count(",") >= 7000


@pytest.mark.parametrize(
    ("directive", "number"),
    [("nan", "NaN"), ("huge:4400", "9" * 4400), ("exponent", "1e400")],
)
def test_number_directives_send_nan_and_huge_numbers(
    hostile: Hostile, directive: str, number: str
) -> None:
    assert f'"seed": {number}' in ask(hostile, f"[[{directive}]]").text.replace("Infinity", "NaN")
    *_, progress, last, _ = messages(hostile, f"[[{directive}]]")
    assert number in progress and number in last and "image.png" in last


def test_statuses_and_headers_are_as_requested(hostile: Hostile) -> None:
    assert join(hostile, "[[retry:9999999]]").headers["retry-after"] == "9999999"
    assert join(hostile, "[[retry:9999999]]").status_code == 429
    assert join(hostile, "[[refuse]]").status_code == 401
    assert ask(hostile, "[[status:503]]").status_code == 503
    assert ask(hostile, "[[redirect]]").headers["location"] == f"http://{hostile.forbidden}/x.png"
    assert ask(hostile, "[[type:image/svg+xml]]").headers["content-type"] == "image/svg+xml"
    assert "set-cookie" in ask(hostile, "[[cookie]]").headers
    assert hostile.forbidden in join(hostile, "[[replica]]").headers["x-proxied-replica"]
    deep_refusal = ask(hostile, "[[status:400]] [[deep:600]]")
    assert (deep_refusal.status_code, depth_of(deep_refusal.text)) == (400, 600)


def test_many_headers_come_with_an_honest_answer(hostile: Hostile) -> None:
    answer = ask(hostile, "[[headers:90]]")
    assert len([name for name in answer.headers if name.startswith("x-")]) == 90
    assert answer.json()["data"]


def test_a_chat_of_markup_says_that_it_is_a_page(hostile: Hostile) -> None:
    for stream in (False, True):
        answer = ask(hostile, "[[html]]", "/v1/chat/completions", stream=stream)
        assert answer.headers["content-type"].startswith("text/html")
        assert "<script>" in answer.text


def test_text_directives_send_long_broken_or_secret_text(hostile: Hostile) -> None:
    assert len(ask(hostile, "[[status:400]] [[wordy:50000]]").text) > 50_000
    assert "\\ud800" in ask(hostile, "[[surrogates]]").text
    assert "user-agent" in ask(hostile, "[[status:400]] [[echo]]").json()["error"]["message"]
    assert last_message(hostile, "[[fail]] [[wordy:5000]]")["output"]["error"].count("word") == 1000
    assert ask(hostile, "[[null]]").text == "null"
    assert not ask(hostile, "[[text]]").text.endswith("}")


def test_a_space_tells_of_itself_what_a_mode_says(hostile: Hostile) -> None:
    url = f"{hostile.space_url}/config"
    with hostile.mode("[[config.prefix:%40{forbidden}]]"):
        assert httpx.get(url).json()["api_prefix"] == f"@{hostile.forbidden}"
    with hostile.mode("[[config.prefixes]]"):
        assert not isinstance(httpx.get(url).json()["api_prefix"], str)
    with hostile.mode("[[root]]"):
        assert httpx.get(url).json()["root"] == f"http://{hostile.forbidden}"
    assert httpx.get(url).json()["api_prefix"] == "/gradio_api"


def test_a_picture_has_the_address_the_path_or_the_text_requested(hostile: Hostile) -> None:
    address = f"http://{hostile.forbidden}/x.png"
    assert ask(hostile, "[[picture]]").json()["data"][0]["url"] == address
    outputs: dict[str, Any] = {
        "picture": {"url": address},
        "path:../x.png": {"path": "../x.png", "url": None},
        "output:/a b": "/a b",
        "slashes:3": "/file=file=file= ",
    }
    for directive, expected in outputs.items():
        output = last_message(hostile, f"[[{directive}]]")["output"]["data"][0]
        if isinstance(expected, str):
            assert output == expected
        else:
            assert expected.items() <= output.items()
    assert len(last_message(hostile, "[[pictures:300]]")["output"]["data"][0]) == 300
    assert len(ask(hostile, "[[pictures:300]]").json()["data"]) == 300
    assert "  x" in last_message(hostile, "[[spaces:9]]")["output"]["data"][2]
    assert ask(hostile, "[[inline]]").json()["data"][0]["b64_json"]


def test_previews_and_diffs_come_while_a_job_runs(hostile: Hostile) -> None:
    kinds = [json.loads(message)["msg"] for message in messages(hostile, "[[diffs:30]]")]
    assert kinds.count("process_generating") == 31
    assert any(hostile.forbidden in message for message in messages(hostile, "[[preview]]")[:-2])


def test_tasks_have_the_ids_and_the_states_requested(hostile: Hostile) -> None:
    tasks = {"x-modelscope-async-mode": "true"}
    url = f"{hostile.api_url}{IMAGES}"
    body = {"prompt": "[[task:../../x]]"}
    assert httpx.post(url, json=body, headers=tasks).json()["task_id"] == "../../x"
    for directive, state in {"state": "PONDERING", "stateless": None, "fail": "FAILED"}.items():
        task = httpx.post(url, json={"prompt": f"[[{directive}]]"}, headers=tasks).json()
        answer = httpx.get(f"{hostile.api_url}/v1/tasks/{task['task_id']}").json()
        assert answer.get("task_status") == state
    task = httpx.post(url, json={"prompt": "[[poll.deep:700]]"}, headers=tasks).json()
    assert depth_of(httpx.get(f"{hostile.api_url}/v1/tasks/{task['task_id']}").text) == 700


def test_a_server_of_automatic1111_has_deep_facts(hostile: Hostile) -> None:
    answer = ask(hostile, "[[info:900]]", "/sdapi/v1/txt2img").json()
    assert answer["images"] and depth_of(answer["info"]) == 901


def test_files_and_bodies_are_as_large_as_requested(hostile: Hostile) -> None:
    (entry,) = ask(hostile, "[[file.big:3]]").json()["data"]
    assert len(httpx.get(entry["url"]).content) > 3_000_000
    task = ask(hostile, "[[file.big:3]]", "/v1/flux-2-pro").json()
    sample = httpx.get(task["polling_url"]).json()["result"]["sample"]
    assert len(httpx.get(sample).content) > 3_000_000
    url = f"{hostile.api_url}{IMAGES}"
    with httpx.stream("POST", url, json={"prompt": "[[bomb:3]]"}) as reply:
        packed = b"".join(reply.iter_raw())
    assert len(packed) < 10_000 and len(gzip.decompress(packed)) == 3_000_000


@pytest.mark.parametrize("directive", ["flood", "endless"])
def test_floods_have_no_end(hostile: Hostile, directive: str) -> None:
    seen = first_bytes(stream_url(hostile, f"[[{directive}]]"), 1_000_000)
    assert len(seen) >= 1_000_000
    assert (seen.count(b"\n\n") > 1000) == (directive == "flood")
    (entry,) = ask(hostile, f"[[file.{directive}]]").json()["data"]
    assert len(first_bytes(entry["url"], 1_000_000)) >= 1_000_000


def test_a_slow_answer_says_nothing_or_a_byte_at_a_time(hostile: Hostile) -> None:
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{hostile.api_url}{IMAGES}", json={"prompt": "[[stall]]"}, timeout=0.3)
    body = {"prompt": "[[trickle]]"}
    with httpx.stream("POST", f"{hostile.api_url}{IMAGES}", json=body, timeout=30) as reply:
        assert len(next(reply.iter_bytes())) == 1


def test_a_cut_answer_ends_in_its_middle(hostile: Hostile) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        ask(hostile, "[[cut]]")
    with pytest.raises(httpx.RemoteProtocolError):
        messages(hostile, "[[cut]]")


def test_the_forbidden_host_answers_and_logs_who_sent_the_request(hostile: Hostile) -> None:
    hostile.forget()
    assert hostile.requests_to_forbidden() == []
    url = f"http://{hostile.forbidden}"
    assert httpx.get(f"{url}/x.png").content.startswith(b"\x89PNG")
    assert httpx.post(f"{url}/queue/join", json={}).json()["event_id"]
    assert "process_completed" in httpx.get(f"{url}/queue/data?session_hash=x").text
    assert httpx.get(f"{url}/404").status_code == 404
    assert hostile.requests_to_forbidden()[:2] == ["GET /x.png", "POST /queue/join"]


def test_the_forbidden_host_is_one_digit_from_the_space(hostile: Hostile) -> None:
    assert f"{hostile.space_url}1" == f"http://{hostile.forbidden}"


@pytest.mark.parametrize("prompt", ["[[what]]", "[[nowhere.deep]]"])
def test_a_directive_that_does_not_exist_is_refused(hostile: Hostile, prompt: str) -> None:
    assert ask(hostile, prompt).status_code == 400
    with pytest.raises(UnknownDirective):
        parse(prompt, "host:1")


def test_the_table_names_each_directive_once_and_is_shown(hostile: Hostile) -> None:
    names = [row.name for row in MISBEHAVIOURS]
    assert len(names) == len(set(names))
    page = httpx.get(hostile.space_url).text
    assert page == describe()
    assert all(word in page for word in (*names, *STAGES, *Kind))


def test_every_directive_is_tried_here() -> None:
    with open(__file__, encoding="utf-8") as file:
        text = file.read()
    assert [row.name for row in MISBEHAVIOURS if f"{row.name}" not in text] == []
