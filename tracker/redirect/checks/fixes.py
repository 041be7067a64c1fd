"""How each finding is put right in each browser, step by step, in Russian and English."""

import re
from collections.abc import Mapping
from enum import StrEnum

from tracker.core.click import Check

Steps = tuple[str, ...]


class Browser(StrEnum):
    """The browsers whose menus we know; `OTHER` gets words that fit any."""

    YANDEX = "yandex"
    CHROME = "chrome"
    FIREFOX = "firefox"
    SAFARI = "safari"
    EDGE = "edge"
    OPERA = "opera"
    OTHER = "other"


# In this order: most of them also call themselves Chrome, and all of those Safari.
_NAMES = (
    (Browser.YANDEX, re.compile(r"\bYaBrowser/")),
    (Browser.OPERA, re.compile(r"\b(?:OPR|OPT|OPX|OPiOS)/")),
    (Browser.EDGE, re.compile(r"\bEdg(?:A|iOS)?/")),
    (Browser.OTHER, re.compile(r"\b(?:SamsungBrowser|Vivaldi|UCBrowser|HuaweiBrowser|MiuiBrowser|DuckDuckGo|Ddg)/")),
    (Browser.FIREFOX, re.compile(r"\b(?:Firefox|FxiOS)/")),
    (Browser.CHROME, re.compile(r"\b(?:Chrome|CriOS|Chromium|HeadlessChrome)/")),
    (Browser.SAFARI, re.compile(r"\bVersion/[0-9.]+ .*Safari/")),
)


_PHONE = re.compile(r"\b(?:Android|iPhone|iPad|Mobile)\b")


def browser_of(user_agent: str) -> Browser:
    """On phones menus are others, and blockers often no extensions."""
    if _PHONE.search(user_agent):
        return Browser.OTHER
    return next((browser for browser, name in _NAMES if name.search(user_agent)), Browser.OTHER)


_RU_BLOCKER_LAST = "Проверьте ещё раз. В магазине «{partner}» блокировщик тоже должен быть выключен до конца покупки."
_EN_BLOCKER_LAST = "Check again. In {partner} the blocker must stay off too, until you have ordered."
_RU_AGAIN = "Вернитесь на эту страницу и проверьте ещё раз."
_EN_AGAIN = "Come back to this page and check again."
_RU_WINDOW = "Откройте обычное окно, зайдите на сайт программы и снова нажмите на баннер магазина."
_EN_WINDOW = "Open an ordinary window, go to the programme's site and click the shop's banner again."

