"""What shoppers read, in Russian and English. `{partner}` and `{programme}` are names."""

from collections.abc import Mapping
from dataclasses import dataclass

from tracker.redirect.answer import Notice


@dataclass(frozen=True, slots=True)
class NoticeText:
    heading: str
    body: str


@dataclass(frozen=True, slots=True)
class PageText:
    before_leaving: str  # the page's title when the shopper may go on
    sorry: str  # and when something is wrong
    sign_in: str
    go_on: str
    switch: str
    go_on_without: str
    to_shop: str
    notices: Mapping[Notice, NoticeText]


RU = PageText(
    before_leaving="Прежде чем перейти в магазин «{partner}»",
    sorry="Перейти не получилось",
    sign_in="Войти и получить кэшбэк",
    go_on="Понятно, перейти в магазин",
    switch="Это моя ссылка: сменить участника",
    go_on_without="Продолжить без кэшбэка",
    to_shop="Перейти в магазин без кэшбэка",
    notices={
        Notice.NO_SHOPPER: NoticeText(
            "Кэшбэк некому начислить",
            "Вы не вошли в программу {programme}, поэтому за покупку ничего не начислят. Войдите — и вернётесь в этот "
            "же магазин.",
        ),
        Notice.LINK_EXPIRED: NoticeText(
            "Ссылка больше не действует",
            "Ссылка действует 24 часа, и открыть её можно только целиком. Войдите в программу {programme} ещё раз или "
            "вернитесь на её сайт и нажмите на баннер снова: иначе кэшбэк за покупку не начислят.",
        ),
        Notice.OTHER_SHOPPER: NoticeText(
            "Ссылка другого участника",
            "В этом браузере вошёл один участник, а ссылка принадлежит другому. Кэшбэк получит тот, кто вошёл. Чужую "
            "ссылку могли прислать, чтобы забрать ваш кэшбэк.",
        ),
        Notice.PHONE_ORDERS: NoticeText(
            "Нужна полная версия сайта",
            "За заказы в приложении и мобильной версии магазина «{partner}» кэшбэк не начисляют. Закажите с компьютера "
            "или включите в браузере «Версия для ПК».",
        ),
        Notice.NOT_RECORDED: NoticeText(
            "Переход сейчас не записать",
            "У нас временная неполадка. Попробуйте ещё раз через минуту: если перейти сейчас, кэшбэк за покупку не "
            "начислят.",
        ),
        Notice.BAD_LINK: NoticeText(
            "Неверный адрес",
            "Ссылка ведёт не в магазин «{partner}», поэтому мы её не открываем. Вернитесь на сайт программы и нажмите "
            "на баннер ещё раз.",
        ),
        Notice.NO_PARTNER: NoticeText(
            "Такого магазина у нас нет",
            "Возможно, он больше не участвует в программе. Вернитесь на сайт программы и выберите другой.",
        ),
    },
)

EN = PageText(
    before_leaving="Before you go to {partner}",
    sorry="We could not take you there",
    sign_in="Sign in and earn cashback",
    go_on="Understood, go to the shop",
    switch="The link is mine: switch participant",
    go_on_without="Continue without cashback",
    to_shop="Go to the shop without cashback",
    notices={
        Notice.NO_SHOPPER: NoticeText(
            "Nobody to credit the cashback to",
            "You are not signed in to {programme}, so this purchase would earn nothing. Sign in and you will come back "
            "to this shop.",
        ),
        Notice.LINK_EXPIRED: NoticeText(
            "This link is no longer valid",
            "A link works for 24 hours and only as a whole. Sign in to {programme} again, or go back to its site and "
            "click the banner once more: otherwise this purchase earns nothing.",
        ),
        Notice.OTHER_SHOPPER: NoticeText(
            "Somebody else's link",
            "This browser is signed in as one participant, and the link belongs to another. The cashback goes to the "
            "one who is signed in. Somebody may have sent you this link to collect your cashback.",
        ),
        Notice.PHONE_ORDERS: NoticeText(
            "The full site is needed",
            "Orders in the app and in the mobile version of {partner} earn no cashback. Order from a computer, or turn "
            "on “Desktop site” in your browser.",
        ),
        Notice.NOT_RECORDED: NoticeText(
            "We cannot record this click now",
            "Something is wrong on our side for the moment. Please try again in a minute: if you go now, the purchase "
            "earns nothing.",
        ),
        Notice.BAD_LINK: NoticeText(
            "Wrong address",
            "This link does not lead to {partner}, so we do not open it. Go back to the programme's site and click the "
            "banner again.",
        ),
        Notice.NO_PARTNER: NoticeText(
            "We have no such shop",
            "It may have left the programme. Go back to the programme's site and choose another one.",
        ),
    },
)


TEXTS: Mapping[str, PageText] = {"ru": RU, "en": EN}
