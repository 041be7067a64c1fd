"""Every verdict in the sender's words: what it means, and the fix. docs/rules.md explains the codes at length."""

from collections.abc import Mapping, Sequence

from tracker.core.reasons import Flag, MessageCode, Reason

DECIDED = "decided"  # the verdict of a message that simply decided its order

FIXES: Mapping[str, Mapping[str, str]] = {
    "ru": {
        DECIDED: "Всё в порядке: сообщение принято и учтено.",
        MessageCode.DUPLICATE: "То же самое уже пришло раньше; ничего делать не нужно.",
        MessageCode.OUTDATED: "Уже есть более новое сообщение о заказе; проверьте время события, если новым было это.",
        MessageCode.EMPTY: "Заказа в сообщении нет; если он был, проверьте, что параметры не потерялись при отправке.",
        MessageCode.TEST: "Проверка дошла и денег не касается; уберите test=1, когда начнёте слать заказы.",
        MessageCode.MACRO: "Сеть не подставила значение в макрос; проверьте, что макрос в адресе написан верно.",
        MessageCode.UNKNOWN_CLICK: "Заказ сохранён, но перехода с таким номером нет; верните номер из ссылки целиком.",
        MessageCode.BAD_SIGNATURE: "Номер перехода не наш, чужой или обрезан; верните все 30 знаков без изменений.",
        MessageCode.ORDER_TAKEN: "Этот заказ уже пришёл с другим переходом; у каждого заказа должен быть свой номер.",
        MessageCode.DEFERRED: "Сообщение сохранено, решение будет позже; повторять его не нужно.",
        MessageCode.FAILED: "Сообщение сохранено, ошибка на нашей стороне; повторять его не нужно.",
        MessageCode.ORDER_MISSING: "Нет номера заказа; передайте его, до 255 знаков.",
        MessageCode.AMOUNT_BAD: "Сумма не читается; пишите её как 1234.56: без пробелов и знака валюты, до копеек.",
        MessageCode.DELIVERY_MISSING: "Ваши суммы включают доставку; передайте её отдельно, 0 — если она бесплатна.",
        MessageCode.CURRENCY_NOT_LISTED: "Этой валюты нет в договорённостях; шлите согласованную или напишите нам.",
        MessageCode.TIME_BAD: "Время не читается; шлите секунды Unix или ISO 8601 с часовым поясом, например +03:00.",
        MessageCode.UNPARSEABLE: "Запрос не читается; шлите параметры строкой запроса, формой или JSON в UTF-8.",
        MessageCode.WRONG_SECRET: "В адресе не ваш секрет; скопируйте адрес с этой страницы заново.",
        MessageCode.WRONG_AUTH: "Подпись, параметр или адрес отправителя не те; сверьте их с настройками у нас.",
        MessageCode.TOO_LARGE: "Сообщение больше 64 КиБ; шлите один заказ одним запросом.",
        MessageCode.BUSY: "Слишком много сообщений сразу; повторите его через несколько секунд.",
        MessageCode.NOT_STORED: "Мы не смогли сохранить сообщение; повторите его через минуту.",
        Reason.LATE: "Подтверждение пришло после срока; подтверждайте заказы раньше или напишите нам.",
        Reason.PARTNER_APP: "Заказ из приложения кэшбэка не даёт; если это ошибка, проверьте, откуда вы берёте origin.",
        Reason.PARTNER_MOBILE_VERSION: "Заказ из мобильной версии кэшбэка не даёт; если это ошибка, проверьте origin.",
        Reason.SECOND_TAB: "Покупатель оформил заказ не в той вкладке; на вашей стороне чинить нечего.",
        Reason.SESSION_ENDED: "От перехода до заказа прошло слишком много времени; проверьте, что время заказа верное.",
        Reason.AD_BLOCKER: "У покупателя был включён блокировщик; на вашей стороне чинить нечего.",
        Reason.COOKIES_BLOCKED: "Покупатель запретил cookie; на вашей стороне чинить нечего.",
        Reason.PRIVATE_MODE: "Покупатель перешёл в приватном режиме; на вашей стороне чинить нечего.",
        Reason.NOT_CHECKED: "Покупатель перешёл без проверки браузера; на вашей стороне чинить нечего.",
        Reason.INVALID_TRAFFIC: "Переход сделан программой, а не человеком; на вашей стороне чинить нечего.",
        Reason.NO_SHOPPER: "Перешли без входа в программу, как при пробном переходе; чинить нечего.",
        Reason.ACTION_ALREADY_REWARDED: "За это действие покупатель уже получил вознаграждение; чинить нечего.",
        Reason.BELOW_MIN_PURCHASE: "Сумма меньше минимальной покупки; проверьте, что это сумма заказа, а не комиссия.",
        Reason.BELOW_MINIMUM: "Кэшбэк меньше рубля; проверьте, что шлёте сумму в рублях и что это не комиссия.",
        Flag.AMOUNT_MISSING: "Нет суммы заказа или части его строк; пришлите её, без неё заказ не подтвердится.",
        Flag.ORIGIN_UNVERIFIED: "Переход был с телефона; передавайте origin: web, mobile_web или app.",
        Flag.ORDER_TIME_UNKNOWN: "Вы не прислали время заказа; передавайте его, чтобы мы верно считали сроки.",
        Flag.AFTER_WINDOW: "Заказ изменён после срока; возвраты учтены, увеличения — нет.",
        Flag.TARIFF_UNKNOWN: "Такого тарифа нет в условиях; проверьте код или напишите нам.",
        Flag.ORDER_BEFORE_CLICK: "Заказ старше перехода; проверьте часовой пояс времени заказа.",
        Flag.RATE_MISSING: "Нет курса валюты на день заказа; мы внесём его сами, ничего делать не нужно.",
    },
    "en": {
        DECIDED: "All is well: the message was taken and counts.",
        MessageCode.DUPLICATE: "The same came before; there is nothing to do.",
        MessageCode.OUTDATED: "A newer message about the order is here; if this one was newer, check its event time.",
        MessageCode.EMPTY: "There is no order in it; if there was one, check that no parameters are lost on the way.",
        MessageCode.TEST: "The test arrived and touches no money; leave test=1 out once you send orders.",
        MessageCode.MACRO: "The network did not fill in a macro; check how it is written in the address.",
        MessageCode.UNKNOWN_CLICK: "The order is kept, but no such click is known; send the whole id of our link back.",
        MessageCode.BAD_SIGNATURE: "The click id is not ours, is another partner's or cut; send all 30 characters.",
        MessageCode.ORDER_TAKEN: "This order came with another click before; give each order an id of its own.",
        MessageCode.DEFERRED: "The message is kept and will be decided later; there is no need to repeat it.",
        MessageCode.FAILED: "The message is kept, the failure is ours; there is no need to repeat it.",
        MessageCode.ORDER_MISSING: "The order id is missing; send it, up to 255 characters.",
        MessageCode.AMOUNT_BAD: "The sum cannot be read; write 1234.56: no spaces, no currency sign, two decimals.",
        MessageCode.DELIVERY_MISSING: "Your sums include delivery; state it in a field of its own, 0 if it was free.",
        MessageCode.CURRENCY_NOT_LISTED: "This currency is not agreed with us; send the one that is, or write to us.",
        MessageCode.TIME_BAD: "The time cannot be read; send Unix seconds, or ISO 8601 with an offset such as +03:00.",
        MessageCode.UNPARSEABLE: "The request cannot be read; send a query string, a form or JSON in UTF-8.",
        MessageCode.WRONG_SECRET: "The secret in the address is not yours; copy the address from this page again.",
        MessageCode.WRONG_AUTH: "The signature, parameter or sender's address is wrong; compare it with our settings.",
        MessageCode.TOO_LARGE: "The message is larger than 64 KiB; send one order a request.",
        MessageCode.BUSY: "Too many messages came at once; send it again in some seconds.",
        MessageCode.NOT_STORED: "We could not keep the message; send it again in a minute.",
        Reason.LATE: "The confirmation came after the window; confirm orders sooner, or write to us.",
        Reason.PARTNER_APP: "Orders from the app earn no cashback; if this was none, check how you fill in origin.",
        Reason.PARTNER_MOBILE_VERSION: "Orders from the mobile version earn nothing; if this was none, check origin.",
        Reason.SECOND_TAB: "The shopper ordered in another tab; there is nothing to fix on your side.",
        Reason.SESSION_ENDED: "Too much time lies between click and order; check that the order's time is right.",
        Reason.AD_BLOCKER: "The shopper had an ad blocker on; there is nothing to fix on your side.",
        Reason.COOKIES_BLOCKED: "The shopper had blocked cookies; there is nothing to fix on your side.",
        Reason.PRIVATE_MODE: "The shopper came from a private window; there is nothing to fix on your side.",
        Reason.NOT_CHECKED: "The shopper went on without the browser checks; there is nothing to fix on your side.",
        Reason.INVALID_TRAFFIC: "The click was a program's, not a person's; there is nothing to fix on your side.",
        Reason.NO_SHOPPER: "Nobody was signed in at the click, as in a test click; there is nothing to fix.",
        Reason.ACTION_ALREADY_REWARDED: "The shopper has the reward for this action already; there is nothing to fix.",
        Reason.BELOW_MIN_PURCHASE: "The sum is below the minimum purchase; check that it is no commission.",
        Reason.BELOW_MINIMUM: "The cashback is below 1 ruble; check that you send the order's sum in rubles.",
        Flag.AMOUNT_MISSING: "The sum of the order, or of some lines, is missing; send it, or it cannot be approved.",
        Flag.ORIGIN_UNVERIFIED: "The click was made on a phone; send origin: web, mobile_web or app.",
        Flag.ORDER_TIME_UNKNOWN: "You did not send the order's time; send it, so that we count the time limits right.",
        Flag.AFTER_WINDOW: "The order changed after the window; returns count, increases do not.",
        Flag.TARIFF_UNKNOWN: "The terms know no such tariff; check its code, or write to us.",
        Flag.ORDER_BEFORE_CLICK: "The order is older than its click; check the time zone of the order's time.",
        Flag.RATE_MISSING: "There is no exchange rate of the order's day yet; we import it, there is nothing to do.",
    },
}


def fix(code: str, language: str) -> str:
    """Empty for a code that this version does not know: an older or newer one wrote it."""
    return FIXES[language].get(code, "")


def fixes_of(verdict: str, codes: Sequence[str], language: str) -> list[tuple[str, str]]:
    """Each code with its sentence. What was decided explains itself by its reasons and flags, if there are any."""
    shown = codes if codes and verdict in (DECIDED, *codes) else (verdict, *codes)
    return [(code, fix(code, language)) for code in shown]
