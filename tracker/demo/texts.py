"""What the demo shops say, in Russian and English."""

from collections.abc import Mapping
from dataclasses import dataclass

from tracker.core.partner import Origin
from tracker.core.report import Status
from tracker.demo.order import Act


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    demo: str
    forgotten: str
    catalogue: str
    my_cashback: str
    to_shop: str
    # the shelf
    basket: str
    orders: str
    welcome: str
    add: str
    tariff: str
    with_click: str
    without_click: str
    application: str
    application_hint: str
    your_name: str
    apply: str
    # the basket
    empty: str
    more: str
    fewer: str
    goods: str
    delivery: str
    deliveries: Mapping[str, str]
    not_counted: str
    origin: str
    origins: Mapping[Origin, str]
    order_tariff: str
    buy: str
    # the order
    order: str
    thanks: str
    none_yet: str
    no_such_order: str
    status: str
    statuses: Mapping[Status, str]
    on_hold: str
    paid_out: str
    placed: str
    click_id: str
    total: str
    units: str
    returned: str
    next: str
    next_hint: str
    acts: Mapping[Act, str]
    nothing_reported: str
    log: str
    log_hint: str
    answer: str
    no_answer: str
    verdict: str
    # signing in
    sign_in: str
    sign_in_hint: str
    other_shopper: str
    shopper_hint: str
    enter: str
    bad_shopper: str
    bad_back: str
    bad_back_hint: str
    # elsewhere
    shops: str
    shops_hint: str
    messages_title: str
    messages_hint: str
    no_messages: str
    look_again: str
    messages: Mapping[str, str]  # by the kind of the notification
    taken_back: Mapping[str, str]  # why


RU = Text(
    demo="Демонстрационный магазин",
    forgotten="Здесь ничего не продают. Заказы хранятся только в памяти и исчезнут после перезапуска.",
    catalogue="К каталогу кэшбэка",
    my_cashback="Мой кэшбэк",
    to_shop="Вернуться в магазин",
    basket="Корзина",
    orders="Заказы",
    welcome="Выберите, что купить",
    add="В корзину",
    tariff="Тариф",
    with_click="Магазин знает номер перехода и сообщит о заказе.",
    without_click="Вы пришли не по ссылке кэшбэка: о заказе никому не сообщат.",
    application="Заявка",
    application_hint="Отправьте заявку. Имя никуда не передаётся.",
    your_name="Имя",
    apply="Отправить заявку",
    empty="В корзине пусто.",
    more="Ещё один",
    fewer="Убрать один",
    goods="Товары",
    delivery="Доставка",
    deliveries={"courier": "Курьером", "pick_up": "Самовывоз"},
    not_counted="Доставка не участвует в расчёте кэшбэка.",
    origin="Где оформлен заказ",
    origins={Origin.WEB: "На сайте", Origin.MOBILE_WEB: "В мобильной версии", Origin.APP: "В приложении"},
    order_tariff="Тариф заказа",
    buy="Оформить и оплатить",
    order="Заказ",
    thanks="Спасибо за заказ!",
    none_yet="Заказов пока нет.",
    no_such_order="Такого заказа нет: после перезапуска демонстрация забывает все заказы.",
    status="Состояние",
    statuses={Status.PENDING: "Ожидает подтверждения", Status.APPROVED: "Подтверждён", Status.DECLINED: "Отклонён"},
    on_hold="На удержании",
    paid_out="Выплачен сетью",
    placed="Оформлен",
    click_id="Идентификатор перехода",
    total="Итого",
    units="шт.",
    returned="возвращено",
    next="Что дальше с заказом",
    next_hint="Решает магазин или его сеть. Каждая кнопка отправляет трекеру настоящее сообщение.",
    acts={
        Act.APPROVE: "Подтвердить",
        Act.HOLD: "Поставить на удержание",
        Act.RELEASE: "Снять с удержания",
        Act.PAY_OUT: "Выплатить вознаграждение",
        Act.RETURN_PART: "Вернуть одну вещь",
        Act.RETURN_ALL: "Вернуть всё",
        Act.DECLINE: "Отклонить",
        Act.APPROVE_LATE: "Подтвердить с опозданием, на 91-й день",
        Act.REPEAT: "Повторить последнее сообщение",
    },
    nothing_reported="В магазин пришли не по ссылке кэшбэка, поэтому о заказе никому не сообщают.",
    log="Что отправлено",
    log_hint="Последнее — сверху. Секрет в адресе скрыт.",
    answer="Ответ",
    no_answer="нет ответа",
    verdict="Решение",
    sign_in="Вход в программу",
    sign_in_hint="Демонстрация: пароль не нужен. Программа подпишет ссылку и вернёт вас обратно.",
    other_shopper="Или другой участник",
    shopper_hint="До 64 латинских букв, цифр и знаков без пробелов. Не номер телефона.",
    enter="Войти",
    bad_shopper="Такой идентификатор не подойдёт.",
    bad_back="Неверный адрес возврата",
    bad_back_hint="Вход возвращает только на страницы трекера этой программы.",
    shops="Демонстрационные магазины",
    shops_hint="Войти напрямую можно, но кэшбэк начисляют только за переход из каталога.",
    messages_title="Сообщения участникам",
    messages_hint="Трекер прислал подписанное уведомление, и программа отправила бы участнику такую SMS.",
    no_messages="Сообщений пока нет. Они приходят, когда покупку подтвердили, изменили или отменили.",
    look_again="Обновить",
    messages={
        "accrued": "Начислено {now} за покупку в {partner}.",
        "changed": "Кэшбэк за покупку в {partner} теперь {now}, было {before}.",
        "taken_back": "Кэшбэк {before} за покупку в {partner} отменён: {why}.",
    },
    taken_back={
        "declined": "магазин отклонил заказ или принял возврат",
        "hold": "магазин ещё раз проверяет заказ",
        "order_taken": "заказ оформил другой участник",
        "rules": "условия не выполнены",
    },
)

