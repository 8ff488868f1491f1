"""The environment as settings."""

import pytest

from darkroom.errors import Misconfigured
from darkroom.settings import Secret, Settings


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_env({"PUBLIC_URL": ""}) == Settings()


def test_variables_replace_the_defaults() -> None:
    settings = Settings.from_env(
        {
            "DEFAULT_MODEL": "flux-1-schnell",
            "PUBLIC_URL": "https://darkroom.example/",
            "REQUEST_TIMEOUT_S": "60",
            "POLL_DELAYS_S": "1, 4",
            "GITEE_TOKENS": "one,two",
            "PUBLIC_PROVIDERS": "a1111",
            "HUGGINGFACE_TOKEN_HEADER": "Authorization",
        },
        ["gitee", "bfl"],
    )
    assert settings.default_model == "flux-1-schnell"
    assert settings.public_url == "https://darkroom.example"
    assert settings.request_timeout_s == 60
    assert settings.poll_delays_s == (1.0, 4.0)
    assert settings.tokens == {"gitee": (Secret("one"), Secret("two"))}
    assert settings.public_providers == ("a1111",)
    assert settings.huggingface_token_header == "authorization"


@pytest.mark.parametrize("value", ["soon", "0", "-1", "nan", "inf", "0.5"])
def test_an_invalid_timeout_is_refused_by_name(value: str) -> None:
    with pytest.raises(Misconfigured, match="REQUEST_TIMEOUT_S"):
        Settings.from_env({"REQUEST_TIMEOUT_S": value})


@pytest.mark.parametrize("value", ["soon", "0", "1,x", "99"])
def test_invalid_poll_delays_are_refused_by_name(value: str) -> None:
    with pytest.raises(Misconfigured, match="POLL_DELAYS_S"):
        Settings.from_env({"POLL_DELAYS_S": value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TASK_SECRET", "too short"),
        ("TASK_TIMEOUT_S", "841"),
        ("WEBHOOK_SECRET", "bm90IGEgc2VjcmV0LCBidXQgb2YgdGhlIHJpZ2h0IHNpemU="),
        ("WEBHOOK_SECRET", "whsec_c2hvcnQ="),
        ("WEBHOOK_SECRET", "whsec_not base64, and long enough for anybody"),
    ],
)
def test_an_invalid_task_setting_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        Settings.from_env({name: value})


def test_the_secrets_of_tasks_are_read_and_never_shown() -> None:
    secret = "whsec_bm90IGEgc2VjcmV0LCBidXQgb2YgdGhlIHJpZ2h0IHNpemU="
    settings = Settings.from_env({"TASK_SECRET": "s" * 32, "WEBHOOK_SECRET": secret})
    assert (settings.task_secret, settings.webhook_secret) == (Secret("s" * 32), Secret(secret))
    assert secret not in repr(settings)


def test_a_gateway_key_itself_is_refused_where_its_digest_belongs() -> None:
    with pytest.raises(Misconfigured, match="GATEWAY_KEYS must hold SHA-256"):
        Settings.from_env({"GATEWAY_KEYS": "dk_open-sesame"})


def test_a_token_goes_into_no_other_header() -> None:
    with pytest.raises(Misconfigured, match="HUGGINGFACE_TOKEN_HEADER"):
        Settings.from_env({"HUGGINGFACE_TOKEN_HEADER": "Cookie"})


def test_origins_of_pictures_are_read_in_one_spelling() -> None:
    listed = "https://Files.example.com:443/, http://127.0.0.1:8790,http://[::1]:80"
    settings = Settings.from_env({"SOURCE_ORIGINS": listed})
    assert settings.source_origins == (
        "https://files.example.com",
        "http://127.0.0.1:8790",
        "http://[::1]",
    )


@pytest.mark.parametrize(
    "value",
    [
        "files.example.com",
        "ftp://files.example.com",
        "https://files.example.com/pictures",
        "https://user@files.example.com",
        "https://*.example.com",
        "https://files.example.com?x",
        "https://files.example.com:port",
    ],
)
def test_an_invalid_origin_is_refused_by_name(value: str) -> None:
    for name in ("SOURCE_ORIGINS", "ALLOWED_ORIGINS"):
        with pytest.raises(Misconfigured, match=f"{name} must hold origins"):
            Settings.from_env({name: f"https://good.example.com,{value}"})


def test_origins_of_pages_are_read_as_browsers_spell_them() -> None:
    settings = Settings.from_env(
        {"ALLOWED_ORIGINS": "https://Chat.example:443/, http://[::1]:3000"}
    )
    assert settings.allowed_origins == ("https://chat.example", "http://[::1]:3000")


@pytest.mark.parametrize(
    ("environment", "header"),
    [
        ({}, "cf-connecting-ip"),
        ({"CLIENT_ADDRESS_HEADER": "X-Real-IP"}, "x-real-ip"),
        ({"CLIENT_ADDRESS_HEADER": ""}, ""),
    ],
)
def test_the_header_of_the_clients_address_can_be_named_or_refused(
    environment: dict[str, str], header: str
) -> None:
    assert Settings.from_env(environment).address_header == header


@pytest.mark.parametrize("value", ["X Real IP", "x:", "ü", "a,b", "x" * 65])
def test_an_invalid_header_name_is_refused(value: str) -> None:
    with pytest.raises(Misconfigured, match="CLIENT_ADDRESS_HEADER"):
        Settings.from_env({"CLIENT_ADDRESS_HEADER": value})
