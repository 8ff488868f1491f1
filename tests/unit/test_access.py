"""Whose token goes where."""

import pytest

from darkroom.access import read_bearer, tokens_for
from darkroom.catalog.model import ProviderRow
from darkroom.errors import InvalidRequest

HF = ProviderRow("huggingface", "Hugging Face Spaces", "hf", "hf", "hf_[A-Za-z0-9]{4,}", False)
GITEE = ProviderRow("gitee", "Gitee AI", "gitee", "gitee", "[A-Z0-9]{40}", True)
PROVIDERS = (HF, GITEE)


def tokens(header: str | None, provider: ProviderRow = HF) -> list[str]:
    bearer = read_bearer(header, PROVIDERS)
    return [token.reveal() for token in tokens_for(bearer, provider, "a model")]


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic dXNlcg==", "Bearer hf:"])
def test_no_token_is_no_token(header: str | None) -> None:
    assert tokens(header) == []


def test_a_prefix_names_the_provider_and_stays_here() -> None:
    assert tokens("Bearer hf:anything") == ["anything"]


def test_a_comma_list_keeps_its_order_and_loses_its_prefixes() -> None:
    assert tokens("Bearer hf:one, two,hf:three") == ["one", "two", "three"]


def test_a_bare_token_of_the_providers_own_kind_goes_along() -> None:
    assert tokens("Bearer hf_abcdefgh") == ["hf_abcdefgh"]


@pytest.mark.parametrize("token", ["sk-proj-123456", "dk_gatewaykey", "not-needed", "ms-123"])
def test_a_bare_token_of_another_kind_stays_here(token: str) -> None:
    assert tokens(f"Bearer {token}") == []


def test_a_prefix_that_contradicts_the_model_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="token of Gitee AI") as caught:
        tokens("Bearer gitee:abc", HF)
    assert (caught.value.status, caught.value.param) == (400, "authorization")


def test_two_prefixes_at_once_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="both"):
        read_bearer("Bearer hf:a,gitee:b", PROVIDERS)


def test_words_in_the_place_of_a_token_are_passed_over() -> None:
    assert tokens("Bearer no key needed") == []


@pytest.mark.parametrize("token", ["hf:a b", "hf:a\nb", "hf:é"])
def test_a_token_that_no_header_can_carry_is_refused(token: str) -> None:
    with pytest.raises(InvalidRequest):
        read_bearer(f"Bearer {token}", PROVIDERS)


def test_a_token_does_not_print_itself() -> None:
    bearer = read_bearer("Bearer hf:topsecret", PROVIDERS)
    assert "topsecret" not in repr(bearer)
