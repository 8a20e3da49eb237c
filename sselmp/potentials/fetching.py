"""Getting weights that a card has an address for into the weights' folder; looks before it downloads."""

from __future__ import annotations

from sselmp import layout
from sselmp.potentials import builder, downloads
from sselmp.potentials.cards import Card
from sselmp.potentials.environments import environment_prefix
from sselmp.potentials.weights import Found, beside, look, refusal


def look_in_environment(card: Card) -> Found:
    """Search for a card's weights as a run in its environment would: its packages, then the weights' folder."""
    return look(card, packages=builder.site_packages(environment_prefix(card)))


def fetch_weights(card: Card, *, on_progress: downloads.OnProgress | None = None) -> Found:
    """See that a card's weights are there, downloading what is missing and has an address.

    Returns:
        What is there then: ``verified``, ``none needed``, or ``not pinned``, which a user has yet to vouch for.

    Raises:
        PotentialError: They are altered, have no address, or cannot be had.
    """
    found = look_in_environment(card)
    if found.state in {"none needed", "verified"} or card.weights is None:
        return found
    if found.state == "altered" or card.weights.source != "folder" or card.weights.url is None:
        raise refusal(card, found)
    first = found.path or layout.weights_folder() / card.weights.file
    wanted = [(card.weights.url, first, card.weights_sha256())]
    for part in card.weights.also:
        if part.url is None:
            raise refusal(card, Found("missing", expected=part.sha256, missing=part.file))
        wanted.append((part.url, beside(first, card.weights, part=part.file), part.sha256))
    for url, path, sha256 in wanted:
        if not path.is_file():
            downloads.fetch(url, path, sha256=sha256, on_progress=on_progress)
    return look_in_environment(card)
