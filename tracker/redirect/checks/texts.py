"""What the checks page says, in Russian and English. `{partner}` is a name, `{ago}` since when it is open."""

from collections.abc import Mapping
from dataclasses import dataclass

from tracker.core.click import Check


@dataclass(frozen=True, slots=True)
class Said:
    heading: str
    body: str


@dataclass(frozen=True, slots=True)
class FindingText:
    sure: Said
    unsure: Said


@dataclass(frozen=True, slots=True)
class ChecksText:
    title: str
    checking: str
    looks: str  # what is read of the device, and why: the shopper is told (ePrivacy)
    going: str
    late: str
    failed: Said
    no_script: Said
    refused: str  # the heading over the findings when cashback is lost
    warned: str  # and when it may be
    refuses: str  # the same of one finding, in a few words
    warns: str
    retry: str
    over: str
    overrule: str
    without: str
    plain: str  # the same by a link that we do not see
    findings: Mapping[Check, FindingText]
    now: str
    minutes: str
    hours: str


_RU_BLOCKER = (
    "Блокировщик обрывает связь магазина с программой: магазин не сообщит о покупке, и кэшбэк за неё не начислят."
)
_RU_PRIVATE = (
    "Приватное окно забывает, что в магазин вас привела программа, поэтому кэшбэк за покупку из него не начисляют."
)
_EN_BLOCKER = (
    "A blocker cuts the shop off from the programme: the shop will not report the purchase, and it earns no cashback."
)
_EN_PRIVATE = (
    "A private window forgets that the programme brought you to the shop, so purchases from it earn no cashback."
)

RU = ChecksText(
    title="Проверка браузера",
    checking="Проверяем, засчитают ли кэшбэк",
    looks="Смотрим, работают ли cookie, не включены ли блокировщик рекламы и приватное окно и не открыт ли "
    "магазин «{partner}» в другой вкладке: без этого кэшбэк не засчитать.",
    going="Переходим в магазин «{partner}»",
    late="Проверка затянулась. Можно не ждать:",
    failed=Said(
        "Проверить браузер не получилось",
        "Мы не ответили вовремя: у нас неполадка или пропала связь. Попробуйте ещё раз: если перейти сейчас, кэшбэк "
        "не начислят.",
    ),
    no_script=Said(
        "Включите JavaScript, чтобы получить кэшбэк",
        "Без него не проверить, засчитает ли магазин «{partner}» покупку. Включите JavaScript в настройках браузера "
        "и обновите страницу: если перейти так, кэшбэк не начислят.",
    ),
    refused="Кэшбэк за покупку не начислят",
    warned="Кэшбэк могут не начислить",
    refuses="Кэшбэка не будет",
    warns="Предупреждение",
    retry="Проверить ещё раз",
    over="Начать заново здесь",
    overrule="Всё равно перейти",
    without="Продолжить без кэшбэка",
    plain="Перейти в магазин без кэшбэка",
    findings={
        Check.AD_BLOCKER: FindingText(
            Said("Включён блокировщик рекламы", _RU_BLOCKER),
            Said("Похоже, включён блокировщик рекламы", _RU_BLOCKER),
        ),
        Check.COOKIES: FindingText(
            Said(
                "Отключены файлы cookie",
                "Без cookie магазин «{partner}» не запомнит, что вас привела программа, и кэшбэк не начислят.",
            ),
            Said(
                "Похоже, файлы cookie не сохраняются",
                "Браузер не вернул нам cookie. Без них магазин «{partner}» не запомнит, что вас привела программа.",
            ),
        ),
        Check.PRIVATE_MODE: FindingText(
            Said("Открыто приватное окно", _RU_PRIVATE),
            Said(
                "Похоже, это приватное окно",
                "Из приватного окна кэшбэк могут не начислить: оно забывает, что в магазин вас привела программа. Мы "
                "судим по косвенному признаку и можем ошибиться: если окно обычное, переходите.",
            ),
        ),
        Check.SECOND_TAB: FindingText(
            Said(
                "Магазин «{partner}» уже открыт в другой вкладке",
                "Вы перешли в него {ago}. Покупайте в той вкладке — или начните заново в этой и закройте ту: за "
                "покупку по первому переходу кэшбэк тогда не начислят.",
            ),
            Said(
                "Магазин «{partner}» уже открыт",
                "Вы перешли в него {ago}. Если это было в этой же вкладке, просто начните заново здесь. Если в другой "
                "— за покупку по тому переходу кэшбэк после этого не начислят.",
            ),
        ),
    },
    now="только что",
    minutes="{minutes}\u00a0мин\u00a0назад",
    hours="{hours}\u00a0ч\u00a0{minutes}\u00a0мин\u00a0назад",
)  # fmt: skip

