"""Pictures by address: which addresses are asked, what goes along, what comes back."""
# ruff: noqa: RUF001 - letters that look like others are what this is about

import asyncio
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.address import Address, Credential
from darkroom.blob import BytesBlob
from darkroom.deadline import Deadline
from darkroom.engine import image_urls as sources
from darkroom.engine.image_urls import MAX_SOURCE_BYTES, check_source_url, fetch_source
from darkroom.errors import DeadlineExceeded, InvalidRequest, UpstreamUnavailable
from darkroom.http import Part
from darkroom.image import ImageFile
from darkroom.stores.media import ByteRange, StoredMedia
from darkroom.stores.unavailable import StoreUnavailable
from tests.support.fakes import PNG, WEBP, FakeClock, FakeHttp, FakeReply, MemoryMedia

URL = "https://files.example.com/a.png"
OWN = "https://darkroom.example"
LOCAL = "http://127.0.0.1:8790"


@pytest.mark.parametrize(
    ("url", "requested"),
    [
        (URL, URL),
        ("HTTPS://Files.Example.COM/A.PNG?x=%2F&y=a+b#part", "https://files.example.com/A.PNG?x=%2F&y=a+b"),
        ("https://files.example.com:443/a.png", URL),
        ("https://files.example.com", "https://files.example.com/"),
        ("https://files.example.com?a=b", "https://files.example.com/?a=b"),
        ("https://a-b.my_bucket.s3.amazonaws.com/x", "https://a-b.my_bucket.s3.amazonaws.com/x"),
        ("https://1.2.3.4.example.com/", "https://1.2.3.4.example.com/"),
        ("https://files.example.com/été/猫.png", "https://files.example.com/%C3%A9t%C3%A9/%E7%8C%AB.png"),
        ("https://files.example.com/a@b:c/http://x", "https://files.example.com/a@b:c/http://x"),
    ],
)  # fmt: skip
def test_a_public_host_is_requested_by_its_name(url: str, requested: str) -> None:
    assert str(check_source_url(url).address) == requested


