"""Every reason and flag in a shopper's words: what happened, and what to do next time."""

from collections.abc import Mapping

from tracker.core.reasons import Flag, Reason

# language -> code -> (what happened, what to do next time)
REASONS: Mapping[str, Mapping[Reason | Flag, tuple[str, str]]] = {
    "ru": {
        Reason.LATE: (
            "Магазин подтвердил заказ позже срока, поэтому кэшбэк не начислен.",
            "Напишите в поддержку: подтверждение сохранено, решение могут пересмотреть.",
        ),
        Reason.PARTNER_APP: (
            "Заказ сделан в приложении магазина.",
            "В следующий раз закажите на сайте магазина с компьютера.",
        ),
        Reason.PARTNER_MOBILE_VERSION: (
            "Заказ сделан в мобильной версии магазина.",
            "В следующий раз закажите с компьютера или включите «Версия для ПК».",
        ),
        Reason.SECOND_TAB: (
            "Магазин был открыт в нескольких вкладках, и заказ сделан не в той, в которую вы перешли последней.",
            "Покупайте в той вкладке, в которую перешли последней, и не открывайте магазин в других.",
        ),
        Reason.SESSION_ENDED: (
            "Между переходом и заказом прошло слишком много времени.",
            "Переходите в магазин перед самой покупкой и завершайте её за час.",
        ),
        Reason.AD_BLOCKER: (
            "При переходе или в магазине был включён блокировщик рекламы.",
            "Отключите его на нашем сайте и на сайте магазина и перейдите в магазин снова.",
        ),
        Reason.COOKIES_BLOCKED: (
            "При переходе были запрещены файлы cookie.",
            "Разрешите их и перейдите в магазин снова.",
        ),
        Reason.PRIVATE_MODE: (
            "Переход сделан в приватном режиме браузера.",
            "Откройте обычное окно и перейдите в магазин снова.",
        ),
        Reason.NOT_CHECKED: (
            "Вы перешли без проверки браузера и без кэшбэка.",
            "Включите JavaScript и перейдите в магазин снова.",
        ),
        Reason.INVALID_TRAFFIC: (
            "Переход выглядел как сделанный программой, а не человеком.",
            "Переходите в магазин по кнопке на нашем сайте.",
        ),
        Reason.NO_SHOPPER: ("При переходе никто не вошёл в программу.", "Войдите, прежде чем переходить в магазин."),
        Reason.ACTION_ALREADY_REWARDED: (
            "За это действие вознаграждение даётся один раз, и вы его уже получили.",
            "Выберите другое предложение.",
        ),
        Reason.BELOW_MIN_PURCHASE: (
            "Сумма товаров меньше минимальной покупки в этом магазине.",
            "Доставка в сумму не входит: проверьте минимум в условиях магазина.",
        ),
        Reason.BELOW_MINIMUM: ("Начисление вышло меньше одного рубля.", "Кэшбэк начисляют от 1 рубля за покупку."),
        Reason.UNKNOWN_CLICK: ("Заказ не связан ни с одним переходом.", "Напишите в поддержку."),
        Reason.BAD_SIGNATURE: ("Заказ не связан ни с одним переходом.", "Напишите в поддержку."),
        Flag.AMOUNT_MISSING: ("Магазин ещё не сообщил сумму.", "Ничего делать не нужно."),
        Flag.RATE_MISSING: ("Курса валюты на день заказа ещё нет.", "Ничего делать не нужно: мы добавим курс."),
        Flag.ORIGIN_UNVERIFIED: (
            "Вы перешли с телефона, а магазин не сообщил, где сделан заказ.",
            "Если магазин подтвердит заказ, кэшбэк начислят.",
        ),
        Flag.AFTER_WINDOW: ("Магазин изменил заказ после срока подтверждения.", "Учтены только возвраты."),
        Flag.TARIFF_UNKNOWN: ("Магазин указал незнакомый тариф.", "Мы уточняем его у магазина."),
        Flag.ORDER_BEFORE_CLICK: (
            "Магазин сообщил, что заказ сделан раньше перехода.",
            "Мы проверяем это. Переходите в магазин до покупки.",
        ),
    },
    "en": {
        Reason.LATE: (
            "The shop confirmed the order too late, so nothing was credited.",
            "Write to support: the confirmation is kept, and the decision can be looked at again.",
        ),
        Reason.PARTNER_APP: (
            "The order was made in the shop's app.",
            "Next time order on the shop's site from a computer.",
        ),
        Reason.PARTNER_MOBILE_VERSION: (
            "The order was made in the shop's mobile version.",
            "Next time order from a computer, or turn on “Desktop site”.",
        ),
        Reason.SECOND_TAB: (
            "The shop was open in several tabs, and the order was not made in the one in which you went there last.",
            "Buy in the tab in which you went to the shop last, and do not open the shop in others.",
        ),
        Reason.SESSION_ENDED: (
            "Too much time passed between the click and the order.",
            "Go to the shop right before you buy, and finish within an hour.",
        ),
        Reason.AD_BLOCKER: (
            "An ad blocker was on, at the click or in the shop.",
            "Switch it off on our site and on the shop's, and go to the shop again.",
        ),
        Reason.COOKIES_BLOCKED: ("Cookies were blocked at the click.", "Allow them and go to the shop again."),
        Reason.PRIVATE_MODE: (
            "The click was made in a private window.",
            "Open an ordinary window and go to the shop again.",
        ),
        Reason.NOT_CHECKED: (
            "You went on without the browser checks, and without cashback.",
            "Turn on JavaScript and go to the shop again.",
        ),
        Reason.INVALID_TRAFFIC: (
            "The click looked as if a program had made it, not a person.",
            "Go to the shop by the button on our site.",
        ),
        Reason.NO_SHOPPER: ("Nobody was signed in at the click.", "Sign in before you go to a shop."),
        Reason.ACTION_ALREADY_REWARDED: (
            "This action is rewarded once, and you have the reward already.",
            "Choose another offer.",
        ),
        Reason.BELOW_MIN_PURCHASE: (
            "The goods cost less than this shop's minimum purchase.",
            "Delivery does not count: see the minimum in the shop's conditions.",
        ),
        Reason.BELOW_MINIMUM: ("The cashback came to less than one ruble.", "Cashback is credited from 1 ruble on."),
        Reason.UNKNOWN_CLICK: ("The order belongs to no click that we know.", "Write to support."),
        Reason.BAD_SIGNATURE: ("The order belongs to no click that we know.", "Write to support."),
        Flag.AMOUNT_MISSING: ("The shop has not told the sum yet.", "There is nothing to do."),
        Flag.RATE_MISSING: (
            "The exchange rate of the day of the order is not known yet.",
            "There is nothing to do: we shall add the rate.",
        ),
        Flag.ORIGIN_UNVERIFIED: (
            "You clicked on a phone, and the shop did not say where the order was made.",
            "If the shop confirms the order, the cashback is credited.",
        ),
        Flag.AFTER_WINDOW: ("The shop changed the order after the confirmation period.", "Only returns count."),
        Flag.TARIFF_UNKNOWN: ("The shop named a tariff that we do not know.", "We are asking the shop about it."),
        Flag.ORDER_BEFORE_CLICK: (
            "The shop says that the order is older than the click.",
            "We are looking into it. Go to the shop before you buy.",
        ),
    },
}
