"""The answer to a postback, in the sender's own words (design, section 6)."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tracker.core.decision import Decision
from tracker.core.partner import Partner
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
    MessageCode.BUSY: 503,
}

# Of what is to be sent again.
_RETRY_SECONDS = {MessageCode.NOT_STORED: 60, MessageCode.BUSY: 5}

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
    MessageCode.BUSY: "Too many messages came at once; send it again in some seconds.",
}


# The smallest PNG there is: one transparent point.
_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    content_type: str
    body: bytes
    retry_seconds: int = 0  # when to send it again; 0: it need not be


@dataclass(frozen=True, slots=True)
class Voice:
    """In whose words we answer. `always_200`: refusals too."""

    style: ReplyStyle = ReplyStyle.JSON
    always_200: bool = False


def voice(partner: Partner, shape: str) -> Voice:
    """As partners.yaml says, else as the senders of this shape expect it."""
    found = DIALECTS[partner.postback.dialect].shape(shape)
    style = ReplyStyle(partner.postback.reply) if partner.postback.reply else found.reply
    return Voice(style, found.always_200)


def voice_at(path: str) -> Voice:
    """Of whoever speaks at that path, while nobody is known."""
    shapes = (at[0] for dialect in DIALECTS.values() if (at := dialect.at(path)))
    return next((Voice(shape.reply, shape.always_200) for shape in shapes), Voice())


def http_status(code: MessageCode | None, *, always_200: bool = False) -> int:
    """The HTTP status for what became of a message; None is a decision."""
    status = 200 if code is None else _STATUSES.get(code, 200)
    return 200 if always_200 and status in (400, 422) else status


def reply(
    voice: Voice,
    code: MessageCode | None,
    *,
    received_id: str,
    sentence: str = "",
    decision: Decision | None = None,
) -> Reply:
    """Answer in the sender's own words."""
    said = _in_words(voice, code, received_id=received_id, sentence=sentence, decision=decision)
    return replace(said, retry_seconds=_RETRY_SECONDS.get(code, 0)) if code else said


def _in_words(
    voice: Voice, code: MessageCode | None, *, received_id: str, sentence: str, decision: Decision | None
) -> Reply:
    status = http_status(code, always_200=voice.always_200)
    refused = http_status(code) != 200
    sentence = sentence or (_SENTENCES.get(code, "") if code else "")
    match voice.style:
        case ReplyStyle.OK | ReplyStyle.SMALL_OK:
            yes = "OK" if voice.style is ReplyStyle.OK else "ok"
            return Reply(status, "text/plain", _bytes(f"{code}: {sentence}" if refused else yes))
        case ReplyStyle.TUNE:
            # A clone's client reads the body alone: TUNE answers its errors with 200 (postbacks.md 3.11).
            no = f"success=false; err_msg={code}: {sentence.replace(';', ',')};"
            return Reply(status, "text/plain", _bytes(no if refused else "success=true;"))
        case ReplyStyle.ADMITAD:
            said = {"success": False, "errors": [f"{code}: {sentence}"]} if refused else {"success": True}
            return _json(status, said if refused or not sentence else said | {"message": sentence})
        case ReplyStyle.PIXEL:
            return Reply(status, "image/png", _PIXEL)
        case ReplyStyle.JSON:
            return _json(status, _ours(code, received_id, sentence, decision))


def _ours(code: MessageCode | None, received_id: str, sentence: str, decision: Decision | None) -> dict[str, object]:
    said: dict[str, object] = {"received_id": received_id, "verdict": str(code or "decided")}
    said["reasons"] = [str(reason) for reason in decision.reasons] if decision else ([str(code)] if code else [])
    if decision:
        said |= {"status": str(decision.status), "cashback": decision.cashback, "flags": list(map(str, decision.flags))}
    if sentence:
        said["message"] = sentence
    return said


def _json(status: int, said: Mapping[str, object]) -> Reply:
    return Reply(status, "application/json", _bytes(json.dumps(said, ensure_ascii=False)))


def _bytes(text: str) -> bytes:
    """Cannot fail: half a character becomes its escape, which is good JSON too."""
    return text.encode("utf-8", "backslashreplace")