BYPASSES = [
    # other schemes, and what only browsers read as addresses
    "http://files.example.com/a.png", "ftp://files.example.com/a.png", "file:///etc/passwd", "gopher://x.com/",
    "javascript:alert(1)", "data:image/png;base64,AAAA", "//files.example.com/a", "https:files.example.com/a",
    "https:/files.example.com/a", "https:///files.example.com/a", "https://", "https:///", "", "a.png",
    "https:\\\\files.example.com/a", "https://files.example.com\\@127.0.0.1/", "https://127.0.0.1\\.example.com/",
    "https://files.exa\tmple.com/", "https://files.example.com/a\nb", "https://files.example.com /",
    " https://files.example.com/", "https://files.example.com/\x00", "https://files.example.com/\x7f",
    # users and passwords
    "https://user:password@files.example.com/", "https://user@files.example.com/", "https://@files.example.com/",
    "https://files.example.com@127.0.0.1/", "https://files.example.com:443@127.0.0.1/", "https://:@127.0.0.1/",
    # ports
    "https://files.example.com:80/", "https://files.example.com:8443/", "https://files.example.com:0443/",
    "https://files.example.com:/", "https://files.example.com:443:443/", "https://files.example.com:x/",
    "https://files.example.com:65979/", "https://files.example.com:４４３/",
    # one's own machine and the network around it
    "https://127.0.0.1/", "https://127.1/", "https://127.0.1/", "https://2130706433/", "https://0x7f000001/",
    "https://0x7f.0.0.1/", "https://0x7f.1/", "https://0177.0.0.1/", "https://017700000001/", "https://0/",
    "https://0.0.0.0/", "https://00000000177.0.0.1/", "https://127.0.0.1./", "https://127.0.0.1../",
    "https://127.0.0.0x1/", "https://10.0.0.1/", "https://172.16.0.1/", "https://192.168.0.1/", "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/", "https://2852039166/", "https://0xa9fea9fe/", "https://0251.0376.0251.0376/",
    "https://425.510.425.510/", "https://7147006462/", "https://8.8.8.8/", "https://1.1.1.1:443/", "https://255.255.255.255/",
    "https://[::1]/", "https://[::]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[fe80::1%25eth0]/",
    "https://[fd00:ec2::254]/", "https://[64:ff9b::7f00:1]/", "https://[0:0:0:0:0:ffff:127.0.0.1]/", "https://::1/",
    "https://[::1]:443/", "https://[v1.x]/", "https://[files.example.com]/",
    "https://localhost/", "https://LOCALHOST/", "https://localhost./", "https://localhost:443/", "https://a.localhost/",
    "https://localhost.localdomain/", "https://printer.local/", "https://db.internal/", "https://router.home.arpa/",
    "https://1.0.0.127.in-addr.arpa/", "https://x.onion/", "https://x.test/", "https://intranet/", "https://wiki.corp/",
    "https://nas.lan/", "https://kubernetes.default.svc/", "https://kubernetes.default.svc.cluster.local/",
    "https://metadata/", "https://metadata.google.internal/", "https://metadata.tencentyun.com/", "https://instance-data/",
    "https://instance-data.ec2.internal/", "https://METADATA.platformequinix.com/",
    "https://127.0.0.1.nip.io/", "https://169-254-169-254.sslip.io/", "https://nip.io/", "https://localtest.me/",
    "https://app.lvh.me/", "https://7f000001.c0a80001.rbndr.us/",
    # letters that become others
    "https://１２７.０.０.１/", "https://127。0。0。1/", "https://127．0．0．1/", "https://①②⑦.⓪.⓪.①/", "https://ⓛocalhost/",
    "https://ｌｏｃａｌｈｏｓｔ/", "https://loc\u00adalhost/", "https://local\u200bhost.com/", "https://files.example.com\uff0f@x/",
    "https://ⅼocalhost/", "https://ﬁles.example.com/", "https://٣.example.com/", "https://files.example.com。com/",
    "https://\u212aelvin.com/", "https://file\u017f.com/", "http\u017f://files.example.com/", "https://xn--localhost-.com/", "https://xn--bcher-kva.example/", "https://files.xn--p1ai/", "https://bücher.example/",
    "https://127%2e0%2e0%2e1/", "https://%31%32%37.0.0.1/", "https://local%68ost/", "https://files.example.com%2f@x/",
    "https://files.example.com%00.x.com/", "https://files.example.com\ud800/",
    # what is no name
    "https://files.example.com./", "https://files..example.com/", "https://.example.com/", "https://-a.example.com/",
    "https://a-.example.com/", "https://example/", "https://example.c-/", "https://example.123/", "https://example.0x1/",
    "https://files,example.com/", "https://files;example.com/", "https://a+b.example.com/", "https://*.example.com/",
    "https://{a}.example.com/", "https://" + "a" * 64 + ".com/", "https://" + "a.bc." * 51 + "com/",
    "https://files.example.com/" + "a" * 8192,
]  # fmt: skip


