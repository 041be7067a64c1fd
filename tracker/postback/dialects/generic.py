"""Our own words: for a partner that can choose its parameters, and with `map:` and `statuses:` for any other."""

from tracker.core.report import Status
from tracker.postback.dialects.dialect import FIELDS, Dialect, ReplyStyle, Said

GENERIC = Dialect(
    name="generic",
    fields={name: (name,) for name in FIELDS},
    statuses={str(status): Said(status) for status in Status},
    reply=ReplyStyle.JSON,
)
