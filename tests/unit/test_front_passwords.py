from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.passwords import hash_password, is_outdated, problem_with, verify


def test_a_password_fits_its_own_hash_only() -> None:
    kept = hash_password("correct horse battery")
    assert verify(kept, "correct horse battery")
    assert not verify(kept, "correct horse batterx")
    assert kept.startswith("$argon2id$")


def test_nobody_has_a_password() -> None:
    assert not verify(None, "correct horse battery")


def test_what_is_not_a_hash_fits_nothing() -> None:
    assert not verify("plain", "plain")


def test_the_same_letters_from_another_keyboard_fit() -> None:
    assert verify(hash_password("Fr\u00fchling in Berlin"), "Fru\u0308hling in Berlin")


def test_a_hash_with_other_parameters_is_outdated() -> None:
    assert is_outdated(PasswordHasher(time_cost=1, memory_cost=1024).hash("x"))
    assert not is_outdated(hash_password("x"))


@settings(max_examples=200)
@given(st.text(max_size=300))
def test_a_password_is_accepted_exactly_when_it_is_long_and_varied(password: str) -> None:
    accepted = problem_with(password) is None
    assert accepted == (12 <= len(password) <= 256 and len(set(password)) >= 5)
