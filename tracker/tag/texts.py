"""What partners read on the page of the self-test, in Russian and English. `{partner}` is a name."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SelfTestText:
    title: str
    lead: str
    choose: str
    open_: str
    landing: str
    landing_hint: str
    confirmation: str
    confirmation_hint: str
    policy: str
    policy_hint: str
    baits: str
    baits_hint: str
    test: str
    steps: tuple[str, ...]
    start: str
    silent: str
    silent_steps: tuple[str, ...]
    evidence: str


TEXTS: Mapping[str, SelfTestText] = {
    "ru": SelfTestText(
        title="Тег на страницах магазина",
        lead="Тег сообщает, в какой вкладке и сессии оформлен заказ и виден ли в магазине блокировщик рекламы. Здесь — "
        "код для магазина и проверка, которая показывает, что магазин ломает сам.",
        choose="Магазин",
        open_="Показать",
        landing="Страница входа",
        landing_hint="На страницу, куда ведёт ссылка партнёра, а лучше на все страницы, кроме подтверждения.",
        confirmation="Страница подтверждения заказа",
        confirmation_hint="Номер заказа — тот же, что в постбэке. Текст тега надёжнее вставить прямо в страницу: тогда "
        "отчёт уходит, даже если её сразу закроют. Текст берите отсюда:",
        policy="Если у магазина есть Content-Security-Policy",
        policy_hint="Добавьте наш адрес в эти директивы. Встроенному тегу нужен ваш nonce или hash в script-src.",
        baits="Файлы-приманки (по желанию)",
        baits_hint='Четыре файла в одной папке магазина; её адрес передайте в data-bait, например data-bait="/static". '
        "Два имени знают блокировщики, два — нет.",
        test="Проверка магазина «{partner}»",
        steps=(
            "Отключите блокировщик рекламы и перейдите в магазин по баннеру программы: без неё нет data-order.",
            "Допишите к адресу магазина #ct-test или откройте его по кнопке ниже. В углу появится окно проверки.",
            "В той же вкладке положите товар в корзину и оформите заказ, как покупатель.",
            "На странице подтверждения окно покажет список: зелёное работает, красное магазин ломает.",
        ),
        start="Открыть магазин с проверкой",
        silent="Если окна нет",
        silent_steps=(
            "На первой странице: тега на ней нет, или CSP не пускает наш скрипт: об этом скажет консоль браузера.",
            "На подтверждении: тега на ней нет, или домен другой. Допишите #ct-test к адресу и обновите страницу.",
        ),
        evidence="Тег — только свидетельство. Если он молчит, заказ из-за этого не отклоняют: заказы сообщает постбэк.",
    ),
    "en": SelfTestText(
        title="The tag on a shop's pages",
        lead="The tag tells in which tab and session an order was placed, and whether there is an ad blocker. Here "
        "is the code for the shop, and a test that shows what the shop itself breaks.",
        choose="Shop",
        open_="Show",
        landing="Landing page",
        landing_hint="On the page that the partner link leads to, better on every page but the confirmation.",
        confirmation="Order confirmation page",
        confirmation_hint="The order id is the one of the postback. It is safer to put the tag's text into the page "
        "itself: the report then leaves even if the page is closed at once. The text is here:",
        policy="If the shop has a Content-Security-Policy",
        policy_hint="Add our address to these directives. An inline tag needs your nonce or hash in script-src.",
        baits="Bait files (optional)",
        baits_hint='Four files in one folder of the shop; tell its address in data-bait, such as data-bait="/static". '
        "Ad blockers know two of the names, nobody the others.",
        test="Testing {partner}",
        steps=(
            "Switch your ad blocker off and go to the shop by the programme's banner: other orders have no data-order.",
            "Add #ct-test to the shop's address, or open it by the button below. The test's window appears there.",
            "In the same tab put something into the basket and order it, as a shopper does.",
            "On the confirmation page the window shows a list: green works, red is what the shop breaks.",
        ),
        start="Open the shop and test",
        silent="If there is no window",
        silent_steps=(
            "On the first page: the tag is not there, or the CSP keeps our script out: the browser's console says so.",
            "On the confirmation: the tag is not there, or the domain is another. Add #ct-test and reload the page.",
        ),
        evidence="The tag is evidence alone. No order is refused because it is silent: the postback reports orders.",
    ),
}
