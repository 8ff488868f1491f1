"""Whose token goes where."""

import hashlib

import pytest

from darkroom.access import Caller, identify, is_admin, read_bearer
from darkroom.catalog.provider_row import ProviderRow
from darkroom.errors import CredentialMissing, CredentialRefused, InvalidRequest
from darkroom.settings import Secret, Settings

HF = ProviderRow("huggingface", "Hugging Face Spaces", "hf", "hf", "hf_[A-Za-z0-9]{4,}", False)
GITEE = ProviderRow("gitee", "Gitee AI", "gitee", "gitee", "[A-Z0-9]{40}", True)
PROVIDERS = (HF, GITEE)


def caller_of(header: str | None, settings: Settings | None = None) -> Caller:
    return identify(header, settings or Settings(), PROVIDERS)


def tokens(header: str | None, provider: ProviderRow = HF) -> list[str]:
    caller = caller_of(header)
    caller.check_prefixes([provider], "a model")
    return [token.reveal() for token in caller.tokens_for(provider)]


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic dXNlcg==", "Bearer hf:"])
def test_a_header_without_a_token_yields_none(header: str | None) -> None:
    assert tokens(header) == []


def test_a_prefix_names_the_provider_and_stays_here() -> None:
    assert tokens("Bearer hf:anything") == ["anything"]


def test_a_comma_list_keeps_its_order_and_loses_its_prefixes() -> None:
    assert tokens("Bearer hf:one, two,hf:three") == ["one", "two", "three"]


def test_a_bare_token_of_the_providers_own_kind_goes_along() -> None:
    assert tokens("Bearer hf_abcdefgh") == ["hf_abcdefgh"]


@pytest.mark.parametrize("token", ["sk-proj-123456", "not-needed", "ms-123"])
def test_a_bare_token_of_another_kind_stays_here(token: str) -> None:
    assert tokens(f"Bearer {token}") == []


def test_a_prefix_that_contradicts_the_model_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="token of Gitee AI") as caught:
        tokens("Bearer gitee:abc", HF)
    assert (caught.value.status, caught.value.param) == (400, "authorization")


def test_tokens_of_two_providers_each_go_to_their_own() -> None:
    caller = caller_of("Bearer hf:a,b,gitee:c,d")
    caller.check_prefixes([HF, GITEE], "auto")
    assert [token.reveal() for token in caller.tokens_for(HF)] == ["a", "b"]
    assert [token.reveal() for token in caller.tokens_for(GITEE)] == ["c", "d"]
    with pytest.raises(InvalidRequest, match="token of Gitee AI"):
        caller.check_prefixes([HF], "a model")


def test_a_bare_token_goes_to_a_provider_that_needs_one() -> None:
    assert tokens("Bearer anything-at-all", GITEE) == ["anything-at-all"]


def test_a_bare_token_that_looks_like_somebody_elses_stays_here() -> None:
    with pytest.raises(CredentialMissing, match="does not look like one of Gitee AI"):
        tokens("Bearer hf_abcdefgh", GITEE)


def test_a_provider_that_needs_a_token_says_how_to_send_one() -> None:
    with pytest.raises(CredentialMissing, match="Bearer gitee:TOKEN") as caught:
        tokens(None, GITEE)
    assert (caught.value.status, caught.value.code) == (401, "missing_api_key")


KEY_DIGEST = hashlib.sha256(b"dk_open-sesame").hexdigest()
OPERATOR = Settings(gateway_keys=(KEY_DIGEST,), tokens={"gitee": (Secret("operators"),)})


def test_a_gateway_key_unlocks_the_operators_tokens() -> None:
    caller = caller_of("Bearer dk_open-sesame", OPERATOR)
    assert caller.tokens_for(GITEE) == (Secret("operators"),)
    assert caller_of("Bearer gitee:own,dk_open-sesame", OPERATOR).tokens_for(GITEE) == (
        Secret("own"), Secret("operators"),
    )  # fmt: skip


def test_without_a_key_the_operators_tokens_stay_locked() -> None:
    with pytest.raises(CredentialMissing, match="gateway key"):
        caller_of(None, OPERATOR).tokens_for(GITEE)


