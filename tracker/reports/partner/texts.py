"""The words of a partner's own page, in Russian and English. `{partner}` is a name, `{zone}` a time zone."""

from collections.abc import Mapping
from dataclasses import dataclass

from tracker.core.partner_address import Purpose
from tracker.reports.partner.checklist import Item, State
from tracker.reports.partner.proof_texts import PROOF, ProofText
from tracker.reports.partner.verdicts import VERDICTS


@dataclass(frozen=True, slots=True)
class PartnerText:
    title: str
    overview: str
    log: str
    trial: str
    lead: str
    checks: str
    checks_lead: str
    whole: str
    states: Mapping[State, str]
    items: Mapping[Item, tuple[str, str]]  # what it is, what to do next
    unknown_words: str
    sum_refused: str
    addresses: str
    addresses_lead: str
    own_address: str
    purposes: Mapping[Purpose, str]
    words: str
    words_rest: str
    words_missing: str
    proof: ProofText
    test_signed: str
    log_refused: str
    trial_unsigned: str
    click: str
    click_lead: str
    click_steps: tuple[str, ...]
    click_open: str
    tag: str
    tag_lead: str
    tag_open: str
    latest: str
    all_messages: str
    log_lead: str
    log_live: str
    log_stop: str
    log_go_on: str
    nothing_yet: str
    request: str
    order: str
    verdicts: Mapping[str, str]
    status_unknown: str
    statuses: Mapping[str, str]
    on_hold: str
    answered: str
    trial_lead: str
    trial_request: str
    trial_hint: str
    trial_previous: str
    trial_previous_hint: str
    trial_act: str
    trial_result: str
    trial_reply: str
    trial_object: str
    trial_fields: Mapping[str, str]
    yes: str
    no: str


