import itertools

from superlens.core.blinding import Blinding


def test_codes_depend_on_the_seed_and_the_id_alone() -> None:
    few, many = ["a", "b"], [f"{n}" for n in range(500)] + ["b", "a"]

    assert {key: Blinding(7).codes(many)[key] for key in few} == Blinding(7).codes(few)
    assert Blinding(7).code("a") != Blinding(8).code("a")
    assert Blinding(7).code("a") == Blinding(7).codes(many)["a"]


def test_codes_can_be_read_aloud_and_are_all_different() -> None:
    codes = Blinding(1).codes(f"image {number}" for number in range(10_000))

    assert len(set(codes.values())) == 10_000
    assert all(len(code) == 9 and code[4] == "-" for code in codes.values())
    assert not set("ILOU") & set("".join(codes.values()))


def test_codes_that_agree_by_chance_are_written_out(monkeypatch) -> None:
    monkeypatch.setattr("superlens.core.blinding._SHORT", 1)
    ids = [f"{number}" for number in range(100)]  # of 32 short codes

    codes = Blinding(3).codes(ids)

    assert len(set(codes.values())) == 100


def test_order_of_the_codes_hides_that_of_the_ids() -> None:
    ids = [f"{number:03}" for number in range(200)]

    hidden = Blinding(3).order(ids)

    assert sorted(hidden) == ids
    # Of a random order half of the neighbours rise: 99.5 of 199, with a deviation of about 4.
    assert 75 < sum(a < b for a, b in itertools.pairwise(hidden)) < 125
