"""dead list and dead show; how every verb about dead letters chooses them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from streams.verbs import options, printed
from streams.verbs.system import System

if TYPE_CHECKING:
    from streams.ops.dead import Letter


@click.group("dead", cls=options.Verbs)
def dead() -> None:
    """Dead letters: records that gave up, and why."""


def choosing(verb: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--until", type=options.Moment(), help="Last failed before then."),
        click.option("--since", type=options.Moment(), help="Last failed since then: 2026-11-22T10:00, or 2h ago: 2h."),
        click.option("--key", help="Only of this key."),
        click.option("--fingerprint", help="Only failures that look like this one."),
        click.option("--group", help="Only of this group."),
    ):
        verb = option(verb)
    return verb


@dead.command("list")
@click.option("--all", "with_closed", is_flag=True, help="Those too that were replayed or dropped since.")
@choosing
@options.as_json
def listed(with_closed: bool, as_json: bool, **choosing: Any) -> None:
    """The dead letters that are open, oldest record first.

    \b
    Example:
      python cli.py dead list --group partner_x --since 2h
    """
    found = find(is_open=None if with_closed else True, **choosing)
    if as_json:
        return printed.data([row(letter) for letter in found])
    printed.table(
        ("letter", "group", "key", "error", "attempts", "last failed", "fingerprint", "state"),
        (
            (x.id, x.group, x.key, _error(x), x.facts.attempts, printed.moment(x.facts.last_failed_at_ms),
             x.facts.fingerprint, _state(x))
            for x in found
        ),
        empty="no dead letters",
    )  # fmt: skip


@dead.command("show")
@click.argument("letter", metavar="TOPIC-PARTITION-OFFSET")
@click.option("--group", help="Where several groups buried the same record.")
@options.as_json
def show(letter: str, group: str | None, as_json: bool) -> None:
    """Everything about one dead letter: the failure, and what the record and its own headers say.

    \b
    Example:
      python cli.py dead show lead.accepted.v1-3-1042
    """
    from streams.contracts.envelope import original
    from streams.ops.readable import Readable

    found = one(find(ids=[letter], group=group, is_open=None), letter)
    shown = row(found) | {
        "stack": found.facts.stack,
        "headers": [f"{name}: {_text(value)}" for name, value in original(found.stored.headers)],
        "value": Readable.of(System().settings).value(found.stored.value),
    }
    if as_json:
        return printed.data(shown)
    printed.facts(shown)


def one(found: "list[Letter]", wanted: str) -> "Letter":
    """The letter that was wanted; an error where there is none, wrong use where there are several."""
    if not found:
        raise click.ClickException(f"there is no dead letter {wanted}; `dead list --all` shows them")
    if len(found) > 1:
        raise click.UsageError(f"{wanted} is dead in {', '.join(x.group for x in found)}: choose one with --group")
    return found[0]


def find(**choosing: Any) -> "list[Letter]":
    """The letters that fit; the names are those of streams.ops.dead.Choice."""
    from streams.ops.dead import Choice, letters

    system, choice = System(), Choice(**choosing)
    return letters(system.cluster(), system.groups(choice.group), choice)


def _state(letter: "Letter") -> str:
    if not letter.is_open:
        return "closed"
    return "parked: its key waits" if letter.is_parked else "buried"


def _text(value: bytes | None) -> str:
    return (value or b"").decode(errors="backslashreplace")


def _error(letter: "Letter") -> str:
    first_line = letter.facts.error_message.partition("\n")[0]
    return f"{letter.facts.error_type}: {first_line[:100]}"


def row(letter: "Letter") -> dict[str, Any]:
    """A letter as JSON shows it."""
    facts, stored = letter.facts, letter.stored
    return {
        "letter": letter.id, "group": letter.group, "state": _state(letter), "key": letter.key, "stage": facts.stage,
        "error_type": facts.error_type, "error_message": facts.error_message, "fingerprint": facts.fingerprint,
        "attempts": facts.attempts, "appended": printed.moment(facts.timestamp_ms),
        "first_failed": printed.moment(facts.first_failed_at_ms),
        "last_failed": printed.moment(facts.last_failed_at_ms),
        "lies_at": stored.id,
    }  # fmt: skip
