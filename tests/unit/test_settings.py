"""The environment as settings."""

import pytest

from darkroom.errors import Misconfigured
from darkroom.settings import Settings


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_env({"PUBLIC_URL": ""}) == Settings()


def test_variables_replace_the_defaults() -> None:
    settings = Settings.from_env(
        {
            "DEFAULT_MODEL": "flux-1-schnell",
            "PUBLIC_URL": "https://darkroom.example/",
            "REQUEST_TIMEOUT_S": "60",
            "HUGGINGFACE_SPACE_URL": "http://127.0.0.1:1/spaces/{subdomain}",
            "HUGGINGFACE_TOKEN_HEADER": "Authorization",
        }
    )
    assert settings.default_model == "flux-1-schnell"
    assert settings.public_url == "https://darkroom.example"
    assert settings.request_timeout_s == 60
    assert settings.huggingface_space_url == "http://127.0.0.1:1/spaces/{subdomain}"
    assert settings.huggingface_token_header == "authorization"


@pytest.mark.parametrize("value", ["soon", "0", "-1", "nan", "inf", "0.5"])
def test_a_timeout_that_is_no_time_is_refused_by_name(value: str) -> None:
    with pytest.raises(Misconfigured, match="REQUEST_TIMEOUT_S"):
        Settings.from_env({"REQUEST_TIMEOUT_S": value})


def test_a_token_goes_into_no_other_header() -> None:
    with pytest.raises(Misconfigured, match="HUGGINGFACE_TOKEN_HEADER"):
        Settings.from_env({"HUGGINGFACE_TOKEN_HEADER": "Cookie"})
