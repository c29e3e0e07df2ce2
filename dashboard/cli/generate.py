"""`studio generate`: submit like the page does; with `--wait` follow it to the end."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from dashboard.cli.attached import attached_services
from dashboard.cli.output import show_json
from jobs.admission import admit
from jobs.bootstrap import Services
from jobs.errors import InvalidRequest, Problem
from jobs.images import CheckedImage, check_image
from jobs.requests import check_request, read_draft
from storage.errors import RecordNotFound, StudioError
from storage.models import (
    FINAL_STATUSES,
    Generation,
    GenerationStatus,
    Person,
    RenditionKind,
    RenditionState,
    Video,
)
from storage.records import campaigns, generations, ledger, people, videos

LOOK_EVERY_S = 0.25
RENDITIONS_WITHIN_S = 120.0
LINK_S = 3600


@dataclass(frozen=True)
class Outcome:
    """A generation as it stands, with its video when it has one."""

    generation: Generation
    charge_usd: Any
    video: Video | None


@click.command()
@click.option(
    "--image", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--end-image", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--prompt", required=True)
@click.option("--model", help="Default: the catalogue's default.")
@click.option("--resolution")
@click.option("--duration", help="Seconds.")
@click.option("--aspect-ratio")
@click.option("--motion", help="0 (subtle) to 1 (dynamic).")
@click.option("--seed")
@click.option("--campaign", help="Name of the campaign; made when it is new.")
@click.option("--as", "email", help="Whose generation it is. Default: the first administrator's.")
@click.option("--wait", is_flag=True, help="Follow it to the end.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def generate(
    image: Path,
    end_image: Path | None,
    email: str | None,
    campaign: str | None,
    wait: bool,
    as_json: bool,
    **choices: str | None,
) -> None:
    """Submit a generation, as the page does; it costs what the page would say."""
    with attached_services() as services:
        person = _person(services, email)
        draft = read_draft(_fields(services, image, end_image, choices))
        if campaign:
            # A refused request must not leave a new campaign behind.
            check_request(draft, services.catalog, services.rules)
            draft = draft.model_copy(update={"campaign_id": _campaign(services, person, campaign)})
        generation_id = admit(services, person, draft)
        outcome = _follow(services, generation_id) if wait else _look(services, generation_id)
        _show(services, outcome, as_json)
    if wait and outcome.generation.status is not GenerationStatus.COMPLETED:
        sys.exit(1)


def _person(services: Services, email: str | None) -> Person:
    with services.database.as_service() as tx:
        person = people.by_email(tx, email) if email else people.first_admin(tx)
    if person is None and email is None:
        raise RecordNotFound(
            "There is no administrator yet.",
            todo="Add one with `studio user add EMAIL --role admin`, or say --as EMAIL.",
        )
    if person is None or not person.active:
        raise RecordNotFound(
            f"There is nobody active with the address {email}.",
            todo="`studio user list` shows everybody.",
        )
    return person


_NAMES = {"duration": "duration_s", "motion": "motion_intensity"}


def _fields(
    services: Services, image: Path, end_image: Path | None, choices: dict[str, str | None]
) -> dict[str, object]:
    fields: dict[str, object] = {
        _NAMES.get(name, name): value for name, value in choices.items() if value is not None
    }
    fields["image"] = _read_image(services, image, "image")
    if end_image is not None:
        fields["end_image"] = _read_image(services, end_image, "end_image")
    return fields


def _campaign(services: Services, person: Person, name: str) -> UUID:
    with services.database.as_person(person.id) as tx:
        return campaigns.ensure(tx, person.team_id, name, person.id).id


def _read_image(services: Services, path: Path, field: str) -> CheckedImage:
    max_bytes = services.settings.max_image_bytes
    if path.stat().st_size > max_bytes:
        raise InvalidRequest(
            [Problem(field, f"The image is larger than {services.settings.max_image_mb} MB.")]
        )
    return check_image(path.read_bytes(), max_bytes, path.name, field=field)


def _follow(services: Services, generation_id: UUID) -> Outcome:
    """Wait for the end, then for the renditions to be made; told on stderr as it goes."""
    told, settled_by = GenerationStatus.QUEUED.value, None
    click.echo(told, err=True)  # a quick worker may have taken it before the first look
    while True:
        outcome = _look(services, generation_id)
        status = outcome.generation.status
        if status.value != told:
            told = status.value
            click.echo(told, err=True)
        if status in FINAL_STATUSES:
            settled_by = settled_by or time.monotonic() + RENDITIONS_WITHIN_S
            if not _rendering(outcome.video) or time.monotonic() > settled_by:
                return outcome
        time.sleep(LOOK_EVERY_S)


def _rendering(video: Video | None) -> bool:
    return video is not None and any(
        rendition.state is RenditionState.PENDING for rendition in video.renditions.values()
    )


def _look(services: Services, generation_id: UUID) -> Outcome:
    with services.database.as_service() as tx:
        generation = generations.by_id(tx, generation_id)
        charge = ledger.charge_of(tx, generation_id)
        completed = generation.status is GenerationStatus.COMPLETED
        video = videos.by_id(tx, generation_id) if completed else None
    return Outcome(generation, charge.amount_usd if charge else None, video)


def _show(services: Services, outcome: Outcome, as_json: bool) -> None:
    generation, video = outcome.generation, outcome.video
    facts = {
        "id": generation.id,
        "status": generation.status,
        "model": generation.model,
        "estimate_usd": generation.estimate_usd,
        "charge_usd": outcome.charge_usd,
        "seed": video.seed if video else generation.seed,
        "duration_s": video.duration_s if video else generation.parameters["duration_s"],
        "width": video.width if video else None,
        "height": video.height if video else None,
        "files": _files(services, video),
    }
    if generation.problem and generation.status is not GenerationStatus.COMPLETED:
        facts |= {"cause": generation.cause, "problem": generation.problem, "todo": generation.todo}
    if as_json:
        show_json(facts)
    else:
        _show_words(facts)


def _show_words(facts: dict[str, Any]) -> None:
    for name, value in facts.items():
        if isinstance(value, dict):
            for kind, place in value.items():
                click.echo(f"{kind:>14}  {place}")
        elif value is not None:
            click.echo(f"{name:>14}  {value}")


def _files(services: Services, video: Video | None) -> dict[str, str]:
    """Where each ready file is: its path on this machine, else an address good for an hour."""
    if video is None:
        return {}
    return {
        kind.value: _place(services, rendition.key)
        for kind, rendition in sorted(video.renditions.items(), key=_usual_order)
        if rendition.state is RenditionState.READY and rendition.key
    }


def _usual_order(item: tuple[RenditionKind, object]) -> int:
    return list(RenditionKind).index(item[0])


def _place(services: Services, key: str) -> str:
    path = services.store.local_path(key)
    if path is not None:
        return str(path.resolve())
    url = services.store.signed_url(key, LINK_S)
    if url is None:
        raise StudioError(f"The store has no address for {key}.")
    return url
