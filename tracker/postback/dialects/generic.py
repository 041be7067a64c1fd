"""Our own words: for a partner that can choose its parameters, and with `map:` and `statuses:` for any other."""

from tracker.core.report import Status
from tracker.postback.dialects.dialect import FIELDS, Dialect, Direction, ReplyStyle, Said, Shape

GENERIC = Dialect(
    name="generic",
    title="Our own words",
    direction=Direction.SENDER,
    shapes=(
        Shape(
            name="",
            fields={name: (name,) for name in FIELDS},
            statuses={str(status): Said(status) for status in Status},
            reply=ReplyStyle.JSON,
        ),
    ),
    sources="ours",
    retries="as the partner does: send again on 5xx and on no answer",
    covers="every field, by our names or by map",
    macros="click_id={click_id}&order_id={order_id}&status={status}&amount={amount}",
)
