"""Which words for a status a partner's messages may use, by the dialect and the partners.yaml that are in force."""

from collections.abc import Iterator

from tracker.core.partner import Partner
from tracker.core.partner_address import StatusWords
from tracker.core.report import Status
from tracker.postback.dialects import DIALECTS


def status_words(partner: Partner) -> StatusWords:
    """Every word by what it means, the sender's own first. An implied or a default status needs no word."""
    said = dict(_said(partner))
    known = tuple(
        (str(status), words)
        for status in (Status.PENDING, Status.APPROVED, Status.DECLINED)
        if (words := tuple(word for word, meant in said.items() if meant is status))
    )
    unsaid = {status for status in (Status.APPROVED, Status.DECLINED) if status not in dict(known)}
    return StatusWords(known, tuple(sorted(str(one) for one in unsaid if not _goes_without_saying(partner, one))))


def is_known(partner: Partner, word: str) -> bool:
    return word.strip().lower() in dict(_said(partner))


def _said(partner: Partner) -> Iterator[tuple[str, Status]]:
    """partners.yaml comes last, so that it wins."""
    for shape in DIALECTS[partner.postback.dialect].shapes:
        for word, said in shape.statuses.items():
            if said.status is not None:
                yield word, said.status
    for word, ours in partner.postback.statuses:
        yield word.lower(), Status(ours.partition("+")[0])


def _goes_without_saying(partner: Partner, status: Status) -> bool:
    shapes = DIALECTS[partner.postback.dialect].shapes
    stated = {dict(partner.postback.defaults).get("status"), *(shape.implied.get("status") for shape in shapes)}
    takes_away = status is Status.DECLINED and any(shape.corrections for shape in shapes)
    lists = any(said.status is status for shape in shapes for said in shape.listed.values())
    return str(status) in stated or takes_away or lists
