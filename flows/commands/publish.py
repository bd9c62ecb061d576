"""`kvarn publish` and `kvarn rollback`: the two commands that make a commit by hand."""

from pathlib import Path

from flows.commands.context import context
from flows.output import emit
from pipeline.storage.lock import exclusive
from pipeline.storage.releases import Release, remove_uncommitted
from pipeline.work.publish import choose, rollback
from pipeline.work.publish import publish_candidate as publish_waiting


def publish_candidate(
    digest: str | None, config: Path | None, curated: Path | None, *, as_json: bool
) -> None:
    """Publish the candidate that waits."""
    store = context(config, curated=curated).store
    with exclusive(store):
        # A crash at the commit may have left the candidate among the releases.
        remove_uncommitted(store)
        release = publish_waiting(store, choose(store, digest))
    _say(release, f"release {release.number} published: {release.folder}", as_json=as_json)


def rollback_to(
    number: int, reason: str, config: Path | None, curated: Path | None, *, as_json: bool
) -> None:
    """Make an old release the newest again."""
    store = context(config, curated=curated).store
    with exclusive(store):
        release = rollback(store, number, reason)
    _say(
        release,
        f"release {release.number} now is what release {number} was: {release.folder}",
        as_json=as_json,
    )


def _say(release: Release, line: str, *, as_json: bool) -> None:
    facts = {"number": release.number, "digest": release.commit.digest, "folder": str(release.folder)}
    emit(facts, [line], as_json=as_json)
