"""Keys and rates: what the keys file holds, who is let in, how often."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from nmt.errors import ConfigError
from serve.access import (
    WRONG_KEYS_A_MINUTE,
    Access,
    ApiKey,
    KeyMissing,
    KeyWrong,
    TooFast,
    TooManyWrongKeys,
    add_key,
    hash_key,
    is_loopback,
    read_keys,
)
from serve.settings import Settings

STRANGER, OTHER = "203.0.113.9", "203.0.113.10"
HASH = "0" * 64


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def access(**settings: Any) -> Access:
    return Access(Settings(models=("x",), **settings))


class TestKeysFile:
    def test_a_key_is_kept_as_its_hash_alone(self, file: Path) -> None:
        key = add_key(file, "weblate", 600)
        assert read_keys(file) == (ApiKey(hashlib.sha256(key.encode()).hexdigest(), "weblate", 600),)
        assert key not in file.read_text(encoding="utf-8")

    def test_keys_are_long_and_differ(self, file: Path) -> None:
        keys = {add_key(file, f"key{number}", None) for number in range(20)}
        assert len(keys) == 20
        assert min(map(len, keys)) >= 32

    def test_what_was_in_the_file_stays(self, file: Path) -> None:
        file.write_text(f"# ours\n\n{HASH} old 5", encoding="utf-8")
        add_key(file, "new", None)
        assert file.read_text(encoding="utf-8").startswith(f"# ours\n\n{HASH} old 5\n")
        assert [(one.name, one.per_minute) for one in read_keys(file)] == [("old", 5), ("new", None)]

    def test_a_name_is_taken_once(self, file: Path) -> None:
        add_key(file, "one", None)
        with pytest.raises(ConfigError, match="has a key named 'one' already"):
            add_key(file, "one", None)

    @pytest.mark.parametrize("name", ["", "two words", "#one", "a\tb", "x" * 65])
    def test_a_name_that_cannot_be(self, file: Path, name: str) -> None:
        with pytest.raises(ConfigError, match="cannot name a key"):
            add_key(file, name, None)
        assert not file.exists()

    @pytest.mark.parametrize(
        "line",
        ["", " ", "# anything", f"{HASH} one", f"{HASH}   one   7", f"  {HASH} one  "],
    )
    def test_good_lines(self, file: Path, line: str) -> None:
        file.write_text(line + "\n", encoding="utf-8")
        assert len(read_keys(file)) == (HASH in line)

    @pytest.mark.parametrize(
        "line",
        [
            HASH,
            "secret one",
            f"{HASH[1:]} one",
            f"{HASH.replace('0', 'G')} one",
            f"{HASH} one many",
            f"{HASH} one 5 more",
            f"{HASH} one -5",
        ],
    )
    def test_bad_lines_are_one_clear_error(self, file: Path, line: str) -> None:
        file.write_text(f"# first\n{line}\n", encoding="utf-8")
        with pytest.raises(ConfigError) as error:
            read_keys(file)
        assert str(error.value) == f"{file}, line 2: expected SHA256 NAME [TEXTS_PER_MINUTE], as nmt serve-key writes it"

    def test_a_file_that_cannot_be_read(self, file: Path) -> None:
        with pytest.raises(ConfigError, match="make one with nmt serve-key"):
            access(api_keys_file=file)

    @pytest.mark.parametrize("do", [read_keys, lambda path: add_key(path, "one", None)])
    def test_a_file_of_something_else(self, file: Path, do: Any) -> None:
        file.write_bytes(b"\xff\xfe\x00")
        with pytest.raises(ConfigError, match="cannot read the API keys"):
            do(file)
        assert file.read_bytes() == b"\xff\xfe\x00"


class TestWithoutKeys:
    def test_any_key_will_do(self) -> None:
        one = access(requests_per_minute=0)
        for key in (None, "", "any"):
            one.let_in(key, STRANGER, 1)
        assert not one.required

    def test_each_address_has_its_rate(self) -> None:
        one = access(requests_per_minute=2)
        one.let_in(None, STRANGER, 2)
        with pytest.raises(TooFast, match="2 per 1 minute") as refused:
            one.let_in(None, STRANGER, 1)
        assert 1 <= refused.value.retry_after <= 60
        one.let_in(None, OTHER, 2)

    @pytest.mark.parametrize("cost", [0, 1])
    def test_even_nothing_costs_one(self, cost: int) -> None:
        one = access(requests_per_minute=1)
        one.let_in(None, STRANGER, cost)
        with pytest.raises(TooFast):
            one.let_in(None, STRANGER, cost)

    def test_a_cost_above_the_rate_is_the_whole_rate(self) -> None:
        one = access(requests_per_minute=3)
        one.let_in(None, STRANGER, 50)
        with pytest.raises(TooFast):
            one.let_in(None, STRANGER, 1)


class TestWithKeys:
    def test_who_is_let_in(self, file: Path) -> None:
        key = add_key(file, "one", None)
        one = access(api_keys_file=file)
        one.let_in(key, STRANGER, 1)
        for missing in (None, ""):
            with pytest.raises(KeyMissing):
                one.let_in(missing, STRANGER, 1)
        for wrong in ("wrong", key + "x", key[:-1], hash_key(key), "\ud800"):
            with pytest.raises(KeyWrong):
                one.let_in(wrong, STRANGER, 1)

    def test_an_empty_file_lets_nobody_in(self, file: Path) -> None:
        file.write_text("", encoding="utf-8")
        with pytest.raises(KeyMissing):
            access(api_keys_file=file).let_in(None, "127.0.0.1", 1)

    def test_a_rate_belongs_to_the_key_wherever_it_comes_from(self, file: Path) -> None:
        slow, plain = add_key(file, "slow", 1), add_key(file, "plain", None)
        one = access(api_keys_file=file, requests_per_minute=2)
        one.let_in(slow, STRANGER, 1)
        for address in (STRANGER, OTHER, "127.0.0.1"):
            with pytest.raises(TooFast, match="1 per 1 minute"):
                one.let_in(slow, address, 1)
        one.let_in(plain, STRANGER, 2)
        with pytest.raises(TooFast, match="2 per 1 minute"):
            one.let_in(plain, OTHER, 1)

    def test_a_key_can_be_added_and_withdrawn_while_serving(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("serve.access.LOOK_SECONDS", 0.0)
        old = add_key(file, "old", None)
        one = access(api_keys_file=file)
        one.let_in(old, STRANGER, 1)
        file.unlink()
        new = add_key(file, "new", None)
        one.let_in(new, STRANGER, 1)
        with pytest.raises(KeyWrong):
            one.let_in(old, STRANGER, 1)
        for spoil in (lambda: file.write_text("broken", encoding="utf-8"), file.unlink):
            spoil()
            one.let_in(new, STRANGER, 1)

    def test_wrong_keys_are_counted_by_address(self, file: Path) -> None:
        key = add_key(file, "one", None)
        one = access(api_keys_file=file)
        for _ in range(WRONG_KEYS_A_MINUTE):
            with pytest.raises(KeyWrong):
                one.let_in("wrong", STRANGER, 1)
        for given in ("wrong", key):
            with pytest.raises(TooManyWrongKeys):
                one.let_in(given, STRANGER, 1)
        one.let_in(key, OTHER, 1)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", "::1%lo", "", "localhost"])
def test_loopback(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize(
    "address", ["203.0.113.9", "10.0.0.1", "::2", "::ffff:203.0.113.9", "0.0.0.0", "testclient", "127.0.0.1.example.org"]
)
def test_not_loopback(address: str) -> None:
    assert not is_loopback(address)
