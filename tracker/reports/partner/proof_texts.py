"""How a partner is told to prove that a message is its own, in Russian and English."""

from collections.abc import Mapping
from dataclasses import dataclass

from tracker.core.partner_address import AskedKind


@dataclass(frozen=True, slots=True)
class ProofText:
    asking: str
    asking_lead: tuple[str, str]  # all of it, any one of it
    asked: Mapping[AskedKind, str]
    asked_parts: tuple[str, str]  # a parameter, a header
    signing: str
    signing_source: Mapping[str, str]
    signing_joined: str
    signing_example: str


PROOF: Mapping[str, ProofText] = {
    "ru": ProofText(
        asking="Подпись и другие доказательства",
        asking_lead=(
            "Кроме секрета в адресе нужно всё это; иначе ответ будет 403 wrong_auth.",
            "Кроме секрета в адресе нужно что-нибудь одно из этого; иначе ответ будет 403 wrong_auth.",
        ),
        asked={
            AskedKind.PARAMETER: "{place} {name}, значение:",
            AskedKind.SIGNATURE: "{place} {name} — подпись этим ключом:",
            AskedKind.WEBHOOK: "Standard Webhooks: заголовки webhook-id, webhook-timestamp и webhook-signature; ключ:",
            AskedKind.NETWORKS: "Запрос приходит с адресов ваших серверов:",
        },
        asked_parts=("Параметр", "Заголовок"),
        signing="HMAC-{algorithm}, записанная как {encoding}, от {over}",
        signing_source={
            "query": "строки запроса, как она отправлена, без самой подписи",
            "body": "тела запроса (в строке запроса тогда не должно быть ничего о заказе)",
            "": "значений этих параметров по порядку:",
        },
        signing_joined="соединённых знаком",
        signing_example="Пример: подписать",
    ),
    "en": ProofText(
        asking="Signature and other proofs",
        asking_lead=(
            "Beside the secret of the address all of this is needed; else the answer is 403 wrong_auth.",
            "Beside the secret of the address one of these is needed; else the answer is 403 wrong_auth.",
        ),
        asked={
            AskedKind.PARAMETER: "{place} {name}, the value:",
            AskedKind.SIGNATURE: "{place} {name}: a signature with this key:",
            AskedKind.WEBHOOK: "Standard Webhooks: headers webhook-id, webhook-timestamp, webhook-signature; the key:",
            AskedKind.NETWORKS: "Sent from the addresses of your servers:",
        },
        asked_parts=("Parameter", "Header"),
        signing="HMAC-{algorithm}, written as {encoding}, over {over}",
        signing_source={
            "query": "the query as it is sent, without the signature itself",
            "body": "the body (then nothing about the order may stand in the query)",
            "": "the values of these parameters in this order:",
        },
        signing_joined="joined by",
        signing_example="Example: sign",
    ),
}
