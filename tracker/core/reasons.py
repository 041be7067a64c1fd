"""The closed list of codes with which every decision explains itself. `docs/rules.md` says what each means."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a conversion earns nothing. Every one that applies is listed."""

    LATE = "late"
    PARTNER_APP = "partner_app"
    PARTNER_MOBILE_VERSION = "partner_mobile_version"
    SECOND_TAB = "second_tab"
    SESSION_ENDED = "session_ended"
    AD_BLOCKER = "ad_blocker"
    COOKIES_BLOCKED = "cookies_blocked"
    PRIVATE_MODE = "private_mode"
    NOT_CHECKED = "not_checked"
    INVALID_TRAFFIC = "invalid_traffic"
    NO_SHOPPER = "no_shopper"
    ACTION_ALREADY_REWARDED = "action_already_rewarded"
    BELOW_MIN_PURCHASE = "below_min_purchase"
    BELOW_MINIMUM = "below_minimum"
    # The conversion has no click that we know: it is shown and can be claimed, and is never paid by itself.
    UNKNOWN_CLICK = "unknown_click"
    BAD_SIGNATURE = "bad_signature"


class Flag(StrEnum):
    """What staff and analysts should know beside the decision."""

    AMOUNT_MISSING = "amount_missing"
    RATE_MISSING = "rate_missing"
    ORIGIN_UNVERIFIED = "origin_unverified"
    ORDER_TIME_UNKNOWN = "order_time_unknown"
    AFTER_WINDOW = "after_window"
    TARIFF_UNKNOWN = "tariff_unknown"
    ORDER_BEFORE_CLICK = "order_before_click"


class MessageCode(StrEnum):
    """What became of one postback that did not simply decide its conversion (design, section 6)."""

    DUPLICATE = "duplicate"
    OUTDATED = "outdated"
    EMPTY = "empty"
    TEST = "test"
    MACRO = "macro"
    UNKNOWN_CLICK = "unknown_click"
    BAD_SIGNATURE = "bad_signature"
    ORDER_TAKEN = "order_taken"
    DEFERRED = "deferred"
    FAILED = "failed"
    ORDER_MISSING = "order_missing"
    AMOUNT_BAD = "amount_bad"
    DELIVERY_MISSING = "delivery_missing"
    CURRENCY_NOT_LISTED = "currency_not_listed"
    TIME_BAD = "time_bad"
    UNPARSEABLE = "unparseable"
    WRONG_SECRET = "wrong_secret"  # noqa: S105 - a code, not a secret
    WRONG_AUTH = "wrong_auth"
    TOO_LARGE = "too_large"
    NOT_STORED = "not_stored"
    BUSY = "busy"


class ClickReason(StrEnum):
    """What the screening of a click found (reference: IAB/MRC invalid traffic; design, section 5)."""

    METHOD = "method"
    PREFETCH = "prefetch"
    NOT_NAVIGATION = "not_navigation"
    BOT_UA = "bot_ua"
    DATACENTER = "datacenter"
    REPEAT = "repeat"
    RATE_CAP = "rate_cap"
    INTERNAL = "internal"
