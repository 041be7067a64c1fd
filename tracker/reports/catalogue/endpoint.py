"""`/` and `/partners/{partner}`: the catalogue and a partner's own page."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from urllib.parse import urlencode

from aiohttp import web

from tracker.core.partner import Category, Partner, Programme, Reward
from tracker.reports.catalogue.offers import Offer, find, offer_of
from tracker.reports.catalogue.texts import TEXTS, CatalogueText
from tracker.web import wording
from tracker.web.language import language_of
from tracker.web.pages import Pages

_LONGEST_SEARCH = 100


class SignIn(Protocol):
    def take_link(self, request: web.Request) -> web.Response | None:
        """An answer for a request that brings a signed link."""


class Catalogue:
    def __init__(
        self, programme: Callable[[], Programme], *, name: str, sign_in: SignIn, now: Callable[[], datetime]
    ) -> None:
        """`programme` is asked for every page, so that a reload counts at once."""
        self._programme = programme
        self._sign_in = sign_in
        self._now = now
        self._pages = Pages("tracker.reports.catalogue", programme=name, home="/")

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/", self.shops), web.get("/partners/{partner}", self.partner)]

    async def shops(self, request: web.Request) -> web.Response:
        if (signed_in := self._sign_in.take_link(request)) is not None:
            return signed_in
        language = language_of(request)
        text = TEXTS[language]
        query = request.query.get("q", "")[:_LONGEST_SEARCH]
        chosen = next((one for one in Category if one == request.query.get("category")), None)
        offers = [offer_of(partner, self._now()) for partner in self._programme().partners.values()]
        found = find(offers, text=query, category=chosen)
        return self._pages.response(
            request,
            "shops.html",
            language=language,
            text=text,
            query=query,
            chosen=chosen or "",
            chips=[("", text.all, _address("/", q=query))]
            + [(one, text.categories[one], _address("/", q=query, category=one)) for one in Category],
            sections=[(text.categories[one], cards) for one, cards in _by_category(found, text, language)],
            other_language=_address("/", q=query, category=chosen or "", lang="en" if language == "ru" else "ru"),
        )

    async def partner(self, request: web.Request) -> web.Response:
        language = language_of(request)
        partner = self._programme().partners.get(request.match_info["partner"])
        if partner is None:
            raise web.HTTPNotFound
        text = TEXTS[language]
        offer = offer_of(partner, self._now())
        return self._pages.response(
            request,
            "partner.html",
            language=language,
            text=text,
            card=_card(offer, text, language),
            category=text.categories[partner.category],
            rewards=_rewards(offer, text, language),
            window=_window(partner, text, language),
            other_language=_address(f"/partners/{partner.id}", lang="en" if language == "ru" else "ru"),
        )


def _by_category(
    offers: Sequence[Offer], text: CatalogueText, language: str
) -> Iterator[tuple[Category, list[Mapping[str, object]]]]:
    for category in Category:
        cards = [_card(offer, text, language) for offer in offers if offer.partner.category is category]
        if cards:
            yield category, cards


def _card(offer: Offer, text: CatalogueText, language: str) -> Mapping[str, object]:
    partner = offer.partner
    tags = []
    if offer.minimum_purchase:
        tags.append(text.minimum.format(sum=wording.rubles(offer.minimum_purchase, language)))
    if offer.once_per_shopper:
        tags.append(text.once)
    tags.append(text.both_earn if offer.app_orders_earn and offer.mobile_orders_earn else text.web_only)
    if partner.expected_days is not None:
        tags.append(text.confirmed_in.format(days=wording.days(partner.expected_days, language)))
    return {
        "id": partner.id,
        "name": partner.name,
        "headline": _headline(offer, text, language),
        "usual": _usual(offer, text, language),
        "promotions": [
            f"{one.title or text.promotions}: {_reward(one.reward, language)}, "
            + text.until.format(day=wording.day(one.last_day, language))
            for one in offer.running
        ]
        + [
            f"{one.title or text.promotions}: {_reward(one.reward, language)}, "
            + text.from_until.format(
                first=wording.day(one.first_day, language), last=wording.day(one.last_day, language)
            )
            for one in offer.coming
        ],
        "tags": tags,
    }


def _headline(offer: Offer, text: CatalogueText, language: str) -> str:
    if offer.best is None:
        return "—"
    return f"{text.up_to} {_reward(offer.best, language)}" if offer.varies else _reward(offer.best, language)


def _usual(offer: Offer, text: CatalogueText, language: str) -> str:
    if offer.usual is None:
        return ""
    most = f"{text.up_to} " if offer.usual_varies else ""
    return f"{text.usually} {most}{_reward(offer.usual, language)}"


def _rewards(offer: Offer, text: CatalogueText, language: str) -> list[tuple[str, str]]:
    tariffs = [(text.tariff.format(name=name), _reward(reward, language)) for name, reward in offer.tariffs]
    if not tariffs or offer.ordinary is None:
        return tariffs
    return [*tariffs, (text.everything_else, _reward(offer.ordinary, language))]


def _reward(reward: Reward, language: str) -> str:
    if reward.rate is not None:
        return wording.percent(reward.rate, language)
    return wording.rubles(reward.fixed or 0, language)


def _window(partner: Partner, text: CatalogueText, language: str) -> str:
    limit = wording.days(partner.terms.window_days, language)
    usual = wording.days(partner.expected_days, language) if partner.expected_days is not None else limit
    return text.window.format(days=usual, limit=limit)


def _address(path: str, **said: str) -> str:
    query = urlencode({name: value for name, value in said.items() if value})
    return f"{path}?{query}" if query else path
