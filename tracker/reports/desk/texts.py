"""The words of the staff's desk, in Russian and English."""

from collections.abc import Mapping
from dataclasses import dataclass

from tracker.core.reasons import Flag
from tracker.reports.desk.forms import ActKind


@dataclass(frozen=True, slots=True)
class QueueText:
    title: str
    lead: str


@dataclass(frozen=True, slots=True)
class ActText:
    title: str
    lead: str
    act: str
    done: str


@dataclass(frozen=True, slots=True)
class DeskText:
    desk: str
    lead: str
    queues: Mapping[str, QueueText]
    find: str
    find_label: str
    find_act: str
    found: str
    nothing_found: str
    nothing_waits: str
    next_page: str
    first_page: str
    order: str
    partner: str
    statuses: Mapping[str, str]
    on_hold: str
    held_for: str
    cashback: str
    base: str
    first_seen: str
    ordered: str
    clicked: str
    confirm_by: str
    shopper: str
    click: str
    click_as_sent: str
    promo_code: str
    none: str
    why: str
    nothing_against: str
    flags: Mapping[str, str]
    acts: Mapping[ActKind, ActText]
    reason: str
    staff: str
    click_id: str
    not_done: str
    audit: str
    audit_none: str
    kinds: Mapping[str, str]
    messages: str
    states: str
    by_partner: str
    by_us: str
    request: str
    answered: str
    waiting: Mapping[str, str]
    refused: str
    refused_lead: str
    back: str