@pytest.mark.parametrize("settings", [OPERATOR, Settings(tokens=OPERATOR.tokens)])
def test_a_key_that_is_not_known_opens_nothing(settings: Settings) -> None:
    with pytest.raises(CredentialRefused, match="not known"):
        caller_of("Bearer dk_guessed", settings)


OWN = ProviderRow("a1111", "A1111", "a1111", "a1111", "", False, owned=True)


def test_a_server_of_the_operators_needs_the_key_unless_it_is_public() -> None:
    with pytest.raises(CredentialMissing, match="operator"):
        caller_of(None, OPERATOR).tokens_for(OWN)
    assert caller_of("Bearer dk_open-sesame", OPERATOR).tokens_for(OWN) == ()
    assert caller_of(None, Settings(public_providers=("a1111",))).tokens_for(OWN) == ()


@pytest.mark.parametrize(
    ("header", "telling"),
    [
        (None, False),
        ("Bearer not-needed", False),
        ("Bearer not-needed, sk-1234", False),
        ("Bearer no key needed", False),
        ("Bearer hf:anything", True),
        ("Bearer gitee:anything", True),
        ("Bearer hf_abcdefgh", True),
        ("Bearer not-needed,hf_abcdefgh", True),
        ("Bearer dk_open-sesame", True),
    ],
)
def test_placeholder_tokens_do_not_identify_a_caller(header: str | None, telling: bool) -> None:
    assert (caller_of(header, OPERATOR).scope is not None) is telling


def test_a_list_of_tokens_is_another_caller_than_one_of_them() -> None:
    scopes = [caller_of(f"Bearer hf:{tokens}").scope for tokens in ("a", "b", "a,b", "b,a")]
    assert len(set(scopes)) == 3
    whole = caller_of("Bearer hf:a,gitee:b")
    assert whole.narrowed([HF]).scope == whole.scope


def test_the_same_text_at_two_providers_belongs_to_two_callers() -> None:
    headers = ("hf:hf_abcdefgh", "gitee:hf_abcdefgh", "hf:hf_abcdefgh,gitee:hf_abcdefgh")
    callers = [caller_of(f"Bearer {header}") for header in headers]
    assert len({caller.scope for caller in callers}) == len({c.digest for c in callers}) == 3


def test_a_token_that_looks_like_a_providers_is_the_same_with_and_without_its_prefix() -> None:
    headers = ("hf_abcdefgh", "hf:hf_abcdefgh", "HF: hf_abcdefgh", "hf:hf_abcdefgh,hf_abcdefgh")
    assert len({caller_of(f"Bearer {header}").scope for header in headers}) == 1
    assert caller_of("Bearer gitee:abcdefgh").scope != caller_of("Bearer hf:abcdefgh").scope


def test_words_in_the_place_of_a_token_are_passed_over() -> None:
    assert tokens("Bearer no key needed") == []


@pytest.mark.parametrize("token", ["hf:a b", "hf:a\nb", "hf:é"])
def test_a_token_that_no_header_can_carry_is_refused(token: str) -> None:
    with pytest.raises(InvalidRequest):
        read_bearer(f"Bearer {token}", PROVIDERS)


def test_a_token_does_not_print_itself() -> None:
    bearer = read_bearer("Bearer hf:topsecret", PROVIDERS)
    assert "topsecret" not in repr(bearer)


def test_a_key_of_the_administrators_opens_the_operators_tokens_and_the_management_of_keys() -> (
    None
):
    digest = hashlib.sha256(b"dk_root").hexdigest()
    settings = Settings(gateway_keys=(KEY_DIGEST,), admin_keys=(digest,))
    admin = identify("Bearer dk_root", settings, PROVIDERS)
    assert (admin.holds_key, is_admin(admin)) == (True, True)
    assert not is_admin(identify("Bearer dk_open-sesame", settings, PROVIDERS))
    assert not is_admin(identify(f"Bearer {digest}", settings, PROVIDERS))
    assert not is_admin(identify(None, settings, PROVIDERS))