EN = Text(
    demo="Demo shop",
    forgotten="Nothing is sold here. Orders are kept in memory only and forgotten at a restart.",
    catalogue="To the cashback catalogue",
    my_cashback="My cashback",
    to_shop="Back to the shop",
    basket="Basket",
    orders="Orders",
    welcome="Choose what to buy",
    add="Add to basket",
    tariff="Tariff",
    with_click="The shop knows your click and will report the order.",
    without_click="You did not come through a cashback link: nobody will be told of an order.",
    application="Application",
    application_hint="Send an application. The name goes nowhere.",
    your_name="Name",
    apply="Apply",
    empty="The basket is empty.",
    more="One more",
    fewer="One less",
    goods="Goods",
    delivery="Delivery",
    deliveries={"courier": "By courier", "pick_up": "Pick up"},
    not_counted="Delivery is not counted for cashback.",
    origin="The order was made",
    origins={Origin.WEB: "On the site", Origin.MOBILE_WEB: "In the mobile version", Origin.APP: "In the app"},
    order_tariff="Tariff of the order",
    buy="Order and pay",
    order="Order",
    thanks="Thank you for your order!",
    none_yet="No orders yet.",
    no_such_order="There is no such order: the demo forgets all orders at a restart.",
    status="State",
    statuses={Status.PENDING: "Waits for confirmation", Status.APPROVED: "Approved", Status.DECLINED: "Declined"},
    on_hold="On hold",
    paid_out="Paid out by the network",
    placed="Placed",
    click_id="Click id",
    total="Total",
    units="pcs",
    returned="returned",
    next="What becomes of the order",
    next_hint="The shop or its network decides. Each button sends the tracker a real postback.",
    acts={
        Act.APPROVE: "Approve",
        Act.HOLD: "Put on hold",
        Act.RELEASE: "Release the hold",
        Act.PAY_OUT: "Pay out the commission",
        Act.RETURN_PART: "Return one item",
        Act.RETURN_ALL: "Return everything",
        Act.DECLINE: "Decline",
        Act.APPROVE_LATE: "Approve late, on day 91",
        Act.REPEAT: "Send the last message again",
    },
    nothing_reported="The buyer did not come through a cashback link, so nobody is told of this order.",
    log="What was sent",
    log_hint="The latest comes first. The secret in the address is masked.",
    answer="Answer",
    no_answer="no answer",
    verdict="Verdict",
    sign_in="Sign in to the programme",
    sign_in_hint="A demo: no password is needed. The programme signs a link and sends you back.",
    other_shopper="Or another shopper",
    shopper_hint="Up to 64 Latin letters, digits and signs without spaces. Never a phone number.",
    enter="Sign in",
    bad_shopper="This is no shopper id.",
    bad_back="Wrong address to return to",
    bad_back_hint="Signing in leads back to pages of this programme's tracker only.",
    shops="Demo shops",
    shops_hint="You may walk straight in, but only a click in the catalogue earns cashback.",
    messages_title="Messages to shoppers",
    messages_hint="The tracker sent a signed notification, and the programme would send the shopper this text message.",
    no_messages="No messages yet. They come when a purchase was confirmed, changed or taken back.",
    look_again="Look again",
    messages={
        "accrued": "{now} credited for your purchase at {partner}.",
        "changed": "Your cashback from {partner} is {now} now, it was {before}.",
        "taken_back": "Your cashback of {before} from {partner} was taken back: {why}.",
    },
    taken_back={
        "declined": "the shop declined the order or got the goods back",
        "hold": "the shop is looking at the order again",
        "order_taken": "the order is another shopper's",
        "rules": "the conditions are not met",
    },
)

TEXTS: Mapping[str, Text] = {"ru": RU, "en": EN}
