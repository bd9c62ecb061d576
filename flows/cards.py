"""The two descriptions of a release that programs and people read first: dataset card and Croissant."""

from collections.abc import Mapping

from flows.settings import Settings
from pipeline.quality.card import CardInputs, card
from pipeline.quality.croissant import CroissantInputs, croissant
from pipeline.quality.profile import Profile
from pipeline.quality.report import SourceFacts
from pipeline.stages.pii import masked_kinds
from pipeline.storage.manifest import FileEntry
from pipeline.storage.releases import next_number
from pipeline.work.plan import Plan


def source_facts(plan: Plan) -> dict[str, SourceFacts]:
    """What source.toml says of each source that has files, or that must have."""
    present = {item.source for item in plan.inputs}
    return {
        name: SourceFacts(spec.licence, spec.lawful_basis, spec.language, spec.required)
        for name, spec in sorted(plan.specs.items())
        if name in present or spec.required
    }


def card_files(
    settings: Settings, plan: Plan, profile: Profile, files: Mapping[str, FileEntry]
) -> list[tuple[str, bytes]]:
    """README.md and croissant.json of a candidate. Neither names the digest: both are in the manifest."""
    number = next_number(plan.store)
    masked = tuple(sorted(masked_kinds(settings.pii)))
    about = CardInputs(
        settings.release.name, number, profile, source_facts(plan), masked, settings.release.contact
    )
    machine = CroissantInputs(
        name=about.name,
        number=number,
        files={name: (item.sha256, item.bytes) for name, item in files.items()},
        sources=about.sources,
        languages=tuple(profile.languages),
    )
    return [("README.md", card(about).encode()), ("croissant.json", croissant(machine))]