@pytest.mark.parametrize("url", BYPASSES)
def test_a_source_url_that_bypasses_the_rules_is_refused_by_its_parameter(url: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        check_source_url(url, param="image[1]", own_origins=[OWN], allowed_origins=[LOCAL])
    failure = caught.value
    assert (failure.param, failure.code, failure.status) == ("image[1]", "invalid_image_url", 400)
    assert failure.message.startswith("image[1]: ")
    assert "Or send the picture itself" in failure.message
    assert "password@" not in failure.message


def field_aliases(number: int, base: str) -> str:
    return {
        "dec": str(number),
        "hex": hex(number),
        "HEX": f"0X{number:X}",
        "oct": f"0{number:o}",
        "zeros": f"{number:012d}",
    }[base]


@st.composite
def ip_addresses(draw: st.DrawFn) -> str:
    """IPv4 addresses as `inet_aton` and browsers read them: one to four parts, in any base."""
    number = draw(
        st.integers(0, 2**32 - 1) | st.sampled_from([int(IPv4Address("127.0.0.1")), 0xA9FEA9FE])
    )
    count = draw(st.integers(1, 4))
    firsts = [number >> shift & 255 for shift in (24, 16, 8)][: count - 1]
    parts = [*firsts, number & (2 ** (8 * (5 - count)) - 1)]
    bases = st.sampled_from(["dec", "hex", "HEX", "oct", "zeros"])
    host = draw(st.sampled_from([".", ".", "。", "．", "%2e"])).join(
        field_aliases(part, draw(bases)) for part in parts
    )
    wide = str.maketrans(
        "0123456789", draw(st.sampled_from(["0123456789", "０１２３４５６７８９", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗"]))
    )
    return host.translate(wide) + draw(st.sampled_from(["", "", ".", ":443"]))


@given(ip_addresses())
def test_no_ip_address_is_requested_however_it_is_spelled(host: str) -> None:
    with pytest.raises(InvalidRequest):
        check_source_url(f"https://{host}/a.png")


LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True).filter(
    lambda label: not label.startswith("xn--") and label not in ("metadata", "instance-data")
)


@given(
    st.lists(LABELS, min_size=1, max_size=4), st.sampled_from(["com", "org", "io.net", "museum"])
)
def test_names_of_public_hosts_are_requested(labels: Sequence[str], top: str) -> None:
    host = f"{'.'.join(labels)}.{top}"
    source = check_source_url(f"https://{host.upper()}/a")
    assert (str(source.address), source.address.host) == (f"https://{host}/a", host)
    assert source.kept is None


@given(
    st.sampled_from(["", "files.example.com", "files.example.com/"]),
    st.text("ahost:/.@\\#?[]%0123456789xＡ。\t-_", max_size=30) | st.text(max_size=30),
)
def test_an_accepted_source_url_has_the_same_host_for_other_parsers(start: str, text: str) -> None:
    try:
        address = check_source_url(f"https://{start}{text}").address
    except InvalidRequest:
        return
    for host in (urlsplit(str(address)).hostname, httpx.URL(str(address)).host):
        assert host == address.host
    assert str(address).isascii()


def test_the_operators_exceptions_may_be_anywhere() -> None:
    def check(url: str) -> str:
        allowed = [LOCAL, "https://nas.lan", "http://[::1]"]
        return str(check_source_url(url, allowed_origins=allowed).address)

    assert check(f"{LOCAL}/a.png#x") == f"{LOCAL}/a.png"
    assert check("https://NAS.lan:443/a") == "https://nas.lan/a"
    assert check("http://[::1]:80/a") == "http://[::1]/a"


@pytest.mark.parametrize(
    "url",
    [
        "http://user@127.0.0.1:8790/a", "http://127.0.0.1:8791/a", "http://127.0.0.1/a", "https://127.0.0.1:8790/a",
        "http://127.1:8790/a", "http://127.0.0.1:8790.example.com/a", "http://127.0.0.1:8790\\a", "http://127.0.0.1:08790/a",
    ],
)  # fmt: skip
def test_an_exception_is_for_that_origin_alone(url: str) -> None:
    with pytest.raises(InvalidRequest):
        check_source_url(url, allowed_origins=[LOCAL])


async def fetch(http: Any, url: str = URL, limit_s: float = 60, **options: Any) -> ImageFile:
    return await fetch_source(
        url, http, Deadline.after(limit_s, FakeClock()), param="image", **options
    )


async def refusal(http: Any, url: str = URL, **options: Any) -> str:
    with pytest.raises(InvalidRequest) as caught:
        await fetch(http, url, **options)
    assert (caught.value.param, caught.value.code) == ("image", "invalid_image_url")
    if isinstance(http, FakeHttp):
        assert all(reply.closed for reply in http.replies)
    return caught.value.message


def picture(data: bytes = PNG) -> FakeReply:
    return FakeReply(200, {"content-type": "text/html"}, [data[:9], data[9:]])


def moved(location: str | None, status: int = 302) -> FakeReply:
    return FakeReply(status, {"location": location} if location is not None else {}, [b"moved"])


@pytest.mark.parametrize("data", [PNG, WEBP])
async def test_a_picture_is_recognised_by_its_bytes(data: bytes) -> None:
    http = FakeHttp({"/a.png": [picture(data)]})
    file = await fetch(http)
    assert file.read(0, 99) == data
    assert all(reply.closed for reply in http.replies)


async def test_no_header_of_the_callers_is_sent_to_a_source() -> None:
    http = FakeHttp({"/a.png": [picture()]})
    await fetch(http)
    (sent,) = http.sent
    assert (sent.method, sent.url, sent.body) == ("GET", URL, None)
    assert sent.headers.keys() == {"accept", "user-agent"}


async def test_nothing_is_requested_of_an_address_that_is_refused() -> None:
    http = FakeHttp({"": [picture()]})
    await refusal(http, "https://127.0.0.1/a.png")
    assert not http.sent


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/b.png", "b.png", "https://files.example.com:443/b.png"])
async def test_a_redirect_on_the_same_host_is_followed(status: int, location: str) -> None:
    http = FakeHttp({"/a.png": [moved(location, status)], "/b.png": [picture()]})
    assert (await fetch(http)).read(0, 99) == PNG
    assert [sent.url for sent in http.sent] == [URL, "https://files.example.com/b.png"]
    assert all(reply.closed for reply in http.replies)


@pytest.mark.parametrize(
    "location",
    [
        "https://other.example.com/b.png", "//other.example.com/b.png", "http://files.example.com/b.png",
        "https://files.example.com:8443/b.png", "https://127.0.0.1/", "http://169.254.169.254/latest/", LOCAL + "/x",
        "https://user@files.example.com/", "\\\\other.example.com/b.png", "https:\\\\other.example.com", "file:///etc/passwd",
        "https://files.example.com.evil.com/", "https://files.example.com./", "https://[::1/", "data:image/png;base64,AA", "/a b",
    ],
)  # fmt: skip
async def test_a_redirect_elsewhere_is_refused(location: str) -> None:
    http = FakeHttp({"/a.png": [moved(location)], "": [picture()]})
    message = await refusal(http, allowed_origins=[LOCAL])
    assert "files.example.com redirects to where Darkroom does not follow" in message
    assert len(http.sent) == 1


async def test_an_exceptions_redirects_stay_within_it() -> None:
    http = FakeHttp({"/a.png": [moved("/b.png")], "/b.png": [picture()]})
    await fetch(http, f"{LOCAL}/a.png", allowed_origins=[LOCAL])
    assert http.sent[1].url == f"{LOCAL}/b.png"
    elsewhere = FakeHttp({"/a.png": [moved("http://127.0.0.1:8787/b.png")]})
    await refusal(elsewhere, f"{LOCAL}/a.png", allowed_origins=[LOCAL])


@pytest.mark.parametrize("location", ["/a.png", "", None])
async def test_redirects_come_to_an_end(location: str | None) -> None:
    http = FakeHttp({"/a.png": [moved(location)]})
    assert "redirects more than 3 times" in await refusal(http)
    assert len(http.sent) == 4


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (FakeReply(404, pieces=[b"a secret of an inner host"]), "files.example.com answers 404"),
        (FakeReply(500, pieces=[b"a secret"]), "answers 500"),
        (FakeReply(206, pieces=[PNG]), "answers 206"),
        (FakeReply(200, pieces=[b"<html>a secret</html>"]), "is no PNG, JPEG, WebP, GIF or AVIF"),
        (FakeReply(200, {"content-type": "image/png"}, [b""]), "is no PNG"),
        (FakeReply(200, pieces=[PNG, bytes(MAX_SOURCE_BYTES)]), "is larger than 25 MiB"),
        (FakeReply(200, pieces=[PNG, ConnectionError("reset")]), "broke off"),
        (ConnectionError("refused"), "files.example.com cannot be reached"),
    ],
)
async def test_a_source_that_is_not_a_picture_is_a_caller_error(reply: Any, words: str) -> None:
    message = await refusal(FakeHttp({"/a.png": [reply]}))
    assert words in message
    assert "secret" not in message
    assert "http" not in message


async def test_a_picture_may_be_as_large_as_the_limit_and_no_larger() -> None:
    largest = PNG + bytes(MAX_SOURCE_BYTES - len(PNG))
    assert (await fetch(FakeHttp({"/a.png": [picture(largest)]}))).format == "png"
    assert "is larger than" in await refusal(FakeHttp({"/a.png": [picture(largest + b"x")]}))
    assert "than 0.5 MiB" in await refusal(
        FakeHttp({"/a.png": [picture(largest)]}), limit_bytes=512 * 1024
    )


class Silent:
    """A network in which nothing ever happens."""

    def __init__(self) -> None:
        self.requested = asyncio.Event()

    async def send(
        self,
        method: str,
        address: Address,
        *,
        headers: Mapping[str, str],
        credential: Credential | None = None,
        body: Sequence[Part] = (),
        deadline: Deadline,
    ) -> FakeReply:
        self.requested.set()
        await asyncio.Event().wait()
        raise AssertionError


async def test_a_host_that_is_slow_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "FETCH_LIMIT_S", 0.01)
    assert "files.example.com took longer than" in await refusal(Silent())