_RU: Mapping[Check, Mapping[Browser, Steps]] = {
    Check.AD_BLOCKER: {
        Browser.YANDEX: (
            "В Яндекс Браузере откройте меню ☰ → «Расширения» (раньше — «Дополнения»).",
            "В разделе «Блокировка рекламы» и среди остальных расширений выключите блокировщик, например AdGuard.",
            _RU_BLOCKER_LAST,
        ),
        Browser.CHROME: (
            "В Chrome нажмите на значок расширений (пазл) справа от адресной строки.",
            "Откройте блокировщик — AdBlock, AdGuard, uBlock — и выключите его для этого сайта и для магазина.",
            _RU_BLOCKER_LAST,
        ),
        Browser.FIREFOX: (
            "В Firefox нажмите на значок расширений (пазл) или откройте меню ☰ → «Расширения и темы».",
            "Выключите блокировщик — uBlock Origin, AdGuard, AdBlock — для этого сайта и для магазина.",
            _RU_BLOCKER_LAST,
        ),
        Browser.SAFARI: (
            "На Mac: Safari → «Настройки» → «Веб-сайты»: выключите «Блокировщики контента» для этого сайта.",
            "На iPhone и iPad: меню страницы в адресной строке → «Выключить блокировщики контента».",
            _RU_BLOCKER_LAST,
        ),
        Browser.EDGE: (
            "В Edge откройте меню ⋯ → «Расширения».",
            "Выключите блокировщик — AdBlock, AdGuard, uBlock — для этого сайта и для магазина.",
            _RU_BLOCKER_LAST,
        ),
        Browser.OPERA: (
            "В Opera нажмите на значок щита в адресной строке и выключите блокировку рекламы на этом сайте.",
            "Если стоит расширение-блокировщик, выключите и его: меню → «Расширения».",
            _RU_BLOCKER_LAST,
        ),
        Browser.OTHER: (
            "Выключите для этого сайта и для магазина всё, что убирает рекламу: расширение, настройку, приложение.",
            _RU_BLOCKER_LAST,
        ),
    },
    Check.COOKIES: {
        Browser.YANDEX: (
            "В Яндекс Браузере откройте меню ☰ → «Настройки» → «Сайты» → «Расширенные настройки сайтов».",
            "В разделе «Cookie-файлы» выберите «Разрешены».",
            _RU_AGAIN,
        ),
        Browser.CHROME: (
            "В Chrome откройте меню ⋮ → «Настройки» → «Конфиденциальность и безопасность» → «Настройки сайтов».",
            "В разделе «Данные сайтов на устройстве» разрешите сайтам сохранять данные.",
            _RU_AGAIN,
        ),
        Browser.FIREFOX: (
            "В Firefox откройте меню ☰ → «Настройки» → «Приватность и защита».",
            "В «Улучшенной защите от отслеживания» выберите «Стандартная».",
            _RU_AGAIN,
        ),
        Browser.SAFARI: (
            "На Mac: Safari → «Настройки» → «Дополнения» (в старых версиях «Конфиденциальность»).",
            "На iPhone и iPad: «Настройки» → «Приложения» → Safari → «Дополнения».",
            "Выключите «Блокировать все файлы cookie».",
            _RU_AGAIN,
        ),
        Browser.EDGE: (
            "В Edge откройте меню ⋯ → «Настройки» → «Конфиденциальность, поиск и службы» → «Файлы cookie».",
            "Разрешите сайтам сохранять и читать данные cookie.",
            _RU_AGAIN,
        ),
        Browser.OPERA: (
            "В Opera откройте «Настройки» → «Конфиденциальность и безопасность» → «Настройки сайтов».",
            "В разделе «Данные сайтов на устройстве» разрешите сайтам сохранять данные.",
            _RU_AGAIN,
        ),
        Browser.OTHER: ("Разрешите файлы cookie в настройках приватности браузера.", _RU_AGAIN),
    },
    Check.PRIVATE_MODE: {
        Browser.YANDEX: ("Закройте окно инкогнито Яндекс Браузера.", _RU_WINDOW),
        Browser.CHROME: ("Закройте окно Chrome, если оно открыто в режиме инкогнито или гостя.", _RU_WINDOW),
        Browser.FIREFOX: (
            "Закройте приватное окно Firefox.",
            "Если окно обычное: меню ☰ → «Настройки» → «Приватность и защита» → «История»: «будет запоминать».",
            _RU_WINDOW,
        ),
        Browser.SAFARI: ("Выйдите из «Частного доступа» Safari.", _RU_WINDOW),
        Browser.EDGE: ("Закройте окно InPrivate браузера Edge.", _RU_WINDOW),
        Browser.OPERA: ("Закройте приватное окно Opera.", _RU_WINDOW),
        Browser.OTHER: ("Закройте приватное окно браузера.", _RU_WINDOW),
    },
}  # fmt: skip

