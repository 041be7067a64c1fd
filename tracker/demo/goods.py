"""What the demo shops sell: six goods a category, named so that they could be anybody's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tracker.core.partner import Category, Partner

RUBLE = "RUB"


@dataclass(frozen=True, slots=True)
class Product:
    id: str
    names: Mapping[str, str]  # by language
    rubles: int

    def price(self, currency: str) -> Decimal:
        """Anything but rubles is priced as dollars: nobody has to believe the rate."""
        return Decimal(self.rubles) if currency == RUBLE else self.rubles // 90 + Decimal("0.99")


def currency_of(partner: Partner) -> str:
    """Rubles where the partner takes them."""
    return RUBLE if RUBLE in partner.currencies else min(partner.currencies)


def goods_of(partner: Partner) -> Mapping[str, Product]:
    """By product id, in the order of the shelf."""
    return {product.id: product for product in _SHELVES[partner.category]}


def _shelf(*goods: tuple[str, str, int]) -> Sequence[Product]:
    return [
        Product(f"p{number}", {"ru": russian, "en": english}, rubles)
        for number, (russian, english, rubles) in enumerate(goods, start=1)
    ]


# The cheapest of a shelf earns less than a ruble, the dearest passes every minimum purchase.
_SHELVES: Mapping[Category, Sequence[Product]] = {
    Category.ONLINE_SHOPS: _shelf(
        ("Беспроводные наушники", "Wireless headphones", 3490),
        ("Рюкзак городской", "City backpack", 2790),
        ("Настольная лампа", "Desk lamp", 1490),
        ("Книга рецептов", "Recipe book", 890),
        ("Шерстяные носки", "Wool socks", 390),
        ("Открытка", "Postcard", 15),
    ),
    Category.RETAIL: _shelf(
        ("Туристическая палатка", "Camping tent", 8990),
        ("Набор сковород", "Set of pans", 3290),
        ("Корзина продуктов на неделю", "Groceries for a week", 2650),
        ("Спортивная бутылка", "Sports bottle", 690),
        ("Зерновой кофе, 250 г", "Coffee beans, 250 g", 549),
        ("Пакет с ручками", "Carrier bag", 19),
    ),
    Category.SERVICES: _shelf(
        ("Ужин на компанию", "Dinner for a company", 2490),
        ("Большая пицца", "Large pizza", 1090),
        ("Пицца «Маргарита»", "Margherita pizza", 690),
        ("Салат с курицей", "Chicken salad", 420),
        ("Лимонад, 1 л", "Lemonade, 1 l", 190),
        ("Соус к пицце", "Pizza dip", 9),
    ),
    Category.OPERATOR_OFFERS: _shelf(  # in turns, as tariffs are given out: an accessory, a phone
        ("Чехол для смартфона", "Smartphone case", 790),
        ("Смартфон, 128 ГБ", "Smartphone, 128 GB", 18990),
        ("Быстрая зарядка", "Fast charger", 1590),
        ("Кнопочный телефон", "Feature phone", 2190),
        ("Салфетка для экрана", "Screen wipe", 9),
        ("Домашний телефон", "Home phone", 2990),
    ),
    Category.LEISURE: _shelf(
        ("Билет в партер", "Ticket, stalls", 3500),
        ("Билет на балкон", "Ticket, balcony", 1200),
        ("Аудиоспектакль", "Audio play", 449),
        ("Роман в аудиокниге", "Novel as an audiobook", 399),
        ("Экскурсия за кулисы", "Backstage tour", 900),
        ("Программка", "Programme sheet", 1),
    ),
    Category.TRAVEL: _shelf(
        ("Купе, ночной поезд", "Sleeper, night train", 5480),
        ("Скоростной поезд", "High-speed train", 3960),
        ("Плацкарт, нижнее место", "Open sleeper, lower berth", 2140),
        ("Пригородный экспресс", "Suburban express", 480),
        ("Завтрак в поезде", "Breakfast on board", 350),
        ("Чай в подстаканнике", "Tea in a glass holder", 45),
    ),
}