async def test_the_requests_own_time_comes_first() -> None:
    with pytest.raises(DeadlineExceeded):
        await fetch(Silent(), limit_s=0.01)


class Trickle(FakeReply):
    """An answer that begins and never ends."""

    async def read(self, limit: int) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError


async def test_an_endless_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "FETCH_LIMIT_S", 0.01)
    http = FakeHttp({"/a.png": [Trickle()]})
    assert "took longer" in await refusal(http)


async def kept(store: Any, url: str, http: FakeHttp | None = None) -> ImageFile:
    network = http or FakeHttp({})
    try:
        return await fetch(
            network, url, media=store, own_origins=[OWN + "/", "http://localhost:8787"]
        )
    finally:
        assert not network.sent


@pytest.mark.parametrize("origin", [OWN, "https://DARKROOM.example:443", "http://localhost:8787"])
async def test_a_picture_that_is_kept_here_is_not_requested_over_the_network(origin: str) -> None:
    store = MemoryMedia()
    await store.put("abc123.png", BytesBlob(PNG), "image/png")
    assert (await kept(store, f"{origin}/media/abc123.png#x")).read(0, 99) == PNG


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/media/gone.png", "no such picture here"),
        ("/v1/models", "only /media/"),
        ("/media/../v1/models", "only /media/"),
        ("/media/a%2fb.png", "only /media/"),
        ("/media/abc123.png?x=1", "only /media/"),
        ("", "only /media/"),
    ],
)
async def test_nothing_else_of_this_gateways_own_is_a_picture(path: str, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        await kept(MemoryMedia(), OWN + path)


async def test_without_a_store_nothing_is_kept_here() -> None:
    with pytest.raises(InvalidRequest, match="no such picture here"):
        await kept(None, f"{OWN}/media/abc123.png")


async def test_a_store_that_fails_is_not_the_callers_mistake() -> None:
    class Failing(MemoryMedia):
        async def get(self, name: str, part: ByteRange | None = None) -> StoredMedia | None:
            raise StoreUnavailable

    with pytest.raises(UpstreamUnavailable):
        await kept(Failing(), f"{OWN}/media/abc123.png")