_EN: Mapping[Check, Mapping[Browser, Steps]] = {
    Check.AD_BLOCKER: {
        Browser.YANDEX: (
            "In Yandex Browser open the menu ☰ → Extensions (Add-ons in older versions).",
            "Turn the blocker off, under “Ad blocking” and among the other extensions; AdGuard, for example.",
            _EN_BLOCKER_LAST,
        ),
        Browser.CHROME: (
            "In Chrome click the extensions icon (a puzzle piece) to the right of the address bar.",
            "Open your blocker — AdBlock, AdGuard, uBlock — and turn it off for this site and for the shop.",
            _EN_BLOCKER_LAST,
        ),
        Browser.FIREFOX: (
            "In Firefox click the extensions icon (a puzzle piece), or open the menu ☰ → Extensions and themes.",
            "Turn your blocker — uBlock Origin, AdGuard, AdBlock — off for this site and for the shop.",
            _EN_BLOCKER_LAST,
        ),
        Browser.SAFARI: (
            "On a Mac: Safari → Settings → Websites → Content Blockers, and Extensions → Off for this site.",
            "On iPhone and iPad: the page menu in the address bar → Turn Off Content Blockers.",
            _EN_BLOCKER_LAST,
        ),
        Browser.EDGE: (
            "In Edge open the menu ⋯ → Extensions.",
            "Turn your blocker — AdBlock, AdGuard, uBlock — off for this site and for the shop.",
            _EN_BLOCKER_LAST,
        ),
        Browser.OPERA: (
            "In Opera click the shield in the address bar and turn ad blocking off for this site.",
            "If you have a blocker among your extensions, turn it off too: menu → Extensions.",
            _EN_BLOCKER_LAST,
        ),
        Browser.OTHER: (
            "Turn off, for this site and for the shop, whatever removes ads: an extension, a setting, an app.",
            _EN_BLOCKER_LAST,
        ),
    },
    Check.COOKIES: {
        Browser.YANDEX: (
            "In Yandex Browser open the menu ☰ → Settings → Sites → Advanced site settings.",
            "Under “Cookies” choose “Allowed”.",
            _EN_AGAIN,
        ),
        Browser.CHROME: (
            "In Chrome open the menu ⋮ → Settings → Privacy and security → Site settings.",
            "Under “On-device site data” let sites save data.",
            _EN_AGAIN,
        ),
        Browser.FIREFOX: (
            "In Firefox open the menu ☰ → Settings → Privacy & Security.",
            "Under “Enhanced Tracking Protection” choose “Standard”.",
            _EN_AGAIN,
        ),
        Browser.SAFARI: (
            "On a Mac: Safari → Settings → Advanced (Privacy in older versions).",
            "On iPhone and iPad: Settings → Apps → Safari → Advanced.",
            "Turn “Block All Cookies” off.",
            _EN_AGAIN,
        ),
        Browser.EDGE: (
            "In Edge open the menu ⋯ → Settings → Privacy, search, and services → Cookies.",
            "Allow sites to save and read cookie data.",
            _EN_AGAIN,
        ),
        Browser.OPERA: (
            "In Opera open Settings → Privacy & security → Site settings.",
            "Under “On-device site data” let sites save data.",
            _EN_AGAIN,
        ),
        Browser.OTHER: ("Allow cookies in the privacy settings of your browser.", _EN_AGAIN),
    },
    Check.PRIVATE_MODE: {
        Browser.YANDEX: ("Close the incognito window of Yandex Browser.", _EN_WINDOW),
        Browser.CHROME: ("Close the incognito or guest window of Chrome.", _EN_WINDOW),
        Browser.FIREFOX: (
            "Close the private window of Firefox.",
            "If the window is ordinary: menu ☰ → Settings → Privacy & Security → History → Remember history.",
            _EN_WINDOW,
        ),
        Browser.SAFARI: ("Leave Private Browsing in Safari.", _EN_WINDOW),
        Browser.EDGE: ("Close the InPrivate window of Edge.", _EN_WINDOW),
        Browser.OPERA: ("Close the private window of Opera.", _EN_WINDOW),
        Browser.OTHER: ("Close the private window of your browser.", _EN_WINDOW),
    },
}

# The second tab is missing: it is put right by the button, not in the browser.
FIXES: Mapping[str, Mapping[Check, Mapping[Browser, Steps]]] = {"ru": _RU, "en": _EN}
