"""The answer to a postback, in the sender's own words (design, section 6)."""

import json
from dataclasses import dataclass

from tracker.core.decision import Decision
from tracker.core.reasons import MessageCode
from tracker.postback.dialects import DIALECTS
from tracker.postback.dialects.dialect import ReplyStyle

_STATUSES = {
    MessageCode.ORDER_MISSING: 422,
    MessageCode.AMOUNT_BAD: 422,
    MessageCode.DELIVERY_MISSING: 422,
    MessageCode.CURRENCY_NOT_LISTED: 422,
    MessageCode.TIME_BAD: 422,
    MessageCode.UNPARSEABLE: 400,
    MessageCode.WRONG_SECRET: 404,
    MessageCode.WRONG_AUTH: 403,
    MessageCode.TOO_LARGE: 413,
    MessageCode.NOT_STORED: 503,
}

# For a code whose refusal brings no sentence of its own.
_SENTENCES = {
    MessageCode.DUPLICATE: "This was said before; nothing changes.",
    MessageCode.OUTDATED: "This is older than what is applied; nothing changes.",
    MessageCode.UNKNOWN_CLICK: "The order is kept, but it names no click that we know.",
    MessageCode.BAD_SIGNATURE: "The order is kept, but its click id is not one that we signed for this partner.",
    MessageCode.ORDER_TAKEN: "The order belongs to another click; the first stays.",
    MessageCode.DEFERRED: "The message is kept and will be decided later.",
    MessageCode.FAILED: "The message is kept; deciding it failed on our side and will be repeated.",
    MessageCode.WRONG_SECRET: "No such partner and secret.",
    MessageCode.WRONG_AUTH: "The message is not proved to be the partner's.",
    MessageCode.TOO_LARGE: "The message is larger than 64 KiB.",
    MessageCode.NOT_STORED: "The message could not be stored; send it again.",
}


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    content_type: str
    body: bytes


def http_status(code: MessageCode | None) -> int:
    """The HTTP status for what became of a message; None is a decision."""
    return 200 if code is None else _STATUSES.get(code, 200)


def reply(
    dialect: str,
    code: MessageCode | None,
    *,
    received_id: str,
    sentence: str = "",
    decision: Decision | None = None,
) -> Reply:
    """Answer in the dialect's style."""
    status = http_status(code)
    sentence = sentence or (_SENTENCES.get(code, "") if code else "")
    if DIALECTS[dialect].reply is ReplyStyle.OK:
        text = "OK" if status == 200 else f"{code}: {sentence}"
        return Reply(status, "text/plain", _bytes(text))
    said: dict[str, object] = {"received_id": received_id, "verdict": str(code or "decided")}
    said["reasons"] = [str(reason) for reason in decision.reasons] if decision else ([str(code)] if code else [])
    if decision:
        said |= {"status": str(decision.status), "cashback": decision.cashback, "flags": list(map(str, decision.flags))}
    if sentence:
        said["message"] = sentence
    return Reply(status, "application/json", _bytes(json.dumps(said, ensure_ascii=False)))


def _bytes(text: str) -> bytes:
    """Cannot fail: half a character becomes its escape, which is good JSON too."""
    return text.encode("utf-8", "backslashreplace")
