"""Shards are cut by content: one file more or less moves no other boundary."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.storage.manifest import Input
from pipeline.work.shards import Shard, cut

names = st.text("abcdefgh/åäö", min_size=1, max_size=6)
files = st.builds(Input, st.sampled_from(["lag", "skog"]), names, st.integers(0, 400), st.just("0" * 64))
listings = st.lists(files, max_size=40, unique_by=lambda item: (item.source, item.uri))


def boundaries(shards: list[Shard]) -> set[tuple[str, str]]:
    return {(shard.source, shard.inputs[-1].uri) for shard in shards}


@given(listings)
def test_every_file_is_in_one_shard_and_no_shard_mixes_sources(listing: list[Input]) -> None:
    shards = list(cut(listing, target=500, ceiling=1000))
    assert sorted(i.uri for s in shards for i in s.inputs) == sorted(i.uri for i in listing)
    assert all({item.source for item in shard.inputs} == {shard.source} for shard in shards)
    assert all(shard.bytes < 1000 + 400 for shard in shards)


@given(listings, st.randoms())
def test_the_order_of_listing_does_not_matter(listing: list[Input], random: object) -> None:
    shuffled = sorted(listing, key=lambda item: hash((str(random), item.uri)))
    assert list(cut(listing, 500)) == list(cut(shuffled, 500))


@given(listings, files)
def test_a_new_file_moves_no_boundary_but_its_own(listing: list[Input], extra: Input) -> None:
    without = [item for item in listing if (item.source, item.uri) != (extra.source, extra.uri)]
    last = {item.source: max(i.uri for i in without if i.source == item.source) for item in without}
    before = boundaries(list(cut(without, 500, 1 << 40)))
    after = boundaries(list(cut([*without, extra], 500, 1 << 40)))
    ends_of_sources = set(last.items())
    assert before - after <= ends_of_sources
    assert after - before <= {(extra.source, extra.uri)} | {
        (extra.source, max(extra.uri, last.get(extra.source, "")))
    }


def test_a_large_file_ends_its_shard() -> None:
    big = Input("a", "1", 1000, "0" * 64)
    assert len(list(cut([big, Input("a", "2", 1, "0" * 64)], target=1000))) == 2