TEXTS: Mapping[str, DeskText] = {
    "ru": DeskText(
        desk="Стол сотрудника",
        lead="Заказы, которым нужен человек. У каждого решения — причина и имя, и оно остаётся в истории.",
        queues={
            "late": QueueText("Поздние", "Подтверждены после срока или не подтверждены в срок."),
            "held": QueueText("Удержанные", "Удержаны нами, пока их не посмотрит сотрудник."),
            "unmatched": QueueText("Без перехода", "Заказы, для которых переход не известен. Сами они не платятся."),
            "waiting": QueueText(
                "Ждут решения", "Сообщения, которые сохранены, но ещё не разобраны. Их разберёт сама служба."
            ),
        },
        find="Найти заказ",
        find_label="Номер заказа",
        find_act="Найти",
        found="Найдено: {order}",
        nothing_found="Заказа с таким номером нет. Номер пишут точно так, как его прислал магазин.",
        nothing_waits="Здесь пусто: делать нечего.",
        next_page="Дальше",
        first_page="К началу",
        order="Заказ",
        partner="Магазин",
        statuses={"pending": "ждёт подтверждения", "approved": "подтверждён", "declined": "отменён"},
        on_hold="удержан",
        held_for="Удержан нами",
        cashback="Кэшбэк",
        base="За товары",
        first_seen="Впервые",
        ordered="Заказан",
        clicked="Переход",
        confirm_by="Срок",
        shopper="Участник",
        click="Номер перехода",
        click_as_sent="Магазин прислал",
        promo_code="Промокод",
        none="нет",
        why="Почему нет кэшбэка",
        nothing_against="Причин против кэшбэка нет.",
        flags={
            Flag.AMOUNT_MISSING: "нет суммы",
            Flag.ORIGIN_UNVERIFIED: "с телефона, где сделан заказ — неизвестно",
            Flag.ORDER_TIME_UNKNOWN: "время заказа неизвестно",
            Flag.AFTER_WINDOW: "изменён после срока",
            Flag.TARIFF_UNKNOWN: "тариф незнаком",
            Flag.ORDER_BEFORE_CLICK: "заказ раньше перехода",
            Flag.RATE_MISSING: "нет курса валюты",
        },
        acts={
            ActKind.CREDIT_LATE: ActText(
                "Засчитать позднее подтверждение",
                "Кэшбэк будет начислен, как если бы магазин подтвердил вовремя.",
                "Засчитать",
                "Позднее подтверждение засчитано.",
            ),
            ActKind.RELEASE: ActText(
                "Снять удержание",
                "Снимается только наше удержание; удержание магазина остаётся.",
                "Снять",
                "Удержание снято.",
            ),
            ActKind.CLAIM: ActText(
                "Отдать заказ переходу",
                "Номер перехода — из кабинета участника, 30 знаков. Переход должен быть в этот же магазин.",
                "Отдать",
                "Заказ отдан переходу.",
            ),
        },
        reason="Причина",
        staff="Ваше имя",
        click_id="Номер перехода",
        not_done="Не сделано",
        audit="Решения сотрудников",
        audit_none="Решений не было.",
        kinds={"credit_late": "засчитано позднее", "release": "снято удержание", "claim": "отдан переходу"},
        messages="Сообщения магазина",
        states="Как менялся заказ",
        by_partner="по сообщению магазина",
        by_us="без сообщения магазина",
        request="Запрос",
        answered="Ответ",
        waiting={"deferred": "переход пока не найти", "failed": "сбой у нас"},
        refused="Форма не принята",
        refused_lead="Она пришла не с этой страницы или устарела. Откройте заказ заново и повторите.",
        back="К столу",
    ),
    "en": DeskText(
        desk="Staff's desk",
        lead="Orders that need a person. Each act has a reason and a name, and stays in the history.",
        queues={
            "late": QueueText("Late", "Confirmed after the window, or not confirmed in it."),
            "held": QueueText("Held", "Held by us until staff have looked."),
            "unmatched": QueueText("Unmatched", "Orders whose click is not known. They are never paid by themselves."),
            "waiting": QueueText(
                "Waiting", "Messages that are kept and not decided yet. The service decides them by itself."
            ),
        },
        find="Find an order",
        find_label="Order id",
        find_act="Find",
        found="Found: {order}",
        nothing_found="There is no order of that id. Write it exactly as the partner sent it.",
        nothing_waits="Nothing here: there is nothing to do.",
        next_page="Next",
        first_page="To the start",
        order="Order",
        partner="Partner",
        statuses={"pending": "pending", "approved": "approved", "declined": "declined"},
        on_hold="on hold",
        held_for="Held by us",
        cashback="Cashback",
        base="For goods",
        first_seen="First seen",
        ordered="Ordered",
        clicked="Clicked",
        confirm_by="Confirm by",
        shopper="Shopper",
        click="Click id",
        click_as_sent="Partner sent",
        promo_code="Promo code",
        none="none",
        why="Why it earns nothing",
        nothing_against="Nothing speaks against its cashback.",
        flags={
            Flag.AMOUNT_MISSING: "sum missing",
            Flag.ORIGIN_UNVERIFIED: "clicked on a phone, origin not stated",
            Flag.ORDER_TIME_UNKNOWN: "time of the order unknown",
            Flag.AFTER_WINDOW: "changed after the window",
            Flag.TARIFF_UNKNOWN: "tariff unknown",
            Flag.ORDER_BEFORE_CLICK: "ordered before the click",
            Flag.RATE_MISSING: "exchange rate missing",
        },
        acts={
            ActKind.CREDIT_LATE: ActText(
                "Credit the late confirmation",
                "It earns as if the partner had confirmed in time.",
                "Credit",
                "The late confirmation is credited.",
            ),
            ActKind.RELEASE: ActText(
                "Release the hold",
                "Ends our own hold; the partner's stays.",
                "Release",
                "The hold is released.",
            ),
            ActKind.CLAIM: ActText(
                "Give the order to a click",
                "The click id is on the shopper's own page, 30 characters. The click must be to this partner.",
                "Give",
                "The order is given to the click.",
            ),
        },
        reason="Reason",
        staff="Your name",
        click_id="Click id",
        not_done="Not done",
        audit="What staff did",
        audit_none="Staff did nothing.",
        kinds={"credit_late": "late confirmation credited", "release": "hold released", "claim": "given to a click"},
        messages="The partner's messages",
        states="How the order changed",
        by_partner="by the partner's message",
        by_us="without a message",
        request="Request",
        answered="Answer",
        waiting={"deferred": "its click cannot be looked up yet", "failed": "our own failure"},
        refused="The form was not taken",
        refused_lead="It did not come from this page, or is too old. Open the order again and repeat it.",
        back="To the desk",
    ),
}
