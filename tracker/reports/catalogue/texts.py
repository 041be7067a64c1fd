"""The catalogue's words, in Russian and English."""

from collections.abc import Mapping
from dataclasses import dataclass

from tracker.core.partner import Category


@dataclass(frozen=True, slots=True)
class CatalogueText:
    catalogue: str
    my: str
    lead: str
    search: str
    find: str
    all: str
    nothing: str
    up_to: str
    usually: str
    go: str
    details: str
    minimum: str
    once: str
    both_earn: str
    web_only: str
    confirmed_in: str
    until: str
    from_until: str
    conditions: str
    rate: str
    tariff: str
    everything_else: str
    promotions: str
    confirmation: str
    window: str
    checklist: str
    checklist_lead: str
    steps: tuple[str, ...]
    not_counted: str
    categories: Mapping[Category, str]


TEXTS: Mapping[str, CatalogueText] = {
    "ru": CatalogueText(
        catalogue="Магазины",
        my="Мой кэшбэк",
        lead="Выберите магазин, перейдите в него по кнопке и купите как обычно: часть потраченного вернётся.",
        search="Название магазина",
        find="Найти",
        all="Все",
        nothing="Ничего не нашлось. Попробуйте другое название или посмотрите все магазины.",
        up_to="до",
        usually="обычно",
        go="В магазин",
        details="Условия",
        minimum="покупка от {sum}",
        once="один раз на участника",
        both_earn="приложение и мобильная версия — да",
        web_only="только полная версия сайта",
        confirmed_in="подтверждение около {days}",
        until="до {day}",
        from_until="с {first} по {last}",
        conditions="Условия",
        rate="Кэшбэк",
        tariff="Тариф «{name}»",
        everything_else="Всё остальное",
        promotions="Акции",
        confirmation="Когда подтвердят",
        window="Обычно через {days}, но не позже чем через {limit} после оплаты.",
        checklist="Как получить кэшбэк наверняка",
        checklist_lead="Если выполнить все семь шагов, магазин увидит, что вы пришли от нас.",
        steps=(
            "Отключите блокировщик рекламы. В Яндекс Браузере он обычно включён сразу: Настройки → «Инструменты».",
            "Разрешите файлы cookie.",
            "Не используйте режим инкогнито и другие приватные режимы.",
            "Переходите в магазин только отсюда: с сайта или из приложения программы.",
            "Перед первой покупкой уберите из корзины магазина всё, что положили раньше.",
            "Найдите, положите в корзину и оплатите на одном устройстве, за один раз, в одной вкладке.",
            "После оплаты дождитесь, пока страница подтверждения загрузится полностью.",
        ),
        not_counted="Доставка в сумму не входит. Кэшбэк округляется до целых рублей; меньше 1 рубля не начисляется.",
        categories={
            Category.ONLINE_SHOPS: "Интернет-магазины",
            Category.OPERATOR_OFFERS: "Предложения оператора",
            Category.SERVICES: "Сервисы и услуги",
            Category.LEISURE: "Досуг и развлечения",
            Category.TRAVEL: "Путешествия",
            Category.RETAIL: "Розничные магазины",
        },
    ),
    "en": CatalogueText(
        catalogue="Shops",
        my="My cashback",
        lead="Choose a shop, go there by its button and buy as usual: part of what you spend comes back.",
        search="Name of a shop",
        find="Find",
        all="All",
        nothing="Nothing found. Try another name, or look at all shops.",
        up_to="up to",
        usually="usually",
        go="To the shop",
        details="Conditions",
        minimum="from {sum}",
        once="once a participant",
        both_earn="app and mobile version: yes",
        web_only="full site only",
        confirmed_in="confirmed in about {days}",
        until="until {day}",
        from_until="{first} to {last}",
        conditions="Conditions",
        rate="Cashback",
        tariff="Tariff “{name}”",
        everything_else="Everything else",
        promotions="Promotions",
        confirmation="When it is confirmed",
        window="Usually in {days}, and no later than {limit} after the payment.",
        checklist="How to be sure of the cashback",
        checklist_lead="With all seven steps done, the shop sees that you came from us.",
        steps=(
            "Switch off your ad blocker. In Yandex Browser it is usually on from the start: Settings, “Tools”.",
            "Allow cookies.",
            "Do not use a private window or similar modes.",
            "Go to the shop only from here: from the programme's site or app.",
            "Before your first purchase remove from the shop's basket whatever you put there earlier.",
            "Find, add to the basket and pay on one device, at one go, in one tab.",
            "After paying wait until the confirmation page has loaded completely.",
        ),
        not_counted="Delivery does not count. Cashback is rounded to whole rubles; less than 1 ruble is not credited.",
        categories={
            Category.ONLINE_SHOPS: "Online shops",
            Category.OPERATOR_OFFERS: "The operator's offers",
            Category.SERVICES: "Services",
            Category.LEISURE: "Leisure and entertainment",
            Category.TRAVEL: "Travel",
            Category.RETAIL: "Retail shops",
        },
    ),
}
