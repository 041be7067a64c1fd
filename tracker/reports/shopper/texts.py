"""The words of the shopper's own page, in Russian and English."""

from collections.abc import Mapping
from dataclasses import dataclass

from tracker.reports.shopper.period import State


@dataclass(frozen=True, slots=True)
class ShopperText:
    shops: str
    my: str
    signed_out: str
    signed_out_lead: str
    sign_in: str
    sign_out: str
    accrued: str
    pending: str
    state: str
    first_day: str
    last_day: str
    show: str
    purchases: str
    no_purchases: str
    clicks: str
    clicks_lead: str
    no_clicks: str
    clicks_away: str
    click_number: str
    order: str
    goods: str
    expected: str
    not_confirmed: str
    on_hold: str
    will_be: str
    history: str
    more: str
    first_told: str
    by_us: str
    nothing_counts: str
    states: Mapping[State | str, str]


TEXTS: Mapping[str, ShopperText] = {
    "ru": ShopperText(
        shops="Магазины",
        my="Мой кэшбэк",
        signed_out="Войдите, чтобы увидеть свой кэшбэк",
        signed_out_lead="Здесь будут ваши переходы в магазины, покупки и начисления.",
        sign_in="Войти",
        sign_out="Выйти",
        accrued="Начислено",
        pending="В ожидании",
        state="Состояние",
        first_day="С",
        last_day="По",
        show="Показать",
        purchases="Покупки",
        no_purchases="За это время покупок нет. Обычно покупка появляется здесь за несколько минут, иногда за сутки.",
        clicks="Переходы в магазины",
        clicks_lead="По номеру перехода поддержка найдёт вашу покупку.",
        no_clicks="За это время переходов нет.",
        clicks_away="Список переходов сейчас недоступен, попробуйте через минуту. Сами переходы сохранены.",
        click_number="Номер перехода",
        order="Заказ",
        goods="За товары",
        expected="Подтверждение обычно до {day}",
        not_confirmed="Магазин не подтвердил заказ до {day}. Если вы его не отменяли, напишите в поддержку и укажите "
        "номер перехода.",
        on_hold="Магазин или мы ещё проверяем заказ.",
        will_be="будет {sum}",
        history="История",
        more="Подробнее",
        first_told="магазин сообщил",
        by_us="наше решение",
        nothing_counts="Кэшбэка нет",
        states={
            "": "Все",
            State.PENDING: "В ожидании",
            State.ACCRUED: "Начислен",
            State.REJECTED: "Отклонён",
        },
    ),
    "en": ShopperText(
        shops="Shops",
        my="My cashback",
        signed_out="Sign in to see your cashback",
        signed_out_lead="Your clicks to shops, purchases and credits will be here.",
        sign_in="Sign in",
        sign_out="Sign out",
        accrued="Credited",
        pending="Pending",
        state="State",
        first_day="From",
        last_day="Until",
        show="Show",
        purchases="Purchases",
        no_purchases="No purchases in this time. A purchase usually shows here within minutes, sometimes within a day.",
        clicks="Clicks to shops",
        clicks_lead="With the number of a click, support finds your purchase.",
        no_clicks="No clicks in this time.",
        clicks_away="The list of clicks is not available now, please try in a minute. The clicks themselves are kept.",
        click_number="Click number",
        order="Order",
        goods="For goods",
        expected="Usually confirmed by {day}",
        not_confirmed="The shop did not confirm the order by {day}. If you did not cancel it, tell support the "
        "number of the click.",
        on_hold="The shop, or we, are still checking the order.",
        will_be="{sum} to come",
        history="History",
        more="Details",
        first_told="the shop reported",
        by_us="decided by us",
        nothing_counts="No cashback",
        states={
            "": "All",
            State.PENDING: "Pending",
            State.ACCRUED: "Credited",
            State.REJECTED: "Rejected",
        },
    ),
}
