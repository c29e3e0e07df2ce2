"""`studio user`: people and roles from the terminal."""

from __future__ import annotations

import secrets

import click

from dashboard.cli.attached import attached_services, local_url
from dashboard.cli.output import show_json
from dashboard.cli.preparing import new_link
from dashboard.passwords import hash_password, problem_with
from jobs.bootstrap import Services
from storage.embedded.endpoints import read_endpoints
from storage.errors import RecordConflict, RecordNotFound, StudioError
from storage.models import Person, Role
from storage.postgres import Transaction
from storage.records import people, sessions

ROLES = click.Choice([role.value for role in Role])


@click.group()
def user() -> None:
    """People and roles."""


@user.command()
@click.argument("email")
@click.option("--name", help="Shown to colleagues. Default: the part before the @.")
@click.option("--role", type=ROLES, default="member", show_default=True)
@click.option("--team", default="Marketing", show_default=True)
@click.option("--password", help="Default: one is made and printed once.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def add(
    email: str, name: str | None, role: str, team: str, password: str | None, as_json: bool
) -> None:
    """Add a person and print how they sign in."""
    chosen = password or secrets.token_urlsafe(12)
    problem = problem_with(chosen)
    if problem:
        raise StudioError(problem)
    with attached_services() as services:
        person = _add(services, email, name or email.partition("@")[0], Role(role), team, chosen)
        link = new_link(services.database, person, _dashboard_url(services))
    if as_json:
        show_json({"id": person.id, "email": person.email, "password": chosen, "link": link})
        return
    click.echo(f"{person.name} ({person.email}) is a {person.role} of {person.team_name}.")
    if password is None:
        click.echo(f"Password, shown only this once: {chosen}")
    click.echo(f"Or sign in once with this link: {link}")


def _add(services: Services, email: str, name: str, role: Role, team: str, password: str) -> Person:
    try:
        with services.database.as_service() as tx:
            person = people.add(tx, email=email, name=name, role=role, team=team)
            people.set_password_hash(tx, person.id, hash_password(password))
    except RecordConflict as exc:
        if exc.constraint == "people_email":
            raise StudioError(f"There is already somebody with the address {email}.") from exc
        raise StudioError(f"{email!r} can't be added: {exc.happened}.") from exc
    return person


@user.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def list_people(as_json: bool) -> None:
    """Everybody, by name."""
    with attached_services() as services, services.database.as_service() as tx:
        everybody = people.everybody(tx)
    for person in everybody:
        if as_json:
            show_json(
                {
                    "id": person.id,
                    "email": person.email,
                    "name": person.name,
                    "role": person.role,
                    "team": person.team_name,
                    "active": person.active,
                }
            )
        else:
            state = "" if person.active else "  (not active)"
            click.echo(f"{person.email:32} {person.role:8} {person.team_name:16}{state}")


@user.command()
@click.argument("email")
@click.option("--role", type=ROLES)
@click.option("--team")
@click.option("--active/--inactive", default=None, help="Inactive people can't sign in.")
def change(email: str, role: str | None, team: str | None, active: bool | None) -> None:
    """Change role, team or activity; somebody made inactive is signed out at once."""
    with attached_services() as services, services.database.as_service() as tx:
        person = _find(tx, email)
        people.change(tx, person.id, role=Role(role) if role else None, team=team, active=active)
        if person.role is Role.ADMIN and people.first_admin(tx) is None:
            raise StudioError(
                f"{email} is the only administrator.", todo="Make somebody else one first."
            )
        if active is False:
            sessions.revoke_of_person(tx, person.id)
        person = people.by_id(tx, person.id)
    click.echo(f"{person.email} is a {person.role} of {person.team_name}.")


@user.command()
@click.argument("email")
def link(email: str) -> None:
    """Print a link that signs a person in, once."""
    with attached_services() as services:
        with services.database.as_service() as tx:
            person = _find(tx, email)
        click.echo(new_link(services.database, person, _dashboard_url(services)))


@user.command()
@click.argument("email")
@click.password_option()
def password(email: str, password: str) -> None:
    """Set a person's password and end their sessions."""
    problem = problem_with(password)
    if problem:
        raise StudioError(problem)
    with attached_services() as services, services.database.as_service() as tx:
        person = _find(tx, email)
        people.set_password_hash(tx, person.id, hash_password(password))
        ended = sessions.revoke_of_person(tx, person.id)
    click.echo(f"Password set; {ended} sessions ended.")


def _find(tx: Transaction, email: str) -> Person:
    person = people.by_email(tx, email)
    if person is None:
        raise RecordNotFound(
            f"There is nobody with the address {email}.", todo="`studio user list` shows everybody."
        )
    return person


def _dashboard_url(services: Services) -> str:
    settings = services.settings
    endpoints = read_endpoints(settings.data_dir)
    if settings.public_url:
        return settings.public_url.rstrip("/")
    if endpoints is not None and endpoints.dashboard_url:
        return endpoints.dashboard_url
    return local_url(settings)
