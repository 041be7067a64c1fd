"""The words of the reports' pages, in Russian and English."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QuestionText:
    title: str
    lead: str  # what it counts


@dataclass(frozen=True, slots=True)
class ToldText:
    """A page that has no report to show."""

    title: str
    lead: str
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnalystText:
    reports: str
    reconciliations: str
    overview: str
    overview_lead: str
    first_day: str
    last_day: str
    partner: str
    all_partners: str
    show: str
    period: str
    nothing: str
    table: str
    by_day: str
    chart_text: str
    download: str
    sql: str
    sql_lead: str
    told: Mapping[int, ToldText]  # by HTTP status
    no_views: ToldText
    disclosure: str
    measured: str
    counted: str
    filtered: str
    filtered_none: str
    rules: str
    rules_words: str
    final: str
    final_yes: str
    final_no: str
    restated: str
    restated_never: str
    moscow: str
    questions: Mapping[str, QuestionText]


TEXTS: Mapping[str, AnalystText] = {
    "ru": AnalystText(
        reports="Отчёты",
        reconciliations="Сверки",
        overview="Обзор",
        overview_lead="Главные числа за период. День — день перехода по Москве.",
        first_day="С",
        last_day="По",
        partner="Партнёр",
        all_partners="Все партнёры",
        show="Показать",
        period="Период",
        nothing="За этот период ничего нет.",
        table="Таблица",
        by_day="По дням",
        chart_text="Наибольшее: {label}, {value}. Все числа — в таблице ниже.",
        download="Скачать",
        sql="SQL этого отчёта",
        sql_lead="Тот же запрос работает в curl и в любом клиенте ClickHouse; since, until и partner — параметры.",
        told={
            401: ToldText(
                title="Отчёты открываются по ссылке",
                lead="Здесь ничего нет для того, кто пришёл без неё.",
                steps=(
                    "На машине трекера выполните команду tracker reports-url.",
                    "Откройте адрес, который она напечатает: этот браузер получит доступ на 12 часов.",
                ),
            ),
            501: ToldText(
                title="Этот файл отдаёт сам сервер ClickHouse",
                lead="Трекер говорит с вашим сервером ClickHouse по протоколу, в котором нет такого формата. "
                "Возьмите SQL отчёта и выполните его через HTTP-порт сервера.",
            ),
            503: ToldText(
                title="Отчёты сейчас недоступны",
                lead="ClickHouse не ответил. Переходы и постбэки сохраняются и появятся здесь, когда он вернётся. "
                "Попробуйте через минуту.",
            ),
        },
        no_views=ToldText(
            title="Сервер ClickHouse слишком старый для отчётов",
            lead="Отчёты читают представления, для которых нужен ClickHouse 24.8 или новее. Переходы и деньги "
            "сохраняются на этом сервере и появятся здесь, когда он станет новее.",
        ),
        disclosure="Что здесь посчитано",
        measured="Измеренные переходы: наш сервер получил запрос и ответил на него. Загрузилась ли потом страница "
        "магазина, не измеряется.",
        counted="Переходы за период",
        filtered="Отфильтровано",
        filtered_none="ничего",
        rules="Правила фильтрации",
        rules_words="{rules}; версия трекера {version}, список ботов crawler-user-agents {bots}. Отфильтрованное "
        "хранится с причиной и не удаляется.",
        final="Окончательны ли числа",
        final_yes="Да: срок подтверждения покупок истёк {day}. Возвраты учитываются в любом возрасте.",
        final_no="Нет. Покупки могут меняться до {day}, 90 дней после последнего дня. Возвраты учитываются и позже.",
        restated="Последнее изменение",
        restated_never="изменений не было",
        moscow="время московское",
        questions={
            "conversion-rate": QuestionText(
                title="Конверсия и доход с перехода",
                lead="Покупки и комиссия на один засчитанный переход, по партнёрам. Отклонённая покупка остаётся "
                "покупкой, но ничего не приносит; комиссия — только в рублях.",
            ),
            "refusals": QuestionText(
                title="Отказы по причинам",
                lead="За что покупки не получили кэшбэк. Покупка с двумя причинами стоит под обеими, поэтому доли "
                "могут дать больше 100 %.",
            ),
            "confirmation-times": QuestionText(
                title="Сроки подтверждения",
                lead="За сколько дней от перехода партнёр впервые подтвердил покупку: за столько или быстрее — "
                "половина, 75 %, 90 % и 99 % покупок.",
            ),
            "minimum-rule": QuestionText(
                title="Цена правила минимума",
                lead="Покупки, которые ничего не получили, потому что покупка или начисление слишком малы, и сколько "
                "начислилось бы без этого правила. «Только из-за минимума» — без покупок, у которых есть и другая "
                "причина.",
            ),
            "app-origins": QuestionText(
                title="Исключения: заказы в приложении",
                lead="Заказы в приложении или мобильной версии, за которые кэшбэк начисляется, потому что условия "
                "партнёра их разрешают.",
            ),
            "late-confirmations": QuestionText(
                title="Поздние подтверждения",
                lead="Покупки, подтверждённые после срока. «Начислено решением» — те, что сотрудник всё же засчитал; "
                "дни — сколько прошло после срока.",
            ),
            "unmatched-postbacks": QuestionText(
                title="Постбэки без перехода",
                lead="Сообщения о заказах, переход к которым мы не нашли. День — день сообщения по Москве.",
            ),
            "clicks-by-hour": QuestionText(
                title="Переходы по часам", lead="В какие часы переходят в магазины, по московскому времени."
            ),
            "returns": QuestionText(
                title="Возвраты после подтверждения",
                lead="Подтверждённые покупки, которые магазин потом отклонил или уменьшил, и сколько кэшбэка отозвано.",
            ),
            "liability": QuestionText(
                title="Обязательства по кэшбэку",
                lead="Сколько мы должны участникам, от вероятного к верному. Выплаты сюда не входят: их ведёт "
                "бухгалтерская книга.",
            ),
            "checks": QuestionText(
                title="Проверки браузера",
                lead="Что нашла страница проверок, по браузерам и версиям; каждый браузер считается один раз. Если "
                "блокировщик, cookie или приватный режим находят только в одной из нескольких версий, проверка в ней, "
                "скорее всего, ошибается.",
            ),
        },
    ),
    "en": AnalystText(
        reports="Reports",
        reconciliations="Reconciliations",
        overview="Overview",
        overview_lead="The headline numbers of the period. A day is the day of the click in Moscow.",
        first_day="From",
        last_day="Until",
        partner="Partner",
        all_partners="All partners",
        show="Show",
        period="Period",
        nothing="There is nothing in this period.",
        table="Table",
        by_day="By day",
        chart_text="The largest: {label}, {value}. All numbers are in the table below.",
        download="Download",
        sql="The SQL of this report",
        sql_lead="The same statement works in curl and in any ClickHouse client; since, until and partner are "
        "parameters.",
        told={
            401: ToldText(
                title="Reports are opened by a link",
                lead="There is nothing here for who comes without it.",
                steps=(
                    "Run the command tracker reports-url on the tracker's machine.",
                    "Open the address that it prints: this browser may then read for 12 hours.",
                ),
            ),
            501: ToldText(
                title="This file comes from the ClickHouse server itself",
                lead="The tracker talks to your ClickHouse server in a protocol that has no such format. Take "
                "the SQL of the report and run it at the server's HTTP port.",
            ),
            503: ToldText(
                title="Reports are not available now",
                lead="ClickHouse did not answer. Clicks and postbacks are kept, and will show here when it is back. "
                "Please try in a minute.",
            ),
        },
        no_views=ToldText(
            title="The ClickHouse server is too old for reports",
            lead="Reports read views that need ClickHouse 24.8 or newer. Clicks and money are kept on this server, and "
            "will show here once it is newer.",
        ),
        disclosure="What is counted here",
        measured="Measured clicks: our server received the request and answered it. Whether the shop's page then "
        "loaded is not measured.",
        counted="Clicks in the period",
        filtered="Filtered",
        filtered_none="nothing",
        rules="Filter rules",
        rules_words="{rules}; version {version} of the tracker, list of bots crawler-user-agents {bots}. What is "
        "filtered is kept with its reason, never deleted.",
        final="Whether this is final",
        final_yes="Yes: the time to confirm purchases ended on {day}. Returns count at any age.",
        final_no="No. Purchases may change until {day}, 90 days after the last day. Returns count later, too.",
        restated="Last restatement",
        restated_never="nothing was restated",
        moscow="Moscow time",
        questions={
            "conversion-rate": QuestionText(
                title="Conversion rate and EPC",
                lead="Purchases and commission per valid click, by partner. A declined purchase stays a purchase and "
                "brings nothing; commission is summed in rubles only.",
            ),
            "refusals": QuestionText(
                title="Refusals by reason",
                lead="Why purchases earned no cashback. A purchase with two reasons stands under both, so shares may "
                "add up to more than 100%.",
            ),
            "confirmation-times": QuestionText(
                title="Confirmation times",
                lead="How many days after the click a partner first approved: so many or fewer for half, 75%, 90% and "
                "99% of the purchases.",
            ),
            "minimum-rule": QuestionText(
                title="Cost of the minimum rule",
                lead="Purchases that earned nothing because they or their accrual are too small, and what would have "
                "accrued without that rule. “For the minimum alone” leaves out those with another reason, too.",
            ),
            "app-origins": QuestionText(
                title="Exceptions: app orders",
                lead="Orders in an app or a mobile version that earn, because the partner's terms allow it.",
            ),
            "late-confirmations": QuestionText(
                title="Late confirmations",
                lead="Purchases confirmed after their time. “Credited by staff” are those that were credited all the "
                "same; days are counted from the end of that time.",
            ),
            "unmatched-postbacks": QuestionText(
                title="Unmatched postbacks",
                lead="Messages about orders whose click we did not find. A day is the day of the message in Moscow.",
            ),
            "clicks-by-hour": QuestionText(
                title="Clicks by hour", lead="At which hours shoppers go to the shops, in Moscow time."
            ),
            "returns": QuestionText(
                title="Returns after approval",
                lead="Approved purchases that the shop declined or made smaller later, and the cashback taken back.",
            ),
            "liability": QuestionText(
                title="Cashback liability",
                lead="What is owed to shoppers, from likely to certain. Payouts are not in it: the ledger keeps those.",
            ),
            "checks": QuestionText(
                title="Browser checks",
                lead="What the checks page found, by browser and version; each browser counts once. Where a blocker, "
                "cookies or a private window are found in one of several versions alone, the check is probably wrong.",
            ),
        },
    ),
}
