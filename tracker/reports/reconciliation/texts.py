"""The words of the reconciliations' pages, in Russian and English."""

from collections.abc import Mapping
from dataclasses import dataclass

from tracker.core.reconciliation import Cause, Kind


@dataclass(frozen=True, slots=True)
class ReconciliationText:
    title: str
    lead: str
    reports: str
    nothing: str
    none_found: str
    when: str
    partner: str
    file: str
    period: str
    rows: str
    differing: str
    applied: str
    applied_by: str
    not_applied: str
    theirs: str
    ours: str
    difference: str
    commission: str
    cashback: str
    if_right: str
    unread: str
    no_rate: str
    kinds: str
    causes: str
    all: str
    table: str
    order: str
    what: str
    cause: str
    no_sum: str
    more: str
    download: str
    told_title: str
    told_lead: str
    told_steps: tuple[str, ...]
    away_title: str
    away_lead: str
    kind: Mapping[Kind, str]
    of_cause: Mapping[Cause, str]
    status: Mapping[str, str]


TEXTS: Mapping[str, ReconciliationText] = {
    "ru": ReconciliationText(
        title="Сверки",
        lead="Отчёты партнёров против наших книг. Новую сверку делает команда tracker reconcile.",
        reports="Отчёты",
        nothing="Сверок ещё не было.",
        none_found="Таких расхождений нет.",
        when="Когда",
        partner="Партнёр",
        file="Файл",
        period="Период",
        rows="Строк",
        differing="Заказов с расхождением",
        applied="Принято",
        applied_by="Слово партнёра принято {at}: {staff}, «{reason}».",
        not_applied="нет",
        theirs="У партнёра",
        ours="У нас",
        difference="Разница",
        commission="Вознаграждение у партнёра",
        cashback="Кэшбэк",
        if_right="если прав партнёр",
        unread="Не прочитано заказов",
        no_rate="Без курса",
        kinds="Вид расхождения",
        causes="Вероятная причина",
        all="все",
        table="Расхождения",
        order="Заказ",
        what="Расхождение",
        cause="Причина",
        no_sum="без суммы",
        more="Дальше",
        download="Скачать CSV",
        told_title="Отчёты открываются по ссылке",
        told_lead="Ссылку печатает команда на сервере трекера.",
        told_steps=("Выполните tracker reports-url.", "Откройте напечатанный адрес и вернитесь сюда."),
        away_title="Сверки сейчас не показать",
        away_lead="PostgreSQL не ответил. Попробуйте через минуту.",
        kind={
            Kind.MATCHED: "сходится",
            Kind.ONLY_OURS: "только у нас",
            Kind.ONLY_THEIRS: "только у партнёра",
            Kind.AMOUNT_DIFFERS: "другая сумма",
            Kind.STATUS_DIFFERS: "другой статус",
        },
        of_cause={
            Cause.TIME_ZONE: "часовой пояс",
            Cause.DELIVERY: "доставка",
            Cause.CURRENCY: "валюта или курс",
            Cause.UNIT: "рубли и копейки",
            Cause.ROUNDING: "округление",
            Cause.WINDOW: "срок подтверждения",
            Cause.OUR_REFUSAL: "мы отказали сообщению",
            Cause.OUR_HOLD: "ждёт у нас",
            Cause.WAITING: "сообщение ещё не разобрано",
            Cause.NOT_STATED: "нам не назвали сумму",
            Cause.UNMATCHED: "без нашего клика",
            Cause.LEFT_OUT: "в отчёте нет таких статусов",
            Cause.LOST_POSTBACK: "постбек потерян",
            Cause.MISSED_UPDATE: "не дошло обновление",
            Cause.RETURN_NOT_TOLD: "не сказали о возврате",
            Cause.STATEMENT_OLDER: "отчёт старше сообщений",
            Cause.UNKNOWN_TO_PARTNER: "партнёр не знает заказа",
        },
        status={"pending": "ожидает", "approved": "подтверждён", "declined": "отклонён", "": "без статуса"},
    ),
    "en": ReconciliationText(
        title="Reconciliations",
        lead="Partners' statements against our books. The command tracker reconcile makes a new one.",
        reports="Reports",
        nothing="Nothing was compared yet.",
        none_found="No such differences.",
        when="When",
        partner="Partner",
        file="File",
        period="Period",
        rows="Rows",
        differing="Orders that differ",
        applied="Taken over",
        applied_by="The partner's word was taken on {at}: {staff}, “{reason}”.",
        not_applied="no",
        theirs="Theirs",
        ours="Ours",
        difference="Difference",
        commission="Commission by the statement",
        cashback="Cashback",
        if_right="if the partner is right",
        unread="Orders not read",
        no_rate="Without a rate",
        kinds="Kind of difference",
        causes="Likely cause",
        all="all",
        table="Differences",
        order="Order",
        what="Difference",
        cause="Cause",
        no_sum="no sum",
        more="Go on",
        download="Download CSV",
        told_title="The reports open with a link",
        told_lead="A command on the tracker's server prints the link.",
        told_steps=("Run tracker reports-url.", "Open the address that it prints, and come back here."),
        away_title="Reconciliations cannot be shown now",
        away_lead="PostgreSQL did not answer. Please try in a minute.",
        kind={
            Kind.MATCHED: "matched",
            Kind.ONLY_OURS: "only ours",
            Kind.ONLY_THEIRS: "only theirs",
            Kind.AMOUNT_DIFFERS: "amount differs",
            Kind.STATUS_DIFFERS: "status differs",
        },
        of_cause={
            Cause.TIME_ZONE: "time zone",
            Cause.DELIVERY: "delivery",
            Cause.CURRENCY: "currency or rate",
            Cause.UNIT: "rubles and kopecks",
            Cause.ROUNDING: "rounding",
            Cause.WINDOW: "time to confirm",
            Cause.OUR_REFUSAL: "we refused the message",
            Cause.OUR_HOLD: "we hold it",
            Cause.WAITING: "message not yet decided",
            Cause.NOT_STATED: "no sum was told",
            Cause.UNMATCHED: "no click of ours",
            Cause.LEFT_OUT: "statement has no such status",
            Cause.LOST_POSTBACK: "postback lost",
            Cause.MISSED_UPDATE: "update never came",
            Cause.RETURN_NOT_TOLD: "return not told",
            Cause.STATEMENT_OLDER: "statement is older",
            Cause.UNKNOWN_TO_PARTNER: "unknown to the partner",
        },
        status={"pending": "pending", "approved": "approved", "declined": "declined", "": "no status"},
    ),
}
