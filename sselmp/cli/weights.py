"""The commands about weights: what is there, getting it, verifying it, and vouching for a file that no card pins."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sselmp.cli import console
from sselmp.errors import PotentialError, SettingsError
from sselmp.potentials.cards import Card, card_names, load_card

app = typer.Typer(no_args_is_help=True, help="Get, list and verify the potentials' weights.")

NamesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[POTENTIAL]...", help="Names of cards, or paths of your own.")
]
AllOption = Annotated[bool, typer.Option("--all", help="All shipped cards.")]


@app.command("list")
def list_weights(potentials: NamesArgument = None) -> None:
    """List weights: where they come from and whether the file that is there is the right one."""
    from sselmp.potentials.fetching import look_in_environment

    rows = []
    for card in _cards(potentials):
        if card.weights is None:
            continue
        found = look_in_environment(card)
        origin = card.weights.package or card.weights.url or card.weights.source
        expected = found.expected[:12] if found.expected else "-"
        rows.append((card.name, found.state, str(found.path or card.weights.file), expected, origin))
    console.show_table(("potential", "state", "file", "sha256", "from"), rows)


@app.command("fetch")
def fetch(potentials: NamesArgument = None, every: AllOption = False) -> None:
    """Download weights into the folder that SSELMP_WEIGHTS names; what is there is verified, a cut download resumed.

    Example: sselmp weights fetch mattersim
    """
    if every == bool(potentials):
        raise SettingsError("name potentials, or give --all", allowed=", ".join(card_names()))
    failures: list[PotentialError] = []
    for card in _cards(potentials):
        try:
            ensure_weights(card, told=True)
        except PotentialError as error:
            if not every and len(potentials or ()) == 1:
                raise
            failures.append(error)
            console.tell(f"error: {error}", style="red")
    if failures:
        raise PotentialError(
            f"the weights of {len(failures)} potentials could not be had",
            got="; ".join(failure.what for failure in failures),
            repair="do what each message above says",
        )


@app.command("verify")
def verify(potentials: NamesArgument = None) -> None:
    """Hash weights anew; exit code 1 if a file is altered, or if one of a potential that you name is not there."""
    from sselmp.potentials.fetching import look_in_environment

    wrong: list[str] = []
    for card in _cards(potentials):
        found = look_in_environment(card)
        console.say(f"{card.name}: {found.state}" + (f" {found.path}" if found.path else ""))
        if found.state == "altered" or (potentials and found.state not in {"verified", "none needed"}):
            wrong.append(f"{card.name} {found.state}")
    if wrong:
        raise PotentialError(
            "not all weights are what their cards say",
            got=", ".join(wrong),
            repair="'sselmp weights fetch NAME' gets them or says what to place where",
        )


@app.command("pin")
def pin(
    potential: Annotated[str, typer.Argument(metavar="POTENTIAL", help="A card that states no SHA-256.")],
    sha256: Annotated[
        str | None, typer.Option("--sha256", metavar="HEX", help="What its authors say; compared, not only shown.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Vouch for a file of weights whose SHA-256 its card does not state; loading a pickle can execute code."""
    from sselmp.potentials import pinned
    from sselmp.potentials.fetching import look_in_environment
    from sselmp.potentials.weights import refusal

    card = load_card(potential)
    if card.weights is None or card.weights.sha256 is not None:
        raise SettingsError(f"the card '{card.name}' leaves nothing to pin", got="it states the SHA-256 itself")
    found = look_in_environment(card)
    if found.path is None or found.sha256 is None:
        raise refusal(card, found)
    console.say(f"{found.path}\n{found.path.stat().st_size} bytes\nsha256 {found.sha256}")
    if sha256 is not None and sha256.lower() != found.sha256:
        raise PotentialError(f"{found.path} is not the file that you expect", got=found.sha256, allowed=sha256)
    if sha256 is None and not yes:
        typer.confirm(f"Is this the file of '{card.name}' that its authors published?", abort=True)
    console.say(f"pinned in {pinned.pin(card.name, found.sha256)}")


def ensure_weights(card: Card, *, told: bool = False) -> None:
    """See that a card's weights are there and verified, downloading them with a bar where they are not.

    Raises:
        PotentialError: They are altered, not pinned, have no address, or cannot be had.
    """
    from sselmp.potentials.fetching import fetch_weights, look_in_environment
    from sselmp.potentials.weights import refusal

    if card.weights is None:
        return
    found = look_in_environment(card)
    if found.state != "verified":
        with console.bytes_bar(f"weights of {card.name}: {Path(card.weights.file).name}") as on_progress:
            found = fetch_weights(card, on_progress=on_progress)
    if found.state != "verified":
        raise refusal(card, found)
    if told:
        console.say(f"{card.name}: {found.state} {found.path}")


def _cards(names: list[str] | None) -> list[Card]:
    return [load_card(name) for name in names or card_names()]