EN = ChecksText(
    title="Checking your browser",
    checking="Checking that your cashback will count",
    looks="We look whether cookies work, whether an ad blocker or a private window is on, and whether "
    "{partner} is open in another tab: cashback cannot be counted otherwise.",
    going="Taking you to {partner}",
    late="This takes longer than it should. You need not wait:",
    failed=Said(
        "We could not check your browser",
        "We did not answer in time: something is wrong on our side, or the connection is lost. Please try again. If "
        "you go to the shop now, the purchase earns no cashback.",
    ),
    no_script=Said(
        "Turn JavaScript on to earn cashback",
        "Without it we cannot check whether {partner} will count the purchase. Turn JavaScript on in the settings of "
        "your browser and reload this page. If you go as it is, the purchase earns no cashback.",
    ),
    refused="This purchase would earn no cashback",
    warned="This purchase may earn no cashback",
    refuses="No cashback",
    warns="Warning",
    retry="Check again",
    over="Start over here",
    overrule="Go anyway",
    without="Continue without cashback",
    plain="Go to the shop without cashback",
    findings={
        Check.AD_BLOCKER: FindingText(
            Said("An ad blocker is on", _EN_BLOCKER),
            Said("An ad blocker seems to be on", _EN_BLOCKER),
        ),
        Check.COOKIES: FindingText(
            Said(
                "Cookies are blocked",
                "Without cookies {partner} forgets that the programme brought you, and the purchase earns no cashback.",
            ),
            Said(
                "Cookies do not seem to be kept",
                "Your browser did not bring our cookie back. Without cookies {partner} forgets that the programme "
                "brought you.",
            ),
        ),
        Check.PRIVATE_MODE: FindingText(
            Said("This is a private window", _EN_PRIVATE),
            Said(
                "This seems to be a private window",
                "Purchases from a private window may earn no cashback: it forgets that the programme brought you. We "
                "judge by an indirect sign and may be wrong: if the window is ordinary, go on.",
            ),
        ),
        Check.SECOND_TAB: FindingText(
            Said(
                "{partner} is already open in another tab",
                "It was opened {ago}. Buy in that tab, or start over in this one and close that: a purchase by the "
                "first click then earns no cashback.",
            ),
            Said(
                "{partner} is already open",
                "It was opened {ago}. If that was in this very tab, just start over here. If it was in another one, "
                "a purchase by that click will earn no cashback after that.",
            ),
        ),
    },
    now="just now",
    minutes="{minutes}\u00a0min\u00a0ago",
    hours="{hours}\u00a0h\u00a0{minutes}\u00a0min\u00a0ago",
)  # fmt: skip

TEXTS: Mapping[str, ChecksText] = {"ru": RU, "en": EN}


def ago(minutes: int, text: ChecksText) -> str:
    """`5 мин назад`, `2 ч 5 мин назад`."""
    if minutes < 1:
        return text.now
    hours, rest = divmod(minutes, 60)
    return (text.hours if hours else text.minutes).format(hours=hours, minutes=rest)