TEXTS: Mapping[str, PartnerText] = {
    "ru": PartnerText(
        title="Подключение: {partner}",
        overview="Подключение",
        log="Журнал",
        trial="Проба",
        lead="Эта страница видна только тем, у кого есть ваш адрес. На ней секреты: не пересылайте её в чаты.",
        checks="Что уже работает",
        checks_lead="Пункт становится зелёным только от настоящего сообщения от вас.",
        whole="Подключение закончено: всё проверено настоящими сообщениями.",
        states={
            State.DONE: "работает",
            State.OPEN: "ещё не было",
            State.WRONG: "ошибка",
            State.NEEDLESS: "не нужно",
        },
        items={
            Item.REACHED: ("Адрес отвечает", "Отправьте на адрес ниже любой запрос, например с test=1."),
            Item.TESTED: ("Пришло пробное сообщение", "Добавьте к адресу test=1 и откройте его: ответ будет 200."),
            Item.MATCHED: ("Номер перехода вернулся", "Сделайте пробный переход и заказ; верните его номер перехода."),
            Item.STATUSES: ("Все статусы понятны", "Пришлите статус заказа словом, о котором мы договорились."),
            Item.SUMS: ("Суммы приходят", "Пришлите сумму за товары: без доставки, после скидок."),
            Item.SUMS_AND_DELIVERY: (
                "Суммы приходят, доставка указана",
                "Ваши суммы включают доставку: шлите её отдельным полем, 0 — если она бесплатна.",
            ),
            Item.DECIDED: ("Заказ посчитан", "Пришлите заказ с номером перехода, статусом и суммой."),
            Item.APPROVED: ("Пришло подтверждение", "Подтвердите пробный заказ."),
            Item.TAKEN_BACK: ("Пришла отмена или возврат", "Отмените пробный заказ: он денег не касается."),
        },
        unknown_words="Таких статусов мы не знаем: {words}. Пришлите другие или напишите нам, что они значат.",
        sum_refused="Последняя сумма не принята: что с ней не так, сказано в журнале.",
        addresses="Адреса для заказов",
        addresses_lead="Скопируйте адрес целиком: в нём ваш секрет. Щелчок выделяет всё. Вместо слов в скобках сеть "
        "или ваш сервер подставляет значения.",
        own_address="Ваш адрес",
        purposes={
            Purpose.ALL: "Заказы и всё, что с ними стало.",
            Purpose.NEW: "Новые заказы: слова для статуса здесь нет.",
            Purpose.CHANGES: "Что стало с заказами, о которых уже сообщили.",
        },
        words="Слова для статуса",
        words_rest="Любое другое слово ничего не меняет.",
        words_missing="Для этого статуса слова нет: {status}. Напишите нам, каким словом вы его сообщаете.",
        proof=PROOF["ru"],
        test_signed="Отправьте запрос с test=1, подписанный так, как сказано ниже: без подписи ответ будет 403.",
        log_refused="Запросы на ваш адрес с неверной подписью (403 wrong_auth) мы считаем, но не храним: здесь их нет.",
        trial_unsigned="Подпись не проверена: вставьте запрос целиком, с адресом и заголовками.",
        click="Пробный переход",
        click_lead="Переход без входа в программу. Номер перехода настоящий, а кэшбэка по заказу не будет: "
        "причина no_shopper.",
        click_steps=(
            "Откройте ссылку там, где вы не вошли в программу: она ведёт в ваш магазин с номером перехода.",
            "Оформите заказ, как покупатель, или возьмите номер из адреса и пришлите заказ сами.",
            "Подтвердите заказ, а потом отмените его. Всё появится в журнале.",
        ),
        click_open="Сделать пробный переход",
        tag="Тег на страницах магазина",
        tag_lead="Код для магазина и проверка, которая показывает, что магазин ломает сам.",
        tag_open="Открыть проверку тега",
        latest="Последние сообщения",
        all_messages="Весь журнал",
        log_lead="Последние {count} сообщений, новые сверху. Время — {zone}. Секреты заменены на ***. Запросов с чужим "
        "или неверным секретом в адресе здесь нет: мы не знаем, чьи они.",
        log_live="Страница обновляется каждые {seconds} с.",
        log_stop="Остановить",
        log_go_on="Обновлять",
        nothing_yet="Сообщений ещё не было.",
        request="Запрос",
        order="Заказ",
        verdicts=VERDICTS["ru"],
        statuses={"pending": "ждёт подтверждения", "approved": "подтверждён", "declined": "отменён"},
        status_unknown="статус непонятен",
        on_hold="удержан",
        answered="Мы ответили",
        trial_lead="Вставьте запрос и посмотрите, что мы с ним сделаем. Ничего не сохраняется и денег не касается.",
        trial_request="Запрос: адрес, строка запроса или HTTP целиком",
        trial_hint="{click_id}, как и настоящий номер перехода, значит воображаемый переход, сделанный час назад.",
        trial_previous="Что пришло раньше (не обязательно)",
        trial_previous_hint="По запросу в строке.",
        trial_act="Попробовать",
        trial_result="Что мы с ним сделаем",
        trial_reply="Ответ",
        trial_object="То же для программ",
        trial_fields={
            "order_id": "Заказ",
            "click_id": "Переход",
            "status": "Статус",
            "hold": "Удержан",
            "settled": "Комиссия выплачена",
            "base": "За товары",
            "rate": "Ставка",
            "accrual": "До округления",
            "cashback": "Кэшбэк, ₽",
            "http_status": "HTTP",
        },
        yes="да",
        no="нет",
    ),
    "en": PartnerText(
        title="Integration: {partner}",
        overview="Integration",
        log="Log",
        trial="Try",
        lead="Only those who have your address see this page. There are secrets on it: do not pass it on in chats.",
        checks="What works already",
        checks_lead="An item turns green only by a real message of yours.",
        whole="The integration is done: all of it was shown by real messages.",
        states={
            State.DONE: "works",
            State.OPEN: "not seen yet",
            State.WRONG: "wrong",
            State.NEEDLESS: "not needed",
        },
        items={
            Item.REACHED: ("The address answers", "Send any request to the address below, such as one with test=1."),
            Item.TESTED: ("A test message came", "Add test=1 to the address and open it: the answer is 200."),
            Item.MATCHED: ("A click id came back", "Make a test click and an order; send its click id back."),
            Item.STATUSES: ("Every status is understood", "Send the order's status in a word that we agreed on."),
            Item.SUMS: ("Sums arrive", "Send what was paid for goods: without delivery, after discounts."),
            Item.SUMS_AND_DELIVERY: (
                "Sums arrive, delivery is stated",
                "Your sums include delivery: send it in a field of its own, 0 if it was free.",
            ),
            Item.DECIDED: ("An order was worked out", "Send an order with click id, status and sum."),
            Item.APPROVED: ("An approval came", "Approve the test order."),
            Item.TAKEN_BACK: ("A decline or a return came", "Decline the test order: it touches no money."),
        },
        unknown_words="We do not know this status: {words}. Send another one, or tell us what it means.",
        sum_refused="The latest sum was refused: the log says what is wrong with it.",
        addresses="Addresses for orders",
        addresses_lead="Copy the whole address: your secret is in it. One click selects all of it. Your network, or "
        "your server, puts values in place of the words in brackets.",
        own_address="Your address",
        purposes={
            Purpose.ALL: "Orders, and all that becomes of them.",
            Purpose.NEW: "New orders: there is no word for a status here.",
            Purpose.CHANGES: "What became of orders that were told before.",
        },
        words="Words for a status",
        words_rest="Any other word changes nothing.",
        words_missing="There is no word for this status: {status}. Tell us which one you send.",
        proof=PROOF["en"],
        test_signed="Send a request with test=1, signed as is said below: unsigned it is answered 403.",
        log_refused="Requests at your address with a wrong proof (403 wrong_auth) are counted, not kept: none is here.",
        trial_unsigned="Signature not checked: give the whole request, with its address and headers.",
        click="Test click",
        click_lead="A click of nobody who is signed in. Its click id is a real one, and its orders earn no cashback: "
        "the reason is no_shopper.",
        click_steps=(
            "Open the link where you are not signed in to the programme: it leads to your shop with a click id.",
            "Order as a shopper does, or take the click id from the address and send an order yourself.",
            "Approve the order, then decline it. All of it shows in the log.",
        ),
        click_open="Make a test click",
        tag="The tag on the shop's pages",
        tag_lead="The code for the shop, and a test that shows what the shop itself breaks.",
        tag_open="Open the test of the tag",
        latest="Latest messages",
        all_messages="The whole log",
        log_lead="The last {count} messages, newest first. Times are {zone}. Secrets are replaced by ***. Requests "
        "whose address has a wrong secret, or another's, are not here: we do not know whose they are.",
        log_live="The page loads again every {seconds} s.",
        log_stop="Stop",
        log_go_on="Keep loading",
        nothing_yet="No message has come yet.",
        request="Request",
        order="Order",
        verdicts=VERDICTS["en"],
        statuses={"pending": "pending", "approved": "approved", "declined": "declined"},
        status_unknown="status not understood",
        on_hold="on hold",
        answered="We answered",
        trial_lead="Paste a request and see what we would do with it. Nothing is kept, and no money is touched.",
        trial_request="Request: an address, a query string or a whole HTTP request",
        trial_hint="{click_id}, as any real click id, stands for an imagined click of an hour ago.",
        trial_previous="What came before (optional)",
        trial_previous_hint="One request a line.",
        trial_act="Try",
        trial_result="What we would do",
        trial_reply="Answer",
        trial_object="The same for programs",
        trial_fields={
            "order_id": "Order",
            "click_id": "Click",
            "status": "Status",
            "hold": "On hold",
            "settled": "Commission paid",
            "base": "For goods",
            "rate": "Rate",
            "accrual": "Before rounding",
            "cashback": "Cashback, ₽",
            "http_status": "HTTP",
        },
        yes="yes",
        no="no",
    ),
}
