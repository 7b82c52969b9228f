from dataclasses import dataclass
from importlib.metadata import EntryPoint

import pytest

from superlens.core import catalogue
from superlens.core.catalogue import entry_of, runtime_of, unknown_name, with_added
from superlens.core.errors import InvalidParameter


@dataclass(frozen=True)
class Entry:
    id: str


BUILT_IN = (Entry("alpha"), Entry("beta"))
ADDED = Entry("gamma")
GROUP = "superlens.entries"


def test_entries_of_other_packages_are_found_and_broken_ones_are_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    found = (
        EntryPoint("good", "example:ADDED", GROUP),
        EntryPoint("broken", "superlens.nowhere:SPEC", GROUP),
        EntryPoint("odd", "json:dumps", GROUP),
    )
    monkeypatch.setattr(catalogue, "entry_points", lambda group: found if group == GROUP else ())
    monkeypatch.setitem(__import__("sys").modules, "example", type("Module", (), {"ADDED": ADDED}))

    assert with_added(BUILT_IN, GROUP) == (*BUILT_IN, ADDED)
    assert "superlens.nowhere:SPEC" in caplog.text
    assert "json:dumps of superlens.entries is not a Entry" in caplog.text


def test_an_entry_is_found_by_its_id() -> None:
    assert entry_of(BUILT_IN, "beta", "thing") is BUILT_IN[1]


@pytest.mark.parametrize(
    ("wanted", "advice"), [("alpa", "Did you mean 'alpha'?"), ("xyz", "Known are: alpha, beta")]
)
def test_an_unknown_id_is_refused_with_the_nearest_one(wanted: str, advice: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        entry_of(BUILT_IN, wanted, "thing")

    assert caught.value.title == f"There is no thing {wanted!r}"
    assert caught.value.advice == advice


def test_an_empty_catalogue_says_so() -> None:
    assert unknown_name("model", "m", ()).advice == "Known are: none"


def test_a_runtime_is_made_from_its_reference() -> None:
    assert runtime_of("collections:OrderedDict") == {}
